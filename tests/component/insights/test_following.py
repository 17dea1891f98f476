"""Facts come once and come again: over a real bus, after its store was lost, from a position, from nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from coalition.operations.v1 import subscribers_pb2 as operations

from services.insights.events.consume import MEMBERS_SUBSCRIBER, PARTNERS_SUBSCRIBER, POINTS_SUBSCRIBER
from services.runtime import grpc_client
from services.runtime.bus import PARTNERS, POINTS, Bus
from tests.support.insights import STREAMS, InsightsHouse
from tests.support.insights_world import World
from tests.support.own_nats import own_nats, wipe
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBSCRIBERS = (PARTNERS_SUBSCRIBER, MEMBERS_SUBSCRIBER, POINTS_SUBSCRIBER)


@pytest.fixture(scope="module")
async def bus(house: InsightsHouse, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Bus]:
    """Relays and subscribers run on it; it is this module's own, so it may be wiped."""
    folder: Path = tmp_path_factory.mktemp("nats")
    async with own_nats(folder) as server:
        bus = Bus(server.url, "test")
        await bus.connect()
        house.start(bus)
        yield bus
        for task in house.tasks:
            task.cancel()
        await bus.close()


async def _order(house: InsightsHouse, world: World, method: str, **request: Any) -> Any:
    message = getattr(operations, f"{method}Request")(**request)
    stub: Any = house.subscribers_stub
    return await grpc_client.call(getattr(stub, method), message, house.as_staff(world, "admin"))


async def _states(house: InsightsHouse, world: World) -> dict[str, operations.SubscriberState]:
    answer = await _order(house, world, "ListSubscribers")
    return {each.name: each for each in answer.subscribers}


async def _followed(house: InsightsHouse, world: World) -> bool:
    """Whether every event that was told is applied, and nothing is ordered."""
    told = {
        name: sum(each.stream is stream for each in world.events)
        for name, stream in zip(SUBSCRIBERS, STREAMS, strict=True)
    }
    states = await _states(house, world)
    return all(states[name].pos == told[name] and not states[name].rebuild_ordered for name in SUBSCRIBERS)


async def _undisturbed(house: InsightsHouse, world: World) -> dict[str, list[Any]]:
    """The facts of the same events, with ids of another programme, where nothing went wrong."""
    assert house.programmes < 1_000
    twin = World(f"{world.slug}-twin", 1_000 + world.ledger_id, world.rng, events=world.events)
    first = next(each for each in twin.events if each.type == "programme.registered")
    message: Any = first.message
    message.slug, message.ledger_id = twin.slug, twin.ledger_id
    await house.tell(twin)
    await house.catch_up(twin)
    facts = await house.facts(twin)
    message.slug, message.ledger_id = world.slug, world.ledger_id
    return facts


def _without_programme(facts: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        table: sorted(row[0].split(",", 1)[1] for row in rows)
        for table, rows in facts.items()
        if table != "programme"
    }


async def test_the_store_is_wiped_in_the_middle_and_the_facts_are_those_of_an_undisturbed_run(
    house: InsightsHouse, bus: Bus
) -> None:
    world = house.begin(11).live(days=60, acts=150)
    half = len(world.events) // 2
    await house.tell(world, world.events[:half])

    async def begun() -> bool:
        return (await _states(house, world))[POINTS_SUBSCRIBER].pos > 0

    await until(begun)
    for stream in house.streams.values():
        await wipe(bus, stream)
    await house.tell(world, world.events[half:])
    await until(lambda: _followed(house, world))
    found = _without_programme(await house.facts(world))
    assert found == _without_programme(await _undisturbed(house, world))
    assert all(found.values())


async def test_a_replay_changes_nothing_and_a_rebuild_from_nothing_makes_the_same_rows(
    house: InsightsHouse, bus: Bus
) -> None:
    world = house.begin(12).live(days=60, acts=150)
    await house.tell(world)
    await until(lambda: _followed(house, world))
    before = await house.facts(world)
    for name in SUBSCRIBERS:
        await _order(house, world, "ReplaySubscriber", name=name, from_pos=2)
    await until(lambda: _followed(house, world))
    assert await house.facts(world) == before
    # What is lost or made up meanwhile is so no more afterwards. All at once: the others wait for the programme to be back.
    async with house.app.database.writer.transaction() as connection:
        for table in ("partner", "member", "movement"):
            damage = f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE ledger_id = {world.ledger_id} LIMIT 2)"
            await connection.exec_driver_sql(damage)
        await connection.exec_driver_sql(
            f"UPDATE sale SET gross_minor = 1 WHERE ledger_id = {world.ledger_id}"
        )
    assert await house.facts(world) != before
    for name in SUBSCRIBERS:
        assert (await _order(house, world, "ReplaySubscriber", name=name, rebuild=True)).until_pos > 0
    await until(lambda: _followed(house, world))
    assert await house.facts(world) == before


async def test_the_ledger_s_events_wait_for_the_programme(house: InsightsHouse, bus: Bus) -> None:
    world = house.begin(14).live(days=10, acts=30)
    await house.tell(world, [each for each in world.events if each.stream is POINTS])
    await house.catch_up(world)
    assert (await house.facts(world))["sale"] == []
    await house.tell(world, [each for each in world.events if each.stream is not POINTS])
    await until(lambda: _followed(house, world))
    assert len((await house.facts(world))["sale"]) == len(world.sales)


async def test_a_programme_s_events_are_no_other_s(house: InsightsHouse, bus: Bus) -> None:
    one, other = house.begin(15).live(days=10, acts=40), house.begin(15).live(days=10, acts=40)
    for each in (one, other):
        await house.tell(each)
    await until(lambda: _followed(house, one))
    await until(lambda: _followed(house, other))
    before = await house.facts(other)
    async with house.app.database.writer.transaction() as connection:
        await house.app.forget.points(connection, one.slug)
    left = await house.facts(one)
    assert not any(left[table] for table in ("sale", "refund", "movement", "merged"))
    assert await house.facts(other) == before


async def test_they_tell_what_may_be_ordered_of_them(house: InsightsHouse, bus: Bus) -> None:
    world = house.begin(16)
    await house.tell(world)
    states = await _states(house, world)
    assert {name: (each.source, each.order) for name, each in states.items()} == {
        PARTNERS_SUBSCRIBER: (PARTNERS.service, operations.EVENT_ORDER_ALL),
        MEMBERS_SUBSCRIBER: ("members", operations.EVENT_ORDER_ALL),
        POINTS_SUBSCRIBER: (POINTS.service, operations.EVENT_ORDER_ALL),
    }
    assert all(each.repeatable and each.rebuildable for each in states.values())
    log = await _order(house, world, "GetLogState")
    assert (log.last_pos, log.relayed_pos) == (0, 0)
