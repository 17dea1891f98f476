"""What kinds of postings there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MovementKind(StrEnum):
    """What a posting is."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    LAPSE = "lapse"
    REFUND = "refund"
    RETURN = "return"
    CLAWBACK = "clawback"
    OWE = "owe"
    REPAY = "repay"
    TRANSFER = "transfer"
    RECEIVE = "receive"
    MERGE = "merge"
    ASSUME = "assume"
    ADJUST = "adjust"
    IMPORT = "import"
    MATURE = "mature"
    FLOOR = "floor"
    GRANT = "grant"
    LOAD = "load"
    PARK = "park"
    UNPARK = "unpark"


# What a member is active by, so that points which expire with inactivity stay.
# (A grant is of a sale, and may be pending where that has earned nothing. Who buys is active, also where the points are parked.)
ACTIVITIES: Final = frozenset(
    (MovementKind.EARN, MovementKind.GRANT, MovementKind.PARK, MovementKind.REDEEM, MovementKind.CAPTURE)
)
