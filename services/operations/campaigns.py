"""What the operator sets of campaigns: what they give, who pays for it, and how much there is to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coalition.points.v1 import points_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.operations.amounts import Unreadable
from services.operations.session import Session
from services.operations.wallets import accepted
from services.runtime.errors import NotFound
from services.runtime.ids import from_text, new_id, to_text
from services.runtime.principal import Programme

CAMPAIGN_PREFIX: Final = "cmp"
#: Stands for the operator where funders are named.
OPERATOR: Final = "operator"
_PAGE: Final = 100


@dataclass(frozen=True)
class Wanted:
    """Terms that are asked for; None: as they stand, or for a new campaign without. Times in microseconds UTC.

    `partners` are slugs, `funders` as `SLUG=PERCENT`, or `operator=PERCENT`.
    """

    name: str | None = None
    multiplier_percent: int | None = None
    fixed_points: int | None = None
    min_amount_minor: int | None = None
    valid_from_us: int | None = None
    valid_to_us: int | None = None
    partners: Sequence[str] | None = None
    funders: Sequence[str] | None = None


async def set_campaign(
    session: Session, programme: Programme, campaign: str, wanted: Wanted
) -> pb.StandingCampaign:
    """Sets a new campaign, or the next version of one (`cmp_…`), which keeps what is not asked for.

    Raises CAMPAIGN_UNKNOWN, PARTNER_UNKNOWN, INVALID_REQUEST, Unreadable.
    """
    if not campaign:
        return await create_campaign(session, programme, to_text(CAMPAIGN_PREFIX, new_id()), wanted)
    terms = (await find(session, programme, campaign)).campaign
    return await _set(session, programme, terms, wanted, create=False)


async def create_campaign(
    session: Session, programme: Programme, campaign: str, wanted: Wanted
) -> pb.StandingCampaign:
    """Sets a new campaign whose id the caller chose (`cmp_…`); asked again with the same terms, it stands as it is.

    Raises PARTNER_UNKNOWN, INVALID_REQUEST where the id was set with other terms, Unreadable, MalformedId.
    """
    campaign_id = from_text(CAMPAIGN_PREFIX, campaign).bytes
    terms = pb.Campaign(campaign_id=campaign_id, funders=[pb.Funder(percent=100)])
    return await _set(session, programme, terms, wanted, create=True)


async def _set(
    session: Session, programme: Programme, standing: pb.Campaign, wanted: Wanted, *, create: bool
) -> pb.StandingCampaign:
    terms = pb.Campaign()
    terms.CopyFrom(standing)
    for field in (
        "name",
        "multiplier_percent",
        "fixed_points",
        "min_amount_minor",
        "valid_from_us",
        "valid_to_us",
    ):
        value = getattr(wanted, field)
        if value is not None:
            setattr(terms, field, value)
    if wanted.partners is not None:
        terms.ClearField("partner_ids")
        terms.partner_ids.extend([await session.partner_id(programme, slug) for slug in wanted.partners])
    if wanted.funders is not None:
        terms.ClearField("funders")
        terms.funders.extend([await _funder(session, programme, text) for text in wanted.funders])
    request = pb.SetCampaignRequest(campaign=terms, create=create)
    return (await session.call(session.ledger.SetCampaign, request, programme)).campaign


async def _funder(session: Session, programme: Programme, text: str) -> pb.Funder:
    slug, _, share = text.partition("=")
    if not slug or not share.isascii() or not share.isdecimal():
        raise Unreadable(
            f"{text!r} is not a funder and its share in per cent such as grocer=60 or operator=40"
        )
    partner_id = b"" if slug == OPERATOR else await session.partner_id(programme, slug)
    return pb.Funder(partner_id=partner_id, percent=int(share))


async def load_budget(
    session: Session, programme: Programme, key: str, campaign: str, points: int
) -> pb.LoadBudgetResponse:
    """Loads a campaign's budget. Raises CAMPAIGN_UNKNOWN, IDEMPOTENCY_KEY_REUSED, INVALID_REQUEST."""
    campaign_id = from_text(CAMPAIGN_PREFIX, campaign).bytes
    request = pb.LoadBudgetRequest(key=key, campaign_id=campaign_id, points=points)
    answer = await session.call(session.ledger.LoadBudget, request, programme)
    accepted(answer.result)
    return answer


async def campaigns(session: Session, programme: Programme) -> Sequence[pb.StandingCampaign]:
    """All campaigns, in the order of their creation."""
    found: list[pb.StandingCampaign] = []
    while True:
        request = pb.ListCampaignsRequest(limit=_PAGE, after_no=found[-1].no if found else 0)
        answer = await session.call(session.ledger.ListCampaigns, request, programme)
        found += answer.campaigns
        if not answer.has_more:
            return found


async def find(session: Session, programme: Programme, campaign: str) -> pb.StandingCampaign:
    """A campaign by its id (`cmp_…`). Raises CAMPAIGN_UNKNOWN."""
    campaign_id = from_text(CAMPAIGN_PREFIX, campaign).bytes
    for each in await campaigns(session, programme):
        if each.campaign.campaign_id == campaign_id:
            return each
    raise NotFound(
        f"no campaign of {programme.slug} has the id {campaign}", reason=Reason.REASON_CAMPAIGN_UNKNOWN
    )
