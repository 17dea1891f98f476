"""Examples of large batches, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

_BATCH_ID: Final = "bat_01kkqa3f5ge6tr2b4c6d8e0g2j"
_MEMBER_ID: Final = "mem_01kkq5x2m8e4ta7c9v1w3y5z71"

BATCH_NDJSON: Final = (
    '{"type":"earn","member":{"card":"6035550000000018"},"reference":"S367-7-20260314-1001","store":"S367",'
    '"occurred_at":"2026-03-14T09:26:53+01:00","amount":2599,"currency":"EUR"}\n'
    '{"type":"redemption","member":{"card":"6035550000000018"},"reference":"S367-7-20260314-1002","store":"S367",'
    '"occurred_at":"2026-03-14T09:31:07+01:00","points":500}\n'
    '{"type":"refund","original":{"reference":"S367-7-20260314-1001"},"reference":"S367-7-20260314-1003",'
    '"occurred_at":"2026-03-14T12:00:00+01:00"}\n'
)
BATCH_CSV: Final = (
    "type,reference,member_card,store,occurred_at,amount,currency,points,original_reference\n"
    "earn,S367-7-20260314-1001,6035550000000018,S367,2026-03-14T09:26:53+01:00,2599,EUR,,\n"
    "redemption,S367-7-20260314-1002,6035550000000018,S367,2026-03-14T09:31:07+01:00,,,500,\n"
    "refund,S367-7-20260314-1003,,S367,2026-03-14T12:00:00+01:00,,,,S367-7-20260314-1001\n"
)
_NONE: Final = dict.fromkeys(
    ("queued", "retrying", "waiting", "parked", "accepted", "replayed", "refused", "cancelled"), 0
)
LARGE_BATCH: Final[dict[str, Any]] = {
    "object": "batch",
    "id": _BATCH_ID,
    "status": "queued",
    "created_at": "2026-03-14T22:00:04.125Z",
    "counts": None,
    "progress": {
        "percent": 0,
        "started_at": None,
        "finished_at": None,
        "next_attempt_at": "2026-03-14T22:00:04.125Z",
        "counts": {**_NONE, "lines": 3, "queued": 3},
        "lines_url": f"/v1/batches/{_BATCH_ID}/lines",
    },
    "results": None,
}
CANCELLED_BATCH: Final[dict[str, Any]] = {
    **LARGE_BATCH,
    "status": "cancelled",
    "progress": {
        "percent": 100,
        "started_at": "2026-03-14T22:00:04.231Z",
        "finished_at": "2026-03-14T22:00:09.310Z",
        "next_attempt_at": None,
        "counts": {**_NONE, "lines": 3, "accepted": 1, "cancelled": 2},
        "lines_url": f"/v1/batches/{_BATCH_ID}/lines",
    },
}
BATCH_LINE: Final[dict[str, Any]] = {
    "object": "batch_line",
    "line": 1,
    "type": "earn",
    "reference": "S367-7-20260314-1001",
    "outcome": "accepted",
    "attempts": 1,
    "next_attempt_at": None,
    "transaction": {
        "id": "txn_01kkq5x2m8e4ta7c9v1w3y5z70",
        "member": _MEMBER_ID,
        "points": 25,
        "pending": 0,
        "balance": 1265,
        "recorded_at": "2026-03-14T22:00:04.244Z",
    },
    "error": None,
}
