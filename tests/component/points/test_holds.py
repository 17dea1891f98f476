"""Holds: points set aside, then captured in full or in part, given up, or free again when their time is over."""

from __future__ import annotations

import asyncio

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb

from services.points.domain.deciding.hold import OPEN_HOLDS_MAX
from services.runtime.ids import new_id
from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, outcomes, reason, reasons, redemption, void

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


async def test_what_is_held_cannot_be_spent_by_anybody_else_and_is_spent_by_its_capture(
    house: PointsHouse,
) -> None:
    grocer, fuel = await house.till(), await house.till()
    member = house.member()
    await grocer.earn(member, 10_000)
    held = await grocer.hold(member, 70)
    assert held.transaction.kind == pb.MOVEMENT_KIND_HOLD
    assert (held.transaction.points, held.transaction.held, held.transaction.balance_after) == (0, 70, 100)
    assert held.transaction.expires_at_us == held.transaction.recorded_at_us + 15 * MINUTE_US
    assert (await fuel.balance(member)).available == 30
    short = await fuel.redeem(member, 31)
    assert (reason(short), dict(short.error.metadata)) == (
        "INSUFFICIENT_POINTS",
        {"available": "30", "required": "31"},
    )
    assert reason(await fuel.hold(member, 31)) == "INSUFFICIENT_POINTS"
    assert (await fuel.redeem(member, 30)).transaction.balance_after == 70
    taken = await grocer.capture(held.transaction.transaction_id)
    assert taken.transaction.kind == pb.MOVEMENT_KIND_CAPTURE
    assert (taken.transaction.points, taken.transaction.held, taken.transaction.balance_after) == (
        -70,
        -70,
        0,
    )
    assert taken.transaction.hold_id == held.transaction.transaction_id
    assert (await fuel.balance(member)).available == 0
    await house.assert_sound()


async def test_a_partial_capture_frees_the_rest_and_a_later_void_is_refused(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    hold_id = (await till.hold(member, 60)).transaction.transaction_id
    part = await till.capture(hold_id, 25)
    assert (part.transaction.points, part.transaction.held, part.transaction.balance_after) == (-25, -60, 75)
    assert (await till.balance(member)).available == 75
    assert reason(await till.void(hold_id)) == "HOLD_RESOLVED"
    assert reason(await till.capture(hold_id, 5)) == "HOLD_RESOLVED"
    await house.assert_sound()


async def test_more_than_is_held_is_not_captured_and_the_hold_stays_open(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    hold_id = (await till.hold(member, 60)).transaction.transaction_id
    refused = await till.capture(hold_id, 61)
    assert (reason(refused), dict(refused.error.metadata)) == (
        "HOLD_TOO_SMALL",
        {"held": "60", "required": "61"},
    )
    assert (await till.void(hold_id)).transaction.held == -60
    assert (await till.balance(member)).available == 100
    await house.assert_sound()


async def test_a_hold_is_resolved_once_however_many_try_at_once(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    hold_id = (await till.hold(member, 60)).transaction.transaction_id
    tries = await asyncio.gather(
        *(till.capture(hold_id, 7) for _ in range(6)), *(till.void(hold_id) for _ in range(6))
    )
    assert sorted(outcomes(tries)) == [pb.OUTCOME_ACCEPTED] + [pb.OUTCOME_REFUSED] * 11
    assert set(reasons(tries)) == {"", "HOLD_RESOLVED"}
    await house.assert_sound()


async def test_a_hold_past_its_time_is_free_again_whether_or_not_anybody_posted_it(
    house: PointsHouse,
) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    held = (await till.hold(member, 60, seconds=30)).transaction
    await house.move_clock(held.expires_at_us)
    assert (await till.balance(member)).available == 100
    late = await till.capture(held.transaction_id, occurred_at_us=held.expires_at_us)
    assert reason(late) == "HOLD_RESOLVED"
    assert (await till.redeem(member, 100, occurred_at_us=held.expires_at_us)).transaction.balance_after == 0
    kinds = [record.transaction.kind for record in await house.journal()]
    assert kinds == [
        pb.MOVEMENT_KIND_EARN, pb.MOVEMENT_KIND_HOLD, pb.MOVEMENT_KIND_LAPSE, pb.MOVEMENT_KIND_REDEEM,
    ]  # fmt: skip
    lapse = (await house.journal())[2].transaction
    assert (lapse.held, lapse.hold_id, lapse.partner_id) == (-60, held.transaction_id, till.partner_id.bytes)
    await house.assert_sound()


async def test_a_capture_after_the_lots_have_expired_works_and_what_it_leaves_lapses(
    house: PointsHouse,
) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    expires_us = (await house.journal())[0].transaction.expires_at_us
    await house.move_clock(expires_us - 5 * MINUTE_US)
    held = (await till.hold(member, 60, occurred_at_us=expires_us - 5 * MINUTE_US)).transaction
    await house.move_clock(expires_us + MINUTE_US)
    assert (await till.balance(member)).available == 0
    taken = await till.capture(held.transaction_id, 45, occurred_at_us=expires_us)
    assert taken.transaction.balance_after == 15
    journal = [(record.transaction.kind, record.transaction.points) for record in await house.journal()]
    assert journal == [
        (pb.MOVEMENT_KIND_EARN, 100),
        (pb.MOVEMENT_KIND_HOLD, 0),
        (pb.MOVEMENT_KIND_EXPIRE, -40),
        (pb.MOVEMENT_KIND_CAPTURE, -45),
        (pb.MOVEMENT_KIND_EXPIRE, -15),
    ]
    assert (await till.balance(member)).available == 0
    await house.assert_sound()


async def test_a_void_after_the_lots_have_expired_lapses_them(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    expires_us = (await house.journal())[0].transaction.expires_at_us
    await house.move_clock(expires_us - MINUTE_US)
    held = (await till.hold(member, 100, occurred_at_us=expires_us - MINUTE_US)).transaction
    await house.move_clock(expires_us)
    assert (await till.void(held.transaction_id, occurred_at_us=expires_us)).transaction.balance_after == 100
    assert [record.transaction.kind for record in await house.journal()][2:] == [
        pb.MOVEMENT_KIND_VOID, pb.MOVEMENT_KIND_EXPIRE,
    ]  # fmt: skip
    await house.assert_sound()


async def test_another_partners_hold_and_one_that_never_was_are_unknown(house: PointsHouse) -> None:
    till, other = await house.till(), await house.till()
    member = house.member()
    earned = await till.earn(member, 10_000)
    hold_id = (await till.hold(member, 10)).transaction.transaction_id
    for item in (capture(hold_id), void(hold_id)):
        assert reasons(await other.post(item)) == ["HOLD_UNKNOWN"]
    for wrong in (new_id().bytes, earned.transaction.transaction_id):
        assert reason(await till.capture(wrong)) == "HOLD_UNKNOWN"
    assert reason(await till.void(b"short")) == "INVALID_REQUEST"
    assert (await till.capture(hold_id)).outcome == pb.OUTCOME_ACCEPTED


async def test_the_same_key_gets_the_same_answer_for_hold_capture_and_void(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    for make in (lambda: hold(member, 10, key="h", reference="r"),):
        first, again = (await till.post(make()))[0], (await till.post(make()))[0]
        assert again.replayed
        assert again.transaction == first.transaction
    hold_id = first.transaction.transaction_id
    taken = await till.post(
        capture(hold_id, 4, key="c"), capture(hold_id, 4, key="c"), capture(hold_id, 5, key="c")
    )
    assert reasons(taken) == ["", "", "IDEMPOTENCY_KEY_REUSED"]
    assert taken[0].transaction == taken[1].transaction
    later = await till.capture(hold_id, 4, key="c")
    assert later.replayed
    assert later.transaction == taken[0].transaction
    assert reason(await till.hold(member, 11, reference="r")) == "REFERENCE_REUSED"
    refused = [await till.void(hold_id, key="v") for _ in range(2)]
    assert [(reason(each), each.replayed) for each in refused] == [
        ("HOLD_RESOLVED", False),
        ("HOLD_RESOLVED", True),
    ]


async def test_a_hold_takes_a_grant_a_member_and_a_life_within_limits(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    answers = await till.post(
        hold(member, 0), hold(member, 10**9 + 1), hold(member, 5, seconds=-1), hold(member, 5, seconds=604_801),
        hold(member, 5, reference=""), hold(member, 5, occurred_at_us=0), hold(new_id(), 5),
    )  # fmt: skip
    assert reasons(answers) == ["INVALID_REQUEST"] * 6 + ["MEMBER_UNKNOWN"]
    week = await till.hold(member, 5, seconds=604_800)
    assert week.transaction.expires_at_us - week.transaction.recorded_at_us == 7 * DAY_US
    earns_only = type(till)(house, till.partner_id, ("points:earn",))
    assert reason(await earns_only.hold(member, 5)) == "PERMISSION_DENIED"


async def test_everything_in_one_batch_is_decided_in_its_order(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    results = await till.post(
        hold(member, 10), earn(member, 3_000), hold(member, 10), hold(member, 15), redemption(member, 6), redemption(member, 5)
    )  # fmt: skip
    assert reasons(results) == ["INSUFFICIENT_POINTS", "", "", "", "INSUFFICIENT_POINTS", ""]
    first, second = (result.transaction.transaction_id for result in results[2:4])
    results = await till.post(void(first), redemption(member, 10), capture(second), hold(member, 1))
    assert reasons(results) == ["", "", "", "INSUFFICIENT_POINTS"]
    await house.assert_sound()


async def test_a_wallet_has_so_many_open_holds_and_no_more(house: PointsHouse) -> None:
    """All end in one batch when their time is over, and every till of the programme waits for it."""
    till, other = await house.till(), await house.till()
    member, another = house.member(), house.member()
    await till.post(earn(member, 10_000), earn(another, 10_000))
    results = await till.post(*(hold(member, 1) for _ in range(OPEN_HOLDS_MAX + 2)), hold(another, 1))
    assert reasons(results) == [""] * OPEN_HOLDS_MAX + ["TOO_MANY_HOLDS"] * 2 + [""]
    assert dict(results[-2].error.metadata) == {"limit": str(OPEN_HOLDS_MAX)}
    first = results[0].transaction
    assert reason(await other.hold(member, 1)) == "TOO_MANY_HOLDS"
    again = await till.post(void(first.transaction_id), hold(member, 1), hold(member, 1))
    assert reasons(again) == ["", "", "TOO_MANY_HOLDS"]
    await house.move_clock(first.expires_at_us + MINUTE_US)
    # Those past their time end first, and count no more.
    assert (await other.hold(member, 100, occurred_at_us=first.expires_at_us)).outcome == pb.OUTCOME_ACCEPTED
    await house.assert_sound()


async def test_subscribers_hear_of_holds_and_of_what_became_of_them(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    one = (await till.hold(member, 10)).transaction
    two = (await till.hold(member, 20)).transaction
    await till.capture(one.transaction_id, 4)
    await till.void(two.transaction_id)
    told = [event for event in await house.events() if event.seq][1:]
    assert [event.type for event in told] == [
        "points.held",
        "points.held",
        "points.redeemed",
        "points.released",
    ]
    held, _, redeemed, released = (event.payload for event in told)
    message = events.PointsHeld.FromString(held)
    assert (message.points, message.expires_at_us, message.partner_id) == (
        10,
        one.expires_at_us,
        till.partner_id.bytes,
    )
    burned = events.PointsRedeemed.FromString(redeemed)
    assert (burned.points, burned.hold_id, [lot.points for lot in burned.lots]) == (
        4,
        one.transaction_id,
        [4],
    )
    freed = events.PointsReleased.FromString(released)
    assert (freed.points, freed.lapsed, freed.hold_id) == (20, False, two.transaction_id)


async def test_a_closed_members_hold_can_still_be_captured_and_no_new_one_opened(house: PointsHouse) -> None:
    till = await house.till()
    member = house.member()
    await till.earn(member, 10_000)
    hold_id = (await till.hold(member, 10)).transaction.transaction_id

    async with as_superuser(house.database) as connection:
        await connection.execute(
            "INSERT INTO closed_member VALUES ($1, $2, now())", house.programme.ledger_id, member
        )
    assert reason(await till.hold(member, 10)) == "MEMBER_CLOSED"
    assert (await till.capture(hold_id, occurred_at_us=STARTS_AT_US)).transaction.points == -10
    await house.assert_sound()
