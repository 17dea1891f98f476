"""Movements of points as the ledger answers them. Named tuples: a batch makes thousands of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError


class MovementType(StrEnum):
    """What a movement is, in the words of the API."""

    EARN = "earn"
    REDEMPTION = "redemption"
    EXPIRY = "expiry"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    HOLD_EXPIRY = "hold_expiry"
    REFUND = "refund"
    POINTS_RETURNED = "points_returned"
    CLAWBACK = "clawback"
    DEBT = "debt"
    DEBT_REPAYMENT = "debt_repayment"
    MATURITY = "maturity"
    TRANSFER = "transfer"
    TRANSFER_RECEIVED = "transfer_received"
    WALLET_MERGED = "wallet_merged"
    DEBT_ASSUMED = "debt_assumed"
    ADJUSTMENT = "adjustment"
    OPENING_BALANCE = "opening_balance"
    BONUS = "bonus"
    PARKED_EARN = "parked_earn"
    PARKED_EARN_ENDED = "parked_earn_ended"


class RefundFigures(NamedTuple):
    """What a refund came to: points, and the most money to pay out in minor units.

    `amount` is what the goods had cost in minor units, or the points of a burn without a sale.
    """

    amount: int
    returned: int
    clawed_back: int
    owed: int
    written_off: int
    money_minor: int


class Bonus(NamedTuple):
    """Points that a campaign gave on top of an earn; `version`: of its terms, `balance`: the wallet right after it."""

    campaign_id: UUID
    version: int
    points: int
    balance: int


class ParkedPoints(NamedTuple):
    """Points that a sale would have earned when it was parked, and whether it still is."""

    points: int
    is_open: bool


class Treatment(StrEnum):
    """What points are to the sale that they are burned for, in the words of the API."""

    DISCOUNT = "discount"
    TENDER = "tender"


class BurnWorth(NamedTuple):
    """What points are worth where they are burned, in minor units, and how the partner takes it."""

    amount_minor: int
    treatment: Treatment


class Movement(NamedTuple):
    """An accepted movement.

    `points` is the effect on the wallet, `balance` the wallet right after it. Times are microseconds since
    1970-01-01 UTC, `expires_at_us` 0 where nothing expires. `partner_id` is None for the platform's own acts.
    `held` is what a hold set aside, or what resolving the hold `hold_id` freed (negative). `original_id` is the
    movement that it corrects or belongs to; `refund` is a refund's alone. `pending` is the effect on the points that cannot be
    spent yet; those of an earn can be from `matures_at_us` on (0: it has none). `bonuses`: what campaigns gave on top of an
    earn; `campaign`: which one gave a bonus. `parked`: of a sale that was parked, or taken away after that. `worth`: of a burn or
    a hold that a burn rule decided. `metadata`: what the partner keeps with it.
    """

    transaction_id: UUID
    seq: int
    type: MovementType
    member_id: UUID
    partner_id: UUID | None
    reference: str
    purchase_id: UUID | None
    points: int
    balance: int
    occurred_at_us: int
    recorded_at_us: int
    expires_at_us: int
    held: int = 0
    hold_id: UUID | None = None
    original_id: UUID | None = None
    refund: RefundFigures | None = None
    pending: int = 0
    matures_at_us: int = 0
    bonuses: tuple[Bonus, ...] = ()
    campaign: Bonus | None = None
    parked: ParkedPoints | None = None
    worth: BurnWorth | None = None
    metadata: Mapping[str, str] = MappingProxyType({})

    @property
    def bonus_points(self) -> int:
        """All that campaigns gave on top of it."""
        return sum(bonus.points for bonus in self.bonuses)

    @property
    def balance_in_all(self) -> int:
        """The wallet after it and all that campaigns gave on top of it."""
        return self.bonuses[-1].balance if self.bonuses else self.balance

    @property
    def earned(self) -> int:
        """What an earn brought, whether or not it can be spent yet."""
        return self.points + self.pending


class Accepted(NamedTuple):
    """A movement that was posted; `replayed` where an earlier item with the same key or reference was.

    `linked` are those that were posted with it, both or neither.
    """

    movement: Movement
    replayed: bool
    linked: tuple[Movement, ...] = ()


class Declined(NamedTuple):
    """A movement that was not posted. `remembered`: the same key gets this answer for ever.

    `unasked`: the ledger was not asked, so that one which was sent before may be posted all the same.
    """

    error: CoalitionError
    remembered: bool
    replayed: bool
    unasked: bool = False


class Awaited(NamedTuple):
    """A refund whose original the ledger has not got yet: it is decided as soon as that comes."""

    replayed: bool


class Parked(NamedTuple):
    """An earn that its partner may not issue now: it is posted as soon as it may. `linked`: what was posted with it."""

    movement: Movement
    replayed: bool
    linked: tuple[Movement, ...] = ()


Decision = Accepted | Declined | Awaited | Parked


def together(decisions: Sequence[Decision]) -> Decision:
    """The one decision on movements that stand or fall together: all of them, or why not."""
    declined = [each for each in decisions if isinstance(each, Declined)]
    if declined:
        # What the others were not posted for says nothing; what it was that could not be posted does.
        causes = [each for each in declined if each.error.reason != Reason.REASON_LINKED_ITEM_FAILED]
        return (causes or declined)[0]
    first, *linked = (each for each in decisions if isinstance(each, Accepted | Parked))
    replayed = first.replayed and all(each.replayed for each in linked)
    return first._replace(replayed=replayed, linked=tuple(each.movement for each in linked))


class Expiration(NamedTuple):
    """Points of a wallet that expire together, and when: microseconds since 1970-01-01 UTC."""

    points: int
    expires_at_us: int


class Balance(NamedTuple):
    """A wallet: points that can be spent now, those that expire next and those that can be spent next (0 at 0: none).

    `owed` is what the member owes; it is off `available` already, which is then below 0.
    """

    available: int
    next_expiry_points: int
    next_expiry_at_us: int
    owed: int
    pending: int
    next_maturity_points: int
    next_maturity_at_us: int
