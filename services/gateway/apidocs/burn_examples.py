"""Examples of burns, held against their schemas as all examples are."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.apidocs.authority_examples import CARD_READ, CODE_READ_OUT, PIN_TYPED, TOKEN

_REDEMPTION_ID: Final = "txn_01kkq62d0re51t9a7b3c5d7e9f"
_MEMBER_ID: Final = "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"
_HOLD_ID: Final = "hld_01kkq63v1rf62tab8c4d6e8f0g"

REDEMPTION_BODIES: Final[dict[str, Any]] = {
    "at the till": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1002",
        "store": "S367",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1002"},
        "authorisation": CARD_READ,
    },
    "with the app": {
        "member": {"app_token": TOKEN},
        "reference": "S367-7-20260314-1005",
        "store": "S367",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
    },
    "with the PIN": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1006",
        "store": "S367",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "authorisation": PIN_TYPED,
    },
    "with a code by message": {
        "member": {"id": _MEMBER_ID},
        "reference": "S367-7-20260314-1007",
        "store": "S367",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "authorisation": CODE_READ_OUT,
    },
}
REDEMPTION: Final[dict[str, Any]] = {
    "object": "redemption",
    "id": _REDEMPTION_ID,
    "member": _MEMBER_ID,
    "reference": "S367-7-20260314-1002",
    "points": 500,
    "worth": {"amount": 500, "currency": "EUR", "treatment": "tender"},
    "balance": 740,
    "occurred_at": "2026-03-14T08:31:07Z",
    "recorded_at": "2026-03-14T08:31:07.45Z",
    "metadata": {},
    "receipt": {"burned": 500, "balance": 740, "lines": ["Points spent: 500", "Balance: 740 points"]},
}
HOLD_BODIES: Final[dict[str, Any]] = {
    "for a quarter of an hour": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1003",
        "store": "S367",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1003"},
        "authorisation": CARD_READ,
    },
    "for an amount": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1006",
        "store": "S367",
        "money": {"amount": 1000, "currency": "EUR"},
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "authorisation": CARD_READ,
    },
    "with the app": {
        "member": {"app_token": TOKEN},
        "reference": "S367-7-20260314-1005",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
    },
    "for a basket": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1004",
        "points": 500,
        "occurred_at": "2026-03-14T09:31:07+01:00",
        "basket": {
            "amount": 2599,
            "currency": "EUR",
            "lines": [
                {"sku": "4001234", "category": "food", "amount": 1999},
                {"sku": "4005678", "category": "tobacco", "amount": 600},
            ],
        },
        "authorisation": CARD_READ,
    },
}
HOLD: Final[dict[str, Any]] = {
    "object": "hold",
    "hold": _HOLD_ID,
    "id": f"txn_{_HOLD_ID.removeprefix('hld_')}",
    "member": _MEMBER_ID,
    "reference": "S367-7-20260314-1003",
    "points": 500,
    "worth": {"amount": 500, "currency": "EUR", "treatment": "tender"},
    "balance": 1240,
    "occurred_at": "2026-03-14T08:31:07Z",
    "recorded_at": "2026-03-14T08:31:07.45Z",
    "metadata": {},
    "expires_at": "2026-03-14T08:46:07.45Z",
}
CAPTURE_BODIES: Final[dict[str, Any]] = {
    "all of it": {
        "occurred_at": "2026-03-14T09:33:12+01:00",
        "store": "S367",
        "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1003"},
    },
    "some of it": {"points": 320, "occurred_at": "2026-03-14T09:33:12+01:00"},
}
CAPTURE: Final[dict[str, Any]] = {
    "object": "capture",
    "hold": _HOLD_ID,
    "id": _REDEMPTION_ID,
    "member": _MEMBER_ID,
    "points": 500,
    "worth": {"amount": 500, "currency": "EUR", "treatment": "tender"},
    "released": 0,
    "balance": 740,
    "occurred_at": "2026-03-14T08:33:12Z",
    "recorded_at": "2026-03-14T08:33:12.61Z",
    "metadata": {},
    "receipt": {"burned": 500, "balance": 740, "lines": ["Points spent: 500", "Balance: 740 points"]},
}
VOID_BODIES: Final[dict[str, Any]] = {"the sale fell through": {"occurred_at": "2026-03-14T09:33:12+01:00"}}
VOID: Final[dict[str, Any]] = {
    "object": "void",
    "hold": _HOLD_ID,
    "id": _REDEMPTION_ID,
    "member": _MEMBER_ID,
    "released": 500,
    "balance": 1240,
    "occurred_at": "2026-03-14T08:33:12Z",
    "recorded_at": "2026-03-14T08:33:12.61Z",
    "metadata": {},
}
