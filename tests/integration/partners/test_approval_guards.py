"""What the database itself refuses of people, drafts, limits and the audit log, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.partners.domain.drafts import Draft, Person
from services.runtime.audit import NOTHING_BEFORE, AuditRow
from services.runtime.clock import to_micros
from tests.support.servers import ServiceDatabase

PARTNER, MAKER, CHECKER, DRAFT = UUID(int=7), UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 3, 2, 12, 30, 15, 123_457, tzinfo=UTC)
APPEND_ONLY = ("staff", "staff_role", "draft", "draft_decision", "credit_limit", "audit_row", "staff_head")
KEPT = ("staff_token", "audit_head")
_FILLED = f"""
INSERT INTO programme VALUES (1, 'demo', 'Demo', 'UTC', 'EUR', true, '2017-01-01Z', 'months_after_earn', 24, NULL, NULL, 30, now(), 'test');
INSERT INTO partner VALUES (1, '{PARTNER}', 'grocer', 'Grocer', 'active', now(), 'test', 1);
INSERT INTO staff VALUES ('{MAKER}', 'Ada', now(), 'test'), ('{CHECKER}', 'Bob', now(), 'test');
INSERT INTO staff_head VALUES ('{MAKER}'), ('{CHECKER}');
INSERT INTO staff_token VALUES ('{MAKER}', '{MAKER}', 'first', 'st_x', sha256('a'), now(), 'test');
INSERT INTO audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));
"""
MADE = Draft(
    1, DRAFT, "credit_limit", "{\"ä\":1}".encode(), b"", Person(MAKER, "Ada"), to_micros(AT), "wie besprochen: 5 €"
).sealed()  # fmt: skip
ROW = AuditRow(
    1, 1, to_micros(AT), "staff", "stf_x", "Ada Ö", "limit.set", "ptr_x", "", '{"a":1}', "ja", NOTHING_BEFORE
).sealed()  # fmt: skip

Connection = asyncpg.Connection


@dataclass(frozen=True)
class Decided:
    """A row of draft_decision."""

    decision: str = "approved"
    made_by: UUID = MAKER
    sha256: bytes = MADE.sha256
    decided_by: UUID = CHECKER


@pytest.fixture
async def admin(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The owner's own rights, in a transaction that is rolled back, on a few rows."""
    connection = await asyncpg.connect(database_for("partners").admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(_FILLED)
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def service(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The run-time role, in a transaction that is rolled back."""
    connection = await asyncpg.connect(database_for("partners").runtime_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def add_draft(admin: Connection, made: Draft = MADE) -> None:
    await admin.execute(
        "INSERT INTO draft VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", made.ledger_id, made.draft_id, made.kind,
        made.body, made.sha256, made.made_by.staff_id, AT, made.why,
    )  # fmt: skip


async def decide(admin: Connection, decided: Decided) -> None:
    await admin.execute(
        "INSERT INTO draft_decision VALUES (1, $1, $2, $3, $4, $5, now(), '')", DRAFT, decided.decision,
        decided.made_by, decided.sha256, decided.decided_by,
    )  # fmt: skip


async def add_limit(admin: Connection, version: int = 1, **changes: Any) -> None:
    said: dict[str, Any] = {
        "limit_minor": 5, "prefunded_minor": 0, "on_limit": "refuse", "warning_percent": 80, "set_by": MAKER,
        "approved_by": CHECKER, **changes,
    }  # fmt: skip
    await admin.execute(
        "INSERT INTO credit_limit (ledger_id, partner_id, version, known_from, draft_id, "
        f"{', '.join(said)}) VALUES (1, $1, $2, now(), $3, $4, $5, $6, $7, $8, $9)",
        PARTNER, version, DRAFT, *said.values(),
    )  # fmt: skip


async def add_row(admin: Connection, row: AuditRow) -> None:
    await admin.execute(
        "INSERT INTO audit_row VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", row.ledger_id,
        row.number, AT, row.by_kind, row.by_id, row.by_name, row.what, row.subject, row.before, row.after, row.why,
        row.previous_hash, row.hash,
    )  # fmt: skip


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_nobody_changes_what_is_written_once(admin: Connection, table: str, change: str) -> None:
    column = await admin.fetchval(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER' LIMIT 1",
        table,
    )
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(change.format(table, column=column))


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_nobody_takes_away_what_is_kept(admin: Connection, table: str, change: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(change.format(table))


@pytest.mark.parametrize("table", [*APPEND_ONLY, *KEPT])
async def test_the_service_has_no_right_to_delete(service: Connection, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("draft", "body"),
        ("draft_decision", "decision"),
        ("credit_limit", "limit_minor"),
        ("audit_row", "why"),
        ("audit_head", "ledger_id"),
        ("staff_token", "expires_at"),
        ("staff_token", "token_sha256"),
        ("staff_role", "assigned"),
    ],
)
async def test_the_service_has_no_right_to_edit(service: Connection, table: str, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize(
    "change",
    ["revoked_at = NULL, revoked_by = NULL", "revoked_at = now()", "label = 'x'", "expires_at = now()"],
)
async def test_a_token_is_revoked_once_and_lives_no_more(admin: Connection, change: str) -> None:
    await admin.execute("UPDATE staff_token SET revoked_at = now(), revoked_by = 'test'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(f"UPDATE staff_token SET {change}")


async def test_a_live_token_gets_no_longer_life(admin: Connection) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute("UPDATE staff_token SET expires_at = now() + interval '1 year'")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(MADE, body=b'{"a":2}'),
        replace(MADE, why="other"),
        replace(MADE, kind="contract"),
        replace(MADE, made_by=Person(CHECKER, "Bob")),
        replace(MADE, draft_id=UUID(int=4)),
        replace(MADE, sha256=sha256(MADE.body).digest()),
    ],
)
async def test_a_draft_whose_hash_is_not_its_own_is_refused(admin: Connection, wrong: Draft) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await add_draft(admin, wrong)
    assert refused.value.constraint_name == "draft_sha256_ck"


@pytest.mark.parametrize(
    ("decided", "constraint"),
    [
        (Decided(decided_by=MAKER), "draft_decision_people_ck"),
        (Decided("rejected", decided_by=MAKER), "draft_decision_people_ck"),
        (Decided("withdrawn"), "draft_decision_people_ck"),
        (Decided("perhaps"), "draft_decision_people_ck"),
        (Decided(sha256=bytes(32)), "draft_decision_draft_fk"),
        (Decided(made_by=UUID(int=9)), "draft_decision_draft_fk"),
        (Decided(decided_by=UUID(int=9)), "draft_decision_decided_by_fk"),
    ],
)
async def test_a_decision_of_the_wrong_person_or_of_another_draft_is_refused(
    admin: Connection, decided: Decided, constraint: str
) -> None:
    await add_draft(admin)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await decide(admin, decided)
    assert refused.value.constraint_name == constraint


async def test_a_draft_is_decided_once(admin: Connection) -> None:
    await add_draft(admin)
    await decide(admin, Decided("rejected"))
    with pytest.raises(asyncpg.UniqueViolationError):
        await decide(admin, Decided())


@pytest.mark.parametrize(
    "decision",
    [None, Decided("rejected"), Decided("withdrawn", decided_by=MAKER), Decided(decided_by=UUID(int=5))],
)
async def test_a_limit_that_nobody_approved_so_is_refused(
    admin: Connection, decision: Decided | None
) -> None:
    await admin.execute("INSERT INTO staff VALUES ($1, 'Eve', now(), 'test')", UUID(int=5))
    await add_draft(admin)
    if decision is not None:
        await decide(admin, decision)
    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        await add_limit(admin)
    assert refused.value.constraint_name == "credit_limit_approved_fk"


@pytest.mark.parametrize(
    ("version", "changes", "constraint"),
    [
        (1, {"limit_minor": -1}, "credit_limit_limit_ck"),
        (1, {"limit_minor": 10**15 + 1}, "credit_limit_limit_ck"),
        (1, {"prefunded_minor": -1}, "credit_limit_prefunded_ck"),
        (1, {"on_limit": "shrug"}, "credit_limit_on_limit_ck"),
        (1, {"warning_percent": 0}, "credit_limit_warning_ck"),
        (0, {}, "credit_limit_version_ck"),
        (3, {}, "credit_limit_prior_fk"),
    ],
)
async def test_a_limit_out_of_range_or_out_of_order_is_refused(
    admin: Connection, version: int, changes: dict[str, Any], constraint: str
) -> None:
    await add_draft(admin)
    await decide(admin, Decided())
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await add_limit(admin, version, **changes)
    assert refused.value.constraint_name == constraint


async def test_a_draft_makes_one_limit(admin: Connection) -> None:
    await add_draft(admin)
    await decide(admin, Decided())
    await add_limit(admin, limit_minor=None)
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await add_limit(admin, 2)
    assert refused.value.constraint_name == "credit_limit_draft_uq"


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        (replace(ROW, why="nein"), "audit_row_hash_ck"),
        (replace(ROW, at_us=0).sealed(), "audit_row_hash_ck"),
        (replace(ROW, number=2).sealed(), "audit_row_chain_fk"),
        (replace(ROW, number=0).sealed(), "audit_row_number_ck"),
        (replace(ROW, previous_hash=bytes(31) + b"x").sealed(), "audit_row_first_ck"),
        (replace(ROW, by_kind="stranger").sealed(), "audit_row_by_kind_ck"),
        (replace(ROW, after="[1]").sealed(), "audit_row_json_ck"),
        (replace(ROW, before="{").sealed(), "audit_row_json_ck"),
    ],
)
async def test_a_row_that_does_not_belong_into_the_chain_is_refused(
    admin: Connection, row: AuditRow, constraint: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await add_row(admin, row)
    assert refused.value.constraint_name == constraint


async def test_rows_follow_each_other_and_the_head_goes_with_them(admin: Connection) -> None:
    second = replace(ROW, number=2, previous_hash=ROW.hash).sealed()
    await add_row(admin, ROW)
    await add_row(admin, second)
    for row in (ROW, second):
        await admin.execute(
            "UPDATE audit_head SET number = $1, hash = $2 WHERE ledger_id = 1", row.number, row.hash
        )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await admin.execute("UPDATE audit_head SET number = 3, hash = sha256('x') WHERE ledger_id = 1")


@pytest.mark.parametrize("number", [0, 2, -1])
async def test_the_head_goes_on_by_one(admin: Connection, number: int) -> None:
    await add_row(admin, ROW)
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(
            "UPDATE audit_head SET number = $1, hash = $2 WHERE ledger_id = 1", number, ROW.hash
        )


async def test_a_row_follows_the_one_before_and_no_other(admin: Connection) -> None:
    await add_row(admin, ROW)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await add_row(admin, replace(ROW, number=2, previous_hash=sha256(b"x").digest()).sealed())
