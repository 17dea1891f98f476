"""Faults of refunds that wait for their originals: a statement each, and the invariants that it breaks."""

from __future__ import annotations

WAITING_FAULTS: dict[str, tuple[str, set[int]]] = {
    "a refund that waits and has its answer": (
        "UPDATE waiting_refund SET open = true WHERE ledger_id = {l} AND NOT open; UPDATE ledger_head SET waiting_refunds = waiting_refunds + 2 WHERE ledger_id = {l}",
        {11},
    ),
    "a refund that waits no more without an answer": (
        "UPDATE waiting_refund SET open = false WHERE ledger_id = {l} AND open; UPDATE ledger_head SET waiting_refunds = 0 WHERE ledger_id = {l}",
        {11},
    ),
    "a refund that waits for what is there": (
        "UPDATE waiting_refund SET original_reference = 'later' WHERE ledger_id = {l} AND original_reference = 'never'",
        {11},
    ),
    "an answer to another refund than the one that waited": (
        "UPDATE waiting_refund SET content_hash = 'another' WHERE ledger_id = {l} AND NOT open",
        {11},
    ),
    "a refund that waits since no batch": (
        """INSERT INTO waiting_refund SELECT ledger_id, partner_no, 'forged', 999999, item_no, content_hash, 'forged', 'none', arrived_at,
            occurred_at, amount_minor, store_id, till, business_date, receipt_number, channel, lines, traceparent, open, salt,
            sha256(salt || chain_words('forged', 'none', till, business_date, receipt_number, lines::text, NULL))
            FROM waiting_refund WHERE ledger_id = {l} AND original_reference = 'never'; UPDATE ledger_head SET waiting_refunds = waiting_refunds + 1 WHERE ledger_id = {l}""",
        {11},
    ),
    "a count of refunds that wait": (
        "UPDATE ledger_head SET waiting_refunds = waiting_refunds + 1 WHERE ledger_id = {l}",
        {11},
    ),
}
