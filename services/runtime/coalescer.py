"""Coalescing: many callers' items become few batches, without a timer.

While a batch is in flight the next one fills. Light load gives batches of one and low latency, heavy load
gives large ones; interactive items go before bulk ones. The queue is bounded, and an item whose caller
has gone or whose deadline has passed is dropped before its batch.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_RETRY_AFTER_SECONDS: Final = 1
# In so many batches after an interactive item more of them are to be expected.
_BESIDE_BATCHES: Final = 16


class Lane(Enum):
    """Who goes first."""

    INTERACTIVE = 0
    BULK = 1


@dataclass(slots=True)
class _Waiting(Generic[Item, Answer]):
    item: Item
    future: asyncio.Future[Answer]
    deadline_us: int
    weight: int


class Coalescer(Generic[Item, Answer]):
    """Gathers items and hands them to `flush` in batches, at most `flights` at a time.

    `flush` answers one answer or exception per item, in order; what it raises itself goes to every caller
    of the batch. An item may weigh more than one (a group that must stay together); limits count weight.
    `even_from`: with several flights, what is queued and under way is shared out evenly among them, so that one side of the call
    works while the other does, but no batch is made smaller than this for it; 0: each takes all there is.
    `bulk_beside_max`: the most of the bulk lane in a batch while interactive items come too, since these wait for the batch
    that is under way and then for their own; 0: as much as there is room for.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        batch_max: int,
        queue_max: int,
        flights: int = 1,
        even_from: int = 0,
        bulk_beside_max: int = 0,
    ) -> None:
        self._flush, self._batch_max, self._queue_max, self._flights = flush, batch_max, queue_max, flights
        self._even_from, self._under_way = even_from or batch_max, 0
        self._bulk_beside_max, self._beside_batches = bulk_beside_max or batch_max, 0
        self._lanes: tuple[deque[_Waiting[Item, Answer]], ...] = (deque(), deque())
        self._weights = [0 for _ in self._lanes]
        self._in_flight = 0
        # A batch belongs to many callers: it must see neither the deadline, the span nor the principal of the
        # one that happened to start it, so batches run in the context that this was made in.
        self._context = contextvars.copy_context()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def queued(self) -> int:
        """Weight waiting for a batch."""
        return sum(self._weights)

    async def submit(
        self, item: Item, lane: Lane = Lane.INTERACTIVE, deadline_us: int = 0, weight: int = 1
    ) -> Answer:
        """Puts an item in a batch and waits for its answer.

        `deadline_us` is wall-clock time (0: none). Raises Unavailable with OVERLOADED when the lane is
        full and with DEADLINE_EXCEEDED when the deadline passed before the batch was made.
        """
        return await self.enqueue(item, lane, deadline_us, weight)

    def enqueue(
        self, item: Item, lane: Lane = Lane.INTERACTIVE, deadline_us: int = 0, weight: int = 1
    ) -> asyncio.Future[Answer]:
        """As submit, answering the future at once; for callers with many items."""
        self._admit(lane, weight)
        future = self._put(item, lane, deadline_us, weight)
        self._start()
        return future

    def enqueue_pieces(
        self, pieces: Sequence[tuple[Item, int]], lane: Lane, deadline_us: int = 0
    ) -> list[asyncio.Future[Answer]]:
        """As enqueue, for items with their weights that are taken in together or not at all, and may go apart."""
        self._admit(lane, sum(weight for _, weight in pieces))
        futures = [self._put(item, lane, deadline_us, weight) for item, weight in pieces]
        self._start()
        return futures

    def _admit(self, lane: Lane, weight: int) -> None:
        if self._weights[lane.value] + weight > max(self._queue_max, weight):
            raise Unavailable(
                f"{self._weights[lane.value]} are waiting already", Reason.REASON_OVERLOADED,
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )  # fmt: skip
        if lane is Lane.INTERACTIVE:
            self._beside_batches = _BESIDE_BATCHES

    def _put(self, item: Item, lane: Lane, deadline_us: int, weight: int) -> asyncio.Future[Answer]:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._lanes[lane.value].append(_Waiting(item, future, deadline_us, weight))
        self._weights[lane.value] += weight
        return future

    def _start(self) -> None:
        while self._in_flight < self._flights and any(self._lanes):
            self._in_flight += 1
            task = asyncio.get_running_loop().create_task(self._work(), context=self._context.copy())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            # Let whatever else became ready in this turn of the loop join the first batch.
            await asyncio.sleep(0)
            while batch := self._take():
                await self._run(batch)
        finally:
            self._in_flight -= 1
            self._start()

    def _take(self) -> list[_Waiting[Item, Answer]]:
        batch: list[_Waiting[Item, Answer]] = []
        share = -(-(self.queued + self._under_way) // self._flights)
        now_us, room = wall_now_us(), min(self._batch_max, max(self._even_from, share))
        beside = self._beside_batches > 0
        if beside:
            self._beside_batches -= 1
        for number, lane in enumerate(self._lanes):
            if beside and number == Lane.BULK.value:
                room = min(room, self._bulk_beside_max)
            while lane and (lane[0].weight <= room or not batch):
                waiting = lane.popleft()
                self._weights[number] -= waiting.weight
                if waiting.future.done():
                    continue
                if 0 < waiting.deadline_us <= now_us:
                    late = Unavailable("the deadline passed in the queue", Reason.REASON_DEADLINE_EXCEEDED)
                    waiting.future.set_exception(late)
                    continue
                room -= waiting.weight
                batch.append(waiting)
        return batch

    async def _run(self, batch: list[_Waiting[Item, Answer]]) -> None:
        weight = sum(waiting.weight for waiting in batch)
        self._under_way += weight
        try:
            answers = await self._flush([waiting.item for waiting in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"a batch of {len(batch)} items got {len(answers)} answers")
        except Exception as error:
            answers = [error] * len(batch)
        finally:
            self._under_way -= weight
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.future.done():
                continue
            if isinstance(answer, Exception):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)

    async def drain(self, seconds: float) -> None:
        """Waits until all that is queued has been answered, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
