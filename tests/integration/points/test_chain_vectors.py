"""The published vectors, chained by the database itself from their rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.points.storage.proofs import prove
from services.points.storage.proofs.sequence import SEQUENCE
from services.runtime.database import PgConnection
from tests.support.chain import PARTS, Row
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

VECTORS: Mapping[str, Any] = json.loads(
    Path(__file__).parents[3].joinpath("docs/chain-vectors.json").read_text()
)
# What changes in the life of a row is not in the vectors.
NOT_CHAINED: dict[str, dict[str, Any]] = {
    "ledger": {"expiry_months": 24}, "lot": {"remaining": 1, "open": True}, "hold": {"open": False},
    "debt": {"remaining": 0, "open": False},
}  # fmt: skip


async def _insert(connection: PgConnection, table: str, row: Row) -> None:
    """Each value as its text: so JSON stays as it was written, to the byte."""
    types = {
        each[0]: each[1]
        for each in await connection.fetch(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0",
            table,
        )
    }
    values = {"ledger_id": VECTORS["ledger"]["ledger_id"], **NOT_CHAINED.get(table, {}), **row}
    places = ", ".join(f"${no}::text::{types[name]}" for no, name in enumerate(values, start=1))
    texts = [
        json.dumps(value) if isinstance(value, dict) else None if value is None else str(value)
        for value in values.values()
    ]
    await connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", *texts)


async def test_the_database_chains_the_rows_of_the_vectors_to_their_hashes(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    ledger_id = VECTORS["ledger"]["ledger_id"]
    async with as_superuser(database_for("points"), without_triggers=True) as connection:
        await _insert(connection, "ledger", VECTORS["ledger"])
        for row in VECTORS["accounts"]:
            await _insert(connection, "account", row)
        found = b""
        for told in VECTORS["batches"]:
            for posting in told["postings"]:
                await _insert(connection, "posting", posting["posting"])
                for _, table, _ in PARTS:
                    for row in posting.get(table, ()):
                        await _insert(connection, table, row)
            for row in told["decisions"]:
                await _insert(connection, "decision", row)
            batch = told["batch"]
            decided = await connection.fetchval(
                """SELECT string_agg(chain_decision(d), '' ORDER BY partner_no, key COLLATE "C") FROM decision d WHERE batch_no = $1""",
                batch["batch_no"],
            )
            found = await connection.fetchval(
                "SELECT ledger_chain($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8)",
                ledger_id, batch["batch_no"], batch["first_seq"], batch["n"], batch["recorded_at"], batch["last_lot_no"],
                batch["last_account_no"], decided,
            )  # fmt: skip
            assert found == bytes.fromhex(told["chain"]["sha256"])
            leaves: bytes = await connection.fetchval(
                "SELECT leaves FROM batch WHERE batch_no = $1", batch["batch_no"]
            )
            assert leaves.hex() == "".join(posting["leaf"]["sha256"] for posting in told["postings"])
        last = VECTORS["batches"][-1]["batch"]
        await connection.execute(
            "INSERT INTO ledger_head (ledger_id, last_seq, last_lot_no, last_batch_no, chain_hash) VALUES ($1, $2, $3, $4, $5)",
            ledger_id, last["first_seq"] + last["n"] - 1, last["last_lot_no"], last["batch_no"], found,
        )  # fmt: skip
        finding = await prove(connection, ledger_id, last["first_seq"] + last["n"] - 1, SEQUENCE)
        assert finding.breaches == []
