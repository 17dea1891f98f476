"""What can be asked of wallets beside sales: points passed on to another member, and what the operator's staff do.

(They load budgets too, which are of no wallet.)
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.points.domain.accounts import PROGRAMME
from services.points.domain.kinds import MovementKind


class Transfer(NamedTuple):
    """Points that a member gives another; points is positive. Times in microseconds since 1970-01-01 UTC."""

    key: str
    partner_id: UUID
    member_id: UUID
    to_member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    points: int
    traceparent: str
    deadline_us: int
    kind: MovementKind = MovementKind.TRANSFER
    linked: bool = False


class AdjustmentReason(StrEnum):
    """Why points are put right."""

    GOODWILL = "goodwill"
    CORRECTION = "correction"
    FRAUD = "fraud"
    OTHER = "other"


class Adjustment(NamedTuple):
    """Points that the operator gives (positive) or takes. It happens when it is posted.

    `proposal_id`: what somebody else has approved, where it is more than one person may make alone.
    """

    key: str
    member_id: UUID
    content_hash: bytes
    points: int
    reason: AdjustmentReason
    note: str
    made_by: str
    traceparent: str
    deadline_us: int
    proposal_id: UUID | None = None
    partner_id: UUID = PROGRAMME
    occurred_at_us: int = 0
    kind: MovementKind = MovementKind.ADJUST
    reference: str | None = None
    linked: bool = False


class Opening(NamedTuple):
    """Points taken over from earlier books, earned at occurred_at_us. expires_at_us 0: by the ledger's rule.

    `issuer_id` is a partner, or PROGRAMME.
    """

    key: str
    member_id: UUID
    reference: str
    content_hash: bytes
    occurred_at_us: int
    expires_at_us: int
    points: int
    issuer_id: UUID
    traceparent: str
    deadline_us: int
    partner_id: UUID = PROGRAMME
    kind: MovementKind = MovementKind.IMPORT
    linked: bool = False


class Merge(NamedTuple):
    """A member's wallet given up for another's. It happens when it is posted."""

    key: str
    member_id: UUID
    into_member_id: UUID
    content_hash: bytes
    traceparent: str
    deadline_us: int
    partner_id: UUID = PROGRAMME
    occurred_at_us: int = 0
    kind: MovementKind = MovementKind.MERGE
    reference: str | None = None
    linked: bool = False


class Load(NamedTuple):
    """Points for a campaign's budget. It happens when it is posted, and is of no member."""

    key: str
    campaign_id: UUID
    content_hash: bytes
    points: int
    loaded_by: str
    traceparent: str
    deadline_us: int
    partner_id: UUID = PROGRAMME
    member_id: UUID = PROGRAMME
    occurred_at_us: int = 0
    kind: MovementKind = MovementKind.LOAD
    reference: str | None = None
    linked: bool = False


# What the operator's staff ask for.
StaffMovement = Adjustment | Opening | Merge | Load
WalletMovement = Transfer | StaffMovement


def other_member(item: object) -> UUID | None:
    """The second member that an item concerns, if any."""
    if isinstance(item, Transfer):
        return item.to_member_id
    return item.into_member_id if isinstance(item, Merge) else None
