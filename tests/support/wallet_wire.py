"""Movements of wallets as a partner and the operator's staff ask for them."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from coalition.points.v1 import movement_pb2

from tests.support.points_neighbours import STARTS_AT_US


def transfer(member: UUID, to: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """A transfer; changes: those of the item, and any field of the transfer."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {"reference": f"r-{secrets.token_hex(8)}", "occurred_at_us": STARTS_AT_US}
    return movement_pb2.Item(
        **envelope,
        transfer=movement_pb2.Transfer(
            **{**asked, **changes}, member_id=member.bytes, to_member_id=to.bytes, points=points
        ),
    )


def adjustment(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """An adjustment; changes: those of the item, and reason, note."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {"reason": movement_pb2.ADJUSTMENT_REASON_CORRECTION, "note": "why"}
    return movement_pb2.Item(
        **envelope,
        adjustment=movement_pb2.Adjustment(**{**asked, **changes}, member_id=member.bytes, points=points),
    )


def merge(member: UUID, into: UUID, **changes: Any) -> movement_pb2.Item:
    """A merge; changes: those of the item."""
    return movement_pb2.Item(
        **_envelope(changes),
        merge=movement_pb2.Merge(member_id=member.bytes, into_member_id=into.bytes),
    )


def opening(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """An opening balance; changes: those of the item, and reference, earned_at_us, expires_at_us, issuer."""
    envelope = _envelope(changes)
    issuer: UUID | None = changes.pop("issuer", None)
    asked: dict[str, Any] = {"reference": f"r-{secrets.token_hex(8)}", "earned_at_us": STARTS_AT_US}
    return movement_pb2.Item(
        **envelope,
        opening=movement_pb2.Opening(
            **{**asked, **changes},
            member_id=member.bytes,
            points=points,
            issuer_id=issuer.bytes if issuer else b"",
        ),
    )


def _envelope(changes: dict[str, Any]) -> dict[str, Any]:
    names = ("key", "deadline_us", "principal", "traceparent", "linked")
    given = {name: changes.pop(name) for name in names if name in changes}
    return {"key": f"k-{secrets.token_hex(8)}", **given}
