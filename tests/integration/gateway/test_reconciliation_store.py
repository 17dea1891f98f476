"""Where comparisons are kept: results that nobody edits, rows that a crash left, and all or nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from services.gateway.domain.pages import Cursor
from services.gateway.domain.reconciliation.comparing import Row, Side
from services.gateway.domain.reconciliation.operations import OperationKind
from services.gateway.domain.reconciliation.uploads import StoredUpload
from services.gateway.storage.reconciliation import ReconciliationStore, UploadTurn
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import NotFound
from services.runtime.ids import new_id, to_text
from tests.support.servers import ServiceDatabase

_HASH = bytes(32)


@pytest.fixture
async def database(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Database]:
    opened = Database(database_for("gateway").runtime_url, "test", 6, 30)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> ReconciliationStore:
    return ReconciliationStore(database)


async def _keep(turn: UploadTurn) -> UUID:
    upload_id = new_id()
    async with turn.keeping():
        await turn.keep_differences(upload_id, 1, [("twice", b'{"type":"twice"}')])
        await turn.keep(StoredUpload(upload_id, _HASH, 1, b'{"x":1}'), wall_now_us())
    return upload_id


async def _keep_twice(turn: UploadTurn) -> None:
    async with turn.keeping():
        await _keep(turn)
        await _keep(turn)


def _row(reference: str, side: Side, line: int = 0) -> Row:
    return Row(OperationKind.EARN, reference, side, line, 1, 1, date(2026, 3, 14))


async def test_rows_come_back_in_the_order_in_which_they_are_compared(store: ReconciliationStore) -> None:
    async with store.turn(1, new_id(), "k") as turn:
        await turn.stage([_row("b", Side.THEIRS, 2), _row("a", Side.THEIRS, 3), _row("B", Side.OURS)])
        await turn.stage([_row("", Side.OURS), _row("", Side.OURS), _row("b", Side.OURS)])
        rows = [row async for block in turn.sorted_rows() for row in block]
    assert [(row.reference, row.side) for row in rows] == [
        ("", 0), ("", 0), ("B", 0), ("a", 2), ("b", 0), ("b", 2),
    ]  # fmt: skip


async def test_a_result_is_kept_whole_or_not_at_all(store: ReconciliationStore) -> None:
    partner = new_id()
    async with store.turn(1, partner, "k") as turn:
        with pytest.raises(asyncpg.UniqueViolationError):
            await _keep_twice(turn)
        assert await turn.find() is None
        upload_id = await _keep(turn)
        found = await turn.find()
    assert found is not None
    assert found.upload_id == upload_id
    page = await store.differences(1, found, "", Cursor())
    assert [each.number for each in page.entries] == [1]
    # A difference of nothing is refused as the transaction ends.
    async with store.turn(1, partner, "other") as turn:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with turn.keeping():
                await turn.keep_differences(new_id(), 1, [("twice", b"{}")])


async def test_nobody_edits_a_result(store: ReconciliationStore, database: Database) -> None:
    async with store.turn(1, new_id(), "k") as turn:
        await _keep(turn)
    for statement in (
        "UPDATE reconciliation_upload SET answer = '{}'",
        "UPDATE reconciliation_difference SET answer = '{}'",
        "DELETE FROM reconciliation_difference",
        "UPDATE reconciliation_row SET points = 0",
    ):
        async with database.writer.dedicated() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_what_a_crash_left_is_removed_after_a_day(
    store: ReconciliationStore, database: Database
) -> None:
    async with store.turn(1, new_id(), "k") as turn:
        await turn.stage([_row("a", Side.OURS)])
        async with database.writer.dedicated() as connection:
            await connection.execute(
                """INSERT INTO reconciliation_row (work_id, kind, reference, side, line, points, amount_minor, day, staged_at)
                VALUES (gen_random_uuid(), 'earn', 'old', 0, 1, 1, 1, '2026-03-14', now() - interval '25 hours')"""
            )
            await store.purge(400)
            # What is being worked on stays.
            assert [row[0] for row in await connection.fetch("SELECT reference FROM reconciliation_row")] == [
                "a"
            ]


async def test_an_upload_is_its_partner_s_in_its_programme(store: ReconciliationStore) -> None:
    partner = new_id()
    async with store.turn(1, partner, "k") as turn:
        upload_id = to_text("rup", await _keep(turn))
    assert (await store.get(1, partner, upload_id)).answer == b'{"x":1}'
    for ledger_id, other in ((2, partner), (1, new_id())):
        with pytest.raises(NotFound):
            await store.get(ledger_id, other, upload_id)
        assert (await store.page(ledger_id, other, Cursor())).entries == []
