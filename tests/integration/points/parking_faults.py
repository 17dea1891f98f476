"""Faults of earns that are parked: a statement each, and the invariants that it breaks."""

from __future__ import annotations

_POSTED = "(SELECT min(k.seq) FROM parked_earn k JOIN posting p ON p.ledger_id = {l} AND p.original_seq = k.seq AND p.kind = 'earn' WHERE k.ledger_id = {l})"
_OPEN = "(SELECT min(seq) FROM parked_earn WHERE ledger_id = {l} AND open)"
_TAKEN = "(SELECT max(original_seq) FROM posting WHERE ledger_id = {l} AND kind = 'unpark')"

PARKING_FAULTS: dict[str, tuple[str, set[int]]] = {
    "an earn that was posted and is parked still": (
        f"UPDATE parked_earn SET open = true WHERE ledger_id = {{l}} AND seq = {_POSTED}; UPDATE ledger_head SET parked_earns = parked_earns + 1 WHERE ledger_id = {{l}}",
        {14},
    ),
    "an earn that is parked no more and became nothing": (
        f"UPDATE parked_earn SET open = false WHERE ledger_id = {{l}} AND seq = {_OPEN}; UPDATE ledger_head SET parked_earns = parked_earns - 1 WHERE ledger_id = {{l}}",
        {14},
    ),
    "an earn that was posted of another sale than the one that was parked": (
        f"UPDATE parked_earn SET amount_minor = amount_minor + 1 WHERE ledger_id = {{l}} AND seq = {_POSTED}",
        {14},
    ),
    "an earn that was taken away and is not refused": (
        f"UPDATE parked_earn SET content_hash = 'another' WHERE ledger_id = {{l}} AND seq = {_TAKEN}",
        {14},
    ),
    "an earn that was parked although it fitted": (
        "UPDATE floor_change SET floor = -100000 WHERE ledger_id = {l} AND seq = (SELECT min(seq) FROM floor_change WHERE ledger_id = {l} AND parks)",
        {14},
    ),
    "an earn that was parked where such are refused": (
        "UPDATE floor_change SET parks = false WHERE ledger_id = {l} AND parks; UPDATE balance SET parks = false WHERE ledger_id = {l} AND parks",
        {14},
    ),
    "an earn that is parked at another partner": (
        f"UPDATE parked_earn SET partner_no = (SELECT partner_no FROM floor_change WHERE ledger_id = {{l}} AND NOT parks LIMIT 1) WHERE ledger_id = {{l}} AND seq = {_OPEN}",
        {14},
    ),
    "a balance whose earns are refused, not parked": (
        "UPDATE balance SET parks = false WHERE ledger_id = {l} AND parks",
        {3},
    ),
    "a count of earns that are parked": (
        "UPDATE ledger_head SET parked_earns = parked_earns + 1 WHERE ledger_id = {l}",
        {14},
    ),
}
