"""What kinds of postings there are."""

from __future__ import annotations

from enum import StrEnum


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
