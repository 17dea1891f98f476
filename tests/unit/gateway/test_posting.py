"""Movements reach the ledger once each, however often they must be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from coalition.points.v1 import movement_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.orders import Order
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.commands.tills_first import Tills
from services.gateway.domain.movements import Accepted, Decision, Declined, Movement, MovementType
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError, Refused, Unavailable
from services.runtime.grpc_client import deadline_us
from services.runtime.ids import new_id
from services.runtime.principal import Programme

_ONE = Programme(1, "one", "Europe/Berlin", "EUR", is_test=False)
_TWO = Programme(2, "two", "Europe/Berlin", "EUR", is_test=False)
_Call = list[str]


def _accepted(key: str) -> Accepted:
    movement = Movement(new_id(), 1, MovementType.EARN, new_id(), None, key, None, 1, 1, 1, 1, 0)
    return Accepted(movement, replayed=False)


class _Points:
    """Answers as told; by default it accepts all."""

    def __init__(self, *answers: Callable[[_Call], list[Decision]]) -> None:
        self.calls: list[_Call] = []
        self.programmes: list[str] = []
        self.deadlines: list[int] = []
        self._answers = list(answers)

    async def post(
        self, programme: Programme, orders: Sequence[Order], *, bulk: bool, seconds: float
    ) -> list[Decision]:
        assert seconds > 0
        keys = [order.item.key for order in orders]
        self.calls.append(keys)
        self.programmes.append(programme.slug)
        self.deadlines.append(deadline_us.get())
        await asyncio.sleep(0)
        if self._answers:
            return self._answers.pop(0)(keys)
        return [_accepted(key) for key in keys]


def _posting(points: Any, tills: Tills | None = None, **changes: Any) -> Posting:
    limits: dict[str, Any] = {
        "items_max": 256, "queue_max": 1_000, "flights": 2, "attempt_seconds": 1.0, **changes,
    }  # fmt: skip
    return Posting(points, tills or Tills(), **limits)


def _waiting(*keys: str, seconds: float = 5.0, programme: Programme = _ONE) -> Waiting:
    orders = tuple(Order(b"token", movement_pb2.Item(key=key)) for key in keys)
    return Waiting(programme, orders, wall_now_us() + int(seconds * 1e6))


def _lost(_: _Call) -> list[Decision]:
    raise Unavailable("the connection is gone")


def _reference(decision: Decision) -> str:
    assert isinstance(decision, Accepted)
    return decision.movement.reference


@pytest.mark.parametrize(("callers", "calls"), [(1, [1]), (32, [32]), (40, [32, 8]), (100, [50, 50])])
async def test_callers_at_the_same_time_share_a_call_or_two_and_get_their_own_answers(
    callers: int, calls: list[int]
) -> None:
    points = _Points()
    posting = _posting(points)
    decisions = await asyncio.gather(*(posting.post(_waiting(f"k{n}")) for n in range(callers)))
    assert [_reference(decision) for decision in decisions] == [f"k{n}" for n in range(callers)]
    assert [len(call) for call in points.calls] == calls


async def test_tills_wait_until_they_have_an_answer_and_batches_are_no_tills() -> None:
    seconds = iter(range(100))
    tills = Tills(lambda: float(next(seconds)))
    posting = _posting(_Points(_lost), tills)
    await posting.post_bulk([_waiting("bulk")])
    assert tills.waited_seconds == 0
    await posting.post(_waiting("k"))
    waited = tills.waited_seconds
    assert waited == 1
    with pytest.raises(Unavailable):
        await posting.post(_waiting("late", seconds=-1))
    assert tills.waited_seconds == waited + 1
    assert tills.waited_seconds == waited + 1, "nobody waits any more"


async def test_a_lost_answer_is_asked_for_again_with_the_same_keys() -> None:
    points = _Points(_lost, _lost)
    decision = await _posting(points).post(_waiting("k"))
    assert _reference(decision) == "k"
    assert points.calls == [["k"], ["k"], ["k"]]


async def test_only_items_without_an_answer_are_sent_again() -> None:
    busy = Unavailable("the queue is full", Reason.REASON_OVERLOADED)

    def half(keys: _Call) -> list[Decision]:
        return [
            Declined(busy, remembered=False, replayed=False) if key == "b" else _accepted(key) for key in keys
        ]

    points = _Points(half)
    posting = _posting(points)
    decisions = await asyncio.gather(*(posting.post(_waiting(key)) for key in "abc"))
    assert [_reference(decision) for decision in decisions] == ["a", "b", "c"]
    assert points.calls == [["a", "b", "c"], ["b"]]


async def test_a_refusal_is_an_answer_and_is_not_asked_for_again() -> None:
    error = Refused(Reason.REASON_INSUFFICIENT_POINTS, "no", available=1, required=2)
    points = _Points(lambda keys: [Declined(error, remembered=True, replayed=False)])
    decision = await _posting(points).post(_waiting("k"))
    assert isinstance(decision, Declined)
    assert decision.error is error
    assert len(points.calls) == 1


async def test_the_time_of_the_caller_ends_the_asking_and_tells_what_was_in_the_way() -> None:
    points = _Points(*[_lost] * 50)
    with pytest.raises(Unavailable) as caught:
        await _posting(points).post(_waiting("k", seconds=0.3))
    assert caught.value.reason == Reason.REASON_UNAVAILABLE
    assert len(points.calls) >= 2


async def test_a_fault_of_the_whole_call_goes_to_all_in_it() -> None:
    def fault(_: _Call) -> list[Decision]:
        raise CoalitionError(Reason.REASON_INTERNAL, "a fault")

    points = _Points(fault)
    posting = _posting(points)
    answers = await asyncio.gather(*(posting.post(_waiting(k)) for k in "ab"), return_exceptions=True)
    assert [isinstance(answer, CoalitionError) for answer in answers] == [True, True]
    assert len(points.calls) == 1


async def test_a_call_holds_movements_of_one_programme_only() -> None:
    points = _Points()
    posting = _posting(points)
    mixed = [_waiting(f"k{n}", programme=_TWO if n % 2 else _ONE) for n in range(6)]
    decisions = await asyncio.gather(*(posting.post(each) for each in mixed))
    assert [_reference(decision) for decision in decisions] == [f"k{n}" for n in range(6)]
    assert sorted(points.programmes) == ["one", "two"]


async def test_a_full_queue_says_so_at_once() -> None:
    points = _Points()
    posting = _posting(points, queue_max=2, flights=1, items_max=1)
    answers = await asyncio.gather(
        *(posting.post(_waiting(f"k{n}")) for n in range(5)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, CoalitionError)]
    assert refused
    assert {answer.reason for answer in refused} == {Reason.REASON_OVERLOADED}


async def test_a_call_knows_nothing_of_the_deadline_of_the_request_that_started_it() -> None:
    points = _Points()
    posting = _posting(points)
    deadline_us.set(12345)
    await posting.post(_waiting("k"))
    assert points.deadlines == [0]


async def test_a_batch_is_answered_line_by_line_or_not_at_all() -> None:
    points = _Points(_lost)
    decisions = await _posting(points).post_bulk([_waiting(f"k{n}") for n in range(3)])
    assert [_reference(decision) for decision in decisions] == ["k0", "k1", "k2"]
    with pytest.raises(Unavailable):
        await _posting(_Points(*[_lost] * 50)).post_bulk([_waiting("k", seconds=0.2)])


async def test_nothing_to_post_asks_nobody() -> None:
    points = _Points()
    assert await _posting(points).post_bulk([]) == []
    assert points.calls == []


async def test_what_is_linked_stays_together_and_gets_one_answer() -> None:
    points = _Points()
    posting = _posting(points, items_max=4, flights=1)
    asked = [_waiting(f"a{n}") for n in range(3)] + [_waiting("e", "b"), _waiting("z")]
    decisions = await asyncio.gather(*(posting.post(each) for each in asked))
    assert [_reference(decision) for decision in decisions] == ["a0", "a1", "a2", "e", "z"]
    # There was room for one more beside the first three, but not for both that are linked.
    assert points.calls == [["a0", "a1", "a2"], ["e", "b", "z"]]
    linked = [each.linked for each in decisions if isinstance(each, Accepted)]
    assert [[movement.reference for movement in each] for each in linked] == [[], [], [], ["b"], []]


async def test_what_is_linked_goes_alone_where_a_call_takes_less_than_that() -> None:
    points = _Points()
    posting = _posting(points, items_max=1, flights=1)
    await asyncio.gather(posting.post(_waiting("a")), posting.post(_waiting("e", "b")))
    assert points.calls == [["a"], ["e", "b"]]


async def test_what_is_linked_is_sent_again_as_a_whole() -> None:
    busy = Declined(Unavailable("full", Reason.REASON_OVERLOADED), remembered=False, replayed=False)
    other = Declined(Refused(Reason.REASON_LINKED_ITEM_FAILED, "no"), remembered=False, replayed=False)
    points = _Points(lambda _: [_accepted("a"), other, busy], _lost)
    posting = _posting(points)
    decisions = await asyncio.gather(posting.post(_waiting("a")), posting.post(_waiting("e", "b")))
    assert [_reference(decision) for decision in decisions] == ["a", "e"]
    assert points.calls == [["a", "e", "b"], ["e", "b"], ["e", "b"]]


@pytest.mark.parametrize("first", [True, False])
async def test_of_what_is_linked_the_cause_is_told_wherever_it_stands(first: bool) -> None:
    cause = Declined(Refused(Reason.REASON_HOLD_RESOLVED, "no"), remembered=True, replayed=True)
    other = Declined(Refused(Reason.REASON_LINKED_ITEM_FAILED, "no"), remembered=True, replayed=True)
    points = _Points(lambda _: [cause, other] if first else [other, cause])
    assert await _posting(points).post(_waiting("e", "b")) is cause
    again = await _posting(_Points(lambda _: [other, other])).post(_waiting("e", "b"))
    assert again is other


async def test_what_is_linked_is_a_replay_where_all_of_it_is() -> None:
    for replayed in ([True, True], [True, False]):
        answers: list[Decision] = [_accepted("e")._replace(replayed=each) for each in replayed]
        decision = await _posting(_Points(lambda _, answers=answers: answers)).post(_waiting("e", "b"))
        assert decision.replayed is all(replayed)
