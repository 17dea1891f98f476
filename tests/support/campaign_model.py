"""Campaigns as their rules say it; a part of the model of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING
from uuid import UUID

from tests.support.ledger_facts import DAY_US, Ask, Lot, Posted, Sale, SaleGrant

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


@dataclass(frozen=True)
class Deal:
    """Terms of a campaign: `percent` of the base points in all, or `fixed` points (the other is 0). ends_us 0: no end."""

    starts_us: int
    ends_us: int = 0
    percent: int = 0
    fixed: int = 0
    least: int = 0
    partners: frozenset[UUID] = frozenset()

    def bonus(self, base: int, paid: int) -> int:
        """What a sale brings on top of its base points, of which so many minor units were paid in money."""
        if paid < max(1, self.least):
            return 0
        return self.fixed if self.fixed else floor(Fraction(base * (self.percent - 100), 100))


@dataclass
class Campaign:
    """A campaign: its deals, oldest first, and what is left in its budget."""

    campaign_id: UUID
    deals: list[Deal] = field(default_factory=list)
    left: int = 0

    def at(self, partner: UUID, occurred_us: int) -> tuple[int, Deal] | None:
        """The version that decides, from 1, and its deal."""
        started = [
            (deal.starts_us, number)
            for number, deal in enumerate(self.deals, start=1)
            if deal.starts_us <= occurred_us
        ]
        if not started:
            return None
        _, number = max(started)
        deal = self.deals[number - 1]
        over = deal.ends_us and occurred_us >= deal.ends_us
        return None if over or (deal.partners and partner not in deal.partners) else (number, deal)


def set_campaign(model: LedgerModel, campaign_id: UUID, deal: Deal) -> bool:
    """A campaign, or its next version; answers whether that changes anything."""
    campaign = model.campaigns.setdefault(campaign_id, Campaign(campaign_id))
    if campaign.deals and campaign.deals[-1] == deal:
        return False
    campaign.deals.append(deal)
    return True


def load(model: LedgerModel, campaign_id: UUID, points: int, now_us: int) -> None:
    """More points for a budget."""
    model.decided_before(now_us)
    model.campaigns[campaign_id].left += points
    given = (campaign_id, 0, points)
    model.journal.append(Posted(len(model.journal) + 1, "load", UUID(int=0), None, "", 0, 0, campaign=given))


def grant_all(model: LedgerModel, ask: Ask, sale: Sale, sale_seq: int, now_us: int) -> None:
    """What each campaign gives for a sale that was posted just now, where its budget has that much."""
    rate = model.rate(ask.partner, ask.occurred_us)
    assert rate is not None
    matures_us = ask.occurred_us + rate[2] * DAY_US if rate[2] else 0
    matures_us = matures_us if matures_us > now_us else 0
    expires_us = model.expiry.end_us(ask.occurred_us, model.zone)
    for campaign in model.campaigns.values():
        deciding = campaign.at(ask.partner, ask.occurred_us)
        if deciding is None:
            continue
        version, deal = deciding
        points = deal.bonus(sale.earned, sale.whole - sale.in_points)
        if not points or points > campaign.left:
            continue
        campaign.left -= points
        seq, lot_no = len(model.journal) + 1, len(model.all_lots) + 1
        lot = Lot(
            lot_no, ask.partner, seq, points, points, ask.occurred_us, expires_us, 0, seq, 0, matures_us
        )
        model.all_lots.append(lot)
        model.lots.setdefault(ask.member, []).append(lot)
        sale.grants.append(SaleGrant(seq, campaign.campaign_id, points, deal.bonus))
        model.journal.append(
            Posted(
                seq, "grant", ask.member, ask.partner, "", 0 if matures_us else points, model.balance(ask.member), expires_us,
                lot_no, original_seq=sale_seq, pending=points if matures_us else 0,
                campaign=(campaign.campaign_id, version, points),
            )
        )  # fmt: skip
        model.keep_alive(ask.member, max(model.recorded_us(seq), matures_us))
