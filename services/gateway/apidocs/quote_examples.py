"""Examples of quotes and explanations, held against their schemas as all examples are."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.apidocs import examples

_AT: Final[dict[str, Any]] = {"store": "S367", "occurred_at": "2026-03-14T09:30:12+01:00"}
_GOODS: Final[dict[str, Any]] = {
    "amount": 2599,
    "currency": "EUR",
    "lines": [
        {"sku": "4001234", "category": "food", "amount": 1999},
        {"sku": "4005678", "category": "tobacco", "amount": 600},
    ],
}
_BACK: Final[dict[str, Any]] = {
    "original": {"reference": "S367-7-20260314-1003"}, "amount": 1299, "currency": "EUR",
}  # fmt: skip
QUOTE_BODIES: Final[dict[str, Any]] = {
    "a sale": {**_AT, "member": {"card": "6035550000000018"}, "sale": _GOODS},
    "a refund": {**_AT, "refund": _BACK},
    "an exchange": {**_AT, "refund": _BACK, "sale": _GOODS},
}
QUOTE: Final[dict[str, Any]] = {
    "object": "quote",
    "member": "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s",
    "quoted_at": "2026-03-14T08:30:12.39Z",
    "available": 1240,
    "owed": 0,
    "earn": {
        "status": "earned",
        "points": 25,
        "pending": 0,
        "matures_at": None,
        "expires_at": "2028-03-31T22:00:00Z",
        "bonus": [
            {
                "campaign": {"id": "cmp_01kkq5x2m8e4ta7c9v1w3y5z72", "version": 1, "name": "Double in March"},
                "points": 25,
            }
        ],
        "bonus_points": 25,
        "refusal": None,
    },
    "burn": {
        "least": 200,
        "most": 1240,
        "step": 10,
        "worth": {"amount": 1240, "currency": "EUR", "treatment": "tender"},
        "ratio": {"points": 100, "amount": 100},
        "left_today": None,
        "authorisation": "card",
        "refusal": None,
    },
    "refund": None,
}
EXPLANATION: Final[dict[str, Any]] = {
    "object": "explanation",
    "transaction": examples.TRANSACTION,
    "earn": {
        "amount": 2599,
        "in_points": 0,
        "money": 2599,
        "rate": {"points": 1, "amount": 100},
        "points": 25,
        "dropped": 99,
    },
    "campaigns": [
        {
            "campaign": {
                "id": "cmp_01kkq5x2m8e4ta7c9v1w3y5z72",
                "version": 1,
                "name": "Thirty for a large one",
            },
            "multiplier_percent": None,
            "fixed_points": 30,
            "min_amount": 5000,
            "due": 0,
            "points": 0,
            "outcome": "amount_too_small",
        }
    ],
    "burn": None,
    "refund": None,
    "lots": [
        {
            "act": "opened",
            "issuer": "own",
            "point_type": "base",
            "points": 25,
            "expires_at": "2028-03-31T22:00:00Z",
            "matures_at": None,
        }
    ],
}
