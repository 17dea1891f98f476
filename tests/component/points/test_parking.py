"""Earns beyond a floor that parks: recorded, and posted by themselves once there is headroom, once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.unpark import UnparkEarns
from services.points.storage import parks
from services.runtime.database import ReadConnection, ReadDatabase
from services.runtime.errors import InvalidRequest
from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import (
    capture,
    earn,
    hold,
    outcomes,
    reason,
    reasons,
    redemption,
    refund,
    reversal,
)
from tests.support.wallet_wire import merge

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, WAITING, PARKED = (
    pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_WAITING, pb.OUTCOME_PARKED,
)  # fmt: skip


async def _kinds(house: PointsHouse) -> list[str]:
    return [
        pb.MovementKind.Name(record.transaction.kind).removeprefix("MOVEMENT_KIND_").lower()
        for record in await house.journal()
    ]


async def test_a_parked_earn_is_posted_once_there_is_headroom_under_its_own_key(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 3_000)
    await house.set_floor(till.partner_id, -50, parks=True)
    over = earn(member, 2_100, reference="sale")
    (parked,), (again,) = await till.post(over), await till.post(over)
    assert (parked.outcome, parked.replayed, parked.HasField("error")) == (PARKED, False, False)
    assert (again.outcome, again.replayed, again.transaction) == (PARKED, True, parked.transaction)
    moved = parked.transaction
    assert (moved.reference, moved.points, moved.balance_after, moved.purchase_id) == ("sale", 0, 30, b"")
    assert (moved.parked.points, moved.parked.open) == (21, True)
    # What fits does not wait behind it, and it is not posted as long as it does not fit.
    assert (await till.earn(member, 1_500)).outcome == ACCEPTED
    assert await house.unpark() == 0
    await house.assert_sound()

    await house.set_floor(till.partner_id, -66, (await house.head()).last_seq, parks=True)
    assert (await house.unpark(), await house.unpark()) == (1, 0)
    assert await _kinds(house) == ["earn", "floor", "park", "earn", "floor", "earn"]
    (posted,) = await till.post(over)
    assert (posted.outcome, posted.replayed) == (ACCEPTED, True)
    now = posted.transaction
    assert (now.reference, now.points, now.balance_after) == ("sale", 21, 66)
    assert (now.original_id, now.original_seq) == (moved.transaction_id, moved.seq)
    assert (now.occurred_at_us, now.transaction_id) == (moved.occurred_at_us, now.purchase_id)
    found = await till.call(
        "GetTransaction", points_pb2.GetTransactionRequest(transaction_id=moved.transaction_id)
    )
    assert (found.transaction.parked.points, found.transaction.parked.open) == (21, False)
    await house.assert_sound()


async def test_each_event_names_what_parked_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    await till.post(earn(member, 700, key="a"), earn(member, 800, key="b"))
    await till.post(reversal("a"))
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    events = [event for event in await house.events() if event.type != "points.floor_set"]
    assert [event.type for event in events] == [
        "points.parked", "points.parked", "points.unparked", "points.earned",
    ]  # fmt: skip
    parked = told.PointsParked.FromString(events[0].payload)
    assert (parked.seq, parked.points, parked.gross_minor, parked.eligible_minor) == (2, 7, 700, 700)
    unparked = told.PointsUnparked.FromString(events[2].payload)
    assert (unparked.parked_seq, unparked.reason) == (2, Reason.REASON_REVERSED_BEFORE_ARRIVAL)
    posted = told.PointsEarned.FromString(events[3].payload)
    assert (posted.parked_seq, posted.points, posted.gross_minor) == (3, 8, 800)
    floor = told.PointsFloorSet.FromString((await house.events())[0].payload)
    assert (floor.floor, floor.parks) == (0, True)


async def test_they_are_posted_in_the_order_in_which_they_were_parked_each_that_fits(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, -10, parks=True)
    asked = [earn(member, 100 * points, reference=str(points)) for points in (20, 11, 14, 12)]
    assert outcomes(await till.post(*asked)) == [PARKED] * 4
    await house.set_floor(till.partner_id, -26, (await house.head()).last_seq, parks=True)
    assert await house.unpark() == 1
    assert outcomes(await till.post(*asked)) == [ACCEPTED, PARKED, PARKED, PARKED]
    listed = await house.parked(till.partner_id)
    assert [(each.reference, each.points) for each in listed.earns] == [("11", 11), ("14", 14), ("12", 12)]
    assert [(of.earns, of.headroom) for of in listed.partners] == [(3, 6)]
    # What is taken back is headroom too.
    await till.refund("20", 800)
    assert await house.unpark() == 1
    assert outcomes(await till.post(*asked)) == [ACCEPTED, ACCEPTED, PARKED, PARKED]
    # A floor that is taken away posts all.
    await house.set_floor(till.partner_id, None, (await house.head()).last_seq)
    assert await house.unpark() == 2
    assert (await till.balance(member)).available == 57 - 8
    assert (await house.parked()).partners == []
    await house.assert_sound()


async def test_its_key_and_its_reference_are_taken_while_it_is_parked(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    await till.post(earn(member, 700, key="k", reference="sale"))
    results = await till.post(
        earn(member, 701, key="k", reference="sale"), redemption(member, 1, key="k"), earn(member, 701, reference="sale"),
    )  # fmt: skip
    assert reasons(results) == ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_REUSED", "REFERENCE_REUSED"]
    assert (await other.earn(member, 100, reference="sale")).outcome == ACCEPTED
    # The same under another key is sent to the key of the first, and gets the same earn once that is posted.
    (also,) = await till.post(earn(member, 700, key="l", reference="sale"))
    assert (also.outcome, reason(also)) == (pb.OUTCOME_TURNED_AWAY, "REFERENCE_REUSED")
    assert also.error.metadata["key"] == "k"
    found = await till.call("ListTransactions", points_pb2.ListTransactionsRequest(reference="sale"))
    assert [moved.kind for moved in found.transactions] == [pb.MOVEMENT_KIND_PARK]
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    answers = await till.post(*(earn(member, 700, key=key, reference="sale") for key in "kl"))
    assert outcomes(answers) == [ACCEPTED] * 2
    assert len({answer.transaction.seq for answer in answers}) == 1
    found = await till.call("ListTransactions", points_pb2.ListTransactionsRequest(reference="sale"))
    assert [moved.kind for moved in found.transactions] == [pb.MOVEMENT_KIND_EARN]
    await house.assert_sound()


async def test_whoever_has_reversed_a_further_key_was_never_told_that_the_sale_is_parked_under_it(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000)
    await house.set_floor(till.partner_id, -20, parks=True)
    pair = (earn(member, 600, linked=True, key="k1", reference="s"), redemption(member, 5, key="b1"))
    further = (earn(member, 600, linked=True, key="k2", reference="s"), redemption(member, 5, key="b2"))
    assert outcomes(await till.post(*pair)) == [PARKED, ACCEPTED]
    assert reasons(await till.post(*further)) == ["REFERENCE_REUSED", "LINKED_ITEM_FAILED"]
    assert reasons(await till.post(reversal("k2"))) == ["NOTHING_TO_REVERSE"]
    assert outcomes(await till.post(reversal("k1"))) == [ACCEPTED]
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 0
    assert (await till.balance(member)).available == 20
    await house.assert_sound()


async def test_of_a_pair_the_burn_goes_through_and_the_earn_is_parked(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000)
    await house.set_floor(till.partner_id, -20, parks=True)
    pair = (earn(member, 600, linked=True, reference="sale"), redemption(member, 5, key="burn"))
    results, again = await till.post(*pair), await till.post(*pair)
    assert outcomes(results) == [PARKED, ACCEPTED]
    assert (outcomes(again), [result.replayed for result in again]) == ([PARKED, ACCEPTED], [True, True])
    assert results[1].transaction.original_id == results[0].transaction.transaction_id
    assert (await till.balance(member)).available == 15
    # The burn belongs to the sale, whose refund waits for it: by its reference, and by the id that the till has.
    by_id = refund(results[0].transaction.transaction_id, 300, reference="back 2")
    refunds = [
        await till.refund("sale", 300, reference="back 1"),
        *(await till.post(by_id, refund(results[1].transaction.transaction_id, points=5))),
    ]
    assert outcomes(refunds)[:2] == [WAITING] * 2
    assert reason(refunds[2]) == "PART_OF_SALE"
    # Another burn, or none: not what was asked.
    assert reasons(await till.post(pair[0], redemption(member, 6))) == [
        "LINKED_ITEM_FAILED", "REFERENCE_REUSED",
    ]  # fmt: skip
    await house.assert_sound()

    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    assert (await _kinds(house))[4:] == [
        "floor", "earn", "return", "clawback", "refund", "return", "clawback", "refund",
    ]  # fmt: skip
    results = await till.post(*pair)
    assert (outcomes(results), [result.replayed for result in results]) == ([ACCEPTED] * 2, [True] * 2)
    assert outcomes(await till.post(by_id)) == [ACCEPTED]
    assert (await till.balance(member)).available == 20
    # By the id of what had parked it the posted earn is refunded; all of it is.
    spent = await till.post(refund(results[1].transaction.original_id, 1))
    assert reasons(spent) == ["REFUND_TOO_LARGE"]
    await house.assert_sound()


async def test_a_reversal_takes_it_away_for_good(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    asked = earn(member, 700, key="k", reference="sale")
    await till.post(asked)
    (undone,) = await till.post(reversal("k"))
    assert (undone.outcome, reason(undone)) == (REFUSED, "NOTHING_TO_REVERSE")
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 0
    (again,) = await till.post(asked)
    assert (again.outcome, again.replayed, reason(again)) == (REFUSED, True, "REVERSED_BEFORE_ARRIVAL")
    # The sale may be sent anew, and its reference was not taken.
    assert (await till.earn(member, 700, reference="sale")).outcome == ACCEPTED
    await house.assert_sound()


@pytest.mark.parametrize("key", ["sale", "burn"])
async def test_a_reversal_of_a_pair_takes_the_earn_away_and_gives_back_the_burn(
    house: PointsHouse, key: str
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000)
    sold = await till.post(hold(member, 8))
    await house.set_floor(till.partner_id, -20, parks=True)
    held = sold[0].transaction.transaction_id
    pair = (earn(member, 600, linked=True, key="sale"), capture(held, 5, key="burn"))
    assert outcomes(await till.post(*pair)) == [PARKED, ACCEPTED]
    (undone,) = await till.post(reversal(key))
    assert (undone.outcome, undone.transaction.refund.returned) == (ACCEPTED, 5)
    assert (await till.balance(member)).available == 20
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 0
    assert reasons(await till.post(reversal("burn" if key == "sale" else "sale"))) == ["NOTHING_TO_REVERSE"]
    await house.assert_sound()


async def test_who_was_closed_meanwhile_gets_nothing_and_it_is_told(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    asked = earn(member, 700)
    await till.post(asked)
    async with as_superuser(house.database) as connection:
        await connection.execute(
            "INSERT INTO closed_member VALUES ($1, $2, now())", house.programme.ledger_id, member
        )
    assert await house.unpark() == 1
    (refused,) = await till.post(asked)
    assert (refused.outcome, reason(refused)) == (REFUSED, "MEMBER_CLOSED")
    unparked = told.PointsUnparked.FromString((await house.events())[-1].payload)
    assert unparked.reason == Reason.REASON_MEMBER_CLOSED
    await house.assert_sound()


async def test_after_a_merge_it_goes_to_the_wallet_that_took_over(house: PointsHouse) -> None:
    till, member, into, last = await house.till(), house.member(), house.member(), house.member()
    await till.earn(member, 900)
    await house.set_floor(till.partner_id, -9, parks=True)
    pair = (earn(member, 700, linked=True, reference="sale"), redemption(member, 4))
    assert outcomes(await till.post(*pair)) == [PARKED, ACCEPTED]
    await till.post(refund("sale", 350))
    await house.post(merge(member, into))
    await house.post(merge(into, last))
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    (posted, _) = await till.post(*pair)
    assert (posted.outcome, posted.transaction.member_id) == (ACCEPTED, last.bytes)
    assert (await till.balance(last)).available == 9 - 4 + 7 - 4 + 2
    await house.assert_sound()


async def test_where_none_fits_the_job_does_not_read_them_all_every_second(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    await till.post(earn(member, 700))
    application = house.running.wired.application
    read = 0

    class Counting(ReadDatabase):
        """The database, and how often it is read."""

        def __init__(self, of: ReadDatabase) -> None:
            self._of = of

        @asynccontextmanager
        async def snapshot(self) -> AsyncGenerator[ReadConnection]:
            nonlocal read
            read += 1
            async with self._of.snapshot() as connection:
                yield connection

    job = UnparkEarns(application.doors, Counting(house.running.wired.database.reader))
    await job()
    first, read = read, 0
    await job()
    assert read < first
    assert (await till.balance(member)).available == 0
    # As soon as there is headroom it is looked at again.
    await house.set_floor(till.partner_id, -7, (await house.head()).last_seq, parks=True)
    await job()
    assert (await till.balance(member)).available == 7


async def test_one_that_was_looked_up_before_a_merge_is_left_to_the_next_run(house: PointsHouse) -> None:
    till, member, into = await house.till(), house.member(), house.member()
    await till.earn(into, 100)
    await house.set_floor(till.partner_id, -1, parks=True)
    await till.post(earn(member, 700))
    connection = await asyncpg.connect(house.running.database.admin_url)
    try:
        found = await parks.of_partner(connection, house.programme.ledger_id, till.partner_id, 0, 10)
    finally:
        await connection.close()
    await house.post(merge(member, into))
    await house.set_floor(till.partner_id, None, 1)
    door = await house.running.wired.application.doors.to(house.programme)
    assert await door.unpark(found) == 0
    assert (await till.balance(into)).available == 1
    assert (await house.unpark(), (await till.balance(into)).available) == (1, 8)
    await house.assert_sound()


async def test_the_time_of_the_sale_decides_rate_and_expiry_however_late_it_is_posted(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    asked = earn(member, 1_000)
    (parked,) = await till.post(asked)
    await house.set_rate(till.partner_id, 2, 100, valid_from_us=parked.transaction.occurred_at_us + 1)
    straight = await (await house.till()).earn(
        member, 1_000, occurred_at_us=parked.transaction.occurred_at_us
    )
    await house.move_clock(STARTS_AT_US + 500 * 86_400_000_000)
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    (posted,) = await till.post(asked)
    assert (posted.transaction.points, posted.transaction.expires_at_us) == (
        10, straight.transaction.expires_at_us,
    )  # fmt: skip
    await house.assert_sound()


async def test_a_floor_that_differs_in_what_becomes_of_earns_alone_counts_and_none_parks_without_one(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    assert (await house.set_floor(till.partner_id, 0, 0)).applied
    assert reason(await till.earn(member, 100)) == "CREDIT_LIMIT"
    assert (await house.set_floor(till.partner_id, 0, 0, parks=True)).applied
    assert not (await house.set_floor(till.partner_id, 0, 0, parks=True)).applied
    assert (await till.earn(member, 100)).outcome == PARKED
    answer = await house.set_floor(till.partner_id, 0, 0)
    assert (answer.applied, answer.floor.parks) == (True, False)
    assert reason(await till.earn(member, 100)) == "CREDIT_LIMIT"
    assert await house.unpark() == 0
    with pytest.raises(InvalidRequest):
        await house.set_floor(till.partner_id, None, 9, parks=True)
    await house.assert_sound()
