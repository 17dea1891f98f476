"""Partitions shared out among replicas: each event once, those of one member in their order, whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import pytest_asyncio

from services.runtime.bus import Bus
from services.runtime.relay import Relay
from services.runtime.subscribing import desk, lanes
from tests.integration.runtime.each_rig import Reader, make_subscription_tables, members, tell_members
from tests.integration.runtime.rig import Teller, database_of, running
from tests.support.own_nats import wipe
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick", "soon")]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(desk, "_LOOK_SECONDS", 0.2)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def tables(given: ServiceDatabase) -> None:
    await make_subscription_tables(given)


async def _handled(reader: Reader, programme: str, count: int) -> None:
    async def there() -> bool:
        return len(await reader.positions(programme)) >= count

    await until(there)


async def _until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await until(holds)


async def test_replicas_share_partitions_and_keep_each_members_order_as_they_come_and_go(
    teller: Teller, bus: Bus, given: ServiceDatabase
) -> None:
    programme, people = teller.programme(), members(40)
    reader = Reader(teller.database, bus, teller, known=[programme])
    others = database_of(given, "other", pool_size=20)
    replica = Reader(others, bus, teller, name=reader.name, known=[programme])
    one, two = reader.lanes(), replica.lanes()
    async with running(Relay(teller.database, bus, teller.stream).run(), one.run()):
        await tell_members(teller, programme, 60, people, block=20)
        await _until(lambda: len(one.held) == 16)
        async with running(two.run()) as (task,):
            await _until(lambda: (len(one.held), len(two.held)) == (8, 8))
            assert not set(one.held) & set(two.held)
            await tell_members(teller, programme, 60, people, block=20)
            await _handled(reader, programme, 120)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await tell_members(teller, programme, 20, people)
            await _until(lambda: len(one.held) == 16)
        # What the bus loses is missed by each lane, and read from the owner.
        await wipe(bus, teller.stream)
        await tell_members(teller, programme, 60, people, block=20)
        await _handled(reader, programme, 200)
    await others.close()
    rows = await reader.rows(programme)
    assert sorted(row.pos for row in rows) == list(range(1, 201))
    of_member: dict[object, list[int]] = {}
    for row in rows:
        of_member.setdefault(row.member_id, []).append(row.pos)
    assert len(of_member) == 40
    assert all(positions == sorted(positions) for positions in of_member.values())
