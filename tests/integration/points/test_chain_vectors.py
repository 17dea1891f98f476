"""The published vectors, chained by the database itself from their rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from services.points.storage.proofs import prove
from services.points.storage.proofs.sequence import SEQUENCE
from services.runtime.database import PgConnection
from tests.integration.points.forging import BESIDE
from tests.support.chain import PARTS, Row
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

VECTORS: Mapping[str, Any] = json.loads(
    Path(__file__).parents[3].joinpath("docs/chain-vectors.json").read_text()
)
# What changes in the life of a row is not in the vectors.
NOT_CHAINED: dict[str, dict[str, Any]] = {
    "lot": {"remaining": 1, "open": True}, "hold": {"open": False},
    "debt": {"remaining": 0, "open": False}, "waiting_refund": {"open": False, "traceparent": ""},
    "parked_earn": {"open": False, "traceparent": ""},
}  # fmt: skip

# Of a burn rule what no leaf has.
RULE: dict[str, Any] = {
    "partner_id": "01900000-0000-7000-8000-000000000002", "valid_from": "2017-01-01T00:00:00+00:00", "known_from_seq": 1,
    "set_by": "somebody",
}  # fmt: skip
# Of a campaign's version what no leaf has.
VERSION: dict[str, Any] = {
    "no": 1, "config_version": 1, "known_from_seq": 1, "name": "Triple points", "valid_from": "2019-01-01T00:00:00+00:00",
    "valid_to": "infinity", "partners": [], "set_by": "stf_1",
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
        json.dumps(value) if isinstance(value, dict) else None if value is None else _text(value)
        for value in values.values()
    ]
    await connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", *texts)


def _text(value: Any) -> str:
    return f"{{{','.join(map(str, cast('list[Any]', value)))}}}" if isinstance(value, list) else str(value)


async def _insert_posting(connection: PgConnection, told: Mapping[str, Any]) -> None:
    await _insert(connection, "posting", told["posting"])
    for table in [table for _, table, _ in PARTS] + ["adjustment_note"]:
        for row in told.get(table, ()):
            own = dict(row)
            if "decided_by" in own:
                # Who approved an adjustment stands in a row of its own, under its proposal.
                approval = {name: own.pop(name) for name in ("decided_by", "decided_at")}
                asked = {name: own[name] for name in ("proposal_id", "content_hash")} | {
                    "proposed_by": own["made_by"]
                }
                await _insert(connection, "proposal_decision", asked | approval | {"approved": True})
            if table == "campaign_grant":
                # What it was granted by stands with the version of its campaign.
                names = ("multiplier_percent", "fixed_points", "min_amount_minor", "funders", "percents")
                version = {name: own.pop(name) for name in names} | VERSION
                version |= {name: own[name] for name in ("campaign_id", "version")}
                await _insert(connection, "campaign_version", version)
            if table == "burn_worth":
                await _insert(connection, "burn_rule", _rule_of(own))
            await _insert(connection, table, own)


def _rule_of(worth: dict[str, Any]) -> dict[str, Any]:
    """The rule that a burn was decided by, taken out of its row."""
    names = (
        "minimum_points", "step_points", "share_percent", "daily_points", "treatment", "excluded_categories", "excluded_tenders",
    )  # fmt: skip
    told = {"points": worth.pop("rule_points"), "worth_minor": worth.pop("rule_worth_minor")}
    return RULE | told | {name: worth.pop(name) for name in names} | {"version": worth["rule_version"]}


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
                await _insert_posting(connection, posting)
            for row in told["decisions"]:
                await _insert(connection, "decision", row)
            for row in told["waiting"]:
                await _insert(connection, "waiting_refund", row)
            batch = told["batch"]
            beside = await connection.fetchval(BESIDE, ledger_id, batch["batch_no"])
            found = await connection.fetchval(
                "SELECT ledger_chain($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8)",
                ledger_id, batch["batch_no"], batch["first_seq"], batch["n"], batch["recorded_at"], batch["last_lot_no"],
                batch["last_account_no"], beside,
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
