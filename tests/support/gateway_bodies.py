"""Bodies of the API for tests."""

from __future__ import annotations

import itertools
import secrets
from typing import Any, Final

from tests.support.gateway_members import luhn

#: The card was read.
CARD_READ: Final = {"method": "card"}
_RUN: Final = secrets.token_hex(3)
_numbers = itertools.count(1)


def new_card() -> str:
    """A card that nobody has yet."""
    return luhn(f"{6035550000000 + next(_numbers)}")


def new_reference() -> str:
    """A reference that no other operation has."""
    return f"{_RUN}-{next(_numbers)}"


def earn(card: str, **changes: Any) -> dict[str, Any]:
    """A purchase of 25.99 at the store S1."""
    return {
        "member": {"card": card},
        "reference": new_reference(),
        "store": "S1",
        "occurred_at": "2026-03-14T09:26:53+01:00",
        "amount": 2599,
        "currency": "EUR",
        "lines": [{"sku": "A", "amount": 1599}, {"sku": "B", "quantity": "0.5", "amount": 1000}],
        "tenders": [{"kind": "card", "amount": 2599}],
        "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1001"},
        **changes,
    }


def redemption(card: str, points: int, **changes: Any) -> dict[str, Any]:
    """Points spent at the store S1."""
    return {
        "member": {"card": card},
        "reference": new_reference(),
        "store": "S1",
        "points": points,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "authorisation": CARD_READ,
        **changes,
    }


def redemption_line(card: str, points: int, **changes: Any) -> dict[str, Any]:
    """A line of a batch: points spent while the till was offline."""
    body = redemption(card, points, **changes)
    del body["authorisation"]
    return {"type": "redemption", **body}


def hold(card: str, points: int, **changes: Any) -> dict[str, Any]:
    """Points set aside for the usual time."""
    return {
        "member": {"card": card},
        "reference": new_reference(),
        "points": points,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "authorisation": CARD_READ,
        **changes,
    }


def resolve(**changes: Any) -> dict[str, Any]:
    """What resolves a hold, a minute later."""
    return {"occurred_at": "2026-03-14T09:32:07+01:00", **changes}


def purchase(card: str, **changes: Any) -> dict[str, Any]:
    """A sale of 25.99 at the store S1, 5.00 of it paid with points; the card is read where it redeems."""
    paid = [{"kind": "points", "amount": 500}, {"kind": "card", "amount": 2099}]
    shown = {"authorisation": CARD_READ} if changes.get("redeem") else {}
    return {**earn(card), "tenders": paid, **shown, **changes}


def refund(**changes: Any) -> dict[str, Any]:
    """Something given back at the store S1, three days later."""
    return {
        "reference": new_reference(),
        "store": "S1",
        "occurred_at": "2026-03-17T17:05:40+01:00",
        **changes,
    }


def reversal(original: str, **changes: Any) -> dict[str, Any]:
    """What undoes the request that was sent under a key."""
    return {"idempotency_key": original, "occurred_at": "2026-03-14T09:33:07+01:00", **changes}
