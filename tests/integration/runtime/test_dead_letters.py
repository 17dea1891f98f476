"""A subscriber that fails at some events: the others go on, its own others too, and nothing is lost."""

from __future__ import annotations

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.relay import Relay
from services.runtime.subscriber import Postponed
from services.runtime.subscribing import desk, letters
from services.runtime.subscribing.handling import Event, Order
from tests.integration.runtime.each_rig import Reader, make_subscription_tables, members, tell_members
from tests.integration.runtime.rig import Teller, running
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


async def _replay_all(database: Database, reader: Reader) -> None:
    """As the operator's command does it."""
    async with database.writer.transaction() as connection:
        await connection.execute(
            text("UPDATE dead_letter SET state = 'trying', next_try_at = now() WHERE state = 'dead' AND subscriber = :s"),
            {"s": reader.name},
        )  # fmt: skip


async def _failures(teller: Teller, bus: Bus, count: int, every: int) -> None:
    """A subscriber that fails at one event of so many, beside others that do not, till all is mended."""
    programme, people = teller.programme(), members(7)
    broken = {pos for pos in range(1, count + 1) if pos % every == 0}
    mended = False

    def fails(event: Event) -> bool:
        return not mended and event.record.pos in broken

    known = [programme]
    strict = Reader(teller.database, bus, teller, Order.STRICT, fails, known=known)
    loose = Reader(teller.database, bus, teller, Order.NONE, fails, known=known)
    sound = Reader(teller.database, bus, teller, known=known)
    works = [each.subscriber().run() for each in (strict, loose, sound)]
    async with running(Relay(teller.database, bus, teller.stream).run(), *works):
        await tell_members(teller, programme, count, people)

        async def settled() -> bool:
            return (
                len(await sound.positions(programme)) == count
                and set(await loose.dead(programme)) == broken
                and len(await strict.positions(programme)) + len(await strict.letters(programme)) == count
                and not any(each.state == "trying" for each in await strict.letters(programme))
            )

        await until(settled)
        # Another subscriber has noticed nothing.
        assert await sound.positions(programme) == list(range(1, count + 1))
        # In no order only those that fail are missing, in strict order all that come after them of their members.
        assert await loose.positions(programme) == [
            pos for pos in range(1, count + 1) if pos not in broken
        ]  # fmt: skip
        first_broken = {pos % len(people): pos for pos in sorted(broken, reverse=True)}
        waiting = {
            pos for pos in range(1, count + 1)
            if pos % len(people) in first_broken and pos > first_broken[pos % len(people)]
        }  # fmt: skip
        assert {each.record.pos for each in await strict.letters(programme)} == waiting | set(
            first_broken.values()
        )
        assert set(await strict.dead(programme)) == set(first_broken.values())
        assert all(
            "cannot do" in each.error for each in await loose.letters(programme) if each.state == "dead"
        )

        mended = True
        for reader in (strict, loose):
            await _replay_all(teller.database, reader)

            async def complete(reader: Reader = reader) -> bool:
                return not await reader.letters(programme)

            await until(complete)
    for reader in (strict, loose):
        assert sorted(await reader.positions(programme)) == list(range(1, count + 1))
    of_member: dict[object, list[int]] = {}
    for row in await strict.rows(programme):
        of_member.setdefault(row.member_id, []).append(row.pos)
    assert len(of_member) == len(people)
    assert all(positions == sorted(positions) for positions in of_member.values())
    # What was handled late was handled for the first time.
    assert not any(row.replayed for row in await strict.rows(programme))


async def test_one_event_in_fifty_fails_and_harms_no_other_subscriber(teller: Teller, bus: Bus) -> None:
    await _failures(teller, bus, count=200, every=50)


@pytest.mark.long
async def test_one_event_in_a_thousand_fails_and_harms_no_other_subscriber(teller: Teller, bus: Bus) -> None:
    await _failures(teller, bus, count=3_000, every=1_000)


async def test_an_event_that_fails_twice_goes_through_by_itself_and_in_order(
    teller: Teller, bus: Bus
) -> None:
    programme, (person,) = teller.programme(), members(1)
    left = 2

    def fails(event: Event) -> bool:
        nonlocal left
        if event.record.pos == 3 and left:
            left -= 1
            return True
        return False

    reader = Reader(teller.database, bus, teller, fails=fails, known=[programme])
    await tell_members(teller, programme, 6, [person])

    async def complete() -> bool:
        return len(await reader.positions(programme)) == 6

    async with running(reader.subscriber().run()):
        await until(complete)
    assert await reader.positions(programme) == [1, 2, 3, 4, 5, 6]
    assert await reader.letters(programme) == []


async def test_a_handler_that_fails_at_everything_loses_nothing_and_stops_when_too_much_is_set_aside(
    teller: Teller, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "LETTERS_MAX", 10)
    programme, people = teller.programme(), members(20)
    mended = False
    reader = Reader(teller.database, bus, teller, Order.NONE, lambda _: not mended, known=[programme])
    await tell_members(teller, programme, 12, people)

    async def dead() -> bool:
        return len(await reader.dead(programme)) == 12

    async with running(reader.subscriber().run()):
        await until(dead)
        await tell_members(teller, programme, 5, people)
        # It has been told of more by now, and stands still.
        await tell_members(teller, programme, 1, people)
        assert len(await reader.letters(programme)) == 12
        mended = True
        await _replay_all(teller.database, reader)

        async def complete() -> bool:
            return len(await reader.positions(programme)) == 18

        await until(complete)
    assert sorted(await reader.positions(programme)) == list(range(1, 19))


async def test_a_handler_that_asks_to_wait_is_asked_again_and_is_never_a_dead_letter(
    teller: Teller, bus: Bus
) -> None:
    programme, (person,) = teller.programme(), members(1)
    asked = 0

    def fails(event: Event) -> bool:
        nonlocal asked
        if event.record.pos == 2 and asked < 8:
            asked += 1
            raise Postponed("the price is not known yet", seconds=0.01)
        return False

    reader = Reader(teller.database, bus, teller, fails=fails, known=[programme])
    await tell_members(teller, programme, 4, [person])

    async def complete() -> bool:
        return len(await reader.positions(programme)) == 4

    async with running(reader.subscriber().run()):
        await until(complete)
    assert (asked, await reader.positions(programme)) == (8, [1, 2, 3, 4])
