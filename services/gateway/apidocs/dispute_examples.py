"""Examples of disputes in the API reference."""

from __future__ import annotations

from typing import Any, Final

_SAID: Final = "Five receipts of 9 March are there twice: see our list."
_OPENED: Final[dict[str, Any]] = {
    "type": "opened",
    "state": "opened",
    "at": "2026-03-17T09:12:44.20191Z",
    "by": "you",
    "text": _SAID,
    "references": ["seq 181460", "seq 181466"],
    "accepted_amount": 0,
    "window": None,
}
DISPUTE_BODIES: Final[dict[str, Any]] = {
    "withheld": {
        "statement": "stm_01kkwz7r3se8tb0d2f4h6k8m0p",
        "line": 1,
        "claimed_amount": 2_500,
        "ground": "twice",
        "mode": "withheld",
        "text": _SAID,
        "references": ["seq 181460", "seq 181466"],
    }
}
EVIDENCE_BODIES: Final[dict[str, Any]] = {
    "receipts": {"text": "The till's journal of that day.", "references": ["journal-2026-03-09.csv"]}
}
ESCALATION_BODIES: Final[dict[str, Any]] = {
    "escalation": {"text": "The two receipts that were left out have the same number and time."}
}
DISPUTE: Final[dict[str, Any]] = {
    "object": "dispute",
    "id": "dsp_01km1c5v9ye7rb3d5f7h9k1m3p",
    "number": 3,
    "statement": "stm_01kkwz7r3se8tb0d2f4h6k8m0p",
    "line": 1,
    "line_type": "issued",
    "legal_entity": 1,
    "claimed_amount": 2_500,
    "accepted_amount": 0,
    "withheld_amount": 3_000,
    "mode": "withheld",
    "ground": "twice",
    "state": "opened",
    "evidence_until": None,
    "decide_until": "2026-04-16T09:12:44.20191Z",
    "escalate_until": None,
    "overdue": False,
    "events": [_OPENED],
}
WITH_EVIDENCE: Final[dict[str, Any]] = {
    **DISPUTE,
    "events": [
        _OPENED,
        {
            **_OPENED,
            "type": "evidence",
            "at": "2026-03-18T10:00:01.5Z",
            "text": "The till's journal of that day.",
            "references": ["journal-2026-03-09.csv"],
        },
    ],
}
ESCALATED: Final[dict[str, Any]] = {
    **DISPUTE,
    "accepted_amount": 1_500,
    "state": "escalated",
    "decide_until": "2026-04-22T08:30:00Z",
    "events": [
        _OPENED,
        {
            **_OPENED,
            "type": "accepted",
            "state": "accepted",
            "at": "2026-03-20T14:05:10.25Z",
            "by": "operator",
            "text": "Three of the five are the same sale.",
            "references": [],
            "accepted_amount": 1_500,
            "window": 12,
        },
        {
            **_OPENED,
            "type": "escalated",
            "state": "escalated",
            "at": "2026-03-23T08:30:00Z",
            "text": "The two receipts that were left out have the same number and time.",
            "references": [],
        },
    ],
}
