"""Why movements came to their points, as the ledger explains them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.gateway.domain.movements import BurnWorth, Movement


class CampaignOutcome(StrEnum):
    """What became of a campaign's points for a sale, in the words of the API."""

    GIVEN = "given"
    AMOUNT_TOO_SMALL = "amount_too_small"
    NO_POINTS = "no_points"
    NOT_COVERED = "not_covered"


class LotAct(StrEnum):
    """What a movement did with points of lots, in the words of the API."""

    OPENED = "opened"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    SET_ASIDE = "set_aside"


class TenderOrder(StrEnum):
    """In which order a sale of points and money goes back, in the words of the API."""

    PRO_RATA = "pro_rata"
    POINTS_FIRST = "points_first"
    MONEY_FIRST = "money_first"


class Earned(NamedTuple):
    """How a sale's own points were counted. Money in minor units; dropped: in rate_per_minor-ths of a point."""

    amount_minor: int
    in_points_minor: int
    money_minor: int
    rate_points: int
    rate_per_minor: int
    points: int
    dropped: int


class CampaignOf(NamedTuple):
    """A campaign that was there for a sale: what it came to by its terms, and what it gave."""

    campaign_id: UUID
    version: int
    name: str
    multiplier_percent: int
    fixed_points: int
    min_amount_minor: int
    due: int
    points: int
    outcome: CampaignOutcome


class Burned(NamedTuple):
    """What points were worth by a rule; counted_minor: of the basket, None where it was not told."""

    points: int
    ratio_points: int
    ratio_worth_minor: int
    worth: BurnWorth
    counted_minor: int | None
    share_percent: int


class Sums(NamedTuple):
    """What refunds come to together: points returned, taken back or owed; money in minor units."""

    returned: int
    taken: int
    money_minor: int


class Refunded(NamedTuple):
    """What was due by all refunds of an original up to one, and what those before it had come to."""

    whole: int
    in_points_minor: int
    burned: int
    earned: int
    bonus: int
    tender_order: TenderOrder
    given: int
    due: Sums
    refunds_before: int
    before: Sums


class Lots(NamedTuple):
    """Points in lots of one kind. Times of new lots, in microseconds UTC; 0: never, at once."""

    act: LotAct
    own: bool
    point_type: str
    points: int
    expires_at_us: int
    matures_at_us: int


class Explanation(NamedTuple):
    """Why a movement came to its points; what is not of its kind is None or empty."""

    movement: Movement
    earn: Earned | None
    campaigns: tuple[CampaignOf, ...]
    burn: Burned | None
    refund: Refunded | None
    lots: tuple[Lots, ...]
