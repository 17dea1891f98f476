"""The rows that a chain is over, read from a database as tests/support/chain.py takes them."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from services.runtime.database import PgConnection
from tests.support.chain import (
    PARTS,
    Row,
    batch_bytes,
    leaf_bytes,
    octets,
    parked_words_bytes,
    sha256,
    start_bytes,
    waiting_words_bytes,
    words_bytes,
)

#: Columns of JSON text: what is hashed is the text, to the byte.
_TEXTS = {
    "purchase": ("lines", "tenders"), "refund": ("lines",), "waiting_refund": ("lines",), "parked_earn": ("lines", "tenders"),
}  # fmt: skip
_SEQ = {"lot": "opened_seq", "hold_lot": "hold_seq"}


async def rows_of(connection: PgConnection, table: str, ledger_id: int) -> list[dict[str, Any]]:
    """All rows of a ledger in a table."""
    await connection.execute("SET TimeZone = 'UTC'")
    texts = "".join(f" || jsonb_build_object('{name}', t.{name}::text)" for name in _TEXTS.get(table, ()))
    rows = await connection.fetch(
        f"SELECT (to_jsonb(t){texts})::text FROM {table} t WHERE ledger_id = $1", ledger_id
    )
    return [json.loads(row[0]) for row in rows]


async def hanging_of(connection: PgConnection, ledger_id: int) -> dict[int, dict[str, list[Row]]]:
    """What hangs on postings, by their seq and by table."""
    found: dict[int, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for _, table, _ in PARTS:
        for row in await rows_of(connection, table, ledger_id):
            found[row[_SEQ.get(table, "seq")]][table].append(row)
    await _approve(connection, ledger_id, found)
    await _promise(connection, ledger_id, found)
    await _rule(connection, ledger_id, found)
    return found


async def _promise(
    connection: PgConnection, ledger_id: int, hanging: dict[int, dict[str, list[Row]]]
) -> None:
    """Adds to grants the terms that they were granted by."""
    names = ("multiplier_percent", "fixed_points", "min_amount_minor", "funders", "percents")
    terms = {
        (row["campaign_id"], row["version"]): {name: row[name] for name in names}
        for row in await rows_of(connection, "campaign_version", ledger_id)
    }
    for parts in hanging.values():
        if "campaign_grant" in parts:
            parts["campaign_grant"] = [
                {**row, **terms[row["campaign_id"], row["version"]]} for row in parts["campaign_grant"]
            ]


async def _rule(connection: PgConnection, ledger_id: int, hanging: dict[int, dict[str, list[Row]]]) -> None:
    """Adds to what burns are worth the rules that say so."""
    rules = {row["version"]: rule_of(row) for row in await rows_of(connection, "burn_rule", ledger_id)}
    for parts in hanging.values():
        if "burn_worth" in parts:
            parts["burn_worth"] = [{**row, **rules[row["rule_version"]]} for row in parts["burn_worth"]]


def rule_of(row: Row) -> dict[str, Any]:
    """What of a burn rule is chained with what it decided."""
    names = (
        "minimum_points", "step_points", "share_percent", "daily_points", "treatment", "excluded_categories", "excluded_tenders",
    )  # fmt: skip
    return {
        "rule_points": row["points"],
        "rule_worth_minor": row["worth_minor"],
        **{name: row[name] for name in names},
    }


async def _approve(
    connection: PgConnection, ledger_id: int, hanging: dict[int, dict[str, list[Row]]]
) -> None:
    """Adds to adjustments who approved them, and what was noted to them."""
    decided = {row["proposal_id"]: row for row in await rows_of(connection, "proposal_decision", ledger_id)}
    noted = {row["note_id"]: row for row in await rows_of(connection, "adjustment_note", ledger_id)}
    for parts in list(hanging.values()):
        for place, row in enumerate(parts.get("adjustment", ())):
            if row["proposal_id"] is not None:
                approval = decided[row["proposal_id"]]
                told = {name: approval[name] for name in ("decided_by", "decided_at")}
                parts["adjustment"][place] = {**row, **told}
            if row["note_id"] in noted:
                parts["adjustment_note"].append(noted[row["note_id"]])


async def recomputed(connection: PgConnection, ledger_id: int) -> dict[int, bytes]:
    """The hash of each batch by its number, from nothing but the rows of the journal; checks the words on the way."""
    (ledger,) = await rows_of(connection, "ledger", ledger_id)
    postings = {row["seq"]: row for row in await rows_of(connection, "posting", ledger_id)}
    accounts = sorted(await rows_of(connection, "account", ledger_id), key=lambda row: row["account_no"])
    decisions = await rows_of(connection, "decision", ledger_id)
    waiting = await rows_of(connection, "waiting_refund", ledger_id)
    hanging = await hanging_of(connection, ledger_id)
    for seq, row in postings.items():
        if row["salt"] is not None:
            assert sha256(words_bytes(row, hanging[seq])) == octets(row["words_hash"])
    for row in waiting:
        if row["salt"] is not None:
            assert sha256(waiting_words_bytes(row)) == octets(row["words_hash"])
    for row in await rows_of(connection, "parked_earn", ledger_id):
        if row["salt"] is not None:
            assert sha256(parked_words_bytes(row)) == octets(row["words_hash"])
    chained, reached = sha256(start_bytes(ledger)), 0
    found: dict[int, bytes] = {}
    for batch in sorted(await rows_of(connection, "batch", ledger_id), key=lambda row: row["batch_no"]):
        seqs = range(batch["first_seq"], batch["first_seq"] + batch["n"])
        leaves = [sha256(leaf_bytes(postings[seq], hanging[seq])) for seq in seqs]
        made = [row for row in accounts if reached < row["account_no"] <= batch["last_account_no"]]
        decided, waits = (
            [row for row in rows if row["batch_no"] == batch["batch_no"]] for rows in (decisions, waiting)
        )
        reached = batch["last_account_no"]
        chained = found[batch["batch_no"]] = sha256(batch_bytes(chained, batch, leaves, made, decided, waits))
    return found
