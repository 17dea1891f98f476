"""Movements as a till asks for them, and what it reads from the answers."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from coalition.points.v1 import movement_pb2

from services.runtime.errors import code_of
from tests.support.points_neighbours import STARTS_AT_US

#: What tills have seen before they burn, unless a test is about that.
CARD: Final = movement_pb2.BurnAuthority(kind=movement_pb2.AUTHORITY_KIND_CARD)


def earn(member: UUID, amount_minor: int, **changes: Any) -> movement_pb2.Item:
    """An earn; changes: key, deadline_us, principal, traceparent; reference; receipt; any field of the sale."""
    reference = changes.pop("reference", None) or f"r-{secrets.token_hex(8)}"
    envelope = _envelope(changes)
    sale: dict[str, Any] = {
        "receipt": _receipt(changes),
        "occurred_at_us": STARTS_AT_US,
        "channel": "store",
        "currency": "USD",
    }
    return movement_pb2.Item(
        **envelope,
        earn=movement_pb2.Earn(
            member_id=member.bytes,
            reference=reference,
            sale=movement_pb2.Sale(**{**sale, **changes}, amount_minor=amount_minor),
        ),
    )


def redemption(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """A redemption; changes: key, deadline_us, principal, traceparent, receipt; any field of the redemption."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {
        "reference": f"r-{secrets.token_hex(8)}",
        "receipt": _receipt(changes),
        "occurred_at_us": STARTS_AT_US,
        "channel": "store",
        "authority": CARD,
    }
    return movement_pb2.Item(
        **envelope,
        redemption=movement_pb2.Redemption(**{**asked, **changes}, member_id=member.bytes, points=points),
    )


def hold(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """A hold; changes: key, deadline_us, principal, traceparent; any field of the hold."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {
        "reference": f"r-{secrets.token_hex(8)}",
        "occurred_at_us": STARTS_AT_US,
        "authority": CARD,
    }
    return movement_pb2.Item(
        **envelope, hold=movement_pb2.Hold(**{**asked, **changes}, member_id=member.bytes, points=points)
    )


def capture(hold_id: bytes, points: int = 0, **changes: Any) -> movement_pb2.Item:
    """A capture; changes: key, deadline_us, principal, traceparent, receipt; any field of the capture."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {
        "receipt": _receipt(changes), "occurred_at_us": STARTS_AT_US, "channel": "store",
    }  # fmt: skip
    return movement_pb2.Item(
        **envelope, capture=movement_pb2.Capture(**{**asked, **changes}, hold_id=hold_id, points=points)
    )


def void(hold_id: bytes, **changes: Any) -> movement_pb2.Item:
    """A void; changes: key, deadline_us, principal, traceparent, occurred_at_us."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {"occurred_at_us": STARTS_AT_US}
    return movement_pb2.Item(**envelope, void=movement_pb2.Void(**{**asked, **changes}, hold_id=hold_id))


def refund(original: bytes | str, amount_minor: int = 0, **changes: Any) -> movement_pb2.Item:
    """A refund of a posting by id, or of an earn by reference; changes as for a redemption, and currency, lines."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {
        "reference": f"r-{secrets.token_hex(8)}",
        "receipt": _receipt(changes),
        "occurred_at_us": STARTS_AT_US,
        "channel": "store",
        "currency": "USD",
        "amount_minor": amount_minor,
    }
    asked["original_reference" if isinstance(original, str) else "original_id"] = original
    return movement_pb2.Item(**envelope, refund=movement_pb2.Refund(**{**asked, **changes}))


def reversal(key: str, **changes: Any) -> movement_pb2.Item:
    """A reversal of what was asked under a key; `by` is its own key, and changes: deadline_us, occurred_at_us."""
    if "by" in changes:
        changes["key"] = changes.pop("by")
    envelope = _envelope(changes)
    asked: dict[str, Any] = {"occurred_at_us": STARTS_AT_US}
    return movement_pb2.Item(**envelope, reversal=movement_pb2.Reversal(**{**asked, **changes}, key=key))


def _envelope(changes: dict[str, Any]) -> dict[str, Any]:
    names = ("key", "deadline_us", "principal", "traceparent", "linked", "metadata")
    given = {name: changes.pop(name) for name in names if name in changes}
    return {"key": f"k-{secrets.token_hex(8)}", **given}


def _receipt(changes: dict[str, Any]) -> movement_pb2.Receipt:
    store: UUID | None = changes.pop("store_id", None)
    return changes.pop(
        "receipt", movement_pb2.Receipt(store_id=store.bytes if store else b"", till="1", number="17")
    )


def outcomes(results: Iterable[movement_pb2.Result]) -> list[int]:
    """The outcomes of results."""
    return [result.outcome for result in results]


def reasons(results: Iterable[movement_pb2.Result]) -> list[str]:
    """The reasons of results, empty for those accepted."""
    return [code_of(result.error.reason) if result.HasField("error") else "" for result in results]


def reason(result: movement_pb2.Result) -> str:
    """The reason of a result, empty where it was accepted."""
    return reasons([result])[0]
