"""Where batches are kept: one turn at a time for each key, and what the database itself refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.batches import Counts
from services.gateway.domain.pages import Cursor
from services.gateway.storage.batches import BatchStore
from services.runtime.database import Database
from services.runtime.errors import Conflict, InvalidRequest, NotFound, Unavailable
from services.runtime.ids import new_id, to_text
from tests.support.servers import ServiceDatabase

_HASH = bytes(32)
_COUNTS = Counts(3, 2, 0, 1)


@pytest.fixture
async def database(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Database]:
    opened = Database(database_for("gateway").runtime_url, "test", 6, 30)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> BatchStore:
    return BatchStore(database)


async def _finished(store: BatchStore, partner: UUID, key: str, answer: bytes = b'{"x":1}') -> UUID:
    async with store.turn(1, partner, key) as turn:
        batch = await turn.begin(_HASH)
        await turn.finish(batch.batch_id, _COUNTS, answer)
    return batch.batch_id


async def test_a_batch_is_found_again_under_its_key_with_its_answer(store: BatchStore) -> None:
    partner = new_id()
    answer = b'{"lines":' + b"[1,2,3]" * 10_000 + b"}"
    batch_id = await _finished(store, partner, "k", answer)
    async with store.turn(1, partner, "k") as turn:
        found = await turn.find()
    assert found is not None
    assert (found.batch_id, found.request_hash, found.counts, found.answer) == (
        batch_id,
        _HASH,
        _COUNTS,
        answer,
    )
    assert (await store.get(1, partner, to_text("bat", batch_id))).answer == answer


async def test_a_key_means_something_to_one_partner_in_one_programme_only(store: BatchStore) -> None:
    partner = new_id()
    batch_id = to_text("bat", await _finished(store, partner, "k"))
    for ledger_id, other in ((2, partner), (1, new_id())):
        async with store.turn(ledger_id, other, "k") as turn:
            assert await turn.find() is None
        with pytest.raises(NotFound):
            await store.get(ledger_id, other, batch_id)


async def test_one_turn_at_a_time_and_others_go_on(store: BatchStore) -> None:
    partner = new_id()
    async with store.turn(1, partner, "k"):
        with pytest.raises(Conflict) as caught:
            async with store.turn(1, partner, "k"):
                pass
        assert caught.value.reason == Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT
        async with store.turn(1, partner, "another"):
            pass
    async with store.turn(1, partner, "k") as turn:
        assert await turn.find() is None


async def test_a_turn_ends_with_whatever_ends_it(store: BatchStore) -> None:
    partner = new_id()

    async def fail() -> None:
        async with store.turn(1, partner, "k") as turn:
            await turn.begin(_HASH)
            raise ValueError

    async def stall() -> None:
        async with store.turn(1, partner, "stalled"):
            await asyncio.sleep(60)

    with pytest.raises(ValueError, match=r"^$"):
        await fail()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stall(), 0.1)
    for key in ("k", "stalled"):
        async with store.turn(1, partner, key):
            pass


async def test_a_turn_dies_with_its_process_and_the_next_call_takes_over_at_once(
    store: BatchStore, database_for: Callable[[str], ServiceDatabase]
) -> None:
    dying = Database(database_for("gateway").runtime_url, "dying", 2, 30)
    partner = new_id()
    turn = BatchStore(dying).turn(1, partner, "k")
    taken = await turn.__aenter__()
    begun = await taken.begin(_HASH)
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coalition-dying'"
    )
    await admin.close()
    for _ in range(50):
        try:
            async with store.turn(1, partner, "k") as after:
                found = await after.find()
                break
        except Conflict:
            await asyncio.sleep(0.02)
    else:
        pytest.fail("the turn was not given free")
    assert found is not None
    assert (found.batch_id, found.answer) == (begun.batch_id, None)
    with pytest.raises(Unavailable):
        await turn.__aexit__(None, None, None)
    await dying.close()


async def test_lists_are_newest_first_and_pages_meet(store: BatchStore) -> None:
    partner = new_id()
    ids = [await _finished(store, partner, f"k{number}") for number in range(5)][::-1]
    first = await store.page(1, partner, Cursor(2))
    assert ([each.batch_id for each in first.entries], first.has_more) == (ids[:2], True)
    assert {each.answer for each in first.entries} == {None}
    assert {each.counts for each in first.entries} == {_COUNTS}
    second = await store.page(1, partner, Cursor(2, starting_after=to_text("bat", ids[1])))
    assert [each.batch_id for each in second.entries] == ids[2:4]
    back = await store.page(1, partner, Cursor(2, ending_before=to_text("bat", ids[3])))
    assert ([each.batch_id for each in back.entries], back.has_more) == (ids[1:3], True)


async def test_another_partner_s_batch_is_no_cursor(store: BatchStore) -> None:
    theirs = to_text("bat", await _finished(store, new_id(), "k"))
    for cursor in (Cursor(5, starting_after=theirs), Cursor(5, ending_before="bat_x")):
        with pytest.raises(InvalidRequest) as caught:
            await store.page(1, new_id(), cursor)
        assert caught.value.reason == Reason.REASON_CURSOR_INVALID


async def test_old_batches_are_forgotten_and_young_ones_kept(
    store: BatchStore, database_for: Callable[[str], ServiceDatabase]
) -> None:
    partner = new_id()
    old, young = await _finished(store, partner, "old"), await _finished(store, partner, "young")
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    await admin.execute(
        "UPDATE batch SET created_at = created_at - $1::interval WHERE batch_id = $2", timedelta(days=91), old
    )
    await admin.close()
    assert await store.purge(90) == 1
    with pytest.raises(NotFound):
        await store.get(1, partner, to_text("bat", old))
    assert (await store.get(1, partner, to_text("bat", young))).counts == _COUNTS


async def test_the_run_time_role_can_change_an_answer_but_not_what_was_asked(database: Database) -> None:
    for column in ("request_hash", "key", "partner_id", "created_at"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.writer.dedicated() as connection:
                await connection.execute(f"UPDATE batch SET {column} = {column}")


async def test_counts_that_do_not_add_up_are_refused_by_the_database(store: BatchStore) -> None:
    async with store.turn(1, new_id(), "k") as turn:
        batch = await turn.begin(_HASH)
        with pytest.raises(asyncpg.CheckViolationError):
            await turn.finish(batch.batch_id, Counts(3, 1, 1, 0), b"{}")


async def test_a_database_that_cannot_be_reached_is_told_as_such() -> None:
    nowhere = Database("postgresql://nobody:nothing@127.0.0.1:1/nowhere", "test", 2, 30)
    store = BatchStore(nowhere)
    with pytest.raises(Unavailable):
        async with store.turn(1, new_id(), "k"):
            pass
    with pytest.raises(Unavailable):
        await store.page(1, new_id(), Cursor())
    with pytest.raises(Unavailable):
        await store.get(1, new_id(), to_text("bat", new_id()))
    await nowhere.close()
