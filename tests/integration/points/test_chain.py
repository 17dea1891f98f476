"""The chain of batches: what it is over, what it notices, and what it does not."""

from __future__ import annotations

import re

import pytest

from services.points.storage.proofs import Finding, prepare, prove
from services.points.storage.proofs.sequence import SEQUENCE
from services.runtime.database import PgConnection
from tests.integration.points import faults
from tests.integration.points.burn_faults import BURN_FAULTS
from tests.integration.points.busy import Busy
from tests.integration.points.campaign_faults import CAMPAIGN_FAULTS
from tests.integration.points.chain_faults import CHAIN_FAULTS, UNCHAINED
from tests.integration.points.forging import chain_anew
from tests.integration.points.parking_faults import PARKING_FAULTS
from tests.integration.points.pending_faults import PENDING_FAULTS
from tests.integration.points.waiting_faults import WAITING_FAULTS
from tests.integration.points.wallet_faults import WALLET_FAULTS
from tests.support.chain import octets
from tests.support.chain_rows import recomputed, rows_of
from tests.support.points_database import as_superuser, undone

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAULTS = (
    CAMPAIGN_FAULTS
    | faults.FAULTS
    | PENDING_FAULTS
    | WAITING_FAULTS
    | WALLET_FAULTS
    | PARKING_FAULTS
    | BURN_FAULTS
)
#: The journal, and of each table the columns that change in the life of a row.
JOURNAL: dict[str, frozenset[str]] = {
    "ledger": frozenset({"opened_at"}),
    "account": frozenset(),
    "posting": frozenset(),
    "purchase": frozenset(),
    "refund": frozenset(),
    "lot": frozenset({"remaining", "reserved", "open", "pending"}),
    "lot_use": frozenset(),
    "lot_return": frozenset(),
    "hold": frozenset({"open"}),
    "hold_lot": frozenset(),
    "hold_end": frozenset(),
    "debt": frozenset({"remaining", "open"}),
    "debt_use": frozenset(),
    "lot_matured": frozenset(),
    "floor_change": frozenset(),
    # approved follows from proposal_id.
    "adjustment": frozenset({"approved"}),
    "merged_wallet": frozenset(),
    "campaign_grant": frozenset(),
    "budget_load": frozenset(),
    "burn_worth": frozenset(),
    "parked_earn": frozenset({"open", "traceparent"}),
    # traceparent is not what was asked, but by which call.
    "waiting_refund": frozenset({"open", "traceparent"}),
    "decision": frozenset(),
    "batch": frozenset(),
}
#: Not of the journal: counters and heads, what is set, what is told and to whom, what is proposed only (what approved an
#: adjustment stands in its leaf), and notes (whose hash does).
BESIDE = {
    "ledger_head", "balance", "cut", "earn_rate", "refund_rule", "burn_rule", "burn_bar", "closed_member", "partner_standing", "expiry_notice", "erased_reference",
    "expiry_policy", "transfer_limit", "adjustment_limit", "proposal", "proposal_decision", "adjustment_note", "campaign_version",
    "burn_guard", "movement_metadata", "day_count", "flag", "flag_review", "event_head", "event_log", "relay_cursor", "inbox", "subscription_pause", "subscription_replay",
    "dead_letter", "job_lease", "job", "alembic_version",
}  # fmt: skip
CHANGED = {
    "bytea": "sha256({0})", "uuid": "gen_random_uuid()", "text": "{0} || 'x'", "boolean": "NOT {0}", "jsonb": """'{{"a": "b"}}'""",
    "json": "(rtrim({0}::text, ']') || ' ]')::json", "timestamp with time zone": "{0} + interval '1 microsecond'",
}  # fmt: skip


async def _proved(connection: PgConnection, ledger_id: int) -> Finding:
    await prepare(connection, 60)
    last_seq = await connection.fetchval("SELECT last_seq FROM ledger_head WHERE ledger_id = $1", ledger_id)
    return await prove(connection, ledger_id, last_seq, SEQUENCE)


async def _plant(connection: PgConnection, busy: Busy, statement: str) -> None:
    for part in statement.format(l=busy.ledger_id).split("; "):
        assert not (await connection.execute(part)).endswith(" 0"), f"not planted: {part}"


async def test_somebody_who_has_read_the_page_alone_computes_the_same_hashes(busy: Busy) -> None:
    async with as_superuser(busy.house.database) as connection:
        found = await recomputed(connection, busy.ledger_id)
        stored = {
            row["batch_no"]: octets(row["hash"]) for row in await rows_of(connection, "batch", busy.ledger_id)
        }
    assert found == stored
    head = await busy.house.head()
    assert (head.last_batch_no, head.chain_hash) == (max(found), found[max(found)])


@pytest.mark.parametrize("fault", CHAIN_FAULTS)
async def test_what_changed_in_the_journal_is_named(
    busy: Busy, administrator: PgConnection, fault: str
) -> None:
    statement, said = CHAIN_FAULTS[fault]
    async with undone(administrator):
        await _plant(administrator, busy, statement)
        breaches = (await _proved(administrator, busy.ledger_id)).breaches
        assert breaches, fault
        assert re.search(said, breaches[0]), breaches
        assert (await _proved(administrator, busy.beside.programme.ledger_id)).holds


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_chain_notices_all_faults_but_those_of_counters_and_events(
    busy: Busy, administrator: PgConnection, fault: str
) -> None:
    async with undone(administrator):
        await _plant(administrator, busy, FAULTS[fault][0])
        assert (await _proved(administrator, busy.ledger_id)).holds is (fault in UNCHAINED)


async def _columns(connection: PgConnection, table: str) -> dict[str, tuple[str, bool]]:
    """Type of each column, and whether it may be missing."""
    rows = await connection.fetch(
        """SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = $1""",
        table,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _without_constraints(connection: PgConnection, table: str) -> None:
    """Drops what would stand in the way of a change; what must be there must still."""
    for row in await connection.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype <> 'n'", table
    ):
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {row[0]} CASCADE")


@pytest.mark.parametrize("table", JOURNAL)
async def test_no_column_of_the_journal_changes_unnoticed(
    busy: Busy, administrator: PgConnection, table: str
) -> None:
    """Whoever adds a column adds it to the chain, or to those that change."""
    columns = await _columns(administrator, table)
    assert columns.keys() >= JOURNAL[table]
    for column in columns.keys() - JOURNAL[table] - {"ledger_id"}:
        kind, may_be_missing = columns[column]
        change = CHANGED.get(kind, "{0} + 1").format(column)
        one = f"ctid = (SELECT ctid FROM {table} WHERE ledger_id = {busy.ledger_id} AND {column} IS NOT NULL LIMIT 1)"
        for value in (change, "NULL") if may_be_missing else (change,):
            async with undone(administrator):
                await _without_constraints(administrator, table)
                done = await administrator.execute(f"UPDATE {table} SET {column} = {value} WHERE {one}")
                assert done == "UPDATE 1", f"no row of {table} has a {column}"
                assert not (await _proved(administrator, busy.ledger_id)).holds, f"{table}.{column} = {value}"


async def test_every_table_is_of_the_journal_or_beside_it(busy: Busy) -> None:
    """Whoever adds a table says which; what is of the journal is chained."""
    async with as_superuser(busy.house.database) as connection:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    assert {row[0] for row in rows} - BESIDE == JOURNAL.keys()


async def test_a_chain_forged_anew_holds_and_is_told_by_a_hash_that_was_noted_elsewhere(
    busy: Busy, administrator: PgConnection
) -> None:
    noted = await busy.house.head()
    async with undone(administrator):
        await _plant(administrator, busy, CHAIN_FAULTS["a reference"][0])
        await chain_anew(administrator, busy.ledger_id)
        assert (await _proved(administrator, busy.ledger_id)).holds
        forged = await administrator.fetchval(
            "SELECT hash FROM batch WHERE ledger_id = $1 AND batch_no = $2",
            busy.ledger_id,
            noted.last_batch_no,
        )
        assert forged != noted.chain_hash
