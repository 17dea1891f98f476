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


Movement = Earn | Redemption


class Transaction(NamedTuple):
    """An accepted movement as the journal holds it. points: effect on the wallet."""

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


class LotTaken(NamedTuple):
    """Points that a posting took from a lot."""

    lot_no: int
    issuer_id: UUID
    point_type: str
    points: int
