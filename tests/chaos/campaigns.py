"""What campaigns give in a run, who pays for it, and the points that the operator loads into their budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.operations import campaigns
from services.operations.campaigns import CAMPAIGN_PREFIX, OPERATOR, Wanted
from services.operations.session import Session
from services.runtime.clock import to_micros
from services.runtime.ids import to_text
from services.runtime.principal import Programme
from tests.chaos.history import Load
from tests.chaos.mall import STARTS_AT, Mall
from tests.support.campaign_model import Deal, set_campaign
from tests.support.ledger_model import LedgerModel

#: From then on; some sales were before, and come late.
SINCE_US: Final = to_micros(STARTS_AT - timedelta(days=20))


@dataclass(frozen=True)
class Campaign:
    """`percent` of the base points in all, or `fixed` points (the other is 0), where so many minor units are paid in money.

    `partners`: those where it runs; none: all. `funders`: shares in per cent by partner, or for the operator. `budget`: what it
    starts with; the operator loads as much again and again, and between two loads it runs out.
    """

    name: str
    funders: Mapping[str, int]
    budget: int
    percent: int = 0
    fixed: int = 0
    least: int = 0
    partners: tuple[str, ...] = field(default=())


CAMPAIGNS: Final = (
    Campaign("Double points", {"grocer": 50, OPERATOR: 50}, 1_500, percent=200, partners=("grocer", "cafe")),
    Campaign("Thanks", {"fuel": 33, "shoes": 30, OPERATOR: 37}, 800, fixed=25, least=4_000),
    Campaign("On the house", {OPERATOR: 100}, 150, percent=111, partners=("shoes", "fuel")),
)


async def set_campaigns(session: Session, mall: Mall) -> None:
    """Sets them all and loads their budgets; nothing breaks yet."""
    for campaign in CAMPAIGNS:
        wanted = Wanted(
            campaign.name,
            campaign.percent or None,
            campaign.fixed or None,
            campaign.least or None,
            SINCE_US,
            partners=campaign.partners,
            funders=[f"{slug}={share}" for slug, share in campaign.funders.items()],
        )
        standing = await campaigns.set_campaign(session, mall.programme, "", wanted)
        campaign_id = UUID(bytes=standing.campaign.campaign_id)
        mall.campaigns[campaign_id] = campaign.name
        await load(session, mall.programme, mall.history.load(campaign_id, campaign.budget))


async def load(session: Session, programme: Programme, wanted: Load) -> None:
    """Loads a budget, and notes it when that is acknowledged."""
    name = to_text(CAMPAIGN_PREFIX, wanted.campaign_id)
    answer = await campaigns.load_budget(session, programme, wanted.key, name, wanted.points)
    wanted.seqs.add(answer.result.transaction.seq)


async def load_again(session: Session, mall: Mall) -> None:
    """Asks for every load once more, those that nobody has answered too. Raises CoalitionError where one is not accepted."""
    for wanted in list(mall.history.loads.values()):
        await load(session, mall.programme, wanted)


def in_model(model: LedgerModel, mall: Mall) -> None:
    """The same campaigns in the model, without their budgets."""
    for campaign_id, campaign in known(mall).items():
        partners = frozenset(mall.partners[slug].partner_id for slug in campaign.partners)
        deal = Deal(SINCE_US, 0, campaign.percent, campaign.fixed, campaign.least, partners)
        set_campaign(model, campaign_id, deal)


def known(mall: Mall) -> Mapping[UUID, Campaign]:
    """The campaigns of a run by their ids, in the order of their creation."""
    by_name = {campaign.name: campaign for campaign in CAMPAIGNS}
    return {campaign_id: by_name[name] for campaign_id, name in mall.campaigns.items()}
