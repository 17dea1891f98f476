"""A lost connection means unknown, never failed: whatever happens, each movement is posted once or not at all."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.database import PgConnection
from services.runtime.errors import CoalitionError, Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import METADATA_KEY
from tests.support.flaky_proxy import Cut, FlakyProxy, flaky_proxy
from tests.support.ledger_facts import Expiry
from tests.support.ledger_model import LedgerModel
from tests.support.ledger_replay import ask_of, replay
from tests.support.points import PointsHouse, RunningPoints, Till, points_house, running_points
from tests.support.points_database import as_superuser, locked_table, own_postgres
from tests.support.points_neighbours import STARTS_AT_US, new_programme
from tests.support.points_wire import earn, redemption
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_KILL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'coalition-%' AND random() < 0.7"""


async def _insist(till: Till, item: pb.Item) -> pb.Result:
    """Asks with the same key until there is an answer, as a till does."""
    while True:
        try:
            return (await till.post(item))[0]
        except Unavailable:
            continue


class Traffic:
    """Tills that earn and burn, each until it has its answer; and the model of what they may be told."""

    def __init__(self, house: PointsHouse, tills: Sequence[Till]) -> None:
        self._house, self._tills, self._rng = house, tills, random.Random(42)
        self._members = [house.member() for _ in range(6)]
        self.asked: dict[UUID, list[pb.Item]] = {till.partner_id: [] for till in tills}
        self.answers: dict[str, pb.Result] = {}
        self.model = LedgerModel(house.programme.zone, Expiry("months_after_earn", 24), 400)
        for till in tills:
            self.model.set_rate(till.partner_id, 1, 1, 100)

    async def run(self, tasks: int, rounds: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(tasks):
                group.create_task(self._work(rounds))

    async def _work(self, rounds: int) -> None:
        rng = self._rng
        for _ in range(rounds):
            till, member = rng.choice(self._tills), rng.choice(self._members)
            item = earn(member, 1_000) if rng.random() < 0.6 else redemption(member, rng.randint(1, 30))
            self.asked[till.partner_id].append(item)
            self.answers[item.key] = await _insist(till, item)

    async def check(self) -> None:
        """Every answer is in the journal, everything is there once, and in that order nothing else could be."""
        asks = [ask_of(item, partner) for partner, items in self.asked.items() for item in items]
        verdicts, _, journal = await replay(self._house, self.model, asks)
        assert self.model.journal == journal
        assert {key: verdict.outcome for (_, key), verdict in verdicts.items()} == {
            key: "accepted" if answer.outcome == pb.OUTCOME_ACCEPTED else "refused"
            for key, answer in self.answers.items()
        }
        once = Counter(
            (posted.partner, posted.kind, posted.reference) for posted in journal if posted.partner
        )
        assert set(once.values()) == {1}
        by_seq = {posted.seq: posted for posted in journal}
        for answer in self.answers.values():
            if answer.outcome == pb.OUTCOME_ACCEPTED:
                assert by_seq[answer.transaction.seq].reference == answer.transaction.reference
        await self._house.assert_sound()


async def _traffic(house: PointsHouse) -> Traffic:
    return Traffic(house, [await house.till() for _ in range(2)])


async def test_killed_database_connections_lose_nothing_and_double_nothing(running: RunningPoints) -> None:
    house = running.house()
    traffic = await _traffic(house)
    rng = random.Random(7)
    kills = 0

    async def kill() -> None:
        nonlocal kills
        async with as_superuser(house.database) as connection:
            while True:
                await asyncio.sleep(rng.uniform(0, 0.05))
                kills += len(await connection.fetch(_KILL))

    killing = asyncio.create_task(kill())
    try:
        await traffic.run(tasks=10, rounds=6)
    finally:
        killing.cancel()
    assert kills > 0
    await until(lambda: _answers(house))
    await traffic.check()


async def _answers(house: PointsHouse) -> bool:
    """Whether reads come through again: the last kill may have left dead connections in the pool."""
    try:
        await house.findings()
    except Unavailable:
        return False
    return True


@asynccontextmanager
async def _behind_proxy(running: RunningPoints) -> AsyncGenerator[tuple[FlakyProxy, PointsHouse]]:
    async with flaky_proxy(running.database.runtime_url, b"ledger_open") as (proxy, url):
        database = replace(running.database, runtime_url=url)
        async with running_points(database, beside=running) as flaky:
            yield proxy, flaky.house()


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_connection_cut_around_the_commit_posts_once(running: RunningPoints, cut: Cut) -> None:
    async with _behind_proxy(running) as (proxy, house):
        till, member = await house.till(), house.member()
        await till.earn(member, 500)
        proxy.arm(cut)
        items = [earn(member, 900), redemption(member, 3), redemption(member, 999)]
        results = await till.post(*items)
        assert proxy.cuts == 1
        assert [result.outcome for result in results] == [
            pb.OUTCOME_ACCEPTED,
            pb.OUTCOME_ACCEPTED,
            pb.OUTCOME_REFUSED,
        ]
        # After the commit the second attempt finds what the first one did, and says so.
        assert {result.replayed for result in results} == {cut is Cut.AFTER_COMMIT}
        assert [record.transaction.points for record in await house.journal()] == [5, 9, -3]
        assert [result.transaction for result in results[:2]] == [
            record.transaction for record in (await house.journal())[1:]
        ]
        await house.assert_sound()


async def test_many_cuts_in_a_row_around_commits_lose_nothing_and_double_nothing(
    running: RunningPoints,
) -> None:
    async with _behind_proxy(running) as (proxy, house):
        traffic = await _traffic(house)
        proxy.arm(*(random.Random(3).choices(list(Cut), k=12)))
        await traffic.run(tasks=8, rounds=4)
        assert proxy.cuts >= 3
        await traffic.check()


async def test_a_caller_that_goes_is_posted_if_its_batch_was_under_way_and_dropped_if_it_was_queued(
    running: RunningPoints,
) -> None:
    house = running.house()
    till, member = await house.till(), house.member()
    await till.earn(member, 100)
    door = await running.wired.application.doors.to(house.programme)
    lane = door._queue._lanes[0]  # pyright: ignore[reportPrivateUsage]
    under_way, queued = earn(member, 500), earn(member, 700)
    metadata = ((METADATA_KEY, till.principal),)
    async with house.locked_head():
        first = house.stub.Post(points_pb2.PostRequest(items=[under_way]), metadata=metadata)
        await until(lambda: house.somebody_waits())
        second = house.stub.Post(points_pb2.PostRequest(items=[queued]), metadata=metadata)
        await until(lambda: len(lane) == 1)
        first.cancel()
        second.cancel()
        await until(lambda: lane[0].future.done())
    after = await till.post(under_way, queued)
    assert [result.replayed for result in after] == [True, False]
    assert [record.transaction.points for record in await house.journal()] == [1, 5, 7]
    await house.assert_sound()


async def test_a_restarted_database_loses_nothing_and_doubles_nothing() -> None:
    async with own_postgres() as (server, database), points_house(database, new_programme()) as house:
        traffic = await _traffic(house)

        async def restart() -> None:
            # In the middle of the traffic: once some of it is in the journal.
            await until(lambda: _posted(house, 5))
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)

        restarting = asyncio.create_task(restart())
        await traffic.run(tasks=6, rounds=12)
        await restarting
        await until(lambda: _answers(house))
        await traffic.check()


_KILL_WAITING = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'coalition-%' AND wait_event_type = 'Lock'"""


# What is locked so that the call waits, and the call.
LOST_IN: dict[str, tuple[str, Callable[[PointsHouse, Till], Awaitable[object]]]] = {
    "cut": ("ledger_head", lambda house, _: house.cut_at(STARTS_AT_US)),
    "clock": ("ledger_head", lambda house, _: house.move_clock(STARTS_AT_US * 2)),
    "journal": ("posting", lambda house, _: house.journal()),
    "balance": ("balance", lambda _, till: till.balance(new_id())),
    "events": ("event_log", lambda house, _: house.events()),
    "proofs": ("decision", lambda house, _: house.findings()),
    "member look-up": ("account", lambda _, till: till.earn(till.house.member(), 100)),
}


@pytest.mark.parametrize("call", LOST_IN)
async def test_a_connection_lost_in_a_statement_is_unavailable_and_no_fault_of_ours(
    running: RunningPoints, call: str
) -> None:
    locked, ask = LOST_IN[call]
    house = running.house()
    till = await house.till()
    await till.earn(house.member(), 100)
    async with as_superuser(house.database) as killer, locked_table(house.database, locked):
        asked = asyncio.create_task(_refusal(ask(house, till)))
        # The client tries again where it may; each of its attempts is killed.
        await until(lambda: _killed_to_the_end(killer, asked))
    assert asked.result() == Reason.REASON_UNAVAILABLE


async def _killed_to_the_end(connection: PgConnection, asked: asyncio.Task[object]) -> bool:
    await connection.execute(_KILL_WAITING)
    return asked.done()


async def _refusal(asked: Awaitable[object]) -> object:
    try:
        await asked
    except CoalitionError as error:
        return error.reason
    return None


async def _posted(house: PointsHouse, at_least: int) -> bool:
    return (await house.head()).last_seq >= at_least
