"""Queues, deadlines and what is told when one of them ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError, Unavailable
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_wire import earn, outcomes, reasons, redemption
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningPoints]:
    """A service whose queue is full with three movements."""
    async with running_points(database_for("points"), queue_items_max=3, batch_items_max=2) as points:
        yield points


async def _ready(house: PointsHouse) -> tuple[Till, UUID]:
    """A till and a member that nothing needs to be asked of any more."""
    till, member = await house.till(), house.member()
    await till.earn(member, 100_000)
    return till, member


async def _queued(house: PointsHouse, weight: int) -> None:
    door = await house.running.wired.application.doors.to(house.programme)
    await until(lambda: door._queue.queued == weight)  # pyright: ignore[reportPrivateUsage]


async def test_a_full_queue_answers_overloaded_at_once_and_what_was_queued_is_posted(
    running: RunningPoints,
) -> None:
    house = running.house()
    till, member = await _ready(house)
    async with house.locked_head():
        under_way = asyncio.create_task(till.post(earn(member, 100)))
        await until(lambda: house.somebody_waits())
        queued = [asyncio.create_task(till.post(earn(member, 200))) for _ in range(3)]
        await _queued(house, 3)
        with pytest.raises(Unavailable) as caught:
            await till.post(earn(member, 300))
        assert caught.value.reason == Reason.REASON_OVERLOADED
        assert caught.value.metadata["retry_after_seconds"] == "1"
        # The bulk lane has a length of its own.
        bulk = asyncio.create_task(till.post(earn(member, 400), bulk=True))
        await _queued(house, 4)
    for results in await asyncio.gather(under_way, *queued, bulk):
        assert outcomes(results) == [pb.OUTCOME_ACCEPTED]
    points = [record.transaction.points for record in await house.journal(2)]
    assert points == [1, 2, 2, 2, 4]


async def test_interactive_movements_go_before_bulk_ones_that_waited_longer(running: RunningPoints) -> None:
    house = running.house()
    till, member = await _ready(house)
    async with house.locked_head():
        first = asyncio.create_task(till.post(earn(member, 100)))
        await until(lambda: house.somebody_waits())
        bulk = asyncio.create_task(till.post(earn(member, 200), earn(member, 200), bulk=True))
        await _queued(house, 2)
        interactive = asyncio.create_task(till.post(earn(member, 300)))
        await _queued(house, 3)
    await asyncio.gather(first, bulk, interactive)
    assert [record.transaction.points for record in await house.journal(2)] == [1, 3, 2, 2]


async def test_a_call_larger_than_a_batch_stays_together(running: RunningPoints) -> None:
    house = running.house()
    till, member = await _ready(house)
    results = await till.post(*(earn(member, 100) for _ in range(7)))
    assert [result.transaction.seq for result in results] == list(range(2, 9))
    assert {result.transaction.recorded_at_us - place for place, result in enumerate(results)} == {
        results[0].transaction.recorded_at_us
    }


async def test_an_item_whose_deadline_passed_in_the_queue_is_turned_away_and_not_posted(
    running: RunningPoints,
) -> None:
    house = running.house()
    till, member = await _ready(house)
    late = earn(member, 500, deadline_us=wall_now_us() - 1)
    results = await till.post(late, redemption(member, 1))
    assert reasons(results) == ["DEADLINE_EXCEEDED", ""]
    assert results[0].outcome == pb.OUTCOME_TURNED_AWAY
    # Nothing was decided, so the same key may come again.
    late.deadline_us = 0
    assert outcomes(await till.post(late)) == [pb.OUTCOME_ACCEPTED]


async def test_a_call_whose_deadline_ends_in_the_queue_is_told_so_and_posts_nothing(
    running: RunningPoints,
) -> None:
    house = running.house()
    till, member = await _ready(house)
    item = earn(member, 500)
    async with house.locked_head():
        under_way = asyncio.create_task(till.post(earn(member, 100)))
        await until(lambda: house.somebody_waits())
        with pytest.raises(CoalitionError) as caught:
            await grpc_client.call(
                house.stub.Post, points_pb2.PostRequest(items=[item]), till.principal, timeout_seconds=0.05
            )
        assert caught.value.reason == Reason.REASON_DEADLINE_EXCEEDED
    await under_way
    (answer,) = await till.post(item)
    assert (answer.outcome, answer.replayed) == (pb.OUTCOME_ACCEPTED, False)
    assert [record.transaction.points for record in await house.journal(2)] == [1, 5]


async def test_a_call_whose_deadline_ends_under_way_may_be_posted_and_the_same_key_finds_it(
    running: RunningPoints,
) -> None:
    house = running.house()
    till, member = await _ready(house)
    item = earn(member, 500)
    async with house.locked_head():
        request = points_pb2.PostRequest(items=[item])
        asked = asyncio.create_task(
            grpc_client.call(house.stub.Post, request, till.principal, timeout_seconds=1)
        )
        await until(lambda: house.somebody_waits())
        with pytest.raises(CoalitionError) as caught:
            await asked
        assert caught.value.reason == Reason.REASON_DEADLINE_EXCEEDED
    (answer,) = await till.post(item)
    assert answer.outcome == pb.OUTCOME_ACCEPTED
    assert [record.transaction.points for record in await house.journal(2)] == [5]


async def test_a_stopped_service_finishes_what_is_queued(running: RunningPoints) -> None:
    async with running_points(running.database, beside=running) as stopping:
        house = stopping.house()
        till, member = await _ready(house)
        door = await stopping.wired.application.doors.to(house.programme)
        async with house.locked_head():
            posts = [asyncio.create_task(till.post(earn(member, 100))) for _ in range(3)]
            await until(lambda: house.somebody_waits())
            closing = asyncio.create_task(door.close())
        await closing
        for results in await asyncio.gather(*posts):
            assert outcomes(results) == [pb.OUTCOME_ACCEPTED]


async def test_more_programmes_than_connections_are_all_posted_to(running: RunningPoints) -> None:
    async with running_points(running.database, beside=running, door_connections_max=2) as narrow:
        houses = [narrow.house() for _ in range(6)]
        ready = [await _ready(house) for house in houses]
        for _ in range(4):
            results = await asyncio.gather(*(till.post(earn(member, 100)) for till, member in ready))
            assert [outcomes(each) for each in results] == [[pb.OUTCOME_ACCEPTED]] * len(houses)
        assert [(await house.head()).last_seq for house in houses] == [5] * len(houses)
        doors = narrow.wired.application.doors.open_doors()
        held = [door._connection is not None for door in doors]  # pyright: ignore[reportPrivateUsage]
        assert sorted(held) == [False] * 4 + [True] * 2
