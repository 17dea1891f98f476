"""Why movements came to their points: counted again from what the journal says, by the functions that had counted them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.points.domain.burning import BurnRule, Worth
from services.points.domain.campaigns import Bonus, Campaigns, CampaignVersion
from services.points.domain.earning import EarnRate
from services.points.domain.movements import LotTaken, RefundFigures, Sale, Transaction
from services.points.domain.refunding import TenderOrder, due


class CampaignOutcome(StrEnum):
    """What became of a campaign's points for a sale."""

    GIVEN = "given"
    AMOUNT_TOO_SMALL = "amount_too_small"
    NO_POINTS = "no_points"
    NOT_COVERED = "not_covered"
    """Its budget had fewer points left, or one of its funders took no part then."""


class LotAct(StrEnum):
    """What a movement did with points of lots."""

    OPENED = "opened"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    SET_ASIDE = "set_aside"


class ExplainedEarn(NamedTuple):
    """points = floor(money × rate); `dropped` per_minor-ths of a point were rounded away. Money in minor units."""

    amount_minor: int
    in_points_minor: int
    rate: EarnRate
    points: int

    @property
    def money_minor(self) -> int:
        """What was paid in money."""
        return self.amount_minor - self.in_points_minor

    @property
    def dropped(self) -> int:
        """What rounding down dropped, in per_minor-ths of a point."""
        return self.money_minor * self.rate.points - self.points * self.rate.per_minor


class ExplainedCampaign(NamedTuple):
    """A campaign that was there for a sale: by its terms `due` points, of which it gave all or nothing."""

    version: CampaignVersion
    due: int
    points: int
    outcome: CampaignOutcome


class ExplainedBurn(NamedTuple):
    """What points were worth by a rule. counted_minor: of the basket; None where it was not told."""

    points: int
    rule: BurnRule
    worth: Worth
    counted_minor: int | None


class RefundSums(NamedTuple):
    """Points returned, points taken back or owed (of campaigns too), money in minor units."""

    returned: int
    taken: int
    money_minor: int


class ExplainedRefund(NamedTuple):
    """What was due once `given` had been given back of a sale, and what `refunds_before` had come to by then."""

    sale: Sale
    tender_order: TenderOrder
    given: int
    due: RefundSums
    refunds_before: int
    before: RefundSums


class ExplainedLots(NamedTuple):
    """Points in lots of one kind; `own`: the partner's that asked. Times in microseconds UTC, of new lots; 0: never, at once."""

    act: LotAct
    own: bool
    point_type: str
    points: int
    expires_at_us: int = 0
    matures_at_us: int = 0


class Explanation(NamedTuple):
    """Why a movement came to its points; what is not of its kind is None or empty."""

    transaction: Transaction
    earn: ExplainedEarn | None = None
    campaigns: Sequence[ExplainedCampaign] = ()
    burn: ExplainedBurn | None = None
    refund: ExplainedRefund | None = None
    lots: Sequence[ExplainedLots] = ()


def explain_earn(sale: Sale) -> ExplainedEarn:
    """How a sale's own points were counted."""
    rate = EarnRate(0, sale.rate_points, sale.rate_per_minor)
    return ExplainedEarn(
        sale.amount_minor, sale.points_minor, rate, rate.points_for(sale.amount_minor - sale.points_minor)
    )


def explain_campaigns(
    versions: Iterable[CampaignVersion], earn: ExplainedEarn, earned: Transaction, given: Sequence[Bonus]
) -> list[ExplainedCampaign]:
    """Each campaign that was there for a sale, by the terms that were known when it was posted."""
    if earned.partner_id is None:
        return []
    known = Campaigns(each for each in versions if each.known_from_seq <= earned.seq)
    gave = {bonus.campaign_id: bonus.points for bonus in given}
    found: list[ExplainedCampaign] = []
    for version in known.at(earned.partner_id, earned.occurred_at_us):
        terms = version.terms
        points = terms.effect.points_for(earn.points, earn.money_minor)
        granted = gave.get(terms.campaign_id, 0)
        found.append(ExplainedCampaign(version, points, granted, _outcome(version, earn, points, granted)))
    return found


def _outcome(version: CampaignVersion, earn: ExplainedEarn, points: int, granted: int) -> CampaignOutcome:
    if granted:
        return CampaignOutcome.GIVEN
    if earn.money_minor <= 0 or earn.money_minor < version.terms.effect.min_amount_minor:
        return CampaignOutcome.AMOUNT_TOO_SMALL
    return CampaignOutcome.NOT_COVERED if points else CampaignOutcome.NO_POINTS


def explain_refund(
    sale: Sale, order: TenderOrder, earlier: Sequence[RefundFigures], own: RefundFigures
) -> ExplainedRefund:
    """What was due by all refunds of a sale up to this one, and what those before had come to."""
    given = sum(each.amount for each in earlier) + own.amount
    reached = due(sale, order, given)
    before = RefundSums(
        sum(each.returned for each in earlier),
        sum(each.clawed_back + each.owed for each in earlier),
        sum(each.money_minor for each in earlier),
    )
    sums = RefundSums(reached.returned, reached.taken + sum(reached.of_grants), reached.money_minor)
    return ExplainedRefund(sale, order, given, sums, len(earlier), before)


def explain_lots(act: LotAct, parts: Iterable[LotTaken], partner_id: UUID | None) -> list[ExplainedLots]:
    """Points of lots by type and whether the partner issued them: no partner learns from whom else a member has points."""
    sums: dict[tuple[bool, str], int] = {}
    for part in parts:
        kind = (part.issuer_id == partner_id, part.point_type)
        sums[kind] = sums.get(kind, 0) + part.points
    return [ExplainedLots(act, own, point_type, points) for (own, point_type), points in sums.items()]
