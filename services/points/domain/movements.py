"""What can be asked of the ledger. Named tuples, since a busy ledger makes tens of thousands a second."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class MovementKind(StrEnum):
    """What a posting is."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    LAPSE = "lapse"


class Purchase(NamedTuple):
    """The sale behind an earn, as the till told it."""

    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    channel: str
    entry_mode: str
    amount_minor: int
    lines_json: str
    tenders_json: str


class Earn(NamedTuple):
    """A purchase that earns points. Times in microseconds since 1970-01-01 UTC."""

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    purchase: Purchase
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.EARN


class Redemption(NamedTuple):
    """Points spent in one step; points is positive."""

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    points: int
    store_id: UUID | None
    channel: str
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.REDEEM


class Hold(NamedTuple):
    """Points set aside for so many seconds of programme time; points is positive."""

    key: str
    partner_id: UUID
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    points: int
    seconds: int
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.HOLD


class Capture(NamedTuple):
    """A hold's points spent: `points` of them (0: all). hold_seq and member_id are those of the hold."""

    key: str
    partner_id: UUID
    member_id: UUID
    hold_id: UUID
    hold_seq: int
    content_hash: bytes
    occurred_at_us: int
    points: int
    store_id: UUID | None
    channel: str
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.CAPTURE
    reference: str | None = None


class Void(NamedTuple):
    """A hold given up. hold_seq and member_id are those of the hold."""

    key: str
    partner_id: UUID
    member_id: UUID
    hold_id: UUID
    hold_seq: int
    content_hash: bytes
    occurred_at_us: int
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.VOID
    reference: str | None = None


Movement = Earn | Redemption | Hold | Capture | Void


class Transaction(NamedTuple):
    """An accepted movement as the journal holds it. points: effect on the wallet.

    held: points that it set aside (positive), or freed by resolving the hold `hold_id` (negative).
    """

    transaction_id: UUID
    seq: int
    kind: MovementKind
    member_id: UUID
    partner_id: UUID | None
    reference: str | None
    points: int
    balance_after: int
    occurred_at_us: int
    recorded_at_us: int
    expires_at_us: int
    held: int = 0
    hold_id: UUID | None = None


class LotTaken(NamedTuple):
    """Points that a posting took from a lot."""

    lot_no: int
    issuer_id: UUID
    point_type: str
    points: int
