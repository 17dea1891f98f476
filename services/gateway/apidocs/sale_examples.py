"""Examples of sales in one call and of refunds, held against their schemas as all examples are."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.apidocs.authority_examples import CARD_READ

_MEMBER_ID: Final = "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"
_EARN_ID: Final = "txn_01kkq64v1sg73vbc9d5e7f9g1h"
_BURN_ID: Final = "txn_01kkq64v1sg73vbc9d5e7f9g1j"
_REFUND_ID: Final = "txn_01kkw2h8t3c95xde1f7g9h1j3k"
_HOLD_ID: Final = "hld_01kkq63v1rf62tab8c4d6e8f0g"
_PARKED_ID: Final = "txn_01kkq64v1sg73vbc9d5e7f9g1k"
_PURCHASE_ID: Final = "pur_01kkq64v1sg73vbc9d5e7f9g1m"
_SALE: Final[dict[str, Any]] = {
    "member": {"card": "6035550000000018"},
    "reference": "S367-7-20260314-1003",
    "store": "S367",
    "occurred_at": "2026-03-14T09:33:12+01:00",
    "amount": 2599,
    "currency": "EUR",
    "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1003"},
}
_PAID: Final = [{"kind": "points", "amount": 500}, {"kind": "card", "amount": 2099}]

PURCHASE_BODIES: Final[dict[str, Any]] = {
    "with what is held": {**_SALE, "tenders": _PAID, "hold": {"id": _HOLD_ID}},
    "with points at once": {
        **_SALE,
        "tenders": _PAID,
        "redeem": {"points": 500},
        "authorisation": CARD_READ,
    },
    "without points": {**_SALE, "tenders": [{"kind": "card", "amount": 2599}]},
}
_POSTED: Final[dict[str, Any]] = {
    "object": "transaction",
    "member": _MEMBER_ID,
    "occurred_at": "2026-03-14T08:33:12Z",
    "hold": None,
    "held": 0,
    "original": None,
    "refund": None,
    "pending": 0,
    "matures_at": None,
    "bonus": [],
    "campaign": None,
    "parked": None,
    "worth": None,
}
PURCHASE: Final[dict[str, Any]] = {
    "object": "purchase",
    "id": _PURCHASE_ID,
    "member": _MEMBER_ID,
    "reference": "S367-7-20260314-1003",
    "balance": 760,
    "occurred_at": "2026-03-14T08:33:12Z",
    "recorded_at": "2026-03-14T08:33:12.61Z",
    "metadata": {},
    "earn": {
        **_POSTED,
        "type": "earn",
        "id": _EARN_ID,
        "reference": "S367-7-20260314-1003",
        "points": 20,
        "balance": 1260,
        "recorded_at": "2026-03-14T08:33:12.61Z",
        "metadata": {},
        "expires_at": "2028-03-31T22:00:00Z",
        "purchase": _PURCHASE_ID,
    },
    "burn": {
        **_POSTED,
        "type": "capture",
        "id": _BURN_ID,
        "reference": None,
        "points": -500,
        "balance": 760,
        "recorded_at": "2026-03-14T08:33:12.610001Z",
        "metadata": {},
        "expires_at": None,
        "hold": _HOLD_ID,
        "held": -500,
        "worth": {"amount": 500, "currency": "EUR", "treatment": "tender"},
        "purchase": None,
        "original": _EARN_ID,
    },
    "bonus": [],
    "bonus_points": 0,
    "receipt": {
        "earned": 20,
        "bonus": 0,
        "pending": 0,
        "burned": 500,
        "balance": 760,
        "expires_on": "2028-03-31",
        "lines": [
            "Points spent: 500",
            "Points earned: 20",
            "Balance: 760 points",
            "Use these points by 2028-03-31",
        ],
    },
}
PARKED_EARN: Final[dict[str, Any]] = {
    "object": "earn",
    "status": "parked",
    "id": _PARKED_ID,
    "member": _MEMBER_ID,
    "reference": "S367-7-20260314-1003",
    "balance": 1240,
    "occurred_at": "2026-03-14T08:33:12Z",
    "recorded_at": "2026-03-14T08:33:12.61Z",
    "metadata": {},
    "parked_points": 25,
    "receipt": {
        "parked": 25,
        "balance": 1240,
        "lines": ["Points to be added later: 25", "Balance: 1,240 points"],
    },
}
PARKED_PURCHASE: Final[dict[str, Any]] = {
    **PARKED_EARN,
    "object": "purchase",
    "balance": 740,
    "parked_points": 20,
    "burn": {**PURCHASE["burn"], "balance": 740, "original": _PARKED_ID},
    "receipt": {
        "burned": 500,
        "parked": 20,
        "balance": 740,
        "lines": ["Points spent: 500", "Points to be added later: 20", "Balance: 740 points"],
    },
}
REFUND_BODIES: Final[dict[str, Any]] = {
    "some of the goods": {
        "original": {"reference": "S367-7-20260314-1003"},
        "reference": "S112-2-20260317-0044",
        "store": "S112",
        "occurred_at": "2026-03-17T17:05:40+01:00",
        "amount": 1299,
        "currency": "EUR",
        "lines": [{"sku": "4009876", "category": "household", "amount": 1299}],
        "receipt": {"till": "2", "business_date": "2026-03-17", "number": "0044"},
    },
    "all that is left": {
        "original": {"transaction": _EARN_ID},
        "reference": "S112-2-20260317-0045",
        "occurred_at": "2026-03-17T17:06:02+01:00",
    },
    "points of a burn without a sale": {
        "original": {"transaction": "txn_01kkq62d0re51t9a7b3c5d7e9f"},
        "reference": "S112-2-20260317-0046",
        "occurred_at": "2026-03-17T17:07:31+01:00",
        "points": 200,
    },
}
REFUND_BODIES["an exchange"] = {
    **REFUND_BODIES["some of the goods"],
    "exchange": {
        "reference": "S112-2-20260317-0044-new",
        "amount": 1599,
        "currency": "EUR",
        "lines": [{"sku": "4009877", "category": "household", "amount": 1599}],
        "tenders": [{"kind": "other", "amount": 1299}, {"kind": "card", "amount": 300}],
    },
}
REFUND: Final[dict[str, Any]] = {
    "object": "refund",
    "id": _REFUND_ID,
    "member": _MEMBER_ID,
    "reference": "S112-2-20260317-0044",
    "original": _EARN_ID,
    "amount": 1299,
    "points_returned": 249,
    "points_clawed_back": 10,
    "points_owed": 0,
    "points_written_off": 0,
    "money": {"amount": 1050, "currency": "EUR"},
    "balance": 999,
    "occurred_at": "2026-03-17T16:05:40Z",
    "recorded_at": "2026-03-17T16:05:41.2Z",
    "metadata": {},
    "receipt": {
        "returned": 249,
        "clawed_back": 10,
        "owed": 0,
        "balance": 999,
        "lines": ["Points returned: 249", "Points taken back: 10", "Balance: 999 points"],
    },
    "exchange": None,
}
WAITING_REFUND: Final[dict[str, Any]] = {
    "object": "refund",
    "status": "waiting",
    "reference": "S112-2-20260317-0044",
    "original": "S367-7-20260314-1003",
}
REVERSAL_BODIES: Final[dict[str, Any]] = {
    "a purchase without an answer": {
        "idempotency_key": "S367-7-20260314-1003-sale",
        "occurred_at": "2026-03-14T09:34:02+01:00",
    },
}
_ALL_OF_IT: Final[dict[str, Any]] = {
    "amount": 2599,
    "points_returned": 500,
    "points_clawed_back": 20,
    "points_owed": 0,
    "points_written_off": 0,
    "money": {"amount": 2099, "currency": "EUR"},
}
REVERSAL: Final[dict[str, Any]] = {
    "object": "reversal",
    "status": "reversed",
    "idempotency_key": "S367-7-20260314-1003-sale",
    "transaction": {
        **_POSTED,
        "type": "refund",
        "id": _REFUND_ID,
        "reference": None,
        "points": 0,
        "balance": 1240,
        "occurred_at": "2026-03-14T08:34:02Z",
        "recorded_at": "2026-03-14T08:34:02.4Z",
        "metadata": {},
        "expires_at": None,
        "purchase": None,
        "original": _EARN_ID,
        "refund": _ALL_OF_IT,
    },
    **_ALL_OF_IT,
    "released": 0,
    "balance": 1240,
    "receipt": {
        "returned": 500,
        "clawed_back": 20,
        "owed": 0,
        "released": 0,
        "balance": 1240,
        "lines": ["Points returned: 500", "Points taken back: 20", "Balance: 1,240 points"],
    },
}
NOTHING_REVERSED: Final[dict[str, Any]] = {
    "object": "reversal",
    "status": "nothing_to_reverse",
    "idempotency_key": "S367-7-20260314-1003-sale",
    "transaction": None,
    "amount": 0,
    "points_returned": 0,
    "points_clawed_back": 0,
    "points_owed": 0,
    "points_written_off": 0,
    "money": {"amount": 0, "currency": "EUR"},
    "released": 0,
    "balance": None,
    "receipt": None,
}
