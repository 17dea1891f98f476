"""Campaigns and their budgets, of a ledger on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind
from services.points.domain.campaigns import (
    Bonus,
    Campaigns,
    CampaignTerms,
    CampaignVersion,
    Effect,
    Funder,
    Granted,
)
from services.points.domain.movements import Act, Refund, Transaction
from services.points.domain.posting import Posting
from services.points.domain.rows import GrantRow, LoadRow
from services.points.domain.terms import Terms
from services.points.domain.wallet_movements import Load
from services.points.storage.campaigns import budgets

if TYPE_CHECKING:
    from tests.support.campaign_model import Deal
    from tests.support.paper_ledger import PaperLedger


@dataclass
class PaperCampaigns:
    """All versions that were set, all grants by their seq, and all loads."""

    versions: list[CampaignVersion] = field(default_factory=list)
    grants: dict[int, GrantRow] = field(default_factory=dict)
    loads: list[LoadRow] = field(default_factory=list)

    def set(self, campaign_id: UUID, deal: Deal, funders: tuple[Funder, ...], last_seq: int = 0) -> None:
        """The next version of a campaign."""
        mine = [each for each in self.versions if each.terms.campaign_id == campaign_id]
        number = mine[0].no if mine else len({each.no for each in self.versions}) + 1
        effect = Effect(deal.percent, deal.fixed, deal.least)
        terms = CampaignTerms(
            campaign_id, "a campaign", effect, deal.starts_us, deal.ends_us, deal.partners, funders
        )
        self.versions.append(CampaignVersion(terms, len(mine) + 1, number, last_seq + 1, "stf_1"))

    def in_force(self) -> Campaigns:
        """As the decision takes them."""
        return Campaigns(self.versions)

    def effect(self, row: GrantRow) -> Effect:
        """What the version says that granted."""
        return next(
            each.terms.effect
            for each in self.versions
            if (each.terms.campaign_id, each.version) == (row.campaign_id, row.version)
        )


def granted(ledger: PaperLedger, earn_seq: int) -> Sequence[Granted]:
    """The grants of an earn, as its refunds see them."""
    campaigns = ledger.campaigns
    return [
        Granted(seq, row.campaign_id, ledger.postings[seq].amount, campaigns.effect(row))
        for seq, row in campaigns.grants.items()
        if row.earn_seq == earn_seq
    ]


def budget_accounts(acts: Sequence[Act], terms: Terms) -> Sequence[AccountKey]:
    """The accounts of campaigns that a batch may touch."""
    found = [AccountKey(AccountKind.BUDGET, campaign) for campaign in budgets(acts, terms)]
    if any(isinstance(act, Load) for act in acts):
        found.append(AccountKey(AccountKind.FUNDING, PROGRAMME))
    return found


def taken_of_grants(ledger: PaperLedger, acts: Sequence[Act]) -> dict[int, int]:
    """What was taken back so far of the grants of sales that are refunded, or whose refunds wait."""
    seqs = {
        grant.seq
        for act in acts
        if isinstance(act, Refund) and act.sale is not None
        for grant in act.sale.grants
    }
    return {
        seq: sum(
            row.amount
            for row in ledger.postings.values()
            if row.original_seq == seq and row.kind in ("clawback", "owe")
        )
        for seq in seqs
    }


def write_campaigns(ledger: PaperLedger, posting: Posting) -> None:
    """Adds grants and loads; each must be what a row of its table may be."""
    campaigns = ledger.campaigns
    for row in posting.rows.grants:
        posted = ledger.postings[row.seq]
        assert (posted.kind, posted.original_seq) == ("grant", row.earn_seq)
        assert ledger.postings[row.earn_seq].kind == "earn"
        assert not any(
            (each.earn_seq, each.campaign_id) == (row.earn_seq, row.campaign_id)
            for each in campaigns.grants.values()
        )
        campaigns.grants[row.seq] = row
    for load in posting.rows.loads:
        assert ledger.postings[load.seq].amount == load.points > 0
        campaigns.loads.append(load)


def check_campaigns(ledger: PaperLedger) -> None:
    """Budgets are never overdrawn, and what moves to and from them is loads, grants, and what was taken back of these."""
    for key, account in ledger.accounts.items():
        if key.kind is not AccountKind.BUDGET:
            continue
        mine = {seq for seq, row in ledger.campaigns.grants.items() if row.campaign_id == key.owner_id}
        loaded = sum(row.points for row in ledger.campaigns.loads if row.campaign_id == key.owner_id)
        given = sum(ledger.postings[seq].amount for seq in mine)
        back = sum(
            row.amount
            for row in ledger.postings.values()
            if row.original_seq in mine and row.kind in ("clawback", "owe")
        )
        assert ledger.balance_of(account) == loaded - given + back >= 0
        assert back <= given
    for seq, row in ledger.postings.items():
        assert (row.kind == "grant") == (seq in ledger.campaigns.grants)
        if row.kind == "grant":
            assert row.lot_no is not None
            assert ledger.lots[row.lot_no].lot.point_type == "bonus"


def campaign_of(ledger: PaperLedger, seq: int) -> tuple[UUID, int, int] | None:
    """What a grant granted, or a load loaded."""
    found = ledger.campaigns.grants.get(seq)
    if found is not None:
        return found.campaign_id, found.version, ledger.postings[seq].amount
    return next(((row.campaign_id, 0, row.points) for row in ledger.campaigns.loads if row.seq == seq), None)


def check_bonuses(ledger: PaperLedger, transaction: Transaction) -> None:
    """An earn's answer names what campaigns granted on top of it, in order."""
    given = [row for row in ledger.campaigns.grants.values() if row.earn_seq == transaction.seq]
    assert list(transaction.bonuses) == [
        Bonus(
            row.campaign_id,
            row.version,
            ledger.postings[row.seq].amount,
            ledger.postings[row.seq].balance_after,
        )
        for row in given
    ]
