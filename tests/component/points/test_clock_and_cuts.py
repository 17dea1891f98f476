"""Programme time and the boundaries that windows end at."""

from __future__ import annotations

import asyncio
import random

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import Refused
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US, new_programme
from tests.support.points_wire import earn, redemption
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR_US = 3_600_000_000


async def test_a_test_programme_starts_at_its_first_window_and_goes_on_with_the_wall_clock(
    house: PointsHouse,
) -> None:
    first = await house.head()
    second = await house.head()
    assert STARTS_AT_US <= first.now_us < second.now_us < STARTS_AT_US + HOUR_US
    assert first.offset_us == second.offset_us


async def test_a_moved_clock_goes_on_from_there_and_is_told_in_its_place_in_the_log(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 500)
    target = STARTS_AT_US + 90 * 24 * HOUR_US
    request = points_pb2.MoveClockRequest(now_us=target)
    moved = await house.as_staff(house.stub.MoveClock, request)
    later = (await till.earn(member, 500, occurred_at_us=target)).transaction
    head = await house.head()
    assert (moved.now_us, moved.offset_us) == (target, head.offset_us)
    assert target < later.recorded_at_us < head.now_us < target + HOUR_US
    await house.move_clock(target + HOUR_US)

    log = await house.events()
    assert [(event.pos, event.type, event.seq) for event in log] == [
        (1, "points.earned", 1),
        (2, "programme.clock_moved", 0),
        (3, "points.earned", 2),
        (4, "programme.clock_moved", 0),
    ]
    # A notice of nobody's is in the first partition.
    member_partition = member.int % 16
    assert [event.partition for event in log] == [member_partition, 0, member_partition, 0]
    assert [event.partition_prev for event in log] == (
        [0, 1, 2, 3] if member_partition == 0 else [0, 0, 1, 2]
    )
    told = events.ProgrammeClockMoved.FromString(log[1].payload)
    assert (told.now_us, told.offset_us, log[1].recorded_at_us) == (target, moved.offset_us, target)
    await house.assert_sound()


async def test_the_clock_only_moves_forward(house: PointsHouse) -> None:
    await house.move_clock(STARTS_AT_US + 2 * HOUR_US)
    before = await house.head()
    with pytest.raises(Refused) as caught:
        await house.move_clock(STARTS_AT_US + HOUR_US)
    assert caught.value.reason == Reason.REASON_CLOCK_BACKWARDS
    assert caught.value.metadata["asked"] == "2017-01-01T06:00:00+00:00"
    assert caught.value.metadata["now"] >= "2017-01-01T07:00:00"
    head = await house.head()
    assert (head.offset_us, head.last_pos) == (before.offset_us, before.last_pos)


async def _set_back_to(house: PointsHouse, last_us: int) -> None:
    """As though the wall clock had been so far ahead when something was last posted, and is right again."""
    async with as_superuser(house.database) as connection:
        await connection.execute(
            "UPDATE ledger_head SET last_time_us = $2 WHERE ledger_id = $1",
            house.programme.ledger_id,
            last_us,
        )
    assert (await house.head()).now_us == last_us


async def test_a_hold_that_was_over_stays_over_where_the_wall_clock_is_set_back(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    held = (await till.hold(member, 60, seconds=900)).transaction
    await _set_back_to(house, held.expires_at_us)
    assert (await till.balance(member)).available == 100
    assert await house.running.wired.application.lapse_overdue.of(house.programme) == 1
    assert (await till.redeem(member, 100)).transaction.balance_after == 0
    await house.assert_sound()


async def test_a_lot_that_was_over_stays_over_where_the_wall_clock_is_set_back(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    lot = (await till.earn(member, 10_000)).transaction
    await _set_back_to(house, lot.expires_at_us)
    balance = await till.balance(member)
    assert (balance.available, balance.next_expiry_at_us) == (0, 0)
    late = await till.redeem(member, 1, occurred_at_us=lot.expires_at_us)
    assert late.error.metadata["available"] == "0"
    await house.assert_sound()


async def test_the_clock_of_a_live_programme_is_the_wall_clock(running: RunningPoints) -> None:
    house = running.house(new_programme(is_test=False))
    with pytest.raises(Refused) as caught:
        await house.move_clock(STARTS_AT_US * 2)
    assert caught.value.reason == Reason.REASON_CLOCK_FIXED
    assert (await house.head()).offset_us == 0


async def test_a_cut_counts_what_was_recorded_before_it_and_nothing_comes_before_it_any_more(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    before = [(await till.earn(member, 500)).transaction for _ in range(3)]
    boundary = STARTS_AT_US + 24 * HOUR_US
    await house.move_clock(boundary)
    assert await house.cut_at(boundary) == 3
    after = (await till.earn(member, 500)).transaction
    assert max(each.recorded_at_us for each in before) < boundary <= after.recorded_at_us
    assert await house.cut_at(boundary) == 3


async def test_a_cut_of_an_empty_ledger_is_zero_and_stays_zero(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    boundary = (await house.head()).now_us
    assert await house.cut_at(boundary) == 0
    posted = (await till.earn(member, 500)).transaction
    assert posted.recorded_at_us >= boundary
    assert await house.cut_at(boundary) == 0


async def test_a_cut_in_the_future_is_refused(house: PointsHouse) -> None:
    await house.head()
    with pytest.raises(Refused) as caught:
        await house.cut_at(STARTS_AT_US + 24 * HOUR_US)
    assert caught.value.reason == Reason.REASON_BOUNDARY_IN_FUTURE
    assert caught.value.metadata["boundary"] == "2017-01-02T05:00:00+00:00"
    assert caught.value.metadata["now"].startswith("2017-01-01T05:")


async def test_a_late_cut_equals_a_count_of_the_journal_at_every_boundary(house: PointsHouse) -> None:
    """Boundaries on, before and after each posting's very microsecond, in any order."""
    rng = random.Random(5)
    till, member = await house.till(), house.member()
    for _ in range(12):
        await till.post(*(earn(member, 100) for _ in range(rng.randint(1, 6))))
        if rng.random() < 0.3:
            # Refusals alone move the head's time, not its seq.
            await till.redeem(member, 10**9)
    times = [record.transaction.recorded_at_us for record in await house.journal()]
    boundaries = [time + delta for time in times for delta in (-1, 0, 1)]
    boundaries += [1, times[0] - HOUR_US, (await house.head()).now_us]
    rng.shuffle(boundaries)
    cuts = {boundary: await house.cut_at(boundary) for boundary in boundaries}
    assert cuts == {boundary: sum(time < boundary for time in times) for boundary in boundaries}


async def test_postings_go_on_around_cuts_and_no_cut_is_ever_contradicted(house: PointsHouse) -> None:
    till, members = await house.till(), [house.member() for _ in range(4)]
    await house.head()
    done = asyncio.Event()
    cuts: dict[int, int] = {}

    async def cut() -> None:
        while not done.is_set():
            boundary = (await house.head()).now_us
            cuts[boundary] = await house.cut_at(boundary)

    cutting = [asyncio.create_task(cut()) for _ in range(2)]
    for _ in range(15):
        await asyncio.gather(*(till.post(earn(member, 100), redemption(member, 1)) for member in members))
    done.set()
    await asyncio.gather(*cutting)
    times = [record.transaction.recorded_at_us for record in await house.journal()]
    assert len(times) == 120
    assert cuts == {boundary: sum(time < boundary for time in times) for boundary in cuts}
    assert len(set(cuts.values())) > 1
    await house.assert_sound()


async def test_the_same_cut_asked_at_once_at_two_replicas_has_one_answer(running: RunningPoints) -> None:
    house = running.house()
    till, member = await house.till(), house.member()
    await till.earn(member, 500)
    async with running_points(running.database, beside=running) as replica:
        there = house.at(replica)
        await there.head()
        boundary = (await house.head()).now_us
        async with house.locked_head():
            asked = [asyncio.create_task(each.cut_at(boundary)) for each in (house, there) * 3]
            posting = asyncio.create_task(till.earn(member, 500))
            await until(lambda: house.somebody_waits())
        answers = set(await asyncio.gather(*asked))
        posted = (await posting).transaction
    assert answers == {1}
    assert posted.recorded_at_us >= boundary
