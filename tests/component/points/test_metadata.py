"""What a partner keeps with its movements comes back with them, decides nothing, and goes with their words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from tests.support.points import PointsHouse, Till
from tests.support.points_database import as_superuser
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
    void,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEPT = {"order": "A-17", "note": 'ä "quoted" line'}


async def _read(till: Till, result: pb.Result) -> dict[str, str]:
    request = points_pb2.GetTransactionRequest(transaction_id=result.transaction.transaction_id)
    found = (await till.call("GetTransaction", request)).transaction
    return dict(found.metadata)


async def _erase(house: PointsHouse, member: UUID) -> int:
    request = points_pb2.EraseWordsRequest(member_id=member.bytes)
    return (await house.as_staff(house.stub.EraseWords, request)).postings


async def _rows(house: PointsHouse) -> list[tuple[str, str]]:
    async with as_superuser(house.database) as connection:
        rows = await connection.fetch(
            "SELECT key, content::text FROM movement_metadata WHERE ledger_id = $1 ORDER BY key",
            house.programme.ledger_id,
        )
    return [(row[0], row[1]) for row in rows]


async def test_it_comes_back_with_each_kind_of_movement_and_its_replay(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    items = [earn(member, 10_000, metadata={**KEPT, "of": "earn"})]
    items.append(redemption(member, 5, metadata={"of": "redemption"}))
    items.append(hold(member, 20, metadata={"of": "hold"}))
    posted = await till.post(*items)
    items.append(capture(posted[2].transaction.transaction_id, 7, metadata={"of": "capture"}))
    items.append(refund(posted[0].transaction.transaction_id, 500, metadata={"of": "refund"}))
    posted += await till.post(*items[3:])
    expected = [dict(item.metadata) for item in items]
    assert [each["of"] for each in expected] == ["earn", "redemption", "hold", "capture", "refund"]
    assert [dict(each.transaction.metadata) for each in posted] == expected
    again = await till.post(*items)
    assert [each.replayed for each in again] == [True] * 5
    assert [dict(each.transaction.metadata) for each in again] == expected
    assert [await _read(till, each) for each in posted] == expected
    listed = await till.call("ListTransactions", points_pb2.ListTransactionsRequest(limit=100))
    kept = {each.transaction_id: dict(each.metadata) for each in listed.transactions}
    assert [kept[each.transaction.transaction_id] for each in posted] == expected
    assert len([each for each in kept.values() if each]) == 5
    await house.assert_sound()


async def test_it_is_part_of_what_is_asked_for_under_a_key_and_a_reference(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sale: dict[str, Any] = {"reference": "R-1"}
    await till.post(earn(member, 1_000, key="k1", metadata={"a": "1", "b": "2"}, **sale))
    (same,) = await till.post(earn(member, 1_000, key="k1", metadata={"b": "2", "a": "1"}, **sale))
    assert same.replayed
    for other in ({"a": "1"}, {"a": "1", "b": "3"}, {}):
        (told,) = await till.post(earn(member, 1_000, key="k1", metadata=other, **sale))
        assert reason(told) == "IDEMPOTENCY_KEY_REUSED"
        (told,) = await till.post(earn(member, 1_000, key="k2", metadata=other, **sale))
        assert (reason(told), told.error.metadata["fields"]) == ("REFERENCE_REUSED", "metadata")
    assert [key for key, _ in await _rows(house)] == ["k1"]


async def test_what_is_refused_keeps_nothing(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(
        earn(member, 1_000, key="earned", metadata={"a": "1"}), redemption(member, 99, metadata={"a": "2"})
    )
    assert reasons(results) == ["", "INSUFFICIENT_POINTS"]
    assert await _rows(house) == [("earned", '{"a": "1"}')]


@pytest.mark.parametrize(
    "wrong",
    [
        {str(number): "" for number in range(51)},
        {"": "x"},
        {"n" * 41: "x"},
        {"tab\t": "x"},
        {"a": "x" * 501},
        {"a": "null\0"},
        {"a": "line\nbreak"},
    ],
    ids=["51 names", "no name", "a long name", "a tab", "a long text", "a null", "a line break"],
)
async def test_what_is_out_of_bounds_is_turned_away_and_not_quoted(
    house: PointsHouse, wrong: dict[str, str]
) -> None:
    till, member = await house.till(), house.member()
    (told,) = await till.post(earn(member, 1_000, metadata=wrong))
    assert (reason(told), told.error.metadata["field"]) == ("INVALID_REQUEST", "metadata")
    assert "null\0" not in told.error.message
    most = {f"{number:02}" + "n" * 38: "ä" * 500 for number in range(50)}
    (held,) = await till.post(hold(member, 1, metadata=most), bulk=True)
    assert reason(held) == "INSUFFICIENT_POINTS"
    (kept,) = await till.post(earn(member, 1_000, metadata=most))
    assert await _read(till, kept) == most


async def test_nothing_is_kept_with_what_has_no_place_for_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    held = await till.hold(member, 1)
    ended = void(held.transaction.transaction_id)
    ended.metadata["a"] = "b"
    (told,) = await till.post(ended)
    assert (reason(told), told.error.metadata["field"]) == ("INVALID_REQUEST", "metadata")


async def test_it_waits_with_a_refund_and_is_parked_with_a_sale(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    waiting = refund("R-1", 100, key="back", metadata={"of": "refund"})
    assert outcomes(await till.post(waiting)) == [pb.OUTCOME_WAITING]
    await house.set_floor(till.partner_id, 0, parks=True)
    sale = earn(member, 1_000, reference="R-1", key="sold", metadata={"of": "sale"})
    (parked,) = await till.post(sale)
    assert parked.outcome == pb.OUTCOME_PARKED
    assert dict(parked.transaction.metadata) == await _read(till, parked) == {"of": "sale"}
    await house.set_floor(till.partner_id, None)
    while (await till.post(sale))[0].outcome != pb.OUTCOME_ACCEPTED:
        await house.unpark()
    (sold,) = await till.post(sale)
    (given,) = await till.post(waiting)
    assert [await _read(till, each) for each in (sold, given)] == [{"of": "sale"}, {"of": "refund"}]
    assert sold.transaction.transaction_id != parked.transaction.transaction_id
    assert (await _erase(house, member), await _rows(house)) == (2, [])
    await house.assert_sound()


async def test_of_a_refund_that_waited_in_vain_it_goes_with_the_words_of_the_sale(house: PointsHouse) -> None:
    """Such a refund has no posting: what it told is found by the sale that it waited for."""
    till, member = await house.till(), house.member()
    waiting = refund("R-1", 2_000, key="back", metadata={"name": "Ann"})
    assert outcomes(await till.post(waiting)) == [pb.OUTCOME_WAITING]
    await till.post(earn(member, 1_000, reference="R-1", key="sold", metadata={"of": "sale"}))
    assert reasons(await till.post(waiting)) == ["REFUND_TOO_LARGE"]
    assert [key for key, _ in await _rows(house)] == ["back", "sold"]
    assert (await _erase(house, member), await _rows(house)) == (1, [])
    await house.assert_sound()


async def test_of_a_refund_that_waited_for_a_parked_sale_it_goes_with_that(house: PointsHouse) -> None:
    """The sale is reversed while it is parked: neither of the two has a posting of its own."""
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    sale = earn(member, 1_000, reference="R-1", key="sold", metadata={"of": "sale"})
    waiting = refund("R-1", 500, key="back", metadata={"name": "Ann"})
    posted = [(await till.post(each))[0] for each in (sale, waiting)]
    assert outcomes(posted) == [pb.OUTCOME_PARKED, pb.OUTCOME_WAITING]
    await till.post(reversal("sold"))
    assert reason((await till.post(waiting))[0]) == "ORIGINAL_UNKNOWN"
    await _erase(house, member)
    async with as_superuser(house.database) as connection:
        left = await connection.fetch(
            "SELECT original_reference FROM waiting_refund WHERE ledger_id = $1 AND salt IS NOT NULL",
            house.programme.ledger_id,
        )
    assert (left, await _rows(house)) == ([], [])
    await house.assert_sound()


async def test_it_is_erased_with_its_words_and_by_nobody_else(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await till.post(
        earn(member, 1_000, key="a", metadata={"name": "Ann"}), earn(other, 1_000, key="b", metadata=KEPT)
    )
    delete = "DELETE FROM movement_metadata WHERE ledger_id = $1"
    async with as_superuser(house.database) as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(delete, house.programme.ledger_id)
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("UPDATE movement_metadata SET content = '{}'")
    assert await _erase(house, member) == 1
    assert [key for key, _ in await _rows(house)] == ["b"]


async def test_another_partner_sees_nothing_of_it(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    (posted,) = await till.post(earn(member, 1_000, metadata={"a": "b"}))
    await other.earn(member, 500)
    listed = await other.call(
        "ListTransactions", points_pb2.ListTransactionsRequest(member_id=member.bytes, limit=100)
    )
    assert [dict(each.metadata) for each in listed.transactions] == [{}]
    assert UUID(bytes=posted.transaction.transaction_id) not in {
        UUID(bytes=each.transaction_id) for each in listed.transactions
    }
