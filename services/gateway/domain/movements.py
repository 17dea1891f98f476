"""Movements of points as the ledger answers them. Named tuples: a batch makes thousands of them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

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


class Movement(NamedTuple):
    """An accepted movement.

    `points` is the effect on the wallet, `balance` the wallet right after it. Times are microseconds since
    1970-01-01 UTC, `expires_at_us` 0 where nothing expires. `partner_id` is None for the platform's own acts.
    `held` is what a hold set aside, or what resolving the hold `hold_id` freed (negative).
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


class Accepted(NamedTuple):
    """A movement that was posted; `replayed` where an earlier item with the same key or reference was."""

    movement: Movement
    replayed: bool


class Declined(NamedTuple):
    """A movement that was not posted. `remembered`: the same key gets this answer for ever."""

    error: CoalitionError
    remembered: bool
    replayed: bool


Decision = Accepted | Declined


class Balance(NamedTuple):
    """A wallet: points that can be spent now, and those that expire next (0 at 0: none do)."""

    available: int
    next_expiry_points: int
    next_expiry_at_us: int
