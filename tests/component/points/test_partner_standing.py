"""Where a partner stands, at the ledger itself: whoever calls it, it refuses what is not answered then."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.events.v1 import partners_pb2
from coalition.partners.v1 import standing_pb2
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1.points_pb2 import Funder
from coalition.type.v1.event_record_pb2 import EventRecord

from services.points.events.partners import StandingsTold
from services.runtime.errors import InvalidRequest
from services.runtime.partner_standing import Operation, PartnerStanding, StandingKind, answers
from tests.support.campaign_wire import budget, load_budget, promote, set_campaign
from tests.support.points import PointsHouse, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, outcomes, reason, redemption, reversal
from tests.support.wallet_wire import transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000
ACCEPTED, AWAY, PARKED = pb.OUTCOME_ACCEPTED, pb.OUTCOME_TURNED_AWAY, pb.OUTCOME_PARKED


def suspended(from_us: int) -> PartnerStanding:
    return PartnerStanding(StandingKind.SUSPENDED, from_us)


async def tell(house: PointsHouse, partner: UUID, *versions: PartnerStanding) -> None:
    """Tells where a partner stands, as the partners service's events do, each twice."""
    records = [
        EventRecord(
            pos=number,
            type="partner.standing_changed",
            payload=partners_pb2.PartnerStandingChanged(
                partner_id=partner.bytes,
                version=number,
                standing=each.kind.value,
                valid_from_us=each.valid_from_us,
                run_off_until_us=each.run_off_until_us,
                returns_until_us=each.returns_until_us,
            ).SerializeToString(),
        )
        for number, each in enumerate(versions, 1)
    ]
    wired = house.running.wired
    for _ in range(2):
        async with wired.database.writer.transaction() as connection:
            opened = wired.application.doors.opened
            await StandingsTold(opened).apply(connection, house.programme.slug, records)


async def now_us(house: PointsHouse) -> int:
    """Programme time, as the last posting says."""
    return (await house.journal())[-1].transaction.recorded_at_us


async def with_points(house: PointsHouse) -> tuple[Till, UUID]:
    till, member = await house.till(), house.member()
    await till.earn(member, 100_000, reference="first", key="first")
    return till, member


STANDINGS = {
    "active": (PartnerStanding(StandingKind.ACTIVE, -9),),
    "suspended": (PartnerStanding(StandingKind.SUSPENDED, -9),),
    "leaving": (PartnerStanding(StandingKind.EXITING, -9, 30, 60),),
    "run off": (PartnerStanding(StandingKind.EXITING, -9, -5, 60),),
    "returned": (PartnerStanding(StandingKind.EXITING, -9, -5, -3),),
    "gone": (PartnerStanding(StandingKind.EXITING, -9, -5, -3), PartnerStanding(StandingKind.EXITED, -3)),
}


@pytest.mark.parametrize("named", STANDINGS)
async def test_every_movement_is_answered_as_the_table_says(house: PointsHouse, named: str) -> None:
    till, member = await with_points(house)
    first, second = await till.hold(member, 10), await till.hold(member, 10)
    await till.earn(member, 2_000, key="undone")
    burned = await till.redeem(member, 5)
    at = await now_us(house)

    def dated(each: PartnerStanding) -> PartnerStanding:
        ends = (at + days * DAY_US if days else 0 for days in (each.run_off_until_us, each.returns_until_us))
        return PartnerStanding(each.kind, at + each.valid_from_us * DAY_US, *ends)

    versions = [dated(each) for each in STANDINGS[named]]
    await tell(house, till.partner_id, *versions)
    elsewhere = await house.till()
    results = {
        Operation.EARN: await till.earn(member, 1_000),
        Operation.REDEEM: await till.redeem(member, 1),
        Operation.HOLD: await till.hold(member, 1),
        Operation.CAPTURE: await till.capture(first.transaction.transaction_id),
        Operation.VOID: await till.void(second.transaction.transaction_id),
        Operation.REFUND: await till.refund(burned.transaction.transaction_id, occurred_at_us=STARTS_AT_US),
        Operation.REVERSE: (await till.post(reversal("undone")))[0],
        Operation.BURN_ELSEWHERE: await elsewhere.redeem(member, 1),
    }
    for operation, result in results.items():
        if answers(operation, versions[-1], at):
            assert result.outcome == ACCEPTED, (operation, result)
            continue
        assert result.outcome == AWAY, operation
        away = "PARTNER_SUSPENDED" if named == "suspended" else "PARTNER_EXITED"
        assert reason(result) == away
        # (A reversal of what was posted is decided as its refund.)
        asked = Operation.REFUND if operation is Operation.REVERSE else operation
        assert dict(result.error.metadata) == {
            "standing": versions[-1].kind.value,
            "operation": asked.value,
        }
    await house.assert_sound()


async def test_what_was_answered_before_keeps_its_answer_and_what_was_refused_is_taken_later(
    house: PointsHouse,
) -> None:
    till, member = await with_points(house)
    at = await now_us(house)
    await tell(house, till.partner_id, suspended(at))
    item = earn(member, 100_000, reference="first", key="first")
    (again,) = await till.post(item)
    assert (again.outcome, again.replayed) == (ACCEPTED, True)
    refused = await till.earn(member, 1_000, key="again", reference="again")
    assert reason(refused) == "PARTNER_SUSPENDED"
    await tell(house, till.partner_id, suspended(at), PartnerStanding(StandingKind.ACTIVE, at))
    later = await till.earn(member, 1_000, key="again", reference="again")
    assert (later.outcome, later.replayed) == (ACCEPTED, False)


async def test_a_standing_of_later_and_of_another_partner_changes_nothing_now(house: PointsHouse) -> None:
    till, member = await with_points(house)
    at = await now_us(house)
    await tell(house, till.partner_id, suspended(at + DAY_US))
    await tell(house, (await house.till()).partner_id, suspended(at))
    assert outcomes([await till.earn(member, 1_000)]) == [ACCEPTED]


async def test_a_sale_and_its_burn_fall_together(house: PointsHouse) -> None:
    till, member = await with_points(house)
    await tell(house, till.partner_id, suspended(await now_us(house)))
    pair = earn(member, 1_000, linked=True), redemption(member, 1)
    results = await till.post(*pair)
    assert {result.outcome for result in results} == {AWAY}
    assert {reason(result) for result in results} == {"PARTNER_SUSPENDED", "LINKED_ITEM_FAILED"}
    assert (await till.balance(member)).available == 1_000


async def test_what_was_parked_waits_for_the_end_of_a_suspension(house: PointsHouse) -> None:
    till, member = await with_points(house)
    await house.set_floor(till.partner_id, -1_000, parks=True)
    assert (await till.earn(member, 1_000)).outcome == PARKED
    at = await now_us(house)
    await tell(house, till.partner_id, suspended(at))
    await house.set_floor(till.partner_id, None)
    unpark = house.running.wired.application.unpark_earns
    assert await unpark.of(house.programme) == 0
    await tell(house, till.partner_id, suspended(at), PartnerStanding(StandingKind.ACTIVE, at))
    assert await unpark.of(house.programme) == 1
    assert (await till.balance(member)).available == 1_010
    await house.assert_sound()


async def test_a_campaign_gives_nothing_while_a_funder_of_it_is_suspended(house: PointsHouse) -> None:
    till, member = await with_points(house)
    funder = await house.till()
    shared = [Funder(partner_id=funder.partner_id.bytes, percent=40), Funder(percent=60)]
    campaign, other = await promote(house, 1_000, funders=shared), await promote(house, 1_000)
    before = await till.earn(member, 1_000)
    assert {each.campaign_id for each in before.transaction.bonuses} == {campaign, other}
    at = await now_us(house)
    await tell(house, funder.partner_id, suspended(at))
    during = await till.earn(member, 1_000)
    assert [each.campaign_id for each in during.transaction.bonuses] == [other]
    await tell(house, funder.partner_id, suspended(at), PartnerStanding(StandingKind.ACTIVE, at))
    after = await till.earn(member, 1_000)
    assert {each.campaign_id for each in after.transaction.bonuses} == {campaign, other}
    assert (await budget(house, campaign))[1] == 40
    await house.assert_sound()


async def test_who_does_not_take_part_is_no_new_funder_and_stays_an_old_one(house: PointsHouse) -> None:
    funder = (await house.till()).partner_id
    funders = [Funder(partner_id=funder.bytes, percent=100)]
    campaign = (await set_campaign(house, funders=funders)).campaign.campaign_id
    await load_budget(house, campaign, 100)
    house.neighbours.refused[funder.bytes] = [standing_pb2.PARTNER_OPERATION_FUND]
    with pytest.raises(InvalidRequest, match="that take part"):
        await set_campaign(house, funders=funders)
    ended = await set_campaign(house, UUID(bytes=campaign), funders=funders, valid_to_us=STARTS_AT_US)
    assert ended.campaign.valid_to_us == STARTS_AT_US


async def test_transfers_ask_for_no_standing(house: PointsHouse) -> None:
    (till, member), other = await with_points(house), house.member()
    await tell(house, till.partner_id, suspended(await now_us(house)))
    (result,) = await till.post(transfer(member, other, 5))
    # (Refused for the limit that nobody has set here, not for where the partner stands.)
    assert reason(result) == "TRANSFER_LIMIT"
