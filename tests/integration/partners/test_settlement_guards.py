"""What the database itself refuses of settlement, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from uuid import UUID

import asyncpg
import pytest

from tests.support.servers import ServiceDatabase

PARTNER, PERSON, DRAFT = UUID(int=7), UUID(int=8), UUID(int=9)
_FILLED = f"""
INSERT INTO programme VALUES (1, 'demo', 'Demo', 'UTC', 'EUR', true, '2017-01-01Z', 'months_after_earn', 24, NULL, NULL, 30, now(), 'test');
INSERT INTO window_head (ledger_id) VALUES (1);
INSERT INTO partner VALUES (1, '{PARTNER}', 'grocer', 'Grocer', 'active', now(), 'test', 1);
INSERT INTO legal_entity (ledger_id, partner_id, number, name, added_by) VALUES (1, '{PARTNER}', 1, 'Grocer', 'test') ON CONFLICT DO NOTHING;
INSERT INTO clearing_window (ledger_id, number, starts_at, ends_at, first_seq, last_seq, state, closed_at)
VALUES (1, 1, '2017-01-01Z', '2017-01-02Z', 1, 10, 'closed', '2017-01-02Z');
INSERT INTO settlement_head (ledger_id) VALUES (1);
"""
_RUN = "INSERT INTO settlement_run (ledger_id, number, until_window, draft_id, sha256, drafted_at, drafted_by) VALUES (1, $1, 1, $2, sha256('x'), now(), 'test')"
_STEP = "INSERT INTO run_step (ledger_id, run_number, step, state, at, by, why, prior_state) VALUES (1, 1, $1, $2, now(), 'test', '', $3)"
_DOCUMENT = f"""
INSERT INTO document (ledger_id, document_id, type, year, sequence, number, partner_id, entity, issued_on, net_minor, tax_minor,
    due_minor, body, sha256)
VALUES (1, gen_random_uuid(), $1, $2, $3, $4, '{PARTNER}', 1, '2026-03-02', $5, $6, $7, 'body', sha256($8::bytea))
"""

Connection = asyncpg.Connection


@pytest.fixture
async def admin(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Connection]:
    """The owner's own rights, in a transaction that is rolled back, on a few rows; foreign keys to drafts are not looked at."""
    connection = await asyncpg.connect(database_for("partners").admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("ALTER TABLE settlement_run DROP CONSTRAINT settlement_run_draft_fk")
    await connection.execute(_FILLED)
    yield connection
    await transaction.rollback()
    await connection.close()


async def refused(admin: Connection, statement: str, *arguments: object) -> str:
    """By which constraint a statement is refused."""

    async def tried() -> None:
        async with admin.transaction():
            await admin.execute(statement, *arguments)
            await admin.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await tried()
    return str(caught.value.constraint_name)


async def steps(admin: Connection, *states: str) -> None:
    before: str | None = None
    for number, state in enumerate(states, start=1):
        await admin.execute(_STEP, number, state, before)
        before = state


async def test_runs_are_numbered_without_a_gap(admin: Connection) -> None:
    assert await refused(admin, _RUN, 2, DRAFT) == "settlement_run_prior_fk"
    await admin.execute(_RUN, 1, DRAFT)
    assert await refused(admin, _RUN, 2, DRAFT) == "settlement_run_draft_uq"
    await admin.execute(_RUN, 2, PERSON)


@pytest.mark.parametrize(
    ("states", "next_state"),
    [
        ((), "approved"),
        ((), "instructed"),
        (("draft",), "instructed"),
        (("draft",), "settled"),
        (("draft", "aborted"), "approved"),
        (("draft", "approved"), "draft"),
        (("draft", "approved", "instructed"), "aborted"),
        (("draft", "approved", "instructed"), "approved"),
        (("draft", "approved", "instructed", "collected", "paid", "settled"), "paid"),
    ],
)
async def test_a_run_takes_no_step_that_there_is_not(
    admin: Connection, states: tuple[str, ...], next_state: str
) -> None:
    await admin.execute(_RUN, 1, DRAFT)
    await steps(admin, *states)
    wanted = (len(states) + 1, next_state, states[-1] if states else None)
    assert await refused(admin, _STEP, *wanted) == "run_step_forward_ck"


async def test_a_step_goes_on_from_the_one_before_it_and_there_is_one_each(admin: Connection) -> None:
    await admin.execute(_RUN, 1, DRAFT)
    await steps(admin, "draft", "approved")
    assert await refused(admin, _STEP, 3, "aborted", "draft") == "run_step_prior_fk"
    assert await refused(admin, _STEP, 2, "aborted", "draft") == "run_step_pk"
    assert await refused(admin, _STEP, 4, "instructed", "approved") == "run_step_prior_fk"
    await admin.execute(_STEP, 3, "instructed", "approved")


@pytest.mark.parametrize(
    ("document", "constraint"),
    [
        ((380, 2026, 2, "b", 100, 20, 120, b"body"), "document_gapless_fk"),
        ((380, 2026, 1, "a", 100, 20, 120, b"other"), "document_sha256_ck"),
        ((380, 2026, 1, "a", 100, 20, -120, b"body"), "document_amounts_ck"),
        ((389, 2026, 1, "a", 100, 20, 120, b"body"), "document_amounts_ck"),
        ((380, 2026, 1, "a", -100, 20, -80, b"body"), "document_amounts_ck"),
        ((380, 2025, 1, "a", 100, 20, 120, b"body"), "document_year_ck"),
        ((381, 2026, 0, "a", 100, 20, -120, b"body"), "document_sequence_ck"),
        ((999, 2026, 1, "a", 100, 20, -120, b"body"), "document_type_ck"),
    ],
)
async def test_a_document_is_numbered_without_a_gap_hashed_and_signed(
    admin: Connection, document: tuple[object, ...], constraint: str
) -> None:
    assert await refused(admin, _DOCUMENT, *document) == constraint


async def test_a_number_is_used_once(admin: Connection) -> None:
    await admin.execute(_DOCUMENT, 380, 2026, 1, "a", 100, 20, 120, b"body")
    again = (380, 2026, 1, "b", 100, 20, 120, b"body")
    assert await refused(admin, _DOCUMENT, *again) == "document_sequence_uq"
    assert await refused(admin, _DOCUMENT, 381, 2026, 1, "a", 1, 0, -1, b"body") == "document_number_uq"
    await admin.execute(_DOCUMENT, 381, 2026, 1, "b", 1, 0, -1, b"body")


@pytest.mark.parametrize(
    ("entries", "constraint"),
    [
        ((), "money_journal_balances_ck"),
        ((("bank", None, 100),), "money_journal_balances_ck"),
        ((("bank", None, 100), ("suspense", None, -99)), "money_journal_balances_ck"),
        ((("bank", None, 100), ("partner", None, -100)), "money_entry_account_ck"),
        ((("bank", PARTNER, 100), ("partner", PARTNER, -100)), "money_entry_account_ck"),
        ((("cellar", None, 100), ("bank", None, -100)), "money_entry_account_ck"),
        ((("bank", None, 0), ("suspense", None, 0)), "money_entry_amount_ck"),
    ],
)
async def test_a_journal_balances_between_accounts_that_there_are(
    admin: Connection, entries: tuple[tuple[str, UUID | None, int], ...], constraint: str
) -> None:
    async def tried() -> None:
        async with admin.transaction():
            await journal(admin, 1, entries)
            await admin.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await tried()
    assert caught.value.constraint_name == constraint


async def test_nothing_is_added_to_a_journal_of_before_and_none_is_left_out(admin: Connection) -> None:
    await journal(admin, 1, (("bank", None, 100), ("suspense", None, -100)))
    await admin.execute("SET CONSTRAINTS ALL IMMEDIATE")
    late = "INSERT INTO money_entry VALUES (1, 1, 3, 'bank', NULL, 5)"
    assert await refused(admin, late) == "money_journal_balances_ck"
    gap = "INSERT INTO money_journal (ledger_id, journal, kind, at, by, why) VALUES (1, 3, 'received', now(), 'x', '')"
    assert await refused(admin, gap) == "money_journal_prior_fk"


async def journal(admin: Connection, number: int, entries: tuple[tuple[str, UUID | None, int], ...]) -> None:
    await admin.execute(
        "INSERT INTO money_journal (ledger_id, journal, kind, at, by, why) VALUES (1, $1, 'received', now(), 'x', '')",
        number,
    )
    for line, (account, partner, amount) in enumerate(entries, start=1):
        await admin.execute(
            "INSERT INTO money_entry VALUES (1, $1, $2, $3, $4, $5)", number, line, account, partner, amount
        )
