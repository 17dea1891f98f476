"""Where points expire with inactivity: all of a member's together, at a date that the member's last activity moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.runtime.clock import to_micros
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, ExpiryRule
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, outcomes, reason, redemption, void

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000
HALF_A_YEAR = ExpiryPolicy(ExpiryRule.ACTIVITY, 6, 0, 0, 30)


def _end_us(year: int, month: int) -> int:
    """The end of a month in New York."""
    after = datetime(year + month // 12, month % 12 + 1, 1, 5 if month in (1, 2, 11, 12) else 4, tzinfo=UTC)
    return to_micros(after)


# Of those who do nothing any more from January 2017 on, and from April on.
JULY_US, OCTOBER_US = _end_us(2017, 7), _end_us(2017, 10)
APRIL_US = to_micros(datetime(2017, 4, 10, tzinfo=UTC))


@pytest.fixture
def quiet(running: RunningPoints) -> PointsHouse:
    """A ledger in which half a year without activity ends all points."""
    return running.house(expiry=HALF_A_YEAR)


async def _next(till: Till, member: UUID) -> tuple[int, int, int]:
    found = await till.balance(member)
    return found.available, found.next_expiry_points, found.next_expiry_at_us


async def _expirations(till: Till, member: UUID) -> Sequence[tuple[int, int]]:
    found = await till.call("ListExpirations", points_pb2.ListExpirationsRequest(member_id=member.bytes))
    return [(each.points, each.expires_at_us) for each in found.expirations]


async def _postings(house: PointsHouse) -> list[tuple[str, int]]:
    return [
        (pb.MovementKind.Name(record.transaction.kind)[14:], record.transaction.points)
        for record in await house.journal()
    ]


async def test_all_points_of_a_member_expire_together_unless_there_was_activity(quiet: PointsHouse) -> None:
    till, idle, active = await quiet.till(), quiet.member(), quiet.member()
    first, _ = await till.post(earn(idle, 1_000), earn(active, 1_000))
    assert first.transaction.expires_at_us == 0
    await quiet.move_clock(APRIL_US)
    # Recorded now, whatever the till's clock says.
    await till.earn(active, 500, occurred_at_us=STARTS_AT_US)
    assert await _next(till, idle) == (10, 10, JULY_US)
    assert await _next(till, active) == (15, 15, OCTOBER_US)
    assert await _expirations(till, active) == [(15, OCTOBER_US)]
    await quiet.move_clock(JULY_US - 60_000_000)
    assert (await till.balance(idle)).available == 10
    await quiet.move_clock(JULY_US)
    assert await _next(till, idle) == (0, 0, 0)
    assert await _expirations(till, idle) == []
    assert reason(await till.redeem(idle, 1, occurred_at_us=JULY_US)) == "INSUFFICIENT_POINTS"
    assert (await till.redeem(active, 15, occurred_at_us=JULY_US)).outcome == pb.OUTCOME_ACCEPTED
    assert await _postings(quiet) == [
        ("EARN", 10), ("EARN", 10), ("EARN", 5), ("EXPIRE", -10), ("REDEEM", -15),
    ]  # fmt: skip
    await quiet.assert_sound()


async def test_an_earn_after_the_date_comes_too_late_for_what_was_there_and_starts_anew(
    quiet: PointsHouse,
) -> None:
    till, member = await quiet.till(), quiet.member()
    await till.earn(member, 1_000)
    await quiet.move_clock(JULY_US)
    # A sale of the time before that arrives now saves nothing.
    earned = await till.earn(member, 300, occurred_at_us=STARTS_AT_US)
    assert (earned.transaction.points, earned.transaction.balance_after) == (3, 3)
    assert await _next(till, member) == (3, 3, _end_us(2018, 2))
    await quiet.assert_sound()


async def test_an_earn_of_no_points_is_an_activity_and_a_refusal_a_hold_or_a_refund_is_none(
    quiet: PointsHouse,
) -> None:
    till, member = await quiet.till(), quiet.member()
    sale = (await till.earn(member, 1_000)).transaction.transaction_id
    now: dict[str, Any] = {"occurred_at_us": APRIL_US}
    await quiet.move_clock(APRIL_US)
    held = (await till.hold(member, 4, **now)).transaction.transaction_id
    await till.void(held, **now)
    await till.refund(sale, 200, **now)
    assert reason(await till.redeem(member, 100, **now)) == "INSUFFICIENT_POINTS"
    assert (await till.balance(member)).next_expiry_at_us == JULY_US
    await till.earn(member, 1, **now)
    assert await _next(till, member) == (8, 8, OCTOBER_US)
    await quiet.assert_sound()


async def test_what_a_hold_set_aside_can_be_captured_after_the_date_and_the_capture_is_an_activity(
    quiet: PointsHouse,
) -> None:
    till, member = await quiet.till(), quiet.member()
    await till.earn(member, 1_000)
    before_us = JULY_US - DAY_US
    await quiet.move_clock(before_us)
    held = await till.hold(member, 6, occurred_at_us=before_us, seconds=5 * 86_400)
    assert await _next(till, member) == (4, 4, JULY_US)
    after: dict[str, Any] = {"occurred_at_us": JULY_US + DAY_US}
    await quiet.move_clock(JULY_US + DAY_US)
    assert await _next(till, member) == (0, 0, 0)
    taken = await till.capture(held.transaction.transaction_id, 5, **after)
    assert (taken.transaction.points, taken.transaction.balance_after) == (-5, 1)
    # What it left lives on with the wallet, in which something was done.
    assert await _next(till, member) == (1, 1, _end_us(2018, 2))
    assert await _postings(quiet) == [("EARN", 10), ("HOLD", 0), ("EXPIRE", -4), ("CAPTURE", -5)]
    await quiet.assert_sound()


async def test_what_a_hold_gives_free_after_the_date_is_gone(quiet: PointsHouse) -> None:
    till, voided, lapsed = await quiet.till(), quiet.member(), quiet.member()
    await till.post(earn(voided, 1_000), earn(lapsed, 1_000))
    before_us = JULY_US - DAY_US
    await quiet.move_clock(before_us)
    holds = await till.post(
        *(hold(member, 6, occurred_at_us=before_us, seconds=2 * 86_400) for member in (voided, lapsed))
    )
    await quiet.move_clock(JULY_US + 3_600_000_000)
    await till.post(void(holds[0].transaction.transaction_id, occurred_at_us=JULY_US))
    await quiet.move_clock(JULY_US + 3 * DAY_US)
    late = await till.post(capture(holds[1].transaction.transaction_id, occurred_at_us=JULY_US))
    assert reason(late[0]) == "HOLD_RESOLVED"
    assert [(await till.balance(member)).available for member in (voided, lapsed)] == [0, 0]
    assert sum(points for kind, points in await _postings(quiet) if kind == "EXPIRE") == -20
    await quiet.assert_sound()


async def test_points_that_come_back_after_the_date_have_a_month_of_their_own(quiet: PointsHouse) -> None:
    till, member = await quiet.till(), quiet.member()
    await till.earn(member, 1_000)
    burn = (await till.redeem(member, 7)).transaction.transaction_id
    await quiet.move_clock(APRIL_US)
    await till.refund(burn, points=2, occurred_at_us=APRIL_US)
    assert await _next(till, member) == (5, 5, JULY_US)
    await quiet.move_clock(JULY_US)
    await till.refund(burn, points=3, occurred_at_us=JULY_US)
    # Until the end of September, the month after the refund's, whatever the member does.
    assert await _next(till, member) == (3, 3, _end_us(2017, 9))
    await till.earn(member, 100, occurred_at_us=JULY_US)
    assert await _expirations(till, member) == [(3, _end_us(2017, 9)), (1, _end_us(2018, 2))]
    await quiet.move_clock(_end_us(2017, 9))
    assert await _next(till, member) == (1, 1, _end_us(2018, 2))
    await quiet.assert_sound()


async def test_a_job_that_was_away_for_months_posts_the_same_points_as_one_in_time(
    running: RunningPoints,
) -> None:
    lapse = running.wired.application.lapse_overdue
    journals: list[list[tuple[str, int]]] = []
    for in_time in (True, False):
        house = running.house(expiry=HALF_A_YEAR)
        till, members = await house.till(), [house.member() for _ in range(3)]
        await till.post(*(earn(member, 1_000) for member in members))
        await house.move_clock(APRIL_US)
        await till.earn(members[1], 500, occurred_at_us=APRIL_US)
        for moment_us in (JULY_US, OCTOBER_US, OCTOBER_US + 90 * DAY_US):
            await house.move_clock(moment_us)
            if in_time:
                await lapse.of(house.programme)
        late = {"occurred_at_us": OCTOBER_US + 90 * DAY_US}
        answers = await till.post(earn(members[2], 200, **late), redemption(members[2], 3, **late))
        assert outcomes(answers) == [pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED]
        await lapse.of(house.programme)
        assert await lapse.of(house.programme) == 0
        assert [(await till.balance(member)).available for member in members] == [0, 0, 2]
        journals.append(sorted(await _postings(house)))
        await house.assert_sound()
    assert journals[0] == journals[1]
    assert journals[0].count(("EXPIRE", -10)) == 2


async def test_replicas_and_tills_at_the_same_time_end_a_wallet_once(quiet: PointsHouse) -> None:
    running = quiet.running
    till, members = await quiet.till(), [quiet.member() for _ in range(20)]
    await till.post(*(earn(member, 1_000) for member in members))
    await quiet.move_clock(JULY_US)
    async with running_points(running.database, beside=running) as replica:
        await asyncio.gather(
            *(each.wired.application.lapse_overdue.of(quiet.programme) for each in (running, replica)),
            *(till.earn(member, 300, occurred_at_us=JULY_US) for member in members),
        )
    assert (await _postings(quiet)).count(("EXPIRE", -10)) == 20
    assert {(await till.balance(member)).available for member in members} == {3}
    await quiet.assert_sound()


async def test_members_are_told_once_for_each_date_and_again_when_it_has_moved(quiet: PointsHouse) -> None:
    till, idle, active = await quiet.till(), quiet.member(), quiet.member()
    tell = quiet.running.wired.application.tell_expiring
    await till.post(earn(idle, 1_000), earn(active, 1_000))
    await quiet.move_clock(JULY_US - 31 * DAY_US)
    assert await tell.of(quiet.programme) == 0
    await quiet.move_clock(JULY_US - 20 * DAY_US)
    assert [await tell.of(quiet.programme) for _ in range(2)] == [2, 0]
    await till.earn(active, 100, occurred_at_us=JULY_US - 20 * DAY_US)
    assert await tell.of(quiet.programme) == 0
    moved_us = _end_us(2018, 1)
    await quiet.move_clock(moved_us - DAY_US)
    assert [await tell.of(quiet.programme) for _ in range(2)] == [1, 0]
    told = [
        events.PointsExpiring.FromString(event.payload)
        for event in await quiet.events()
        if event.type == "points.expiring"
    ]
    assert sorted((UUID(bytes=each.member_id), each.points, each.expires_at_us) for each in told) == sorted(
        [(idle, 10, JULY_US), (active, 10, JULY_US), (active, 11, moved_us)]
    )
    await quiet.assert_sound()


async def test_a_programme_changes_to_or_from_activity_only_before_its_first_posting(
    running: RunningPoints,
) -> None:
    for first, other in ((DEFAULT_POLICY, HALF_A_YEAR), (HALF_A_YEAR, DEFAULT_POLICY)):
        house = running.house(expiry=first)
        await house.set_expiry(other)
        await house.set_expiry(first)
        till, member = await house.till(), house.member()
        await till.earn(member, 1_000)
        with pytest.raises(InvalidRequest) as refused:
            await house.set_expiry(other)
        assert refused.value.metadata["field"] == "rule"
        assert refused.value.metadata["standing"] == first.rule.value
        # Other months are taken: by activity they count from the member's next one.
        at_us = (await till.balance(member)).next_expiry_at_us
        await house.set_expiry(first._replace(months=first.months + 1))
        assert (await till.balance(member)).next_expiry_at_us == at_us
        await house.assert_sound()
    await till.earn(member, 1)
    assert (await till.balance(member)).next_expiry_at_us == _end_us(2017, 8)
    await house.assert_sound()
