"""Examples of reconciliation. A contract test holds each one against its schema."""

from __future__ import annotations

from typing import Any, Final

_NO_POINTS: Final = {
    "points_issued": 0, "points_reversed": 0, "points_burned": 0, "points_returned": 0, "bonus_issued": 0, "bonus_reversed": 0,
}  # fmt: skip
_EARNED: Final = {**_NO_POINTS, "points": 25, "points_issued": 25, "amount": 2599}
_BURNED: Final = {**_NO_POINTS, "points": -500, "points_burned": 500, "amount": 450}
_BOTH: Final = {**_NO_POINTS, "points": -475, "points_issued": 25, "points_burned": 500, "amount": 3049}
DAY: Final[dict[str, Any]] = {
    "object": "reconciliation_day",
    "date": "2026-03-14",
    "status": "closed",
    "starts_at": "2026-03-13T23:00:00Z",
    "ends_at": "2026-03-14T23:00:00Z",
    "first_seq": 88_120,
    "last_seq": 90_411,
    "currency": "EUR",
    "count": 2,
    **_BOTH,
    "totals": [
        {"kind": "earn", "count": 1, **_EARNED},
        {"kind": "capture", "count": 1, **_BURNED},
    ],
}
LINE: Final[dict[str, Any]] = {
    "record": "line",
    "kind": "earn",
    **_EARNED,
    "reference": "S367-7-20260314-1001",
    "idempotency_key": "S367-7-20260314-1001",
    "original_reference": "",
    "transaction": "txn_01kkq5x2m8e4ta7c9v1w3y5z70",
    "seq": 88_123,
    "member": "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s",
    "held": 0,
    "store": "S367",
    "till": "7",
    "business_date": "2026-03-14",
    "receipt_number": "1001",
    "occurred_at": "2026-03-14T08:26:53Z",
    "recorded_at": "2026-03-14T08:26:54.012345Z",
}
FILE_CSV: Final = """\
record,kind,count,points,points_issued,points_reversed,points_burned,points_returned,bonus_issued,bonus_reversed,amount,\
reference,idempotency_key,original_reference,transaction,seq,member,held,store,till,business_date,receipt_number,occurred_at,\
recorded_at,date,status,first_seq,last_seq,currency,sha256\r
line,earn,,25,25,0,0,0,0,0,2599,S367-7-20260314-1001,S367-7-20260314-1001,,txn_01kkq5x2m8e4ta7c9v1w3y5z70,88123,\
mem_5h8w0k3v9q2e7r1t4y6m8n0p2s,0,S367,7,2026-03-14,1001,2026-03-14T08:26:53Z,2026-03-14T08:26:54.012345Z,,,,,,\r
total,earn,1,25,25,0,0,0,0,0,2599,,,,,,,,,,,,,,,,,,,\r
end,,1,25,25,0,0,0,0,0,2599,,,,,,,,,,,,,,2026-03-14,closed,88120,90411,EUR,\
de3106f67f6c06b659e876865a4f22539cd3459f21bdfabc33306c913e2e430b\r
"""
UPLOAD_CSV: Final = """\
reference,kind,points,amount,date
S367-7-20260314-1001,earn,25,2599,2026-03-14
S367-7-20260314-1002,capture,-500,450,2026-03-14
"""
UPLOAD_NDJSON: Final = """\
{"reference": "S367-7-20260314-1001", "kind": "earn", "points": 25, "amount": 2599}
{"reference": "S367-7-20260314-1002", "kind": "capture", "points": -500, "amount": 450}
"""


def _steps(**found: tuple[int, int, int]) -> list[dict[str, Any]]:
    names = ("theirs", "missing_there", "missing_here", "different", "twice", "another_day", "ours")
    return [
        dict(zip(("step", "count", "points", "amount"), (name, *found.get(name, (0, 0, 0))), strict=True))
        for name in names
    ]


_EARNS: Final = _steps(
    theirs=(3, 80, 8_099), missing_there=(1, 10, 1_000), twice=(-1, -25, -2_599), ours=(3, 65, 6_500)
)
UPLOAD: Final[dict[str, Any]] = {
    "object": "reconciliation_upload",
    "id": "rup_01kkqs0m5h7j9k1m3n5p7q9r1t",
    "created_at": "2026-03-15T01:12:09.5Z",
    "date": "2026-03-14",
    "status": "closed",
    "last_seq": 90_411,
    "currency": "EUR",
    "kinds": ["earn", "redemption", "capture", "refund", "reversal"],
    "amounts_compared": True,
    "agrees": False,
    "lines": 3,
    "matched": 2,
    "differences": {
        "missing_there": 1, "missing_here": 0, "different": 0, "twice": 1, "another_day": 0, "unreadable": 0,
    },
    "differences_kept": 2,
    "bridge": _EARNS,
    "bridges": [{"kind": "earn", "steps": _EARNS}],
}  # fmt: skip
DIFFERENCE: Final[dict[str, Any]] = {
    "object": "reconciliation_difference",
    "number": 1,
    "type": "different",
    "kind": "earn",
    "reference": "S367-7-20260314-1001",
    "line": 2,
    "fields": ["amount"],
    "ours": {
        "points": 25, "amount": 2599, "date": "2026-03-14", "transaction": "txn_01kkq5x2m8e4ta7c9v1w3y5z70",
    },
    "theirs": {"points": 25, "amount": 2589, "date": "2026-03-14"},
    "unreadable": None,
}  # fmt: skip
