"""What the database itself enforces."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.members.app import Members
from services.members.storage import tables
from services.members.storage.authority import tables as authority_tables
from services.members.storage.preferences import tables as preference_tables
from services.runtime.principal import Programme
from tests.support.members import enrolment, partner_principal
from tests.support.servers import ServiceDatabase

# (Their tables are declared with the others.)
assert authority_tables.metadata is preference_tables.metadata is tables.metadata

APPEND_ONLY = (
    "member",
    "member_key",
    "member_personal",
    "member_identifier",
    "member_closure",
    "member_claim",
    "member_change",
    "member_employment",
    "card_range",
    "lookup_suspicion",
    "event_log",
    "app_token_replay",
    "member_pin",
    "member_contact",
    "member_consent",
    "contact_reading",
)
MUTABLE = {
    "lookup_count": {"unknown", "enrolled", "known"},
    "idempotency": {"response"},
    "event_head": {"pos", "partition_pos"},
    "relay_cursor": {"pos"},
    "app_token_use": set[str](),
    "member_pin_guard": {"locks", "locked_until"},
    "partner_pin_guard": {"wrong", "locks", "locked_until", "recent", "recent_since"},
    "pin_pass": {"misses"},
    "one_time_code": {"wrong", "used_key"},
}
# Forgotten once nobody can ask for them.
FORGOTTEN = {"app_token_use", "pin_pass", "lookup_count", "one_time_code"}


@pytest.fixture
async def as_service(database: ServiceDatabase) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(database.runtime_url)
    yield connection
    await connection.close()


@pytest.fixture
async def as_admin(database: ServiceDatabase) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(database.admin_url)
    yield connection
    await connection.close()


async def test_every_table_is_either_append_only_or_has_named_mutable_columns(
    as_service: "asyncpg.Connection[asyncpg.Record]",
):
    assert {table.name for table in tables.metadata.sorted_tables} == {*APPEND_ONLY, *MUTABLE}


@pytest.mark.parametrize("table", [*APPEND_ONLY, *MUTABLE])
async def test_the_run_time_role_has_the_least_rights(
    as_service: "asyncpg.Connection[asyncpg.Record]", table: str
):
    async def may(right: str) -> bool:
        return bool(await as_service.fetchval("SELECT has_table_privilege($1, $2)", table, right))

    columns = [column.name for column in tables.metadata.tables[table].columns]
    updatable = {
        column
        for column in columns
        if await as_service.fetchval("SELECT has_column_privilege($1, $2, 'UPDATE')", table, column)
    }

    assert await may("SELECT")
    assert await may("INSERT")
    assert await may("DELETE") == (table in FORGOTTEN)
    assert not any([await may(right) for right in ("UPDATE", "TRUNCATE", "REFERENCES", "TRIGGER")])
    assert updatable == MUTABLE.get(table, set())


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_the_run_time_role_can_neither_edit_nor_delete_a_row(
    members: Members, as_service: "asyncpg.Connection[asyncpg.Record]", programme: Programme, table: str
):
    partner = partner_principal(programme)
    await members.close(partner, (await members.enrol(partner, enrolment())).member_id)

    for statement in (
        f"UPDATE {table} SET ledger_id = ledger_id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_service.execute(statement)


@pytest.mark.parametrize(
    "table", ["member", "member_closure", "event_log", "member_pin", "member_consent", "contact_reading"]
)
async def test_not_even_the_owner_edits_a_journal(
    members: Members, as_admin: "asyncpg.Connection[asyncpg.Record]", programme: Programme, table: str
):
    partner = partner_principal(programme)
    await members.close(partner, (await members.enrol(partner, enrolment())).member_id)

    for statement in (
        f"UPDATE {table} SET ledger_id = ledger_id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="is append-only"):
            await as_admin.execute(statement)


async def test_the_run_time_role_makes_no_tables(as_service: "asyncpg.Connection[asyncpg.Record]"):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_service.execute("CREATE TABLE mine (a integer)")


async def test_the_tables_in_the_code_are_those_of_the_migration(
    as_admin: "asyncpg.Connection[asyncpg.Record]",
):
    rows = await as_admin.fetch(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    )
    keys = await as_admin.fetch(
        "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
        "AND contype IN ('p', 'u') AND conrelid <> 'alembic_version'::regclass"
    )

    declared = {
        (table.name, column.name, "YES" if column.nullable else "NO")
        for table in tables.metadata.sorted_tables
        for column in table.columns
    }
    named = {
        str(constraint.name)
        for table in tables.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name
    }
    assert {tuple(row) for row in rows} == declared
    assert {row["conname"] for row in keys} == named


async def test_every_constraint_has_a_name_of_ours(as_admin: "asyncpg.Connection[asyncpg.Record]"):
    rows = await as_admin.fetch(
        "SELECT conrelid::regclass::text AS table_name, conname FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c')"
    )
    ours = [row for row in rows if row["table_name"] != "alembic_version"]

    assert all(row["conname"].endswith(("_pk", "_uq", "_fk", "_check")) for row in ours)
    assert all(row["conname"].startswith(row["table_name"]) for row in ours)


async def test_a_look_up_reads_the_index_alone(
    members: Members, as_admin: "asyncpg.Connection[asyncpg.Record]", programme: Programme
):
    await members.enrol(partner_principal(programme), enrolment())
    await as_admin.execute("SET enable_seqscan = off")
    await as_admin.execute("VACUUM member_identifier")

    plan = await as_admin.fetch(
        "EXPLAIN SELECT lookup_hash, member_id FROM member_identifier "
        "WHERE ledger_id = $1 AND lookup_hash = ANY($2::bytea[])",
        programme.ledger_id,
        [bytes(32)],
    )

    text = "\n".join(row[0] for row in plan)
    assert "Index Only Scan using member_identifier_lookup_uq" in text
