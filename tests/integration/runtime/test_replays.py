"""What operators order of a subscriber: to pause, to read again, to rebuild from nothing."""

from __future__ import annotations

import pytest
import pytest_asyncio

from services.runtime.bus import Bus
from services.runtime.subscribing import desk
from services.runtime.subscribing.handling import Event
from services.runtime.subscribing.orders import Pauses, Replays
from tests.integration.runtime.each_rig import (
    TABLES,
    Reader,
    make_subscription_tables,
    members,
    tell_members,
)
from tests.integration.runtime.rig import INBOX, Teller, running
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick", "soon")]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr("services.runtime.subscriber._PAUSED_SECONDS", 0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def tables(given: ServiceDatabase) -> None:
    await make_subscription_tables(given)


def _replays(reader: Reader) -> Replays:
    return Replays(TABLES, INBOX, reader.name, reader.owner.stream.service)


async def _handled(reader: Reader, programme: str, count: int) -> None:
    async def there() -> bool:
        return len(await reader.positions(programme)) >= count

    await until(there)


async def test_what_is_read_again_is_told_so_and_what_comes_after_it_is_not(teller: Teller, bus: Bus) -> None:
    programme = teller.programme()
    reader = Reader(teller.database, bus, teller, known=[programme])
    await tell_members(teller, programme, 10, members(3))
    async with running(reader.subscriber().run()):
        await _handled(reader, programme, 10)
        async with teller.database.writer.transaction() as connection:
            assert await _replays(reader).begin(connection, programme, 4, "stf_test") == 10
        await tell_members(teller, programme, 2, members(1))
        await _handled(reader, programme, 19)
    rows = [(row.pos, row.replayed) for row in await reader.rows(programme)]
    assert rows[:10] == [(pos, False) for pos in range(1, 11)]
    assert rows[10:] == [(pos, pos <= 10) for pos in range(4, 13)]


async def test_a_replay_from_beyond_the_cursor_changes_nothing(teller: Teller, bus: Bus) -> None:
    programme = teller.programme()
    reader = Reader(teller.database, bus, teller, known=[programme])
    await tell_members(teller, programme, 3, members(1))
    async with running(reader.subscriber().run()):
        await _handled(reader, programme, 3)
        async with teller.database.writer.transaction() as connection:
            await _replays(reader).begin(connection, programme, 4, "stf_test")
            assert await _replays(reader).until(connection, programme) == 0
        await tell_members(teller, programme, 1, members(1))
        await _handled(reader, programme, 4)
    assert not any(row.replayed for row in await reader.rows(programme))


async def test_a_rebuild_forgets_and_ends_with_what_there_was_and_new_events_are_new(
    teller: Teller, bus: Bus
) -> None:
    programme, other = teller.programme(), teller.programme()
    failing = True

    def fails(event: Event) -> bool:
        return failing and event.programme == programme and event.record.pos == 5

    reader = Reader(teller.database, bus, teller, fails=fails, known=[programme, other])
    for each in (programme, other):
        await tell_members(teller, each, 8, members(8))
    async with running(reader.subscriber().run()):
        await _handled(reader, programme, 7)
        await _handled(reader, other, 8)

        async def dead() -> bool:
            return await reader.dead(programme) == [5]

        await until(dead)
        failing = False
        async with teller.database.writer.transaction() as connection:
            await _replays(reader).order_rebuild(connection, programme, "stf_test")

        async def whole() -> bool:
            return await reader.positions(programme) == list(range(1, 9))

        await until(whole)
        await tell_members(teller, programme, 1, members(1))
        await _handled(reader, programme, 9)
    assert [(row.pos, row.replayed) for row in await reader.rows(programme)] == [
        (pos, pos <= 8) for pos in range(1, 10)
    ]
    # The dead letter was handled with the rest, and is gone; another programme was left alone.
    assert await reader.letters(programme) == []
    assert [row.replayed for row in await reader.rows(other)] == [False] * 8


async def test_nothing_is_handled_while_a_subscriber_is_paused_and_all_of_it_afterwards(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    reader, other = (Reader(teller.database, bus, teller, known=[programme]) for _ in range(2))
    pauses = Pauses(TABLES)
    async with teller.database.writer.transaction() as connection:
        await pauses.begin(connection, reader.name, "stf_test", "the mail server is being moved")
    async with running(reader.subscriber().run(), other.subscriber().run()):
        await tell_members(teller, programme, 5, members(2))
        await _handled(other, programme, 5)
        assert await reader.positions(programme) == []
        async with teller.database.writer.transaction() as connection:
            found = await pauses.of(connection, reader.name)
            assert found is not None
            assert (found.by, found.note) == ("stf_test", "the mail server is being moved")
            await pauses.end(connection, reader.name)
        await _handled(reader, programme, 5)
    assert await reader.positions(programme) == [1, 2, 3, 4, 5]
