from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.coalescer import Coalescer, Lane
from services.runtime.errors import Unavailable


class Station:
    """Notes the batches; each leaves only when it is let go."""

    def __init__(
        self,
        *,
        batch_max: int = 4,
        queue_max: int = 100,
        flights: int = 1,
        held: bool = True,
        bulk_beside_max: int = 0,
        even_from: int = 0,
    ) -> None:
        self.batches: list[list[str]] = []
        self.answers: dict[str, str | Exception] = {}
        self._go = asyncio.Semaphore(0)
        self._held = held
        self.coalescer: Coalescer[str, str] = Coalescer(
            self._flush,
            batch_max=batch_max,
            queue_max=queue_max,
            flights=flights,
            bulk_beside_max=bulk_beside_max,
            even_from=even_from,
        )

    async def _flush(self, items: Sequence[str]) -> Sequence[str | Exception]:
        self.batches.append(list(items))
        if self._held:
            await self._go.acquire()
        return [self.answers.get(item, item.upper()) for item in items]

    def go(self, batches: int = 1) -> None:
        for _ in range(batches):
            self._go.release()

    def ask(
        self, item: str, lane: Lane = Lane.INTERACTIVE, *, weight: int = 1, deadline_us: int = 0
    ) -> asyncio.Task[str]:
        return asyncio.create_task(self.coalescer.submit(item, lane, deadline_us, weight))

    async def under_way(self, batches: int = 1) -> None:
        while len(self.batches) < batches:
            await asyncio.sleep(0)

    async def queued(self, weight: int) -> None:
        while self.coalescer.queued != weight:
            await asyncio.sleep(0)


async def test_a_single_item_goes_at_once_and_alone() -> None:
    station = Station(held=False)
    assert await station.ask("a") == "A"
    assert station.batches == [["a"]]


async def test_what_arrives_while_a_batch_is_under_way_makes_the_next_one() -> None:
    station = Station()
    tasks = [station.ask("a")]
    await station.under_way()
    tasks += [station.ask(item) for item in "bcd"]
    await station.queued(3)
    station.go(2)
    assert await asyncio.gather(*tasks) == list("ABCD")
    assert station.batches == [["a"], ["b", "c", "d"]]


async def test_a_batch_has_its_limit_and_items_keep_their_order() -> None:
    station = Station(batch_max=3)
    tasks = [station.ask(item) for item in "abcdefgh"]
    station.go(3)
    await asyncio.gather(*tasks)
    assert station.batches == [list("abc"), list("def"), list("gh")]


async def test_interactive_items_go_before_bulk_ones_and_bulk_fills_what_is_left_of_the_batch() -> None:
    station = Station(batch_max=3)
    tasks = [station.ask("first")]
    await station.under_way()
    tasks += [station.ask(item, Lane.BULK) for item in ("b1", "b2", "b3")]
    tasks += [station.ask(item) for item in ("i1", "i2")]
    await station.queued(5)
    station.go(3)
    await asyncio.gather(*tasks)
    assert station.batches == [["first"], ["i1", "i2", "b1"], ["b2", "b3"]]


async def test_bulk_items_are_reached_as_soon_as_the_interactive_ones_end() -> None:
    station = Station(batch_max=2)
    bulk = station.ask("bulk", Lane.BULK)
    tasks = [station.ask(f"i{number}") for number in range(6)]
    station.go(4)
    await asyncio.gather(bulk, *tasks)
    assert [len(batch) for batch in station.batches] == [2, 2, 2, 1]
    assert station.batches[-1] == ["bulk"]


async def test_weights_count_towards_the_batch_and_a_group_that_does_not_fit_waits_for_the_next() -> None:
    station = Station(batch_max=4)
    tasks = [station.ask("a", weight=3), station.ask("b", weight=2), station.ask("c", weight=1)]
    station.go(2)
    await asyncio.gather(*tasks)
    # c would fit beside a, but may not overtake b.
    assert station.batches == [["a"], ["b", "c"]]


async def test_a_group_heavier_than_a_batch_goes_alone() -> None:
    station = Station(batch_max=4)
    tasks = [station.ask("heavy", weight=9), station.ask("light")]
    station.go(2)
    assert await asyncio.gather(*tasks) == ["HEAVY", "LIGHT"]
    assert station.batches == [["heavy"], ["light"]]


async def test_a_full_lane_is_overloaded_and_the_other_lane_is_not() -> None:
    station = Station(queue_max=2)
    tasks = [station.ask("a")]
    await station.under_way()
    tasks += [station.ask("b"), station.ask("c")]
    await station.queued(2)
    with pytest.raises(Unavailable) as caught:
        await station.ask("d")
    assert caught.value.reason == Reason.REASON_OVERLOADED
    assert caught.value.metadata == {"retry_after_seconds": "1"}
    tasks.append(station.ask("bulk", Lane.BULK))
    await station.queued(3)
    station.go(2)
    assert await asyncio.gather(*tasks) == ["A", "B", "C", "BULK"]


async def test_weights_count_towards_the_queue_and_a_group_larger_than_it_is_taken_when_it_is_empty() -> None:
    station = Station(queue_max=3)
    tasks = [station.ask("a")]
    await station.under_way()
    tasks.append(station.ask("group", weight=9))
    await station.queued(9)
    with pytest.raises(Unavailable):
        await station.ask("b")
    station.go(2)
    assert await asyncio.gather(*tasks) == ["A", "GROUP"]


async def test_what_was_overloaded_is_taken_again_once_there_is_room() -> None:
    station = Station(queue_max=1)
    tasks = [station.ask("a")]
    await station.under_way()
    tasks.append(station.ask("b"))
    await station.queued(1)
    with pytest.raises(Unavailable):
        await station.ask("c")
    station.go(2)
    await asyncio.gather(*tasks)
    again = station.ask("c")
    station.go()
    assert await again == "C"


async def test_an_item_whose_deadline_passed_in_the_queue_is_not_flushed() -> None:
    station = Station()
    first = station.ask("a")
    await station.under_way()
    late, in_time = (
        station.ask("late", deadline_us=wall_now_us() - 1),
        station.ask("b", deadline_us=2**62),
    )
    await station.queued(2)
    station.go(2)
    with pytest.raises(Unavailable) as caught:
        await late
    assert caught.value.reason == Reason.REASON_DEADLINE_EXCEEDED
    assert await asyncio.gather(first, in_time) == ["A", "B"]
    assert station.batches == [["a"], ["b"]]


async def test_an_item_whose_caller_has_gone_is_dropped_and_one_under_way_goes_on() -> None:
    station = Station()
    under_way = station.ask("a")
    await station.under_way()
    queued, stays = station.ask("b"), station.ask("c")
    await station.queued(2)
    under_way.cancel()
    queued.cancel()
    await asyncio.gather(under_way, queued, return_exceptions=True)
    station.go(2)
    assert await stays == "C"
    assert station.batches == [["a"], ["c"]]
    assert station.coalescer.queued == 0


async def test_a_lane_of_nothing_but_callers_that_have_gone_makes_no_batch() -> None:
    station = Station()
    first = station.ask("a")
    await station.under_way()
    gone = [station.ask(item) for item in "bcd"]
    await station.queued(3)
    for task in gone:
        task.cancel()
    station.go()
    await first
    await station.coalescer.drain(5)
    assert station.batches == [["a"]]


async def test_an_exception_for_one_item_is_raised_for_its_caller_alone() -> None:
    station = Station(held=False)
    station.answers["b"] = ValueError("b is not for sale")
    found = await asyncio.gather(*(station.ask(item) for item in "abc"), return_exceptions=True)
    assert [found[0], found[2]] == ["A", "C"]
    assert isinstance(found[1], ValueError)


async def test_a_flush_that_fails_tells_every_caller_and_the_next_batch_goes_on() -> None:
    failures = iter([True, False])

    async def flush(items: Sequence[str]) -> Sequence[str]:
        if next(failures):
            raise Unavailable("gone")
        return list(items)

    coalescer: Coalescer[str, str] = Coalescer(flush, batch_max=2, queue_max=10)
    found = await asyncio.gather(*(coalescer.submit(item) for item in "abc"), return_exceptions=True)
    assert [type(each) for each in found] == [Unavailable, Unavailable, str]


@pytest.mark.parametrize("answers", [[], ["one"], ["one", "two", "three"]])
async def test_a_flush_that_answers_too_few_or_too_many_fails_its_callers_rather_than_leave_them_waiting(
    answers: list[str],
) -> None:
    async def flush(items: Sequence[str]) -> Sequence[str]:
        return answers

    coalescer: Coalescer[str, str] = Coalescer(flush, batch_max=2, queue_max=10)
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(coalescer.submit(item) for item in "ab"), return_exceptions=True)
    assert all(isinstance(each, Exception) for each in found)


async def test_no_more_batches_are_under_way_at_once_than_flights() -> None:
    station = Station(batch_max=1, flights=2)
    tasks = [station.ask(item) for item in "abcd"]
    await station.under_way(2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(station.batches) == 2
    station.go(4)
    assert await asyncio.gather(*tasks) == list("ABCD")


async def test_a_burst_is_shared_out_evenly_among_the_flights() -> None:
    station = Station(batch_max=100, flights=2, even_from=2)
    tasks = [station.ask(item) for item in "abcdefgh"]
    await station.under_way(2)
    assert station.batches == [["a", "b", "c", "d"], ["e", "f", "g", "h"]]
    # What comes meanwhile is shared with what is under way still: of nine, five are the larger half.
    tasks += [station.ask(item) for item in "ijklm"]
    await station.queued(5)
    station.go()
    await station.under_way(3)
    assert station.batches[2:] == [["i", "j", "k", "l", "m"]]
    tasks += [station.ask(item) for item in "nopqrst"]
    await station.queued(7)
    station.go()
    await station.under_way(4)
    assert station.batches[3:] == [["n", "o", "p", "q", "r", "s"]]
    station.go(3)
    assert "".join(await asyncio.gather(*tasks)) == "ABCDEFGHIJKLMNOPQRST"


async def test_little_is_not_cut_into_less() -> None:
    station = Station(batch_max=100, flights=2, even_from=4)
    tasks = [station.ask(item) for item in "abcdef"]
    await station.under_way(2)
    assert station.batches == [["a", "b", "c", "d"], ["e", "f"]]
    station.go(2)
    await asyncio.gather(*tasks)


async def test_with_a_batch_that_failed_nothing_is_shared() -> None:
    station = Station(batch_max=100, flights=2, even_from=1, held=False)
    station.answers["a"] = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await station.ask("a")
    await asyncio.gather(*(station.ask(item) for item in "bcde"))
    assert station.batches[1] == ["b", "c"]


async def test_draining_waits_for_all_that_is_queued() -> None:
    station = Station(batch_max=1)
    tasks = [station.ask(item) for item in "abc"]
    await station.under_way()
    draining = asyncio.create_task(station.coalescer.drain(30))
    station.go(3)
    await draining
    assert (station.coalescer.queued, all(task.done() for task in tasks)) == (0, True)


async def test_a_batch_sees_nothing_of_the_caller_that_happened_to_start_it() -> None:
    whose: contextvars.ContextVar[str] = contextvars.ContextVar("whose", default="nobody")
    seen: list[str] = []

    async def flush(items: Sequence[str]) -> Sequence[str]:
        seen.append(whose.get())
        return list(items)

    coalescer: Coalescer[str, str] = Coalescer(flush, batch_max=1, queue_max=10)

    async def call(name: str) -> None:
        whose.set(name)
        await coalescer.submit(name)

    await asyncio.gather(call("alice"), call("bob"))
    assert seen == ["nobody", "nobody"]


async def test_beside_interactive_items_a_batch_takes_only_so_much_of_the_bulk_lane() -> None:
    station = Station(batch_max=6, bulk_beside_max=2)
    tasks = [station.ask("first")]
    await station.under_way()
    tasks += [station.ask(f"b{number}", Lane.BULK) for number in range(5)]
    tasks += [station.ask(item) for item in ("i1", "i2")]
    await station.queued(7)
    station.go(4)
    await asyncio.gather(*tasks)
    assert station.batches == [["first"], ["i1", "i2", "b0", "b1"], ["b2", "b3"], ["b4"]]


async def test_some_batches_after_the_last_interactive_item_a_bulk_load_fills_them_again() -> None:
    station = Station(batch_max=6, bulk_beside_max=2, held=False)
    await station.ask("first")
    await asyncio.gather(*(station.ask(f"b{number}", Lane.BULK) for number in range(60)))
    sizes = [len(batch) for batch in station.batches]
    assert sizes[:3] == [1, 2, 2]
    assert sizes[-2] == 6
    assert sizes == sorted(sizes[:-1]) + sizes[-1:]


async def test_a_bulk_load_that_nothing_interactive_comes_beside_fills_whole_batches() -> None:
    station = Station(batch_max=6, bulk_beside_max=2)
    tasks = [station.ask(f"b{number}", Lane.BULK) for number in range(6)]
    station.go()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in station.batches] == [6]


async def test_pieces_are_answered_each_and_leave_in_their_order() -> None:
    station = Station(batch_max=3, held=False)
    pieces = [("a", 2), ("b", 2), ("c", 1)]
    answers = await asyncio.gather(*station.coalescer.enqueue_pieces(pieces, Lane.BULK))
    assert answers == ["A", "B", "C"]
    assert station.batches == [["a"], ["b", "c"]]


async def test_pieces_are_taken_in_together_or_not_at_all() -> None:
    station = Station(queue_max=3)
    tasks = [station.ask("a")]
    await station.under_way()
    tasks.append(station.ask("waits", Lane.BULK))
    await station.queued(1)
    with pytest.raises(Unavailable):
        station.coalescer.enqueue_pieces([("b", 2), ("c", 2)], Lane.BULK)
    assert station.coalescer.queued == 1
    station.go(2)
    await asyncio.gather(*tasks)
    pieces = station.coalescer.enqueue_pieces([("b", 2), ("c", 2)], Lane.BULK)
    station.go()
    assert await asyncio.gather(*pieces) == ["B", "C"]
