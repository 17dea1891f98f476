"""The job that ends what is over: no answer depends on it, and it does no more than anybody who comes to a wallet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from services.points.commands import lapse_overdue, tell_expiring
from services.points.commands.every_ledger import EveryLedger
from services.points.commands.lapse_overdue import Walk
from services.points.domain.expiry import PolicyVersion
from services.points.service import Wired
from services.points.storage import overdue, policies
from services.points.storage.overdue import Walked
from services.runtime.database import PgConnection
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.principal import Programme
from services.runtime.scheduler import Job, Scheduler
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, hold

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000


def _kinds(records: Sequence[journal_pb2.JournalRecord]) -> list[str]:
    return [pb.MovementKind.Name(record.transaction.kind)[14:] for record in records]


async def _filled(house: PointsHouse, members: int) -> list[UUID]:
    """Members with a lot each and a hold of it, all over; one who has points that are not."""
    till = await house.till()
    owners = [house.member() for _ in range(members)]
    await till.post(*(earn(member, 1_000) for member in owners))
    await till.post(*(hold(member, 4, seconds=600) for member in owners))
    await house.move_clock(STARTS_AT_US + 900 * DAY_US)
    late = (await house.head()).now_us
    await till.earn(owners[0], 700, occurred_at_us=late)
    return owners


async def test_what_is_over_ends_without_anybody_coming(house: PointsHouse) -> None:
    owners = await _filled(house, 5)
    before = {member: (await Till(house).balance(member)).available for member in owners}
    lapse = house.running.wired.application.lapse_overdue
    assert await lapse.of(house.programme) == 8
    # Of the first wallet the earn had ended what was over.
    assert _kinds(await house.journal()).count("EXPIRE") == 5
    assert _kinds(await house.journal()).count("LAPSE") == 5
    assert {member: (await Till(house).balance(member)).available for member in owners} == before
    assert [before[member] for member in owners] == [7, 0, 0, 0, 0]
    # Once is enough.
    assert await lapse.of(house.programme) == 0
    await house.assert_sound()


async def test_many_wallets_are_walked_piece_by_piece(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(house, 40)
    monkeypatch.setattr(lapse_overdue, "_WALLETS_A_STEP", 3)
    monkeypatch.setattr(lapse_overdue, "_STEPS_A_RUN", 2)
    monkeypatch.setattr(lapse_overdue, "_HOLDS_A_RUN", 3)
    lapse = house.running.wired.application.lapse_overdue
    rounds = 0
    while _kinds(await house.journal()).count("EXPIRE") < 40:
        await lapse.of(house.programme)
        rounds += 1
        assert rounds < 30
    assert rounds > 3
    await house.assert_sound()


async def test_a_run_goes_on_until_all_wallets_have_been_walked(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(house, 20)
    for job in (lapse_overdue, tell_expiring):
        monkeypatch.setattr(job, "_WALLETS_A_STEP", 3)
        monkeypatch.setattr(job, "_REST_SECONDS", 0)
    # Found by their lots alone.
    monkeypatch.setattr(lapse_overdue, "_HOLDS_A_RUN", 0)
    steps: list[str] = []

    def counted(walk: Walk) -> Walk:
        async def step(connection: PgConnection, ledger_id: int, after_no: int, wallets_max: int) -> Walked:
            steps.append(walk.__name__)
            return await walk(connection, ledger_id, after_no, wallets_max)

        return step

    for walk in (overdue.of_lots, overdue.of_pending):
        monkeypatch.setattr(overdue, walk.__name__, counted(walk))
    await house.running.wired.application.lapse_overdue.of(house.programme)
    kinds = _kinds(await house.journal())
    assert (kinds.count("EXPIRE"), kinds.count("LAPSE")) == (20, 20)
    # Through each of them once, though they end at different steps.
    assert steps == ["of_lots"] * 7 + ["of_pending"]
    await house.assert_sound()


async def test_notices_that_are_switched_off_within_a_walk_end_it(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(house, 5)
    monkeypatch.setattr(tell_expiring, "_WALLETS_A_STEP", 2)
    monkeypatch.setattr(tell_expiring, "_STEPS_A_RUN", 1)
    tell = house.running.wired.application.tell_expiring
    await tell.of(house.programme)
    monkeypatch.setattr(tell_expiring, "_STEPS_A_RUN", 20)
    policy = DEFAULT_POLICY._replace(notice_days=0)
    await house.running.wired.application.set_expiry_policy(house.programme, policy, "ops")
    snapshots = 0
    real = policies.current

    async def current(connection: PgConnection, ledger_id: int) -> PolicyVersion:
        nonlocal snapshots
        snapshots += 1
        return await real(connection, ledger_id)

    monkeypatch.setattr(policies, "current", current)
    assert await tell.of(house.programme) == 0
    assert snapshots == 1


async def test_a_round_that_was_cut_off_is_gone_on_with(running: RunningPoints) -> None:
    houses = [running.house() for _ in range(3)]
    for each in houses:
        await each.till()
    every_ledger = EveryLedger(running.wired.application.doors, running.wired.database.reader, "a job")
    met: list[str] = []

    async def until_the_second(programme: Programme) -> None:
        met.append(programme.slug)
        if len(met) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await every_ledger(until_the_second)
    first = list(met)
    await every_ledger(until_the_second)
    second = met[len(first) :]
    assert len(second) == len(set(second))
    assert second[-2:] == first
    assert {each.programme.slug for each in houses} <= set(second)


async def test_replicas_and_tills_at_the_same_time_end_each_thing_once(
    house: PointsHouse, running: RunningPoints
) -> None:
    owners = await _filled(house, 30)
    late = (await house.head()).now_us
    async with running_points(running.database, beside=running) as replica:
        till = await house.till()
        both = (house.running.wired, replica.wired)
        await asyncio.gather(
            *(wired.application.lapse_overdue.of(house.programme) for wired in both),
            *(till.earn(member, 300, occurred_at_us=late) for member in owners),
        )
    kinds = _kinds(await house.journal())
    assert (kinds.count("LAPSE"), kinds.count("EXPIRE")) == (30, 30)
    await house.assert_sound()


async def test_the_job_goes_through_all_ledgers_whatever_is_wrong_with_one(
    house: PointsHouse, running: RunningPoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = running.house()
    for each in (house, other):
        await _filled(each, 3)
    lapse = running.wired.application.lapse_overdue
    real = lapse.of

    async def of(programme: Programme) -> int:
        if programme == house.programme:
            raise RuntimeError("this one is broken")
        return await real(programme)

    monkeypatch.setattr(lapse, "of", of)
    assert await _run(running.wired)
    assert _kinds(await house.journal()).count("EXPIRE") == 1
    assert _kinds(await other.journal()).count("EXPIRE") == 3


async def _run(wired: Wired) -> bool:
    return await Scheduler(wired.database, ()).run_once(
        Job("lapse-overdue", 1, 60, wired.application.lapse_overdue.__call__)
    )


async def test_points_that_expire_soon_are_told_once(house: PointsHouse, running: RunningPoints) -> None:
    till, members = await house.till(), [house.member() for _ in range(3)]
    await till.post(*(earn(member, 1_000) for member in members), hold(members[0], 4, seconds=600))
    tell = running.wired.application.tell_expiring
    assert await tell.of(house.programme) == 0
    lapses_us = (await till.balance(members[0])).next_expiry_at_us
    await house.move_clock(lapses_us - 20 * DAY_US)
    await till.redeem(members[1], 10, occurred_at_us=lapses_us - 20 * DAY_US)
    async with running_points(running.database, beside=running) as replica:
        both = (tell, replica.wired.application.tell_expiring)
        assert sum(await asyncio.gather(*(each.of(house.programme) for each in both))) == 2
        assert [await each.of(house.programme) for each in both] == [0, 0]
    told = [
        events.PointsExpiring.FromString(event.payload)
        for event in await house.events()
        if event.type == "points.expiring"
    ]
    assert {(UUID(bytes=each.member_id), each.points, each.expires_at_us) for each in told} == {
        (members[0], 10, lapses_us), (members[2], 10, lapses_us),
    }  # fmt: skip
    await house.assert_sound()


async def test_notices_of_many_wallets_are_found_piece_by_piece(
    house: PointsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, members = await house.till(), [house.member() for _ in range(25)]
    await till.post(*(earn(member, 1_000) for member in members for _ in range(2)))
    await house.move_clock((await till.balance(members[0])).next_expiry_at_us - DAY_US)
    monkeypatch.setattr(tell_expiring, "_WALLETS_A_STEP", 3)
    monkeypatch.setattr(tell_expiring, "_STEPS_A_RUN", 1)
    monkeypatch.setattr(tell_expiring, "_NOTICES_A_TRANSACTION", 3)
    tell = house.running.wired.application.tell_expiring
    told = [await tell.of(house.programme) for _ in range(12)]
    assert (sum(told), max(told)) == (25, 3)
    points = [
        events.PointsExpiring.FromString(event.payload).points
        for event in await house.events()
        if event.type == "points.expiring"
    ]
    assert points == [20] * 25
    await house.assert_sound()
