"""Handing movements to the ledger until each one has an answer.

A lost connection means that what happened is unknown, never that nothing did. Every item carries a key
under which the ledger keeps its answer for ever, so the same items are simply sent again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.orders import Order
from services.gateway.clients.points import Points
from services.gateway.commands.tills_first import Tills
from services.gateway.domain.errors import is_passing
from services.gateway.domain.movements import Decision, Declined, together
from services.runtime import logging, telemetry
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.coalescer import Coalescer
from services.runtime.errors import CoalitionError, Unavailable
from services.runtime.principal import Programme

_log = logging.get(__name__)
# A call, and the batch that it becomes, cost as much as some ten movements. Without this one call takes nearly all that waits,
# gateway and ledger work by turns, and a burst of 64 tills waits half as long again.
_EVEN_FROM: Final = 32
_PAUSE_SECONDS: Final = 0.05
_PAUSE_SECONDS_MAX: Final = 1.0


class Waiting(NamedTuple):
    """What a caller waits for until a wall-clock time, in microseconds: a movement, or some that are linked.

    Those follow one upon the other in one call, and have one decision.
    """

    programme: Programme
    orders: tuple[Order, ...]
    until_us: int


class Posting:
    """Posts movements: single ones joined into calls, and the lines of batches a chunk at a time."""

    def __init__(
        self,
        points: Points,
        tills: Tills,
        *,
        items_max: int,
        queue_max: int,
        flights: int,
        attempt_seconds: float,
    ) -> None:
        """`tills`: is told when single movements wait."""
        self._points, self._tills, self._attempt_seconds = points, tills, attempt_seconds
        self._queue: Coalescer[Waiting, Decision] = Coalescer(
            self._flush, batch_max=items_max, queue_max=queue_max, flights=flights, even_from=_EVEN_FROM
        )
        self._sizes = telemetry.meter().create_histogram("coalition.gateway.post_items", "{item}")

    async def post(self, waiting: Waiting) -> Decision:
        """Posts one movement, or some that are linked, along with those of other callers.

        Raises Unavailable where the ledger gave no answer in time, which leaves open what happened, and
        where too many wait already.
        """
        self._tills.begin()
        try:
            return await self._queue.submit(waiting, deadline_us=waiting.until_us, weight=len(waiting.orders))
        finally:
            self._tills.end()

    async def post_bulk(self, waiting: Sequence[Waiting]) -> list[Decision]:
        """Posts up to 512 movements of one programme after those of tills. Raises Unavailable as post does."""
        answers = await self._send(waiting, bulk=True)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if not isinstance(answer, Exception)]

    async def drain(self, seconds: float) -> None:
        """Waits until all that was asked for has its answer, at most so long."""
        await self._queue.drain(seconds)

    async def _flush(self, batch: Sequence[Waiting]) -> list[Decision | Exception]:
        """A call takes movements of one programme."""
        programmes: dict[int, list[int]] = {}
        for place, each in enumerate(batch):
            programmes.setdefault(each.programme.ledger_id, []).append(place)
        if len(programmes) == 1:
            return await self._send(batch, bulk=False)
        groups = list(programmes.values())
        sent = await asyncio.gather(
            *(self._send([batch[place] for place in places], bulk=False) for places in groups)
        )
        answers: dict[int, Decision | Exception] = {}
        for places, found in zip(groups, sent, strict=True):
            answers.update(zip(places, found, strict=True))
        return [answers[place] for place in range(len(batch))]

    async def _send(self, batch: Sequence[Waiting], *, bulk: bool) -> list[Decision | Exception]:
        """Sends movements of one programme, again and again while answers are missing and callers wait."""
        answers: dict[int, Decision | Exception] = {}
        missing = list(range(len(batch)))
        pause, why = _PAUSE_SECONDS, _too_late()
        while missing:
            for place in [place for place in missing if batch[place].until_us <= wall_now_us()]:
                answers[place] = why
            missing = [place for place in missing if place not in answers]
            if not missing:
                break
            found = await self._attempt([batch[place] for place in missing], bulk=bulk)
            for place, answer in zip(missing, found, strict=True):
                problem = answer.error if isinstance(answer, Declined) else answer
                if isinstance(problem, CoalitionError) and is_passing(problem):
                    why = problem
                else:
                    answers[place] = answer
            missing = [place for place in missing if place not in answers]
            if missing:
                _log.warning("posting.again", items=len(missing), why=str(why))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(pause * 2, _PAUSE_SECONDS_MAX)
        return [answers[place] for place in range(len(batch))]

    async def _attempt(self, batch: Sequence[Waiting], *, bulk: bool) -> Sequence[Decision | CoalitionError]:
        left_us = max(each.until_us for each in batch) - wall_now_us()
        seconds = min(self._attempt_seconds, left_us / MICROS_PER_SECOND)
        orders = [order for each in batch for order in each.orders]
        links = (order.item.traceparent for order in orders) if telemetry.enabled() else ()
        self._sizes.record(len(orders), {"bulk": bulk})
        with telemetry.span("points.post", links=links, attributes={"items": len(orders)}):
            try:
                decisions = await self._points.post(batch[0].programme, orders, bulk=bulk, seconds=seconds)
            except CoalitionError as error:
                return [error] * len(batch)
        return decisions if len(orders) == len(batch) else _by_caller(batch, decisions)


def _by_caller(batch: Sequence[Waiting], decisions: Sequence[Decision]) -> list[Decision]:
    """One decision for each caller, of one for each order."""
    found: list[Decision] = []
    first = 0
    for each in batch:
        last = first + len(each.orders)
        found.append(decisions[first] if last == first + 1 else together(decisions[first:last]))
        first = last
    return found


def _too_late() -> CoalitionError:
    return Unavailable("the ledger did not answer in time", Reason.REASON_DEADLINE_EXCEEDED)
