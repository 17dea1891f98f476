"""Reads transfers, and what the operator's staff ask for, off the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.wallet_movements import (
    Adjustment,
    AdjustmentReason,
    Merge,
    Opening,
    StaffMovement,
    Transfer,
)
from services.points.rpc.reading import (
    POINTS_MAX,
    REFERENCE_CHARACTERS_MAX,
    Unreadable,
    check_text,
    invalid,
    read_member,
    traceparent,
)
from services.runtime.clock import MICROS_MAX
from services.runtime.errors import PermissionDenied
from services.runtime.principal import Principal

NOTE_CHARACTERS_MAX: Final = 500
# Who may ask for what.
STAFF_ROLES: Final = {"adjustment": "maker", "merge": "maker", "opening": "admin"}
_REASONS: Final = {
    pb.ADJUSTMENT_REASON_GOODWILL: AdjustmentReason.GOODWILL,
    pb.ADJUSTMENT_REASON_CORRECTION: AdjustmentReason.CORRECTION,
    pb.ADJUSTMENT_REASON_FRAUD: AdjustmentReason.FRAUD,
    pb.ADJUSTMENT_REASON_OTHER: AdjustmentReason.OTHER,
}
REASONS: Final = {reason: wire for wire, reason in _REASONS.items()}
Asked = pb.Transfer | pb.Adjustment | pb.Merge | pb.Opening
# The keyed hash of what was asked, by a name for its kind.
HashOf = Callable[[bytes, Asked], bytes]


def read_transfer(item: pb.Item, partner: UUID, deadline_us: int, hash_of: HashOf) -> Transfer:
    """The transfer of an item. Raises Unreadable."""
    asked = item.transfer
    member_id = read_member("member", asked.member_id)
    to_member_id = read_member("to_member", asked.to_member_id)
    if member_id == to_member_id:
        raise invalid("to_member", "nobody gives points to himself")
    check_text("reference", asked.reference, REFERENCE_CHARACTERS_MAX)
    _check_points(asked.points)
    if asked.occurred_at_us <= 0:
        raise invalid("occurred_at", "a time is needed")
    return Transfer(
        item.key, partner, member_id, to_member_id, asked.reference, hash_of(b"transfer", asked), asked.occurred_at_us,
        asked.points, traceparent(item), deadline_us, linked=item.linked,
    )  # fmt: skip


def read_of_staff(
    item: pb.Item, kind: str, principal: Principal, deadline_us: int, hash_of: HashOf
) -> StaffMovement:
    """What staff ask for, by the name of the item's field. Raises Unreadable, also for whom may not ask."""
    try:
        principal.require_role(STAFF_ROLES[kind])
    except PermissionDenied as denied:
        raise Unreadable(
            "principal", denied.message, Reason.REASON_PERMISSION_DENIED, **denied.metadata
        ) from None
    if kind == "adjustment":
        return _adjustment(item, principal.actor, deadline_us, hash_of)
    return _merge(item, deadline_us, hash_of) if kind == "merge" else _opening(item, deadline_us, hash_of)


def _adjustment(item: pb.Item, actor: str, deadline_us: int, hash_of: HashOf) -> Adjustment:
    asked = item.adjustment
    member_id = read_member("member", asked.member_id)
    if not 1 <= abs(asked.points) <= POINTS_MAX:
        raise invalid("points", f"1 to {POINTS_MAX}, or as many less than 0")
    reason = _REASONS.get(asked.reason)
    if reason is None:
        raise invalid("reason", f"one of {', '.join(each.value for each in AdjustmentReason)}")
    # Lines may be broken; but a NUL is no text to the database.
    if len(asked.note) > NOTE_CHARACTERS_MAX or not all(
        each.isprintable() or each == "\n" for each in asked.note
    ):
        raise invalid("note", f"up to {NOTE_CHARACTERS_MAX} visible characters")
    return Adjustment(
        item.key, member_id, hash_of(b"adjustment", asked), asked.points, reason, asked.note, actor, traceparent(item),
        deadline_us, linked=item.linked,
    )  # fmt: skip


def _merge(item: pb.Item, deadline_us: int, hash_of: HashOf) -> Merge:
    asked = item.merge
    member_id = read_member("member", asked.member_id)
    into_member_id = read_member("into_member", asked.into_member_id)
    if member_id == into_member_id:
        raise invalid("into_member", "a wallet is not merged into itself")
    return Merge(
        item.key, member_id, into_member_id, hash_of(b"merge", asked), traceparent(item), deadline_us,
        linked=item.linked,
    )  # fmt: skip


def _opening(item: pb.Item, deadline_us: int, hash_of: HashOf) -> Opening:
    asked = item.opening
    member_id = read_member("member", asked.member_id)
    check_text("reference", asked.reference, REFERENCE_CHARACTERS_MAX)
    _check_points(asked.points)
    if not 0 < asked.earned_at_us <= MICROS_MAX:
        raise invalid("earned_at", "a time is needed")
    if asked.expires_at_us and not asked.earned_at_us < asked.expires_at_us <= MICROS_MAX:
        raise invalid("expires_at", "later than when the points were earned")
    issuer_id = read_member("issuer", asked.issuer_id) if asked.issuer_id else PROGRAMME
    return Opening(
        item.key, member_id, asked.reference, hash_of(b"opening", asked), asked.earned_at_us, asked.expires_at_us,
        asked.points, issuer_id, traceparent(item), deadline_us, linked=item.linked,
    )  # fmt: skip


def _check_points(points: int) -> None:
    if not 1 <= points <= POINTS_MAX:
        raise invalid("points", f"1 to {POINTS_MAX}")
