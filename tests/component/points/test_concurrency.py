"""Many tasks and two replicas on one ledger: one order, one truth."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import pairwise
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.points.v1 import movement_pb2 as pb

from tests.support.ledger_model import Ask, LedgerModel
from tests.support.ledger_replay import ask_of, replay, verdict_of
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_wire import capture, earn, hold, redemption, void

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(running: RunningPoints) -> AsyncIterator[RunningPoints]:
    """A second process, as far as the database can tell."""
    async with running_points(running.database, beside=running) as second:
        yield second


def _model(house: PointsHouse, tills: list[Till]) -> LedgerModel:
    model = LedgerModel(house.programme.zone, 24, 400)
    for till in tills:
        model.set_rate(till.partner_id, 1, 1, 100)
    return model


async def test_what_many_post_at_two_replicas_is_what_one_would_have_decided_in_that_order(
    house: PointsHouse, replica: RunningPoints
) -> None:
    rng = random.Random(20_170_101)
    tills = [await house.till() for _ in range(3)]
    members = [house.member() for _ in range(8)]
    houses = (house, house.at(replica))
    asked: list[Ask] = []
    answers: dict[tuple[UUID, str], pb.Result] = {}

    holds: dict[bytes, tuple[int, UUID]] = {}
    open_at: dict[UUID, list[bytes]] = {till.partner_id: [] for till in tills}

    async def burn_in_two_steps(till: Till, member: UUID) -> None:
        """Any task may resolve what any other has opened, at either replica, and several try the same."""
        mine = open_at[till.partner_id]
        item = hold(member, rng.randint(1, 25))
        if mine and rng.random() < 0.6:
            hold_id = rng.choice(mine)
            item = capture(hold_id, rng.choice((0, 1, 7, 40))) if rng.random() < 0.7 else void(hold_id)
        result = await till.at(rng.choice(houses)).post(item)
        asked.append(ask_of(item, till.partner_id, holds))
        answers[till.partner_id, item.key] = result[0]
        if item.WhichOneof("movement") == "hold" and result[0].HasField("transaction"):
            moved = result[0].transaction
            holds[moved.transaction_id] = (moved.seq, member)
            mine.append(moved.transaction_id)

    async def work() -> None:
        for _ in range(6):
            till, member = rng.choice(tills), rng.choice(members)
            if rng.random() < 0.5:
                await burn_in_two_steps(till, member)
                continue
            items = [
                earn(member, rng.randint(0, 3_000)) if rng.random() < 0.5 else redemption(member, rng.randint(1, 25))
                for _ in range(rng.randint(1, 4))
            ]  # fmt: skip
            asked.extend(ask_of(item, till.partner_id) for item in items)
            results = await till.at(rng.choice(houses)).post(*items)
            answers.update({(till.partner_id, item.key): result for item, result in zip(items, results, strict=True)})  # fmt: skip

    await asyncio.gather(*(work() for _ in range(24)))

    verdicts, journal = await replay(house, _model(house, tills), asked)
    by_seq = {posted.seq: posted for posted in journal}
    assert {key: verdict_of(result, by_seq) for key, result in answers.items()} == verdicts
    assert [posted.seq for posted in journal] == list(range(1, len(journal) + 1))
    times = [record.transaction.recorded_at_us for record in await house.journal()]
    assert all(earlier < later for earlier, later in pairwise(times))
    reasons = {verdict.reason for verdict in verdicts.values()}
    assert {"", "INSUFFICIENT_POINTS", "HOLD_RESOLVED"} <= reasons
    assert reasons <= {"", "INSUFFICIENT_POINTS", "HOLD_RESOLVED", "HOLD_TOO_SMALL"}
    assert {posted.kind for posted in journal} >= {"earn", "redeem", "hold", "capture"}
    await house.assert_sound()


async def test_burns_at_once_never_take_more_than_the_wallet_has(
    house: PointsHouse, replica: RunningPoints
) -> None:
    tills = [await house.till() for _ in range(4)]
    there = house.at(replica)
    member = house.member()
    await tills[0].earn(member, 10_000)
    results = await asyncio.gather(
        *(
            till.at(where).redeem(member, 7)
            for till in tills
            for where in (house, there)
            for _ in range(4)
        )
    )  # fmt: skip
    accepted = [result for result in results if result.outcome == pb.OUTCOME_ACCEPTED]
    assert len(accepted) == 100 // 7
    assert sorted(result.transaction.balance_after for result in accepted) == list(range(2, 100, 7))
    assert {
        (result.error.metadata["available"], result.error.metadata["required"])
        for result in results
        if result.outcome == pb.OUTCOME_REFUSED
    } == {("2", "7")}
    assert (await tills[0].balance(member)).available == 2
    await house.assert_sound()


async def test_one_callers_items_of_a_wallet_keep_their_order(house: PointsHouse) -> None:
    till, members = await house.till(), [house.member() for _ in range(10)]
    batches = [
        [earn(member, 100), redemption(member, 1), redemption(member, 1), earn(member, 200), redemption(member, 2)]
        for member in members
    ]  # fmt: skip
    for results in await asyncio.gather(*(till.post(*batch) for batch in batches)):
        assert [result.outcome for result in results] == [
            pb.OUTCOME_ACCEPTED,
            pb.OUTCOME_ACCEPTED,
            pb.OUTCOME_REFUSED,
            pb.OUTCOME_ACCEPTED,
            pb.OUTCOME_ACCEPTED,
        ]


async def test_replicas_that_open_a_ledger_at_once_agree_on_it(
    running: RunningPoints, replica: RunningPoints
) -> None:
    house = running.house()
    heads = await asyncio.gather(*(each.head() for each in (house, house.at(replica)) for _ in range(5)))
    assert len({head.offset_us for head in heads}) == 1


async def test_a_new_rate_counts_at_every_replica_from_the_next_posting_on(
    house: PointsHouse, replica: RunningPoints
) -> None:
    till, member = await house.till(points=1, per_minor=100), house.member()
    there = till.at(house.at(replica))
    assert [(await each.earn(member, 500)).transaction.points for each in (till, there)] == [5, 5]
    await house.set_rate(till.partner_id, 3, 100, 1)
    assert [(await each.earn(member, 500)).transaction.points for each in (till, there)] == [15, 15]


async def test_reads_and_proofs_hold_while_postings_run(house: PointsHouse) -> None:
    till, members = await house.till(), [house.member() for _ in range(5)]
    done = asyncio.Event()

    async def look() -> int:
        seen = 0
        while not done.is_set():
            await house.assert_sound()
            records = await house.journal()
            assert [record.transaction.seq for record in records] == list(range(1, len(records) + 1))
            assert len(records) >= seen
            seen = len(records)
        return seen

    looking = asyncio.create_task(look())
    for _ in range(8):
        await asyncio.gather(*(till.post(earn(member, 700), redemption(member, 3)) for member in members))
    done.set()
    await looking
    assert (await house.head()).last_seq == 80
