"""What the mixed row sends: its shares, and that each call builds on the one before it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime.ids import new_id
from tests.performance.plan import ITEMS_A_CALL
from tests.performance.posting_calls import Call, Calls, Order, encode, lanes_of, owners

LANES, CALLS = 3, 4


def order(*, mixed: bool = True) -> Order:
    """An order of four calls a lane, by three tills."""
    tills = owners([(f"principal {number}".encode(), new_id()) for number in range(3)])
    return Order(
        ["nowhere"], "run", encode(b"own"), tills, 100, 200, LANES * CALLS, ITEMS_A_CALL, LANES, mixed
    )


def items_of(call: Call) -> list[movement_pb2.Item]:
    return list(points_pb2.PostRequest.FromString(bytes(call.request)).items)


def asked_by(call: Call, item: movement_pb2.Item) -> bytes:
    """The principal of an item."""
    return points_pb2.PostRequest.FromString(bytes(call.request)).principals[item.principal]


def kinds_of(call: Call) -> Counter[str]:
    return Counter(item.WhichOneof("movement") or "" for item in items_of(call))


def test_of_a_hundred_things_done_sixty_are_earns_twenty_captured_holds_and_ten_each_of_the_others():
    lanes = Calls(order()).mixed()
    assert [len(lane) for lane in lanes] == [CALLS] * LANES
    for lane in lanes:
        for call in lane:
            assert kinds_of(call).total() == ITEMS_A_CALL
        for call in lane[1:-1]:
            kinds = kinds_of(call)
            assert kinds["hold"] == kinds["capture"]
            done = kinds.total() - kinds["capture"]
            shares = {
                kind: round(100 * kinds[kind] / done) for kind in ("earn", "hold", "redemption", "refund")
            }
            assert shares == {"earn": 61, "hold": 20, "redemption": 10, "refund": 10}


def test_a_lane_begins_and_ends_with_nothing_open():
    for lane in Calls(order()).mixed():
        assert not {"capture", "refund"} & set(kinds_of(lane[0]))
        assert "hold" not in kinds_of(lane[-1])


def test_no_key_and_no_reference_of_a_kind_comes_twice():
    items = [item for lane in Calls(order()).mixed() for call in lane for item in items_of(call)]
    assert len({item.key for item in items}) == len(items)
    named = [
        (item.WhichOneof("movement"), movement.reference)
        for item in items
        for movement in (item.earn, item.hold, item.redemption, item.refund)
        if movement.reference
    ]
    assert len(named) == len([item for item in items if not item.HasField("capture")])
    assert len(set(named)) == len(named)


def test_a_refund_is_of_an_earn_of_its_own_till_in_the_call_before_and_each_earn_is_refunded_once():
    for lane in Calls(order()).mixed():
        for before, call in pairwise(lane):
            earned = {
                (asked_by(before, item), item.earn.reference)
                for item in items_of(before)
                if item.HasField("earn")
            }
            refunded = [
                (asked_by(call, item), item.refund.original_reference)
                for item in items_of(call)
                if item.HasField("refund")
            ]
            assert len(set(refunded)) == len(refunded) > 0
            assert set(refunded) <= earned


def test_a_capture_is_of_a_hold_of_its_own_till_that_the_call_before_has_opened():
    for lane in Calls(order()).mixed():
        for before, call in pairwise(lane):
            opened = {new_id().bytes: asked_by(before, items_of(before)[place]) for place in before.holds}
            call.capture(list(opened))
            captured = {
                item.capture.hold_id: asked_by(call, item)
                for item in items_of(call)
                if item.HasField("capture")
            }
            assert captured == opened


def test_calls_of_earns_alone_are_taken_by_whichever_lane_is_free():
    first, *others = lanes_of(order(mixed=False))
    assert len(others) == LANES - 1
    assert all(lane is first for lane in others)
    made = list(first)
    assert len(made) == LANES * CALLS
    assert {tuple(kinds_of(call).items()) for call in made} == {(("earn", ITEMS_A_CALL),)}


def test_a_call_carries_the_principals_of_those_who_ask_in_it_each_once():
    tills = owners([(f"principal {number}".encode(), new_id()) for number in range(1_000)])
    few = Order(["nowhere"], "run", encode(b"own"), tills, 100, 200, 1, ITEMS_A_CALL, 1)
    (call,) = Calls(few).earns()
    request = points_pb2.PostRequest.FromString(bytes(call.request))
    assert len(set(request.principals)) == len(request.principals) <= ITEMS_A_CALL
    assert {item.principal for item in request.items} == set(range(len(request.principals)))
    for item in request.items:
        (till,) = (till for till in tills if till.store == item.earn.sale.receipt.store_id.hex())
        assert encode(request.principals[item.principal]) == till.principal


def test_a_bulk_load_says_that_it_is_one():
    for bulk in (False, True):
        (call, *_) = Calls(replace(order(mixed=False), bulk=bulk)).earns()
        assert points_pb2.PostRequest.FromString(bytes(call.request)).bulk is bulk
