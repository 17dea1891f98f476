"""Many tasks and two replicas on one ledger: one order, one truth."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.points.v1 import movement_pb2 as pb

from tests.support.burn_model import TakenFor
from tests.support.ledger_facts import Expiry, Posted, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.ledger_replay import comparable, replay, verdict_of
from tests.support.park_model import fits
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_traffic import Traffic
from tests.support.points_wire import capture, earn, hold, reason, redemption, refund, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURNED_AWAY = pb.OUTCOME_TURNED_AWAY


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(running: RunningPoints) -> AsyncIterator[RunningPoints]:
    """A second process, as far as the database can tell."""
    async with running_points(running.database, beside=running) as second:
        yield second


def _model(house: PointsHouse, tills: list[Till]) -> LedgerModel:
    model = LedgerModel(house.programme.zone, Expiry("months_after_earn", 24), 400)
    for till in tills:
        model.set_rate(till.partner_id, 1, 1, 100)
    return model


async def test_what_many_post_at_two_replicas_is_what_one_would_have_decided_in_that_order(
    house: PointsHouse, replica: RunningPoints
) -> None:
    """Floors are moved meanwhile, which refuse or park what is beyond; what is parked comes free, or is taken away."""
    tills = [await house.till() for _ in range(5)]
    await house.set_refund_rule(tills[0].partner_id, "WITHIN_BALANCE", "POINTS_FIRST")
    await house.set_limits(10_000, 10, 40)
    rule = TakenFor(1, 1, 4, 2, 100, 40, barred=False, discount=False)
    await house.set_burn_rule(
        tills[0].partner_id, points=1, worth_minor=1, minimum_points=4, step_points=2, daily_points=40
    )
    parking = {tills[2].partner_id: False, tills[3].partner_id: True, tills[4].partner_id: True}
    traffic = Traffic((house, house.at(replica)), tills, [house.member() for _ in range(8)], parking)
    for partner, parks in parking.items():
        traffic.floors.append(await house.set_floor(partner, -40, parks=parks))

    await asyncio.gather(*(traffic.work() for _ in range(30)), *(traffic.operate(14) for _ in range(2)))
    await _in_any_case(traffic)
    while any(await asyncio.gather(*(each.unpark() for each in traffic.houses))):
        pass

    model = _model(house, tills)
    model.limits = (10_000, 10, 40)
    model.burn_rules.set(tills[0].partner_id, 1, rule)
    model.refund_rules[tills[0].partner_id] = ("within_balance", "points_first")
    first, final, journal = await replay(house, model, traffic.asked)
    by_seq = {posted.seq: posted for posted in journal}
    decided = {place: each for place, each in traffic.answers.items() if each.outcome != TURNED_AWAY}
    assert {place: verdict_of(result, by_seq) for place, result in decided.items()} == first
    assert [posted.seq for posted in journal] == list(range(1, len(journal) + 1))
    assert [comparable(posted) for posted in journal] == [comparable(posted) for posted in model.journal]
    # The answer that stands in the end, and none but that and the first while it was parked or waited.
    assert {place: verdict_of(each, by_seq) for place, each in (await traffic.ask_again()).items()} == final
    for place, result in traffic.again:
        assert verdict_of(result, by_seq) in (replace(first[place], replayed=True), final[place])
    assert [seq for seq in model.parked if fits(model, seq)] == []
    _told_of_floors(traffic, journal)

    times = [record.transaction.recorded_at_us for record in await house.journal()]
    assert all(earlier < later for earlier, later in pairwise(times))
    _brought(first, journal)
    # Turned away is what names a sale that was taken away meanwhile, and nothing else.
    away = {reason(each) for each in traffic.answers.values() if each.outcome == TURNED_AWAY}
    assert away <= {"ORIGINAL_UNKNOWN"}
    await house.assert_sound()


async def _in_any_case(traffic: Traffic) -> None:
    """Whatever chance has brought: a hold is captured twice, somebody owes and pays, a parked sale is refunded and reversed."""
    house, (_, free, *_, parks) = traffic.houses[0], traffic.tills
    member = house.member()
    sold = await traffic.post(free, [earn(member, 2_000), redemption(member, 10), hold(member, 5)])
    for _ in range(2):
        await traffic.post(free, [capture(sold[2].transaction.transaction_id)])
    await traffic.post(free, [refund(sold[0].transaction.transaction_id)])
    await traffic.post(free, [earn(member, 1_000)])
    seen = await house.floors(parks.partner_id)
    traffic.floors.append(
        await house.set_floor(parks.partner_id, seen.floors[0].balance, seen.as_of_seq, parks=True)
    )
    (parked,) = await traffic.post(parks, [earn(member, 500, key="last", reference="last")])
    await traffic.post(parks, [refund(parked.transaction.transaction_id, 100)])
    await traffic.post(parks, [refund("last", 100)])
    await traffic.post(parks, [reversal("last")])


def _told_of_floors(traffic: Traffic, journal: list[Posted]) -> None:
    """Each floor that was heard to be set is in the journal as it was heard, and no other; else the one in force was told."""
    posted = {each.seq: each for each in journal if each.kind == "floor"}
    assert {told.seq for told in traffic.floors if told.applied} == posted.keys()
    for told in traffic.floors:
        floor = told.floor.floor if told.floor.HasField("floor") else None
        assert posted[told.seq].floor == (floor, told.floor.basis_seq, told.floor.parks)


def _brought(first: dict[tuple[UUID, str], Verdict], journal: list[Posted]) -> None:
    """It was traffic of all kinds."""
    reasons = {verdict.reason for verdict in first.values()}
    often = {
        "",
        "INSUFFICIENT_POINTS",
        "HOLD_RESOLVED",
        "LINKED_ITEM_FAILED",
        "REFUND_TOO_LARGE",
        "CREDIT_LIMIT",
        "BURN_TOO_SMALL",
        "BURN_STEP",
    }
    assert (
        often
        <= reasons
        <= {
            *often,
            "BURN_DAILY_LIMIT",
            "HOLD_TOO_SMALL",
            "TRANSFER_LIMIT",
            "NOTHING_TO_REVERSE",
        }
    )
    assert {verdict.outcome for verdict in first.values()} == {"accepted", "parked", "waiting", "refused"}
    assert {posted.kind for posted in journal} >= {
        "earn", "redeem", "hold", "capture", "refund", "return", "clawback", "owe", "repay", "transfer", "receive", "floor",
        "park", "unpark",
    }  # fmt: skip
    assert any(posted.kind == "earn" and posted.original_seq for posted in journal)


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


async def test_earns_at_once_use_the_whole_headroom_and_never_more(
    house: PointsHouse, replica: RunningPoints
) -> None:
    tills = [await house.till() for _ in range(2)]
    there, members = house.at(replica), [house.member() for _ in range(6)]
    bound, free = tills
    await house.set_floor(bound.partner_id, -100)
    results = await asyncio.gather(
        *(
            till.at(where).earn(members[place % 6], 700)
            for till in tills
            for where in (house, there)
            for place in range(12)
        )
    )
    accepted = [result for result in results[:24] if result.outcome == pb.OUTCOME_ACCEPTED]
    assert len(accepted) == 100 // 7
    assert {
        tuple(sorted(result.error.metadata.items())) for result in results[:24] if result.HasField("error")
    } == {(("headroom", "2"), ("required", "7"))}
    assert {result.outcome for result in results[24:]} == {pb.OUTCOME_ACCEPTED}
    # The last two points too, once: whoever comes first.
    last = await asyncio.gather(*(bound.at(where).earn(members[0], 200) for where in (house, there) * 3))
    assert sum(result.outcome == pb.OUTCOME_ACCEPTED for result in last) == 1
    balances = {each.floor.partner_id: each.balance for each in (await house.floors()).floors}
    assert balances == {bound.partner_id.bytes: -100}
    assert (await free.balance(members[0])).available > 0
    await house.assert_sound()


async def test_floors_that_move_while_many_earn_and_refund_are_kept_at_every_seq(
    house: PointsHouse, replica: RunningPoints
) -> None:
    till, member = await house.till(), house.member()
    there, rng = house.at(replica), random.Random(20_170_102)

    async def sell() -> None:
        for _ in range(10):
            where = rng.choice((house, there))
            (sold,) = await till.at(where).post(earn(member, rng.randint(100, 2_000)))
            if sold.outcome == pb.OUTCOME_ACCEPTED and rng.random() < 0.3:
                await till.at(where).refund(sold.transaction.transaction_id)

    async def bound() -> None:
        """As the partners service would: so much more than what it has seen of the journal."""
        for _ in range(15):
            seen = await house.floors(till.partner_id)
            floor = seen.floors[0].balance - rng.choice((-20, 0, 30, 60)) if seen.floors else -50
            await rng.choice((house, there)).set_floor(till.partner_id, floor, seen.as_of_seq)

    await house.set_floor(till.partner_id, -200)
    await asyncio.gather(*(sell() for _ in range(6)), bound(), bound())
    # The journal's own word: no earn went below the floor that was in force at its place.
    floor, balance = 0, 0
    for record in await house.journal():
        balance += sum(entry.amount for entry in record.entries if entry.account_kind == "issuance")
        if record.transaction.kind == pb.MOVEMENT_KIND_FLOOR:
            floor = record.transaction.credit_floor.floor
        elif record.transaction.kind == pb.MOVEMENT_KIND_EARN and record.transaction.points:
            assert balance >= floor
    await house.assert_sound()
