"""What can be read is what was posted: in order, in pages, in streams, by whom it concerns."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.runtime import grpc_client
from services.runtime.errors import NotFound
from services.runtime.ids import new_id
from tests.support.points import PointsHouse, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _ids(transactions: list[pb.Transaction]) -> list[int]:
    return [transaction.seq for transaction in transactions]


async def _page(
    house: PointsHouse, token: bytes | Till, **wanted: object
) -> points_pb2.ListTransactionsResponse:
    request = points_pb2.ListTransactionsRequest(**wanted)  # pyright: ignore[reportArgumentType]
    principal = token.principal if isinstance(token, Till) else token
    return await grpc_client.call(house.stub.ListTransactions, request, principal)


async def _mixed(house: PointsHouse) -> tuple[list[Till], list[UUID], list[pb.Transaction]]:
    rng = random.Random(1)
    tills, members = [await house.till() for _ in range(2)], [house.member() for _ in range(3)]
    moved: list[pb.Transaction] = []
    for number in range(36):
        till, member = rng.choice(tills), rng.choice(members)
        item = redemption(member, 1) if number % 3 == 2 else earn(member, 500, reference=f"r{number}")
        (result,) = await till.post(item)
        assert result.outcome == pb.OUTCOME_ACCEPTED or item.HasField("redemption")
        if result.outcome == pb.OUTCOME_ACCEPTED:
            moved.append(result.transaction)
    return tills, members, moved


async def test_a_partner_reads_its_own_movements_only(house: PointsHouse) -> None:
    tills, _, moved = await _mixed(house)
    for till in tills:
        own = [each for each in moved if each.partner_id == till.partner_id.bytes]
        assert list((await _page(house, till, limit=100)).transactions) == own[::-1]
        for each in moved:
            request = points_pb2.GetTransactionRequest(transaction_id=each.transaction_id)
            if each in own:
                assert (await till.call("GetTransaction", request)).transaction == each
            else:
                with pytest.raises(NotFound):
                    await till.call("GetTransaction", request)


async def test_staff_read_all_by_member_reference_and_time(house: PointsHouse) -> None:
    _, members, moved = await _mixed(house)
    newest = moved[::-1]
    assert list((await _page(house, house.staff, limit=100)).transactions) == newest
    for member in members:
        found = (await _page(house, house.staff, member_id=member.bytes, limit=100)).transactions
        assert list(found) == [each for each in newest if each.member_id == member.bytes]
    found = (await _page(house, house.staff, reference="r4")).transactions
    assert list(found) == [each for each in newest if each.reference == "r4"]
    since = moved[7].recorded_at_us
    found = (await _page(house, house.staff, recorded_from_us=since, limit=100)).transactions
    assert list(found) == [each for each in newest if each.recorded_at_us >= since]
    assert not (await _page(house, house.staff, member_id=new_id().bytes)).transactions


async def test_an_unknown_transaction_is_not_found(house: PointsHouse) -> None:
    with pytest.raises(NotFound):
        await Till(house).call(
            "GetTransaction", points_pb2.GetTransactionRequest(transaction_id=new_id().bytes)
        )


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_forwards_and_back_meet_every_movement_once(house: PointsHouse, limit: int) -> None:
    _, _, moved = await _mixed(house)
    newest = _ids(moved[::-1])
    down: list[int] = []
    before_seq, has_more = 0, True
    while has_more:
        page = await _page(house, house.staff, limit=limit, before_seq=before_seq)
        assert len(page.transactions) <= limit
        down += _ids(list(page.transactions))
        before_seq, has_more = down[-1], page.has_more
    assert down == newest
    up: list[int] = []
    after_seq, has_more = newest[-1], True
    while has_more:
        page = await _page(house, house.staff, limit=limit, after_seq=after_seq)
        up = _ids(list(page.transactions)) + up
        after_seq, has_more = up[0], page.has_more
    assert up == newest[:-1]


async def test_a_page_has_20_movements_unless_asked_otherwise_and_knows_when_it_is_the_last(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.post(*(earn(member, 100) for _ in range(20)))
    page = await _page(house, till)
    assert (len(page.transactions), page.has_more) == (20, False)
    await till.earn(member, 100)
    page = await _page(house, till)
    assert (_ids(list(page.transactions)), page.has_more) == (list(range(21, 1, -1)), True)


async def test_the_journal_the_purchases_and_the_events_tell_what_was_posted_without_a_gap(
    house: PointsHouse,
) -> None:
    store, till, member = new_id(), await house.till(points=3), house.member()
    house.neighbours.stores[till.partner_id.bytes] = {store.bytes}
    items = [
        earn(
            member, 1_250, receipt=pb.Receipt(store_id=store.bytes, till="2", business_date="2017-01-01", number="9"),
            channel="web", entry_mode="app", reference="first",
            lines=[
                pb.SaleLine(sku="a", category="c", quantity="1.5", amount_minor=1_300),
                pb.SaleLine(sku="b", quantity="1", amount_minor=-60, returned=True),
                pb.SaleLine(sku="c", quantity="1", amount_minor=5, tax_rate="5.5"),
                pb.SaleLine(sku="d", quantity="1", amount_minor=5, tax_rate="0", returned=True),
            ],
            tenders=[pb.Tender(kind="cash", amount_minor=1_250)],
        ),
        redemption(member, 30, store_id=store),
        earn(member, 10, reference="too small"),
    ]  # fmt: skip
    first, burn, small = (result.transaction for result in await till.post(*items))

    records = await house.journal()
    assert [record.transaction for record in records] == [first, burn, small]
    assert [(first.points, burn.points, small.points), small.balance_after] == [(37, -30, 0), 7]
    assert [(lot.lot_no, lot.points, lot.expires_at_us) for lot in records[0].lots_opened] == [
        (1, 37, first.expires_at_us)
    ]
    assert [(use.lot_no, use.issuer_id, use.points) for use in records[1].lot_uses] == [
        (1, till.partner_id.bytes, 30)
    ]
    assert (list(records[2].entries), list(records[2].lots_opened), small.expires_at_us) == ([], [], 0)

    told = await house.purchases()
    assert [(each.seq, each.purchase_id, each.points) for each in told] == [
        (first.seq, first.purchase_id, 37),
        (small.seq, small.purchase_id, 0),
    ]
    assert told[0].sale == items[0].earn.sale
    assert (told[0].partner_id, told[0].member_id) == (till.partner_id.bytes, member.bytes)

    log = await house.events()
    assert [(event.pos, event.type, event.seq) for event in log] == [
        (1, "points.earned", 1),
        (2, "points.redeemed", 2),
        (3, "points.earned", 3),
    ]
    assert {event.partition for event in log} == {member.int % 16}
    assert [event.partition_prev for event in log] == [0, 1, 2]
    earned = events.PointsEarned.FromString(log[0].payload)
    assert earned == events.PointsEarned(
        transaction_id=first.transaction_id, seq=1, member_id=member.bytes, partner_id=till.partner_id.bytes,
        store_id=store.bytes, channel="web", purchase_id=first.purchase_id, gross_minor=1_250,
        eligible_minor=1_250, currency="USD", points=37, lot_no=1, expires_at_us=first.expires_at_us,
        balance_after=37, occurred_at_us=STARTS_AT_US, recorded_at_us=first.recorded_at_us,
    )  # fmt: skip
    redeemed = events.PointsRedeemed.FromString(log[1].payload)
    assert redeemed == events.PointsRedeemed(
        transaction_id=burn.transaction_id, seq=2, member_id=member.bytes, partner_id=till.partner_id.bytes,
        store_id=store.bytes, channel="store", points=30, balance_after=7, occurred_at_us=STARTS_AT_US,
        recorded_at_us=burn.recorded_at_us, shown="card",
        lots=[events.LotTaken(lot_no=1, issuer_id=till.partner_id.bytes, point_type="base", points=30, earned_seq=1)],
    )  # fmt: skip


async def test_long_journals_come_in_blocks_that_join_without_a_seam(house: PointsHouse) -> None:
    till, members = await house.till(), [house.member() for _ in range(50)]
    for _ in range(3):
        await till.post(*(earn(member, 100 + place) for place, member in enumerate(members * 10)))
    expected = list(range(1, 1_501))
    blocks = await house.stream(house.stub.ReadJournal, points_pb2.ReadJournalRequest(from_seq=1))
    assert [len(block.records) for block in blocks] == [500, 500, 500]
    assert [record.transaction.seq for block in blocks for record in block.records] == expected
    assert [record.transaction.seq for record in await house.journal(499, 1_001)] == list(range(499, 1_002))
    assert [each.seq for each in await house.purchases()] == expected
    assert [each.seq for each in await house.purchases(700, 702)] == [700, 701, 702]
    assert [event.pos for event in await house.events()] == expected
    assert [event.pos for event in await house.events(990, 20)] == list(range(990, 1_010))
    last: dict[int, int] = {}
    for event in await house.events():
        assert event.partition_prev == last.get(event.partition, 0)
        last[event.partition] = event.pos
    await house.assert_sound()


async def test_a_member_who_never_moved_a_point_has_none(house: PointsHouse) -> None:
    till = await house.till()
    found = await till.balance(new_id())
    assert (found.available, found.next_expiry_points, found.next_expiry_at_us) == (0, 0, 0)


async def test_the_head_says_how_far_journal_events_and_relay_are(house: PointsHouse) -> None:
    till = await house.till()
    empty = await house.head()
    assert (empty.last_seq, empty.last_pos, empty.relayed_pos) == (0, 0, 0)
    assert empty.now_us >= STARTS_AT_US
    await till.earn(house.member(), 500)
    head = await house.head()
    assert (head.last_seq, head.last_pos, head.offset_us) == (1, 1, empty.offset_us)
