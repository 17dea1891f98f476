"""A refund that arrives before its original waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.points.commands.door import Door
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, hold, outcomes, reason, reasons, redemption, refund, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, TURNED_AWAY, WAITING = (
    pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_TURNED_AWAY, pb.OUTCOME_WAITING,
)  # fmt: skip
DAY_US = 86_400_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(running: RunningPoints) -> AsyncIterator[RunningPoints]:
    """A second process, as far as the database can tell."""
    async with running_points(running.database, beside=running) as second:
        yield second


async def _waiting(house: PointsHouse) -> int:
    of = house.programme.ledger_id
    async with as_superuser(house.database) as connection:
        counted: int = await connection.fetchval(
            "SELECT count(*) FROM waiting_refund WHERE ledger_id = $1 AND open", of
        )
        head: int = await connection.fetchval(
            "SELECT waiting_refunds FROM ledger_head WHERE ledger_id = $1", of
        )
    assert counted == head
    return head


async def _kinds(house: PointsHouse) -> list[str]:
    return [
        pb.MovementKind.Name(record.transaction.kind).removeprefix("MOVEMENT_KIND_").lower()
        for record in await house.journal()
    ]


async def test_it_waits_and_is_decided_right_after_its_original_under_its_own_key(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    asked = refund("sale", 700, reference="back")
    (first,), (again,) = await till.post(asked), await till.post(asked)
    assert (first.outcome, first.replayed, first.HasField("error")) == (WAITING, False, False)
    assert (again.outcome, again.replayed) == (WAITING, True)
    assert ((await house.head()).last_seq, await _waiting(house)) == (0, 1)
    await house.assert_sound()

    sold = await till.earn(member, 2_000, reference="sale")
    assert (await _kinds(house), await _waiting(house)) == (["earn", "clawback", "refund"], 0)
    (decided,) = await till.post(asked)
    assert (decided.outcome, decided.replayed) == (ACCEPTED, True)
    back = decided.transaction
    assert (back.reference, back.original_id) == ("back", sold.transaction.transaction_id)
    assert (back.refund.amount, back.refund.clawed_back, back.refund.money_minor) == (700, 7, 700)
    assert (await till.balance(member)).available == 13
    assert [event.type for event in await house.events()] == [
        "points.earned", "points.clawed_back", "points.refunded",
    ]  # fmt: skip
    listed = await till.call("ListTransactions", points_pb2.ListTransactionsRequest(reference="back"))
    assert [moved.seq for moved in listed.transactions] == [back.seq]
    await house.assert_sound()


async def test_what_cannot_be_one_is_turned_away_as_before(house: PointsHouse) -> None:
    till = await house.till()
    results = await till.post(
        refund(b"\0" * 16, 100), refund("sale", points=5), refund("sale", 100, currency="EUR"),
        refund("sale", 100, occurred_at_us=STARTS_AT_US + DAY_US),
    )  # fmt: skip
    assert outcomes(results) == [TURNED_AWAY] * 4
    assert reasons(results) == [
        "ORIGINAL_UNKNOWN", "INVALID_REQUEST", "CURRENCY_UNSUPPORTED", "OCCURRED_IN_FUTURE",
    ]  # fmt: skip
    assert await _waiting(house) == 0


async def test_its_key_and_its_reference_are_taken_while_it_waits(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await till.post(refund("sale", 700, key="k", reference="back"))
    results = await till.post(
        refund("sale", 701, key="k", reference="back"), earn(member, 100, key="k"), refund("sale", 701, reference="back"),
        refund("other", 700, reference="back"),
    )  # fmt: skip
    assert reasons(results) == [
        "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_REUSED", "REFERENCE_REUSED", "REFERENCE_REUSED",
    ]  # fmt: skip
    # Another partner's keys, references and sales are its own.
    assert outcomes(await other.post(refund("sale", 701, key="k", reference="back"))) == [WAITING]
    await other.earn(member, 900, reference="other")
    assert await _waiting(house) == 2
    # The same under another key gets the same answer, and then the same refund.
    same = refund("sale", 700, key="l", reference="back")
    (also,) = await till.post(same)
    assert (also.outcome, also.replayed) == (WAITING, True)
    await till.earn(member, 2_000, reference="sale")
    answers = await till.post(*(refund("sale", 700, key=key, reference="back") for key in ("k", "l")))
    assert len({answer.transaction.seq for answer in answers}) == 1
    assert outcomes(answers) == [ACCEPTED] * 2
    await house.assert_sound()


async def test_several_of_one_original_are_decided_in_the_order_of_their_arrival(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    asked = [refund("sale", amount) for amount in (900, 700, 400, 0)]
    for item in asked:
        assert outcomes(await till.post(item)) == [WAITING]
    await till.earn(member, 2_000, reference="sale")
    results = await till.post(*asked)
    assert reasons(results) == ["", "", "", "REFUND_TOO_LARGE"]
    assert [result.transaction.refund.amount for result in results[:3]] == [900, 700, 400]
    assert [result.replayed for result in results] == [True] * 4
    await house.assert_sound()


async def test_a_sale_with_its_burn_is_posted_whole_before_what_waits_for_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sold = await till.post(earn(member, 5_000), hold(member, 12))
    tenders = [pb.Tender(kind="points", amount_minor=500), pb.Tender(kind="card", amount_minor=1_500)]
    asked = [refund("sale", 1_000), refund("held", 1_000)]
    assert outcomes(await till.post(*asked)) == [WAITING] * 2
    await till.post(
        earn(member, 2_000, reference="sale", linked=True, tenders=tenders), redemption(member, 10),
        earn(member, 2_000, reference="held", linked=True, tenders=tenders),
        pb.Item(key="c", capture=pb.Capture(hold_id=sold[1].transaction.transaction_id, occurred_at_us=STARTS_AT_US, channel="store")),
    )  # fmt: skip
    assert (await _kinds(house))[2:] == ["earn", "redeem", "return", "clawback", "refund", "earn", "capture", "return", "clawback", "refund"]  # fmt: skip
    figures = [result.transaction.refund for result in await till.post(*asked)]
    assert [(each.returned, each.clawed_back, each.money_minor) for each in figures] == [
        (5, 8, 750),
        (6, 8, 750),
    ]
    await house.assert_sound()


async def test_within_one_call_any_order_ends_at_the_same(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    early, late = refund("sale", 500), refund("sale", 300)
    results = await till.post(early, earn(member, 2_000, reference="sale"), late)
    assert outcomes(results) == [WAITING, ACCEPTED, ACCEPTED]
    assert outcomes(await till.post(early, late)) == [ACCEPTED] * 2
    assert ((await till.balance(member)).available, await _waiting(house)) == (12, 0)
    await house.assert_sound()


async def test_what_a_member_owes_and_spent_meanwhile_counts_as_if_it_arrived_then(
    house: PointsHouse,
) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await other.earn(member, 3_000, reference="owing")
    await other.redeem(member, 30)
    await other.refund("owing", 3_000)
    await till.post(refund("sale", 0))
    # The earn pays the debt, so what is to be taken back is owed again.
    await till.earn(member, 4_000, reference="sale")
    assert (await till.balance(member)).owed == 30
    await house.assert_sound()


async def test_so_many_wait_for_one_original_and_no_more(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(*(refund("sale", 100) for _ in range(15)))
    results += await till.post(*(refund("sale", 100) for _ in range(6)), refund("other", 100))
    assert outcomes(results) == [*[WAITING] * 20, TURNED_AWAY, WAITING]
    assert reason(results[20]) == "ORIGINAL_UNKNOWN"
    await till.earn(member, 2_000, reference="sale")
    assert ((await till.balance(member)).available, await _waiting(house)) == (0, 1)
    await house.assert_sound()


async def test_a_reversed_refund_never_is_posted(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    asked = refund("sale", 500, key="k", reference="back")
    await till.post(asked)
    undo = reversal("k")
    (undone,), (again,) = await till.post(undo), await till.post(undo)
    assert (undone.outcome, reason(undone)) == (REFUSED, "NOTHING_TO_REVERSE")
    assert (reason(again), again.replayed) == ("NOTHING_TO_REVERSE", True)
    assert await _waiting(house) == 0
    await till.earn(member, 2_000, reference="sale")
    assert await _kinds(house) == ["earn"]
    (late,) = await till.post(asked)
    assert (late.outcome, reason(late)) == (REFUSED, "REVERSED_BEFORE_ARRIVAL")
    # Its reference is free again; and one that was reversed before it came waits for nothing.
    assert outcomes(await till.post(refund("sale", 500, reference="back"), reversal("m"))) == [
        ACCEPTED,
        REFUSED,
    ]
    assert reasons(await till.post(refund("nowhere", 500, key="m"))) == ["REVERSED_BEFORE_ARRIVAL"]
    await house.assert_sound()


@pytest.mark.parametrize("who", ["the job", "whoever asks", "its original"])
async def test_one_that_waits_too_long_is_refused_for_good(house: PointsHouse, who: str) -> None:
    till, member = await house.till(), house.member()
    asked = refund("sale", 500)
    await till.post(asked)
    await house.move_clock(STARTS_AT_US + 399 * DAY_US)
    lapse = house.running.wired.application.lapse_overdue
    await lapse.of(house.programme)
    assert await _waiting(house) == 1
    now_us = STARTS_AT_US + 402 * DAY_US
    await house.move_clock(now_us)
    if who == "the job":
        await lapse.of(house.programme)
    elif who == "its original":
        await till.earn(member, 2_000, reference="sale", occurred_at_us=now_us)
    assert await _waiting(house) == (1 if who == "whoever asks" else 0)
    (answer,) = await till.post(asked)
    assert (answer.outcome, reason(answer)) == (REFUSED, "ORIGINAL_UNKNOWN")
    assert await _waiting(house) == 0
    if who != "its original":
        await till.earn(member, 2_000, reference="sale", occurred_at_us=now_us)
    assert await _kinds(house) == ["earn"]
    (again,) = await till.post(asked)
    assert (reason(again), again.replayed) == ("ORIGINAL_UNKNOWN", True)
    await house.assert_sound()


async def test_an_original_that_is_refused_leaves_it_waiting(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.post(refund("sale", 500))
    await house.set_floor(till.partner_id, 0)
    assert reason(await till.earn(member, 2_000, reference="sale")) == "CREDIT_LIMIT"
    assert await _waiting(house) == 1
    await house.set_floor(till.partner_id, None)
    await till.earn(member, 2_000, reference="sale")
    assert await _waiting(house) == 0
    assert (await _kinds(house))[2:] == ["earn", "clawback", "refund"]
    await house.assert_sound()


async def test_the_earn_and_its_refund_at_the_same_moment_at_two_replicas_always_end_refunded(
    house: PointsHouse, replica: RunningPoints
) -> None:
    till, member, there = await house.till(), house.member(), house.at(replica)
    ways = [(house, there), (there, house)]

    async def sell(place: int) -> tuple[pb.Result, pb.Result]:
        here, away = ways[place % 2]
        asked = refund(f"sale-{place}", 300, reference=f"back-{place}")
        sold, back = await asyncio.gather(
            till.at(here).earn(member, 1_000, reference=f"sale-{place}"), till.at(away).post(asked)
        )
        assert sold.outcome == ACCEPTED
        assert back[0].outcome in (ACCEPTED, WAITING)
        return back[0], (await till.at(here).post(asked))[0]

    answers = await asyncio.gather(*(sell(place) for place in range(40)))
    assert {final.outcome for _, final in answers} == {ACCEPTED}
    assert (await till.balance(member)).available == 40 * 7
    assert await _waiting(house) == 0
    await house.assert_sound()


async def test_a_door_looks_for_no_waiting_refund_while_there_is_none(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000, reference="sale")
    door: Door = await house.running.wired.application.doors.to(house.programme)
    assert await door.end_waits() == 0
    assert (await house.head()).last_seq == 1


async def test_a_refund_waits_once_whatever_keys_it_is_asked_under(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for number in range(22):
        (answer,) = await till.post(refund("sale", 500, key=f"k{number}", reference="back"))
        assert (answer.outcome, answer.replayed) == (WAITING, number > 0)
    # They have taken no place of another's.
    assert outcomes(await till.post(refund("sale", 300, key="other"))) == [WAITING]
    assert await _waiting(house) == 2
    await till.earn(member, 2_000, reference="sale")
    (first, again) = await till.post(
        *(refund("sale", 500, key=key, reference="back") for key in ("k0", "k7"))
    )
    assert first.transaction.seq == again.transaction.seq
    assert (await till.balance(member)).available == 12
    await house.assert_sound()


async def test_a_refund_that_is_reversed_waits_under_no_other_key(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for key in ("live", "offline"):
        await till.post(refund("sale", 500, key=key, reference="back"))
    assert reasons(await till.post(reversal("live"))) == ["NOTHING_TO_REVERSE"]
    await till.earn(member, 2_000, reference="sale")
    assert (await till.balance(member)).available == 20
    await house.assert_sound()


async def test_the_patience_with_a_refund_is_counted_from_its_first_arrival(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.post(refund("sale", 500, key="a", reference="back"))
    sold_us = STARTS_AT_US + 200 * DAY_US
    await house.move_clock(sold_us)
    (later,) = await till.post(refund("sale", 500, key="b", reference="back"))
    assert (later.outcome, later.replayed) == (WAITING, True)
    await house.move_clock(STARTS_AT_US + 402 * DAY_US)
    await till.earn(member, 2_000, reference="sale", occurred_at_us=sold_us)
    assert (await till.balance(member)).available == 20
    assert await _waiting(house) == 0
    await house.assert_sound()
