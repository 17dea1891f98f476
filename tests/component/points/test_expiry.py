"""Points lapse with their lots: before anything is decided, and out of every balance from that moment on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.clock import to_micros
from services.runtime.expiry_policy import DEFAULT_POLICY
from tests.support.points import PointsHouse, RunningPoints, Till, points_house
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US, new_programme
from tests.support.points_wire import earn, reasons, redemption
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

# 24 months after January 2017, to the month's end in New York.
LAPSE_US = to_micros(datetime(2019, 2, 1, 5, tzinfo=UTC))
FEBRUARY_US = to_micros(datetime(2017, 2, 10, tzinfo=UTC))
DAY_US = 86_400_000_000


async def _two_lots(house: PointsHouse) -> tuple[Till, Till]:
    """Two partners that have issued 10 and 20 points to nobody yet."""
    return await house.till(), await house.till()


async def test_points_expire_24_months_after_the_earn_at_the_months_end_in_the_programmes_zone(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    assert (await till.earn(member, 1_000)).transaction.expires_at_us == LAPSE_US
    found = await till.balance(member)
    assert (found.available, found.next_expiry_points, found.next_expiry_at_us) == (10, 10, LAPSE_US)


async def test_a_balance_leaves_out_overdue_points_before_their_lapse_is_posted(house: PointsHouse) -> None:
    grocer, fuel = await _two_lots(house)
    member = house.member()
    await grocer.earn(member, 1_000)
    await house.move_clock(FEBRUARY_US)
    await fuel.earn(member, 2_000, occurred_at_us=FEBRUARY_US)
    await house.move_clock(LAPSE_US - 60_000_000)
    assert (await fuel.balance(member)).available == 30
    await house.move_clock(LAPSE_US)
    found = await fuel.balance(member)
    assert (found.available, found.next_expiry_points) == (20, 20)
    assert (await house.head()).last_seq == 2
    await house.assert_sound()


async def test_overdue_lots_lapse_before_a_burn_is_decided(house: PointsHouse) -> None:
    grocer, fuel = await _two_lots(house)
    member = house.member()
    await grocer.earn(member, 1_000)
    await house.move_clock(FEBRUARY_US)
    await fuel.earn(member, 2_000, occurred_at_us=FEBRUARY_US)
    await house.move_clock(LAPSE_US)
    results = await fuel.post(
        redemption(member, 21, occurred_at_us=LAPSE_US), redemption(member, 20, occurred_at_us=LAPSE_US)
    )
    assert reasons(results) == ["INSUFFICIENT_POINTS", ""]
    assert results[0].error.metadata["available"] == "20"
    lapse, burn = (await house.journal())[2:]
    assert (lapse.transaction.kind, lapse.transaction.points, lapse.transaction.balance_after) == (
        pb.MOVEMENT_KIND_EXPIRE,
        -10,
        20,
    )
    assert (lapse.transaction.partner_id, lapse.transaction.reference) == (b"", "")
    assert [(use.lot_no, use.issuer_id, use.points) for use in lapse.lot_uses] == [
        (1, grocer.partner_id.bytes, 10)
    ]
    assert [(entry.account_kind, entry.owner_id, entry.amount) for entry in lapse.entries] == [
        ("wallet", member.bytes, -10),
        ("expiry", b"", 10),
    ]
    assert [(use.lot_no, use.points) for use in burn.lot_uses] == [(2, 20)]
    await house.assert_sound()


async def test_overdue_lots_lapse_before_an_earns_balance_and_a_refused_burn_leaves_the_lapse(
    house: PointsHouse,
) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await till.post(earn(member, 1_000), earn(other, 700))
    await house.move_clock(LAPSE_US)
    earned, refused = await till.post(
        earn(member, 300, occurred_at_us=LAPSE_US), redemption(other, 1, occurred_at_us=LAPSE_US)
    )
    assert (earned.transaction.points, earned.transaction.balance_after) == (3, 3)
    assert reasons([refused]) == ["INSUFFICIENT_POINTS"]
    assert [record.transaction.kind for record in await house.journal(3)] == [
        pb.MOVEMENT_KIND_EXPIRE,
        pb.MOVEMENT_KIND_EARN,
        pb.MOVEMENT_KIND_EXPIRE,
    ]
    await house.assert_sound()


async def test_a_lapse_is_told_with_its_lots_in_the_members_partition(house: PointsHouse) -> None:
    grocer, fuel = await _two_lots(house)
    member = house.member()
    await grocer.earn(member, 1_000)
    await fuel.earn(member, 2_000)
    await house.move_clock(LAPSE_US)
    await grocer.earn(member, 0, occurred_at_us=LAPSE_US)
    lapse = (await house.journal(3, 3))[0].transaction
    (event,) = [event for event in await house.events() if event.type == "points.expired"]
    assert (event.seq, event.partition, event.partner_id) == (3, member.int % 16, b"")
    assert events.PointsExpired.FromString(event.payload) == events.PointsExpired(
        transaction_id=lapse.transaction_id, seq=3, member_id=member.bytes, points=30, balance_after=0,
        recorded_at_us=lapse.recorded_at_us,
        lots=[
            events.LotTaken(lot_no=1, issuer_id=grocer.partner_id.bytes, point_type="base", points=10, earned_seq=1),
            events.LotTaken(lot_no=2, issuer_id=fuel.partner_id.bytes, point_type="base", points=20, earned_seq=2),
        ],
    )  # fmt: skip


async def test_points_lapse_once(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    await house.move_clock(LAPSE_US)
    for _ in range(3):
        await till.redeem(member, 5, occurred_at_us=LAPSE_US)
    assert [record.transaction.points for record in await house.journal()] == [10, -10]
    await house.assert_sound()


async def test_lots_are_used_by_expiry_then_by_the_time_of_the_earn(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.move_clock(FEBRUARY_US)
    # Opened late, but earned in January: it lapses first.
    await till.post(
        earn(member, 300, occurred_at_us=FEBRUARY_US),
        earn(member, 200, occurred_at_us=FEBRUARY_US - DAY_US),
        earn(member, 100, occurred_at_us=STARTS_AT_US),
    )
    await till.redeem(member, 5, occurred_at_us=FEBRUARY_US)
    (record,) = await house.journal(4)
    assert [(use.lot_no, use.points) for use in record.lot_uses] == [(3, 1), (2, 2), (1, 2)]


async def test_a_burn_takes_from_lots_earned_in_the_same_batch_in_their_place(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.move_clock(FEBRUARY_US)
    await till.earn(member, 300, occurred_at_us=FEBRUARY_US)
    await till.post(
        earn(member, 200, occurred_at_us=STARTS_AT_US), redemption(member, 4, occurred_at_us=FEBRUARY_US)
    )
    (record,) = await house.journal(3)
    assert [(use.lot_no, use.points) for use in record.lot_uses] == [(2, 2), (1, 2)]
    await house.assert_sound()


async def test_points_earned_so_long_ago_that_they_have_lapsed_are_recorded_and_lapse_with_the_next_movement(
    running: RunningPoints,
) -> None:
    house = running.house(expiry=DEFAULT_POLICY._replace(months=1))
    till, member = await house.till(), house.member()
    long_ago = STARTS_AT_US - 200 * DAY_US
    first, second = await till.post(*(earn(member, 500, occurred_at_us=long_ago) for _ in range(2)))
    assert (first.transaction.balance_after, second.transaction.balance_after) == (5, 5)
    assert (await till.balance(member)).available == 0
    assert reasons([await till.redeem(member, 1)]) == ["INSUFFICIENT_POINTS"]
    assert [record.transaction.points for record in await house.journal()] == [5, -5, 5, -5]
    await house.assert_sound()


async def test_without_an_expiry_points_stay_for_ever(running: RunningPoints) -> None:
    house = running.house(expiry=DEFAULT_POLICY._replace(months=0))
    till, member = await house.till(), house.member()
    assert (await till.earn(member, 500)).transaction.expires_at_us == 0
    await house.move_clock(STARTS_AT_US + 80 * 365 * DAY_US)
    found = await till.balance(member)
    assert (found.available, found.next_expiry_points, found.next_expiry_at_us) == (5, 0, 0)
    (record,) = await house.journal()
    assert [lot.expires_at_us for lot in record.lots_opened] == [0]
    burn = await till.redeem(member, 5, occurred_at_us=(await house.head()).now_us)
    assert burn.outcome == pb.OUTCOME_ACCEPTED
    await house.assert_sound()


async def test_the_database_servers_time_zone_moves_no_expiry(
    database_for: Callable[[str], ServiceDatabase], running: RunningPoints
) -> None:
    database = running.database
    async with as_superuser(database) as connection:
        # On the other side of the date line since 2011.
        await connection.execute(f"ALTER DATABASE \"{database.name}\" SET timezone TO 'Pacific/Apia'")
    try:
        async with points_house(database, new_programme()) as house:
            till, member = await house.till(), house.member()
            await till.earn(member, 500)
            for moment, available in ((LAPSE_US - 60_000_000, 5), (LAPSE_US, 0)):
                await house.move_clock(moment)
                assert (await till.balance(member)).available == available
            assert reasons([await till.redeem(member, 1, occurred_at_us=LAPSE_US)]) == ["INSUFFICIENT_POINTS"]
            await house.assert_sound()
    finally:
        async with as_superuser(database) as connection:
            await connection.execute(f'ALTER DATABASE "{database.name}" RESET timezone')
