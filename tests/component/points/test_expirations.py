"""When which points of a member expire: the same lots that a balance counts, grouped by their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from coalition.points.v1 import points_pb2

from services.points.storage import balances
from services.runtime.clock import to_micros
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.ids import new_id
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_database import as_superuser
from tests.support.points_wire import earn, hold, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE_US: Final = 60_000_000
MONTHS_US: Final = [to_micros(datetime(2017, month, 10, tzinfo=UTC)) for month in range(1, 7)]
# 24 months later, to the month's end in New York: four in winter time, two in summer time.
ENDS_US: Final = [
    to_micros(datetime(2019, month + 1, 1, 5 if month < 3 else 4, tzinfo=UTC)) for month in range(1, 7)
]
ASKED: Final[dict[str, Any]] = {"limit": 100}


async def _page(till: Till, member: UUID, **asked: int) -> tuple[list[tuple[int, int]], bool]:
    """Points with their ends, and whether there are more."""
    request = points_pb2.ListExpirationsRequest(member_id=member.bytes, **{**ASKED, **asked})
    answer = await till.call("ListExpirations", request)
    return [(each.points, each.expires_at_us) for each in answer.expirations], answer.has_more


async def _all(till: Till, member: UUID) -> Sequence[tuple[int, int]]:
    found, has_more = await _page(till, member)
    assert not has_more
    return found


async def _half_a_year(house: PointsHouse) -> tuple[Till, UUID]:
    """A member who earned 10, 20, … 60 points in six months, each in two lots."""
    till, member = await house.till(), house.member()
    for number, month_us in enumerate(MONTHS_US, 1):
        await house.move_clock(month_us)
        await till.post(*(earn(member, number * 500, occurred_at_us=month_us) for _ in range(2)))
    return till, member


async def test_points_are_told_by_their_end_soonest_first(house: PointsHouse) -> None:
    till, member = await _half_a_year(house)
    assert await _all(till, member) == list(zip(range(10, 70, 10), ENDS_US, strict=True))
    assert await _all(till, house.member()) == []
    assert await _all(till, new_id()) == []


async def test_the_first_is_what_a_balance_tells_and_all_are_what_is_available(house: PointsHouse) -> None:
    till, member = await _half_a_year(house)
    now_us = MONTHS_US[-1]

    async def agree() -> None:
        found, balance = await _all(till, member), await till.balance(member)
        assert found[0] == (balance.next_expiry_points, balance.next_expiry_at_us)
        assert sum(points for points, _ in found) == balance.available

    await agree()
    # What is held comes from what ends first, as a burn would: all of the first month, 5 of the second.
    await till.post(hold(member, 15, occurred_at_us=now_us))
    assert (await _all(till, member))[:2] == [(15, ENDS_US[1]), (30, ENDS_US[2])]
    await agree()
    await till.post(redemption(member, 20, occurred_at_us=now_us))
    assert (await _all(till, member))[0] == (25, ENDS_US[2])
    await agree()
    # A hold whose time is over counts for nothing, whether or not that was posted; nor does an overdue lot.
    await house.move_clock(now_us + 16 * MINUTE_US)
    assert (await _all(till, member))[:2] == [(10, ENDS_US[0]), (5, ENDS_US[1])]
    await agree()
    last_seq = (await house.head()).last_seq
    await house.move_clock(ENDS_US[1])
    assert (await _all(till, member))[0] == (25, ENDS_US[2])
    await agree()
    assert (await house.head()).last_seq == last_seq
    await house.assert_sound()


async def test_it_is_read_in_pages_to_both_sides(house: PointsHouse) -> None:
    till, member = await _half_a_year(house)
    whole = list(zip(range(10, 70, 10), ENDS_US, strict=True))
    assert await _page(till, member, limit=2) == (whole[:2], True)
    assert await _page(till, member, limit=2, after_us=ENDS_US[1]) == (whole[2:4], True)
    assert await _page(till, member, limit=2, after_us=ENDS_US[3]) == (whole[4:], False)
    assert await _page(till, member, limit=2, after_us=ENDS_US[5]) == ([], False)
    assert await _page(till, member, limit=2, before_us=ENDS_US[4]) == (whole[2:4], True)
    assert await _page(till, member, limit=2, before_us=ENDS_US[2]) == (whole[:2], False)
    assert await _page(till, member, limit=2, after_us=ENDS_US[0], before_us=ENDS_US[2]) == (
        whole[1:2],
        False,
    )


async def test_twenty_are_told_unless_asked_otherwise(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    for number in range(23):
        month_us = to_micros(datetime(2017 + number // 12, number % 12 + 1, 10, tzinfo=UTC))
        await house.move_clock(month_us)
        await till.earn(member, 100, occurred_at_us=month_us)
    found, has_more = await _page(till, member, limit=0)
    assert (len(found), has_more) == (20, True)
    assert len(await _all(till, member)) == 23


@pytest.mark.parametrize(
    "asked", [{"limit": 101}, {"limit": -1}, {"after_us": -1}, {"before_us": -1}, {"before_us": 2**62}]
)
async def test_what_is_out_of_range_is_refused(house: PointsHouse, asked: dict[str, int]) -> None:
    till = await house.till()
    with pytest.raises(InvalidRequest) as refused:
        await _page(till, house.member(), **asked)
    assert refused.value.metadata["field"] in asked
    with pytest.raises(InvalidRequest):
        await till.call("ListExpirations", points_pb2.ListExpirationsRequest(member_id=b"short"))


async def test_points_that_never_expire_are_in_no_list(running: RunningPoints) -> None:
    house = running.house(expiry=DEFAULT_POLICY._replace(months=0))
    till, member = await house.till(), house.member()
    await till.earn(member, 500)
    assert (await till.balance(member)).available == 5
    assert await _all(till, member) == []


async def test_a_partner_needs_the_scope_to_read_points(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    blind = Till(house, till.partner_id, ("points:earn", "points:redeem"))
    with pytest.raises(PermissionDenied):
        await _page(blind, member)
    found = await house.as_staff(
        house.stub.ListExpirations, points_pb2.ListExpirationsRequest(member_id=member.bytes)
    )
    assert list(found.expirations) == []


LEDGER, ROWS, WALLETS = 31_777, 6_000, 60
FILL: Final = (
    "INSERT INTO account SELECT {l}, no, CASE no WHEN 1 THEN 'issuance' ELSE 'wallet' END, gen_random_uuid() FROM generate_series(1, {wallets} + 1) no",
    "INSERT INTO ledger VALUES ({l}, 'plans-{l}', 'UTC', 'EUR', true)",
    "INSERT INTO ledger_head (ledger_id) VALUES ({l})",
    """INSERT INTO balance (ledger_id, account_no, credits) SELECT {l}, no, CASE no WHEN 1 THEN 0 ELSE {rows} / {wallets} END
    FROM generate_series(1, {wallets} + 1) no""",
    """INSERT INTO lot SELECT no, no, 1, 1, 0, now(), now() + (1 + no / {wallets}) * interval '1 day', 2 + no % {wallets}, 1, {l}, true,
    'base' FROM generate_series(0, {rows} - 1) no""",
)


async def test_no_lots_of_other_wallets_are_read(house: PointsHouse) -> None:
    """A young programme, which the statistics of the tables do not know."""
    async with as_superuser(house.database, without_triggers=True) as connection:
        transaction = connection.transaction()
        await transaction.start()
        for statement in FILL:
            await connection.execute(statement.format(l=LEDGER, rows=ROWS, wallets=WALLETS))
        member = await connection.fetchval(
            "SELECT owner_id FROM account WHERE ledger_id = $1 AND kind = 'wallet' LIMIT 1", LEDGER
        )
        touched = (
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables"
        )
        for bounds in ((0, 0), (1, 0), (0, to_micros(datetime(2200, 1, 1, tzinfo=UTC)))):
            before: Any = await connection.fetchval(touched)
            found, has_more = await balances.expirations(connection, LEDGER, member, *bounds, 100)
            assert (len(found), has_more) == (ROWS // WALLETS, False)
            after: Any = await connection.fetchval(touched)
            # Its lots, and a few rows of heads, accounts and holds: not all the lots of the programme.
            assert after - before < 2 * ROWS // WALLETS, bounds
        await transaction.rollback()
