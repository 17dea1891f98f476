"""The credit gate's half in this service: what partners owe becomes floors that the ledger is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast
from uuid import UUID

import pytest
from coalition.events.v1 import partners_pb2 as told
from coalition.partners.v1 import limits_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.partners.clients.points import Issuance, PointsLedger
from services.partners.commands.set_floors import SetFloors
from services.partners.events.publish import LOG, tell
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office, office_of

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


@pytest.fixture
async def office(house: House) -> AsyncGenerator[Office]:
    async with office_of(house) as office:
        yield office


async def limited(
    office: Office, programme: Programme, partner_id: UUID, limit_minor: int, **changes: int
) -> None:
    """Gives a partner a credit limit, as two people."""
    maker, checker = await office.person("maker"), await office.person("checker")
    draft = await office.draft(maker, programme, partner_id, limit_minor, **changes)
    await office.approve(checker.on(programme), draft)


async def set_floors(house: House, programme: Programme) -> list[UUID]:
    """What the job does, once all is rated."""
    await house.rate_now(programme)
    return list(await house.app.set_floors(await house.app.programmes.named(programme.slug)))


def floors(house: House, programme: Programme, partner_id: UUID) -> list[tuple[int | None, int]]:
    """What the ledger was told: the floor, and the seq it was counted to."""
    return house.ledger.book(programme).floors.get(partner_id, [])


async def standing(office: Office, programme: Programme) -> limits_pb2.CreditStanding:
    request = limits_pb2.ListCreditStandingsRequest()
    answer = await office.house.ask(office.limits.ListCreditStandings, request, programme)
    (found,) = answer.standings
    return found


async def warnings(house: House, programme: Programme) -> list[told.PartnerCreditWarned]:
    found: list[told.PartnerCreditWarned] = []
    async for block in LOG.read(house.app.database.reader, programme.ledger_id, 1, 0):
        found += [
            told.PartnerCreditWarned.FromString(each.payload)
            for each in block
            if each.type == "partner.credit_warned"
        ]
    return found


async def test_where_earns_may_be_parked_no_price_is_too_old(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    day_us = 86_400_000_000
    await house.set_rates(programme, grocer, 100_000, 8_000, STARTS_AT_US, STARTS_AT_US + day_us)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US + day_us)
    await house.ledger.move_clock(programme, STARTS_AT_US + 402 * day_us)
    await house.rate_now(programme)
    await limited(office, programme, grocer, 10_000)
    await set_floors(house, programme)
    assert (await standing(office, programme)).floor == -10_000
    await limited(office, programme, grocer, 10_000, on_limit=limits_pb2.ON_LIMIT_PARK)
    await set_floors(house, programme)
    assert (await standing(office, programme)).floor == -1_000
    # Some may be parked still.
    await limited(office, programme, grocer, 10_000)
    await set_floors(house, programme)
    assert (await standing(office, programme)).floor == -1_000


async def test_a_limit_becomes_a_floor_of_points_and_what_is_issued_uses_it(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    assert await set_floors(house, programme) == []
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 1_000))
    assert await set_floors(house, programme) == [grocer]
    # 100.00 less 10.00 pay for 9,000 points beyond the 1,000.
    assert floors(house, programme, grocer) == [(-10_000, 1)]
    await house.ledger.post(programme, Earn(grocer, 4_000))
    assert await set_floors(house, programme) == []
    found = await standing(office, programme)
    assert (found.owed_micros, found.headroom_micros, found.as_of_seq) == (50_000_000, 50_000_000, 2)
    assert (found.floor, found.floor_seq, found.warned) == (-10_000, 1, False)


async def test_what_becomes_of_earns_beyond_is_told_with_the_floor_and_as_soon_as_it_alone_changes(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 1_000))
    assert await set_floors(house, programme) == [grocer]
    assert house.ledger.book(programme).parks[grocer] is False
    await limited(office, programme, grocer, 10_000, on_limit=limits_pb2.ON_LIMIT_PARK)
    assert await set_floors(house, programme) == [grocer]
    assert house.ledger.book(programme).parks[grocer] is True
    assert floors(house, programme, grocer) == [(-10_000, 1)] * 2
    assert await set_floors(house, programme) == []
    # Without a limit there is nothing to be beyond.
    await limited(office, programme, grocer, 0, unlimited=True, on_limit=limits_pb2.ON_LIMIT_PARK)
    assert await set_floors(house, programme) == [grocer]
    assert (floors(house, programme, grocer)[-1][0], house.ledger.book(programme).parks[grocer]) == (
        None,
        False,
    )
    assert await set_floors(house, programme) == []


async def test_what_is_taken_back_and_what_is_reimbursed_once_it_is_stated_come_back_as_headroom(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer, fuel = await house.partner(programme, "grocer"), await house.partner(programme, "fuel")
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 5_000), Burn(grocer, [(fuel, 2_500)]))
    await set_floors(house, programme)
    assert floors(house, programme, grocer)[-1] == (-10_000, 2)
    await house.ledger.post(programme, ClawBack(grocer, 1, 1_000))
    assert await set_floors(house, programme) == []
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    await set_floors(house, programme)
    # 2,500 points at 0.0080 are 20.00, which pay for 2,000 points more.
    assert floors(house, programme, grocer)[-1] == (-12_000, 3)
    found = await standing(office, programme)
    assert (found.owed_micros, found.reimbursed_micros) == (40_000_000, 20_000_000)
    await house.ledger.post(programme, Return(grocer, 2, [(fuel, 1_250)]))
    await house.ledger.move_clock(programme, MONDAY_US + WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)
    await set_floors(house, programme)
    # Half of the burn was given back: that much is owed back, and the floor is tighter again.
    assert (await standing(office, programme)).reimbursed_micros == 10_000_000
    assert floors(house, programme, grocer)[-1] == (-11_000, 4)


async def test_points_paid_for_at_redemption_count_whole_until_they_lapse(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=0)
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 6_000))
    await set_floors(house, programme)
    found = await standing(office, programme)
    assert (found.owed_micros, found.potential_micros) == (0, 60_000_000)
    await house.ledger.post(programme, Burn(grocer, [(grocer, 1_000, 1)]), Expiry(grocer, 2_000, 1))
    await set_floors(house, programme)
    found = await standing(office, programme)
    assert (found.owed_micros, found.potential_micros) == (10_000_000, 30_000_000)
    # 60.00 left pay for 6,000 points beyond the 6,000 that were issued.
    assert floors(house, programme, grocer)[-1] == (-12_000, 3)


async def test_a_fee_of_a_statement_and_a_dearer_price_make_a_floor_tighter_at_once(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 10_000)
    await set_floors(house, programme)
    assert floors(house, programme, grocer) == [(-10_000, 0)]
    await house.set_rates(programme, grocer, 20_000, 8_000, STARTS_AT_US + 10 * WEEK_US)
    assert await set_floors(house, programme) == [grocer]
    assert floors(house, programme, grocer)[-1] == (-5_000, 0)


async def test_a_warning_is_told_once_and_again_after_it_had_passed(house: House, office: Office) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 7_999))
    await set_floors(house, programme)
    assert await warnings(house, programme) == []
    await house.ledger.post(programme, Earn(grocer, 1))
    for _ in range(2):
        await set_floors(house, programme)
    (warned,) = await warnings(house, programme)
    assert (warned.exposure_minor, warned.limit_minor, warned.warning_percent, warned.as_of_seq) == (
        8_000,
        10_000,
        80,
        2,
    )
    assert (await standing(office, programme)).warned
    await house.ledger.post(programme, ClawBack(grocer, 1, 100))
    await set_floors(house, programme)
    assert not (await standing(office, programme)).warned
    await house.ledger.post(programme, Earn(grocer, 500))
    await set_floors(house, programme)
    assert [each.as_of_seq for each in await warnings(house, programme)] == [2, 4]


async def test_prefunding_adds_to_a_limit_and_without_a_limit_the_floor_goes(
    house: House, office: Office
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 0, prefunded_minor=5_000)
    await set_floors(house, programme)
    assert floors(house, programme, grocer) == [(-5_000, 0)]
    await limited(office, programme, grocer, 0, unlimited=True)
    await set_floors(house, programme)
    assert floors(house, programme, grocer)[-1] == (None, 0)
    assert await set_floors(house, programme) == []


async def test_floors_wait_while_rating_is_behind(house: House, office: Office) -> None:
    """The one in force still holds; a new one must not rest on points whose money is not counted."""
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 1_000))
    registration = await house.app.programmes.named(programme.slug)
    assert await house.app.set_floors(registration) == []
    assert floors(house, programme, grocer) == []
    assert await set_floors(house, programme) == [grocer]


async def test_who_counts_again_from_nothing_comes_to_the_same(house: House, office: Office) -> None:
    programme = await house.programme()
    grocer, fuel = await house.partner(programme, "grocer"), await house.partner(programme, "fuel")
    await limited(office, programme, grocer, 10_000)
    for week in range(3):
        await house.ledger.post(programme, Earn(grocer, 500 + week), Burn(grocer, [(fuel, 100)]))
        await house.ledger.move_clock(programme, MONDAY_US + week * WEEK_US)
        await house.rate_now(programme)
        await house.close(programme)
        await set_floors(house, programme)
    kept = await standing(office, programme)
    await house.as_superuser(f"DELETE FROM credit_standing WHERE ledger_id = {programme.ledger_id}")
    await set_floors(house, programme)
    again = await standing(office, programme)
    for each in (kept, again):
        each.ClearField("floor")
        each.ClearField("floor_seq")
    assert again == kept
    assert kept.owed_micros == (500 + 501 + 502) * 10_000


async def test_standings_are_for_staff_and_services(house: House, office: Office) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    with pytest.raises(CoalitionError) as refused:
        await grpc_client.call(
            office.limits.ListCreditStandings,
            limits_pb2.ListCreditStandingsRequest(),
            house.as_partner(programme, grocer),
        )
    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED


async def test_a_re_rate_of_what_came_while_the_ledger_was_asked_counts_with_it_and_not_before(
    office: Office,
) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 20_000)
    await limited(office, programme, grocer, 10_000)
    await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.rate_now(programme)

    class Answered:
        """The ledger as it was asked: more is issued, rated and re-rated before its answer is counted."""

        async def issuance(self, of: Programme, partner_ids: Sequence[UUID]) -> Issuance:
            found = await house.points.issuance(of, partner_ids)
            await house.ledger.post(programme, Earn(grocer, 2_000))
            await house.rate_now(programme)
            await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US)
            await office.rerate(programme, grocer, 2)
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(house.points, name)

    registration = await house.app.programmes.named(programme.slug)
    late = SetFloors(house.app.database, tell, cast("PointsLedger", Answered()))
    await late(registration)
    found = await standing(office, programme)
    assert (found.as_of_seq, found.owed_micros) == (1, 20_000_000)
    await set_floors(house, programme)
    assert (await standing(office, programme)).owed_micros == 30_000_000
