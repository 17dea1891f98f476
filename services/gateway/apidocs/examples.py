"""Examples of the API reference. A contract test holds each one against its schema."""

from __future__ import annotations

from typing import Any, Final

_MEMBER_ID: Final = "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"
_CAMPAIGN_ID: Final = "cmp_01kkn7f3g5h7j9k1m3n5p7q9r1"
_EARN_ID: Final = "txn_01kkq5x2m8e4ta7c9v1w3y5z70"
_PURCHASE_ID: Final = "pur_01kkq5x2m8e4ta7c9v1w3y5z71"
_BATCH_ID: Final = "bat_01kkqa3f5ge6tr2b4c6d8e0g2h"
_PERSONAL: Final[dict[str, Any]] = {
    "given_name": "Ana",
    "family_name": "Petrova",
    "email": "ana@example.org",
    "phone": "+359888123456",
    "birth_date": "1988-04-12",
    "language": "bg",
}

EARN_BODIES: Final[dict[str, Any]] = {
    "at the till": {
        "member": {"card": "6035550000000018"},
        "reference": "S367-7-20260314-1001",
        "store": "S367",
        "occurred_at": "2026-03-14T09:26:53+01:00",
        "channel": "store",
        "entry_mode": "scanned",
        "amount": 2599,
        "currency": "EUR",
        "receipt": {"till": "7", "business_date": "2026-03-14", "number": "1001"},
        "lines": [
            {"sku": "4001234", "category": "dairy", "quantity": "2", "amount": 598, "tax_rate": "7"},
            {"sku": "4009876", "category": "household", "quantity": "0.754", "amount": 2001},
        ],
        "tenders": [{"kind": "card", "amount": 2599}],
        "metadata": {"order": "A-17"},
    },
    "the least": {
        "member": {"id": _MEMBER_ID},
        "reference": "web-88123",
        "occurred_at": "2026-03-14T08:26:53Z",
        "channel": "web",
        "amount": 1000,
        "currency": "EUR",
    },
}
_EARNED: Final[dict[str, Any]] = {
    "id": _EARN_ID,
    "member": _MEMBER_ID,
    "reference": "S367-7-20260314-1001",
    "points": 25,
    "pending": 0,
    "matures_at": None,
    "balance": 1240,
    "occurred_at": "2026-03-14T08:26:53Z",
    "recorded_at": "2026-03-14T08:26:54.012345Z",
    "metadata": {"order": "A-17"},
    "expires_at": "2028-03-31T22:00:00Z",
    "purchase": _PURCHASE_ID,
}
EARN: Final[dict[str, Any]] = {
    "object": "earn",
    **_EARNED,
    "balance": 1290,
    "bonus": [{"campaign": {"id": _CAMPAIGN_ID, "version": 1}, "points": 50}],
    "bonus_points": 50,
    "receipt": {
        "earned": 25,
        "bonus": 50,
        "pending": 0,
        "balance": 1290,
        "expires_on": "2028-03-31",
        "lines": [
            "Points earned: 25",
            "Bonus points: 50",
            "Balance: 1,290 points",
            "Use these points by 2028-03-31",
        ],
    },
}
TRANSACTION: Final[dict[str, Any]] = {
    "object": "transaction", "type": "earn", **_EARNED, "hold": None, "held": 0, "original": None, "refund": None,
    "bonus": [{"campaign": {"id": _CAMPAIGN_ID, "version": 1}, "points": 50}], "campaign": None, "parked": None, "worth": None,
}  # fmt: skip

ENROL_BODIES: Final[dict[str, Any]] = {
    "with a card": {"card": "6035550000000018", "customer_id": "C-4711", "personal": _PERSONAL},
    "a card is issued": {},
}
LOOKUP_BODIES: Final[dict[str, Any]] = {
    "by card": {"card": "6035 5500 0000 0018"},
    "by a swiped card": {"card": ";6035550000000018=99122010000000000000?", "store": "S367", "till": "7"},
    "by your customer number": {"customer_id": "C-4711"},
    "by phone": {"phone": "0888 123 456"},
    "by e-mail": {"email": "ana@example.org"},
}
UPDATE_BODIES: Final[dict[str, Any]] = {
    "another phone, no e-mail": {"personal": {"phone": "+359888765432", "email": None}},
    "the language": {"personal": {"language": "de"}},
}
MEMBER: Final[dict[str, Any]] = {
    "object": "member",
    "id": _MEMBER_ID,
    "status": "active",
    "cards": ["6035550000000018"],
    "card_endings": ["0018"],
    "customer_id": "C-4711",
    "enrolled_by_you": True,
    "anonymous": False,
    "works_for_you": False,
    "enrolled_at": "2025-11-02T10:15:00.25Z",
    "personal": _PERSONAL,
}
MEMBER_STAFF: Final[dict[str, Any]] = {**MEMBER, "works_for_you": True}
MEMBER_MATCH: Final[dict[str, Any]] = {
    "object": "member_match",
    "id": _MEMBER_ID,
    "status": "active",
    "anonymous": False,
    "card_endings": ["0018"],
    "initials": "AP",
    "customer_id": "C-4711",
    "enrolled_by_you": True,
}
MEMBER_CLOSED: Final[dict[str, Any]] = {**MEMBER, "status": "closed"}
BALANCE: Final[dict[str, Any]] = {
    "object": "balance",
    "member": _MEMBER_ID,
    "available": 1240,
    "owed": 0,
    "pending": 40,
    "next_maturity": {"points": 25, "at": "2026-03-28T08:26:53Z"},
    "next_expiry": {"points": 180, "at": "2026-11-30T23:00:00Z"},
}
EXPIRATION: Final[dict[str, Any]] = {
    "object": "expiration",
    "points": 180,
    "expires_at": "2026-11-30T23:00:00Z",
}

BATCH_BODIES: Final[dict[str, Any]] = {
    "a till that was offline": {
        "lines": [
            {
                "type": "earn",
                "member": {"card": "6035550000000018"},
                "reference": "S367-7-20260314-1001",
                "store": "S367",
                "occurred_at": "2026-03-14T09:26:53+01:00",
                "amount": 2599,
                "currency": "EUR",
            },
            {
                "type": "redemption",
                "member": {"card": "6035550000000018"},
                "reference": "S367-7-20260314-1002",
                "store": "S367",
                "occurred_at": "2026-03-14T09:31:07+01:00",
                "points": 5000,
            },
        ]
    },
    "goods given back meanwhile": {
        "lines": [
            {
                "type": "refund",
                "original": {"reference": "S367-7-20260313-0977"},
                "reference": "S367-7-20260314-1003",
                "occurred_at": "2026-03-14T09:40:12+01:00",
            }
        ]
    },
}
BATCH_SUMMARY: Final[dict[str, Any]] = {
    "object": "batch",
    "id": _BATCH_ID,
    "status": "completed",
    "created_at": "2026-03-14T11:02:33.125Z",
    "counts": {"lines": 2, "accepted": 1, "replayed": 0, "refused": 1, "waiting": 0, "parked": 0},
    "progress": None,
}
BATCH: Final[dict[str, Any]] = {
    **BATCH_SUMMARY,
    "results": [
        {
            "line": 0,
            "type": "earn",
            "reference": "S367-7-20260314-1001",
            "outcome": "accepted",
            "transaction": TRANSACTION,
            "error": None,
        },
        {
            "line": 1,
            "type": "redemption",
            "reference": "S367-7-20260314-1002",
            "outcome": "refused",
            "transaction": None,
            "error": {
                "code": "insufficient_points",
                "title": "Not enough points",
                "detail": "the wallet holds 1240 points, 5000 were asked for",
                "retryable": False,
                "available": 1240,
                "required": 5000,
                "receipt_text": "Not enough points: 1240 there",
                "remembered": True,
            },
        },
    ],
}

STORE: Final[dict[str, Any]] = {
    "object": "store",
    "id": "sto_01kk0v9c1de2trf4g6h8j0k2m4",
    "code": "S367",
    "name": "High Street",
}
RATE: Final[dict[str, Any]] = {
    "object": "rate",
    "version": 1,
    "issue_micros": 10_000,
    "reimbursement_micros": 9_000,
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_to": None,
    "issue_share_percent": 100,
    "transaction_fee_micros": 0,
    "bonus": None,
}
PAYMENT_TERMS: Final[dict[str, Any]] = {
    "object": "payment_terms",
    "version": 1,
    "valid_from": "2026-03-01",
    "method": "direct_debit",
    "account": {"holder": "Grocer GmbH", "iban": "******************3000", "bic": ""},
    "mandate": {"id": "M-17", "signed_on": "2026-02-20", "scheme": "b2b"},
    "prenotification_days": 5,
    "due_days": 14,
    "least_payout_minor": 1_000,
    "reminder_days": 7,
    "reminders_max": 3,
    "late_interest_basis_points": 912,
    "returned_fee_minor": 750,
    "suspend_after_days": 60,
}
STATEMENT_SUMMARY: Final[dict[str, Any]] = {
    "object": "statement",
    "id": "stm_01kkwz7r3se8tb0d2f4h6k8m0p",
    "window": {"number": 11, "starts_at": "2026-03-08T23:00:00Z", "ends_at": "2026-03-15T23:00:00Z"},
    "covers": {
        "first_window": 11,
        "last_window": 11,
        "starts_at": "2026-03-08T23:00:00Z",
        "ends_at": "2026-03-15T23:00:00Z",
        "first_seq": 181_204,
        "last_seq": 199_377,
    },
    "currency": "EUR",
    "points_issued": 48_210,
    "points_reversed": 310,
    "points_burned": 31_500,
    "points_returned": 400,
    "net": {
        "amount": 19_910,
        "direction": "you_pay",
        "exact_micros": 199_100_000,
        "carry_in_micros": 3_200,
        "carry_out_micros": 3_200,
    },
    "opening": 20_315,
    "closing": 40_225,
    "issued_at": "2026-03-15T23:00:00.000125Z",
    "standing": "open",
    "objection_until": "2026-03-29T23:00:00.000125Z",
    "accepted_at": None,
}
ACCEPTED_STATEMENT: Final[dict[str, Any]] = {
    **STATEMENT_SUMMARY,
    "standing": "accepted",
    "accepted_at": "2026-03-17T09:12:44.20191Z",
}
STATEMENT: Final[dict[str, Any]] = {
    **STATEMENT_SUMMARY,
    "lines": [
        {
            "type": "issued",
            "point_type": "base",
            "legal_entity": 1,
            "count": 1_930,
            "points": 48_210,
            "price_micros": 10_000,
            "amount_micros": 482_100_000,
        },
        {
            "type": "reversed",
            "point_type": "base",
            "legal_entity": 1,
            "count": 12,
            "points": 310,
            "price_micros": 10_000,
            "amount_micros": -3_100_000,
        },
        {
            "type": "burned",
            "point_type": "base",
            "legal_entity": 1,
            "count": 63,
            "points": 31_500,
            "price_micros": 9_000,
            "amount_micros": -283_500_000,
        },
        {
            "type": "returned",
            "point_type": "base",
            "legal_entity": 1,
            "count": 2,
            "points": 400,
            "price_micros": 9_000,
            "amount_micros": 3_600_000,
        },
        {
            "type": "carry_in",
            "point_type": None,
            "legal_entity": None,
            "count": 0,
            "points": 0,
            "price_micros": 0,
            "amount_micros": 3_200,
        },
        {
            "type": "carry_out",
            "point_type": None,
            "legal_entity": None,
            "count": 0,
            "points": 0,
            "price_micros": 0,
            "amount_micros": -3_200,
        },
    ],
    "legal_entities": [{"number": 1, "name": "The Grocer"}],
}
STATEMENT_CSV: Final = (
    "window,line,count,points,price,amount,currency,point_type,legal_entity\r\n"
    "11,issued,1930,48210,0.010000,482.100000,EUR,base,1\r\n"
    "11,reversed,12,310,0.010000,-3.100000,EUR,base,1\r\n"
    "11,burned,63,31500,0.009000,-283.500000,EUR,base,1\r\n"
    "11,returned,2,400,0.009000,3.600000,EUR,base,1\r\n"
    "11,carry_in,0,0,0.000000,0.003200,EUR,,\r\n"
    "11,carry_out,0,0,0.000000,-0.003200,EUR,,\r\n"
    "11,net,,,,199.10,EUR,,\r\n"
    "11,opening,,,,203.15,EUR,,\r\n"
    "11,closing,,,,402.25,EUR,,\r\n"
)

PING: Final[dict[str, Any]] = {"object": "ping", "now": "2026-03-14T08:26:53.5Z"}
ME: Final[dict[str, Any]] = {
    "object": "api_key",
    "id": "key_01kk0v9c1de2trf4g6h8j0k2m5",
    "label": "tills",
    "hint": "sk_test_4f9a",
    "scopes": ["members:read", "points:earn", "points:redeem"],
    "roles": ["earn", "burn"],
    "standing": "active",
    "ends_at": None,
    "addresses": ["203.0.113.0/24", "2001:db8:7::/48"],
    "api_version": "2026-12-01",
    "partner": {"id": "ptr_01kk0v9c1de2trf4g6h8j0k2m6", "slug": "grocer", "name": "The Grocer"},
    "programme": {"slug": "plaza", "currency": "EUR", "zone": "Europe/Sofia", "mode": "test"},
}
HEALTH: Final[dict[str, Any]] = {"object": "health", "status": "alive"}
READINESS: Final[dict[str, Any]] = {
    "object": "readiness",
    "ready": True,
    "checks": {"members": True, "points": True, "partners": True},
}


def list_of(url: str, entry: dict[str, Any]) -> dict[str, Any]:
    """A page with one entry."""
    return {"object": "list", "url": url, "has_more": False, "data": [entry]}
