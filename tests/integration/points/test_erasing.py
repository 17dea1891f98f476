"""Words that are erased are gone for ever, the chain holds without them, and nothing else can be changed on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.points.storage.proofs import PROOFS, prove
from services.points.storage.proofs.sequence import SEQUENCE
from services.runtime.database import PgConnection
from tests.integration.points.busy import Busy
from tests.support.chain import octets
from tests.support.chain_rows import recomputed, rows_of
from tests.support.points_database import as_runtime_role, as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Of the postings with the most words: a sale and a refund.
SALE = "(SELECT min(seq) FROM purchase WHERE ledger_id = $1)"
REFUND = "(SELECT min(seq) FROM refund WHERE ledger_id = $1)"
ERASED_SALE = "till = '', business_date = '', receipt_number = '', lines = '[]', tenders = '[]'"
ERASED_WAIT = """reference = '', original_reference = '', till = '', business_date = '', receipt_number = '', lines = '[]',
salt = NULL"""
ERASE_ALL = """SELECT ledger_erase($1::smallint, array_agg(seq), array_agg(CASE WHEN reference IS NOT NULL THEN sha256(int8send(seq)) END))
FROM posting WHERE ledger_id = $1 AND salt IS NOT NULL"""


@asynccontextmanager
async def _owner(busy: Busy) -> AsyncGenerator[PgConnection]:
    """The owner of the tables, with all triggers; what it does is undone."""
    async with as_superuser(busy.house.database) as connection:
        owner = await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'posting'")
        await connection.execute(f'SET ROLE "{owner}"')
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


async def _broken(connection: PgConnection, ledger_id: int) -> dict[int, list[str]]:
    last_seq = await connection.fetchval("SELECT last_seq FROM ledger_head WHERE ledger_id = $1", ledger_id)
    findings = [await prove(connection, ledger_id, last_seq, proof) for proof in PROOFS]
    return {finding.number: finding.breaches for finding in findings if not finding.holds}


async def test_all_invariants_and_all_hashes_hold_without_the_words(busy: Busy) -> None:
    async with _owner(busy) as connection:
        asked = [row for row in await rows_of(connection, "posting", busy.ledger_id) if row["key"]]
        before = {
            row["batch_no"]: octets(row["hash"]) for row in await rows_of(connection, "batch", busy.ledger_id)
        }
        assert await connection.fetchval(ERASE_ALL, busy.ledger_id) == len(asked)
        for row in await rows_of(connection, "posting", busy.ledger_id):
            assert (row["reference"], row["salt"]) == (None, None)
        for table in ("purchase", "refund"):
            for row in await rows_of(connection, table, busy.ledger_id):
                words = [
                    row.get(name, "[]")
                    for name in ("till", "business_date", "receipt_number", "lines", "tenders")
                ]
                assert words == ["", "", "", "[]", "[]"]
        assert await rows_of(connection, "adjustment_note", busy.ledger_id) == []
        waited = {
            row["original_reference"]: row
            for row in await rows_of(connection, "waiting_refund", busy.ledger_id)
        }
        # What became a refund has none either; what still waits, or never was posted, is of nobody that is known.
        assert waited.keys() == {"", "never", "not yet", "nor this", "mill"}
        assert (waited[""]["reference"], waited[""]["receipt_number"], waited[""]["salt"]) == ("", "", None)
        # So with what parked a sale; while it is parked its words are needed.
        posted = {
            row["original_seq"]
            for row in await rows_of(connection, "posting", busy.ledger_id)
            if row["kind"] == "earn" and row["original_seq"]
        }
        parked = {row["seq"]: row for row in await rows_of(connection, "parked_earn", busy.ledger_id)}
        assert {(parked[seq]["reference"], parked[seq]["till"], parked[seq]["salt"]) for seq in posted} == {
            ("", "", None)
        }
        assert all(row["salt"] and row["reference"] for row in parked.values() if row["open"])
        assert await _broken(connection, busy.ledger_id) == {}
        assert await recomputed(connection, busy.ledger_id) == before
        assert await connection.fetchval(ERASE_ALL, busy.ledger_id) == 0


async def test_the_service_erases_by_the_function_and_cannot_otherwise(busy: Busy) -> None:
    async with as_runtime_role(busy.house.database) as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await connection.fetchval(ERASE_ALL, busy.ledger_id)
        assert await _broken(connection, busy.ledger_id) == {}
        await transaction.rollback()
        for statement in (
            "UPDATE posting SET reference = NULL, salt = NULL WHERE ledger_id = $1",
            f"UPDATE purchase SET {ERASED_SALE} WHERE ledger_id = $1",
            "INSERT INTO erased_reference SELECT ledger_id, 1, 'earn', 'x', 1 FROM ledger WHERE ledger_id = $1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement, busy.ledger_id)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM adjustment_note WHERE ledger_id = $1",
        "UPDATE adjustment_note SET note = 'another' WHERE ledger_id = $1",
        # Without the reference kept as taken.
        f"UPDATE posting SET reference = NULL, salt = NULL WHERE ledger_id = $1 AND seq = {SALE}",
        "UPDATE posting SET reference = 'another' WHERE ledger_id = $1",
        "UPDATE posting SET salt = sha256(salt) WHERE ledger_id = $1",
        # Of a sale that was not erased, or not all of it.
        f"UPDATE purchase SET {ERASED_SALE} WHERE ledger_id = $1 AND seq = {SALE}",
        f"UPDATE refund SET receipt_number = '' WHERE ledger_id = $1 AND seq = {REFUND}",
    ],
)
async def test_its_owner_cannot_change_a_word(busy: Busy, statement: str) -> None:
    async with _owner(busy) as connection:
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await connection.execute(statement, busy.ledger_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET reference = 'back' WHERE ledger_id = $1",
        "UPDATE posting SET salt = sha256('') WHERE ledger_id = $1",
        "UPDATE posting SET points = points + 1 WHERE ledger_id = $1",
        "UPDATE posting SET words_hash = sha256(words_hash) WHERE ledger_id = $1",
        "UPDATE purchase SET till = 'back' WHERE ledger_id = $1",
        "UPDATE purchase SET amount_minor = amount_minor + 1 WHERE ledger_id = $1",
        f"UPDATE purchase SET {ERASED_SALE}, rate_points = 7 WHERE ledger_id = $1",
        "UPDATE refund SET money_minor = money_minor + 1 WHERE ledger_id = $1",
        "DELETE FROM erased_reference WHERE ledger_id = $1",
        "DELETE FROM purchase WHERE ledger_id = $1",
    ],
)
async def test_what_was_erased_is_not_written_again_and_nothing_else_changes(
    busy: Busy, statement: str
) -> None:
    async with _owner(busy) as connection:
        await connection.fetchval(ERASE_ALL, busy.ledger_id)
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await connection.execute(statement, busy.ledger_id)


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        ("", f"UPDATE waiting_refund SET {ERASED_WAIT} WHERE ledger_id = $1 AND open"),
        (ERASE_ALL, f"UPDATE waiting_refund SET {ERASED_WAIT} WHERE ledger_id = $1 AND open"),
        (ERASE_ALL, "UPDATE waiting_refund SET till = 'back' WHERE ledger_id = $1 AND salt IS NULL"),
        (ERASE_ALL, "UPDATE waiting_refund SET amount_minor = 0 WHERE ledger_id = $1 AND salt IS NULL"),
    ],
)
async def test_the_words_of_a_refund_go_once_it_waits_no_more_and_all_of_them(
    busy: Busy, before: str, statement: str
) -> None:
    async with _owner(busy) as connection:
        if before:
            await connection.fetchval(before, busy.ledger_id)
        with pytest.raises(asyncpg.RestrictViolationError, match="can only be decided"):
            await connection.execute(statement, busy.ledger_id)


async def test_a_reference_is_not_erased_without_being_kept_as_taken(busy: Busy) -> None:
    async with _owner(busy) as connection:
        with pytest.raises(asyncpg.NotNullViolationError):
            await connection.fetchval(
                f"SELECT ledger_erase($1::smallint, ARRAY[{SALE}], ARRAY[NULL::bytea])", busy.ledger_id
            )


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE purchase SET receipt_number = 'back' WHERE ledger_id = $1 AND seq = {SALE}",
        f"UPDATE posting SET reference = 'back' WHERE ledger_id = $1 AND seq = {SALE}",
        f"UPDATE posting SET reference = 'back', salt = substr(words_hash, 1, 16) WHERE ledger_id = $1 AND seq = {SALE}",
    ],
)
async def test_words_that_are_put_back_past_all_guards_are_noticed(busy: Busy, statement: str) -> None:
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetchval(ERASE_ALL, busy.ledger_id)
        assert await connection.execute(statement, busy.ledger_id) == "UPDATE 1"
        head: Any = await connection.fetchval(
            "SELECT last_seq FROM ledger_head WHERE ledger_id = $1", busy.ledger_id
        )
        breaches = (await prove(connection, busy.ledger_id, head, SEQUENCE)).breaches
        assert breaches
        assert "other words" in breaches[0]
        await transaction.rollback()
