"""The credit gate's floor: how far a partner may issue, decided in the journal's order."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused
from services.points.domain.movements import CreditFloor, FloorChange
from services.runtime import grpc_client
from services.runtime.coalescer import Lane
from services.runtime.errors import CoalitionError, InvalidRequest, NotFound, code_of
from services.runtime.ids import new_id
from services.runtime.principal import Kind
from tests.support.ledger_facts import Ask
from tests.support.paper_words import movement_of
from tests.support.points import PointsHouse, Till
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, outcomes, reason, reasons, redemption, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED = pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED


async def test_an_earn_below_the_floor_is_refused_for_ever_and_the_headroom_can_be_used_to_the_last_point(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 3_000)
    await house.set_floor(till.partner_id, -50)
    over = earn(member, 2_100, reference="sale")
    (refused,) = await till.post(over)
    assert (refused.outcome, reason(refused)) == (REFUSED, "CREDIT_LIMIT")
    assert dict(refused.error.metadata) == {"headroom": "20", "required": "21"}
    assert outcomes(await till.post(earn(member, 2_000), earn(member, 99), earn(member, 100))) == [
        ACCEPTED, ACCEPTED, REFUSED,
    ]  # fmt: skip

    await house.set_floor(till.partner_id, None)
    (again,) = await till.post(over)
    assert (reason(again), again.replayed) == ("CREDIT_LIMIT", True)
    # The refusal did not take the reference: the sale earns under a new key.
    assert (await till.earn(member, 2_100, reference="sale")).transaction.points == 21
    await house.assert_sound()


async def test_of_a_call_the_first_over_the_floor_is_refused_and_smaller_ones_after_it_still_pass(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, -30)
    results = await till.post(*(earn(member, 100 * points) for points in (20, 11, 8, 3, 2, 1)))
    assert reasons(results) == ["", "CREDIT_LIMIT", "", "CREDIT_LIMIT", "", "CREDIT_LIMIT"]
    # As with what a wallet has.
    results = await till.post(*(redemption(member, points) for points in (20, 11, 8, 3, 2, 1)))
    assert reasons(results) == [
        "",
        "INSUFFICIENT_POINTS",
        "",
        "INSUFFICIENT_POINTS",
        "",
        "INSUFFICIENT_POINTS",
    ]
    await house.assert_sound()


async def test_burns_refunds_reversals_and_captures_are_never_refused_for_credit(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sold = await till.post(
        earn(member, 5_000, reference="a"), earn(member, 2_000, key="b"), redemption(member, 10, key="c"), hold(member, 5)
    )  # fmt: skip
    await house.set_floor(till.partner_id, 0)
    results = [
        await till.refund("a", 1_000),
        *(await till.post(reversal("b"), reversal("c"), capture(sold[3].transaction.transaction_id))),
        *(await till.post(redemption(member, 3), hold(member, 2), earn(member, 50))),
    ]
    assert reasons(results) == [""] * 7
    assert reason(await till.earn(member, 100)) == "CREDIT_LIMIT"
    await house.assert_sound()


async def test_what_is_taken_back_may_be_issued_again(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, -20)
    await till.earn(member, 2_000, reference="sale")
    assert reason(await till.earn(member, 700)) == "CREDIT_LIMIT"
    await till.refund("sale", 700)
    assert reasons(await till.post(earn(member, 701), earn(member, 100))) == ["", "CREDIT_LIMIT"]
    await house.assert_sound()


async def test_a_floor_may_lie_above_what_was_issued_and_nothing_breaks(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 5_000)
    await house.set_floor(till.partner_id, -20)
    (refused,) = await till.post(earn(member, 100))
    assert dict(refused.error.metadata) == {"headroom": "0", "required": "1"}
    assert reasons(await till.post(earn(member, 99), redemption(member, 5))) == ["", ""]
    await house.set_floor(till.partner_id, -51, (await house.head()).last_seq)
    assert reasons(await till.post(earn(member, 200), earn(member, 100))) == ["CREDIT_LIMIT", ""]
    await house.assert_sound()


async def test_a_sale_refused_for_credit_takes_its_burn_with_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000)
    await house.set_floor(till.partner_id, -25)
    pair = (earn(member, 600, linked=True), redemption(member, 5))
    results = await till.post(*pair)
    assert reasons(results) == ["CREDIT_LIMIT", "LINKED_ITEM_FAILED"]
    assert dict(results[1].error.metadata) == {"item": "0", "code": "credit_limit"}
    assert [result.replayed for result in await till.post(*pair)] == [True, True]
    assert (await till.balance(member)).available == 20
    # A pair that is not accepted for its burn has used no headroom.
    assert reasons(await till.post(earn(member, 500, linked=True), redemption(member, 21))) == [
        "LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS",
    ]  # fmt: skip
    assert reasons(await till.post(earn(member, 500, linked=True), redemption(member, 20))) == ["", ""]
    await house.assert_sound()


async def test_a_floor_has_its_place_in_the_journal_and_tells_an_event(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 500)
    answer = await house.set_floor(till.partner_id, -40, 1)
    assert (answer.seq, answer.applied, answer.floor.floor, answer.floor.basis_seq) == (2, True, -40, 1)
    await house.set_floor(till.partner_id, None, 2)
    records = [record.transaction for record in await house.journal()]
    assert [moved.kind for moved in records[1:]] == [pb.MOVEMENT_KIND_FLOOR] * 2
    assert (records[1].member_id, records[1].partner_id) == (b"", till.partner_id.bytes)
    assert (records[1].credit_floor.floor, records[1].credit_floor.basis_seq) == (-40, 1)
    assert not records[2].credit_floor.HasField("floor")
    events = [event for event in await house.events() if event.type == "points.floor_set"]
    payloads = [told.PointsFloorSet.FromString(event.payload) for event in events]
    assert [(event.seq, event.partner_id) for event in events] == [
        (2, till.partner_id.bytes),
        (3, till.partner_id.bytes),
    ]
    assert [(each.HasField("floor"), each.floor, each.basis_seq) for each in payloads] == [
        (True, -40, 1),
        (False, 0, 2),
    ]
    assert {event.partition for event in events} == {till.partner_id.int % 16}
    await house.assert_sound()


async def test_a_floor_is_set_once_and_one_based_on_less_of_the_journal_changes_nothing(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.post(earn(member, 500), earn(member, 500))
    first = await house.set_floor(till.partner_id, -100, 2)
    for floor, basis_seq in ((-100, 2), (-500, 1), (None, 0)):
        answer = await house.set_floor(till.partner_id, floor, basis_seq)
        assert (answer.applied, answer.seq, answer.floor) == (False, first.seq, first.floor)
    # Known later, it says the same; of one moment, the one that comes last counts.
    later = await house.set_floor(till.partner_id, -100, 3)
    assert (later.applied, later.seq) == (True, 4)
    assert (await house.set_floor(till.partner_id, -90, 3)).applied
    assert not (await house.set_floor(till.partner_id, -80, 2)).applied
    assert (await house.head()).last_seq == 5


async def test_a_floor_out_of_range_of_no_partner_or_from_the_future_is_turned_away(
    house: PointsHouse,
) -> None:
    till = await house.till()
    for floor, basis_seq, field in (
        (10**12 + 1, 0, "floor"),
        (-(10**12) - 1, 0, "floor"),
        (0, -1, "basis_seq"),
        (0, 1, "basis_seq"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await house.set_floor(till.partner_id, floor, basis_seq)
        assert caught.value.metadata["field"] == field
    nobody = new_id()
    house.neighbours.unknown_partners.add(nobody.bytes)
    with pytest.raises(NotFound) as unknown:
        await house.set_floor(nobody, 0)
    assert unknown.value.reason == Reason.REASON_PARTNER_UNKNOWN
    assert (await house.head()).last_seq == 0
    # The service that registers partners is not asked whether it knows them.
    service = house.running.identity.signers["partners"].sign(Kind.SERVICE, "partners", house.programme)
    assert (await house.set_floor(nobody, 0, token=service)).applied


async def test_floors_are_the_operators_business(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await till.earn(member, 500)
    await house.set_floor(till.partner_id, -40)
    await house.set_floor(other.partner_id, None)
    both = await house.floors()
    assert both.as_of_seq == 3
    assert {each.floor.partner_id: (each.floor.HasField("floor"), each.floor.floor, each.seq, each.balance, each.set_by) for each in both.floors} == {
        till.partner_id.bytes: (True, -40, 2, -5, "stf_test"),
        other.partner_id.bytes: (False, 0, 3, 0, "stf_test"),
    }  # fmt: skip
    assert [each.seq for each in (await house.floors(till.partner_id)).floors] == [2]
    # A partner sees none of it among its movements.
    listed = await till.call("ListTransactions", points_pb2.ListTransactionsRequest())
    assert [moved.seq for moved in listed.transactions] == [1]
    floor_id = (await house.journal(2, 2))[0].transaction.transaction_id
    for token in (till.principal, house.staff):
        with pytest.raises(CoalitionError) as caught:
            await grpc_client.call(
                house.stub.GetTransaction, points_pb2.GetTransactionRequest(transaction_id=floor_id), token
            )
        assert caught.value.reason == Reason.REASON_NOT_FOUND


async def test_floors_set_between_earns_of_one_batch_each_bound_the_earns_after_them(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, -10)
    door = await house.running.wired.application.doors.to(house.programme)

    async def at_once(*steps: int | CreditFloor) -> list[str]:
        """Earns of so many points and floors, in this order and without a pause between them."""
        asked = [
            door.set_floor(FloorChange(till.partner_id, step, "stf_test"), 0)
            if isinstance(step, CreditFloor)
            else door.post([movement_of(_ask(till, member, step))], Lane.INTERACTIVE, 0)
            for step in steps
        ]
        answers = await asyncio.gather(*asked)
        decided = [answer[0] for answer in answers if isinstance(answer, list)]
        return [code_of(each.reason) if isinstance(each, Refused) else "" for each in decided]

    found = await at_once(10, CreditFloor(-30, 0), 20, CreditFloor(-5, 0), 1)
    assert found == ["", "", "CREDIT_LIMIT"]
    assert (await house.floors()).floors[0].balance == -30
    found = await at_once(1, CreditFloor(None, 0), 70, CreditFloor(-20, 0), 1)
    assert found == ["CREDIT_LIMIT", "", "CREDIT_LIMIT"]
    (last,) = (await house.floors()).floors
    assert (last.floor.floor, last.balance) == (-20, -100)
    async with as_superuser(house.database) as connection:
        assert (
            await connection.fetchval(
                "SELECT max(n) FROM batch WHERE ledger_id = $1", house.programme.ledger_id
            )
            >= 3
        )
    await house.assert_sound()


def _ask(till: Till, member: UUID, points: int) -> Ask:
    name = new_id().hex
    return Ask("earn", till.partner_id, name, member, name, STARTS_AT_US, points * 100)
