"""Where the subscribers of a service are, and what is ordered of them."""

from __future__ import annotations

import pytest
import pytest_asyncio

from services.runtime.bus import Bus
from services.runtime.errors import CoalitionError, InvalidRequest, NotFound, Refused
from services.runtime.subscribing import desk
from services.runtime.subscribing.handling import Event, Order
from services.runtime.subscribing.watching import Watched, Watching
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


def _watching(reader: Reader, *, partitioned: bool = False) -> Watching:
    watched = Watched.of(reader.subscription, partitioned=partitioned)
    return Watching(reader.database.writer, INBOX, TABLES, [watched])


async def test_letters_are_counted_listed_by_pages_and_replayed_one_or_all(teller: Teller, bus: Bus) -> None:
    programme = teller.programme()
    mended = False
    reader = Reader(
        teller.database, bus, teller, Order.NONE,
        lambda event: not mended and event.record.pos % 2 == 0, known=[programme],
    )  # fmt: skip
    watching = _watching(reader)
    await tell_members(teller, programme, 8, members(3))

    async def dead() -> bool:
        (found,) = await watching.standings(programme)
        return found.letters["dead"] == 4

    async with running(reader.subscriber().run()):
        await until(dead)
        (found,) = await watching.standings(programme)
        assert (found.pos, found.pause, found.about.order) == (8, None, Order.NONE)
        first, more = await watching.letters(reader.name, programme, 0, 3, dead_only=True)
        rest, none = await watching.letters(reader.name, programme, first[-1].record.pos, 3, dead_only=False)
        assert ([each.record.pos for each in (*first, *rest)], more, none) == ([2, 4, 6, 8], True, False)
        mended = True
        assert await watching.replay_letters(reader.name, programme, 4) == 1

        async def one_less() -> bool:
            return len(await reader.letters(programme)) == 3

        await until(one_less)
        with pytest.raises(NotFound, match="no dead letter at position 4"):
            await watching.replay_letters(reader.name, programme, 4)
        assert await watching.replay_letters(reader.name, programme, 0) == 3

        async def complete() -> bool:
            return not await reader.letters(programme)

        await until(complete)
    assert sorted(await reader.positions(programme)) == list(range(1, 9))


async def test_a_replay_of_a_subscriber_whose_partitions_are_read_apart_is_of_all_of_them(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    reader = Reader(teller.database, bus, teller, known=[programme])
    watching = _watching(reader, partitioned=True)
    await tell_members(teller, programme, 20, members(20))

    async def handled(count: int) -> None:
        async def there() -> bool:
            return len(await reader.positions(programme)) == count

        await until(there)

    async with running(*(reader.lanes().run() for _ in range(1))):
        await handled(20)
        assert await watching.replay(reader.name, programme, 11, "stf_test") == 20
        await handled(30)

        async def at_the_end() -> bool:
            (found,) = await watching.standings(programme)
            return found.pos == 20

        await until(at_the_end)
    rows = await reader.rows(programme)
    assert sorted(row.pos for row in rows[20:]) == list(range(11, 21))
    assert all(row.replayed for row in rows[20:])


async def test_a_dead_letter_of_a_rebuild_is_known_to_be_one(teller: Teller, bus: Bus) -> None:
    """It may have been handled before: nothing is to be sent for it."""
    programme = teller.programme()
    failing = False

    def fails(event: Event) -> bool:
        return failing and event.record.pos == 2

    reader = Reader(teller.database, bus, teller, fails=fails, known=[programme])
    watching = _watching(reader)
    await tell_members(teller, programme, 3, members(3))

    async def done() -> bool:
        return len(await reader.positions(programme)) == 3

    async with running(reader.subscriber().run()):
        await until(done)
        failing = True
        assert await watching.rebuild(reader.name, programme, "stf_test") == 3

        async def dead() -> bool:
            return await reader.dead(programme) == [2]

        await until(dead)
        failing = False
        await watching.replay_letters(reader.name, programme, 0)
        await until(done)
    assert [(row.pos, row.replayed) for row in await reader.rows(programme)] == [
        (1, True), (3, True), (2, True),
    ]  # fmt: skip


async def test_orders_that_cannot_be_taken_are_refused(teller: Teller, bus: Bus) -> None:
    reader, programme = Reader(teller.database, bus, teller), teller.programme()
    watching = _watching(reader)
    fixed = Watching(teller.database.writer, INBOX, TABLES, [Watched("rating", "points", None, False, False)])
    without = Watching(teller.database.writer, INBOX, None, [Watched("closed", "members", None, True, True)])
    refused: list[tuple[object, type[CoalitionError], str]] = [
        (watching.pause("nobody", "me", "why"), NotFound, f"there are: {reader.name}"),
        (watching.pause(reader.name, "me", "  "), InvalidRequest, "note: why"),
        (watching.pause(reader.name, "me", "x" * 501), InvalidRequest, "1 to 500"),
        (watching.replay(reader.name, programme, 0, "me"), InvalidRequest, "start at 1"),
        (fixed.replay("rating", programme, 1, "me"), Refused, "sends nothing"),
        (fixed.rebuild("rating", programme, "me"), Refused, "no way to forget"),
        (without.pause("closed", "me", "why"), Refused, "takes no orders"),
        (without.replay("closed", programme, 1, "me"), Refused, "takes no orders"),
        (watching.letters(reader.name, programme, -1, 5, dead_only=True), InvalidRequest, "not negative"),
        (watching.letters(reader.name, programme, 0, 501, dead_only=True), InvalidRequest, "1 to 500"),
        (watching.replay_letters(reader.name, programme, -1), InvalidRequest, "not negative"),
    ]
    for call, error, why in refused:
        with pytest.raises(error, match=why):
            await call  # pyright: ignore[reportGeneralTypeIssues]
