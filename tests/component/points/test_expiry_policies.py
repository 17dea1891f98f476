"""A programme's own policy says when points expire and how long before that is told; it changes for what comes after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import points_pb2
from coalition.type.v1 import expiry_pb2

from services.runtime import grpc_client
from services.runtime.clock import to_micros
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, ExpiryRule, policy_message
from tests.support.points import PointsHouse, RunningPoints, Till, running_points
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import reasons

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000
# The end of March, six full months after the earn at least; the zone is New York's.
END_OF_MARCH = ExpiryPolicy(ExpiryRule.FIXED_DATE, 6, 3, 31, 30)
MARCH_2018_US = to_micros(datetime(2018, 4, 1, 4, tzinfo=UTC))
JUNE_US, NOVEMBER_US = (to_micros(datetime(2017, month, 10, tzinfo=UTC)) for month in (6, 11))


async def _versions(house: PointsHouse) -> list[points_pb2.ExpiryPolicyVersion]:
    request = points_pb2.ListExpiryPoliciesRequest()
    return list((await house.as_staff(house.stub.ListExpiryPolicies, request)).versions)


async def _told(house: PointsHouse) -> list[tuple[UUID, int, int]]:
    """Who was told that how many points expire when."""
    found = [
        events.PointsExpiring.FromString(event.payload)
        for event in await house.events()
        if event.type == "points.expiring"
    ]
    return [(UUID(bytes=each.member_id), each.points, each.expires_at_us) for each in found]


async def test_points_expire_together_at_the_fixed_date(running: RunningPoints) -> None:
    house = running.house(expiry=END_OF_MARCH)
    till, member = await house.till(), house.member()
    for moment_us in (STARTS_AT_US, JUNE_US):
        await house.move_clock(moment_us + DAY_US)
        earned = await till.earn(member, 1_000, occurred_at_us=moment_us)
        assert earned.transaction.expires_at_us == MARCH_2018_US
    await house.move_clock(NOVEMBER_US)
    # Not six months before the end of March: a year later.
    late = await till.earn(member, 500, occurred_at_us=NOVEMBER_US)
    assert late.transaction.expires_at_us == to_micros(datetime(2019, 4, 1, 4, tzinfo=UTC))
    found = await till.balance(member)
    assert (found.available, found.next_expiry_points, found.next_expiry_at_us) == (25, 20, MARCH_2018_US)
    await house.move_clock(MARCH_2018_US)
    assert (await till.balance(member)).available == 5
    assert reasons([await till.redeem(member, 6, occurred_at_us=MARCH_2018_US)]) == ["INSUFFICIENT_POINTS"]
    assert [record.transaction.points for record in await house.journal()] == [10, 10, 5, -20]
    await house.assert_sound()


async def test_a_policy_decides_what_is_posted_from_then_on_whenever_it_was_earned(
    house: PointsHouse, running: RunningPoints
) -> None:
    till, member = await house.till(), house.member()
    before = (await till.earn(member, 1_000)).transaction.expires_at_us
    async with running_points(running.database, beside=running) as replica:
        await house.at(replica).set_expiry(END_OF_MARCH)
    after = (await till.earn(member, 1_000)).transaction.expires_at_us
    assert (before, after) == (to_micros(datetime(2019, 2, 1, 5, tzinfo=UTC)), MARCH_2018_US)
    await house.set_expiry(DEFAULT_POLICY._replace(months=0))
    assert (await till.earn(member, 1_000)).transaction.expires_at_us == 0
    found = await till.call("ListExpirations", points_pb2.ListExpirationsRequest(member_id=member.bytes))
    assert [(each.points, each.expires_at_us) for each in found.expirations] == [(10, after), (10, before)]
    # What never expires is burned last, what expires first is burned first.
    await till.redeem(member, 15)
    assert [(use.lot_no, use.points) for use in (await house.journal(4))[0].lot_uses] == [(2, 10), (1, 5)]
    await house.assert_sound()


async def test_every_version_is_kept_with_the_seq_from_which_it_counts(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    first = await house.set_expiry(END_OF_MARCH)
    assert await house.set_expiry(END_OF_MARCH) == first
    await house.set_expiry(END_OF_MARCH._replace(notice_days=7))
    assert [(version.from_seq, version.policy) for version in await _versions(house)] == [
        (1, policy_message(DEFAULT_POLICY)),
        (2, policy_message(END_OF_MARCH)),
        (2, policy_message(END_OF_MARCH._replace(notice_days=7))),
    ]
    numbers = [version.version for version in await _versions(house)]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    await house.assert_sound()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rule": expiry_pb2.EXPIRY_RULE_UNSPECIFIED}, "rule"),
        ({"months": 121}, "months"),
        ({"months": -1}, "months"),
        ({"notice_days": 366}, "notice_days"),
        ({"month": 13}, "month"),
        ({"month": 4, "day": 31}, "day"),
        ({"month": 2, "day": 30}, "day"),
        ({"day": 0}, "day"),
        ({"rule": expiry_pb2.EXPIRY_RULE_MONTHS_AFTER_EARN}, "month"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_and_changes_nothing(
    house: PointsHouse, changes: dict[str, Any], field: str
) -> None:
    wanted = policy_message(END_OF_MARCH)
    for name, value in changes.items():
        setattr(wanted, name, value)
    with pytest.raises(InvalidRequest) as refused:
        await house.as_staff(house.stub.SetExpiryPolicy, points_pb2.SetExpiryPolicyRequest(policy=wanted))
    assert refused.value.metadata["field"] == field
    assert len(await _versions(house)) == 1


async def test_only_staff_for_prices_sets_it_and_everybody_may_know_it(house: PointsHouse) -> None:
    request = points_pb2.SetExpiryPolicyRequest(policy=policy_message(END_OF_MARCH))
    for who in (house.staff_with("maker"), Till(house).principal):
        with pytest.raises(PermissionDenied):
            await grpc_client.call(house.stub.SetExpiryPolicy, request, who)
    found = await Till(house).call("ListExpiryPolicies", points_pb2.ListExpiryPoliciesRequest())
    assert [version.policy for version in found.versions] == [policy_message(DEFAULT_POLICY)]


async def test_points_are_told_as_long_ahead_as_the_programme_says(running: RunningPoints) -> None:
    house = running.house(expiry=END_OF_MARCH._replace(notice_days=5))
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    tell = running.wired.application.tell_expiring
    await house.move_clock(MARCH_2018_US - 6 * DAY_US)
    assert await tell.of(house.programme) == 0
    # The newest version counts for what was earned before, too.
    await house.set_expiry(END_OF_MARCH._replace(notice_days=0))
    await house.move_clock(MARCH_2018_US - DAY_US)
    assert await tell.of(house.programme) == 0
    await house.set_expiry(END_OF_MARCH._replace(notice_days=2))
    assert [await tell.of(house.programme) for _ in range(2)] == [1, 0]
    assert await _told(house) == [(member, 10, MARCH_2018_US)]
    await house.assert_sound()
