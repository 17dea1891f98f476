"""The guard over look-ups: counts what sources ask for, and stops those that try identifiers out.

Identifiers that members have are counted in memory alone. A database is written to where some were unknown, by one
statement a source for all calls that come at the same time; it holds what all processes together have counted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.events import EnumerationSuspected
from services.members.domain.guarding import Asking, Limits, Source, Tally
from services.members.storage.lookup_counts import add_counts, add_suspicion, forget_counts
from services.runtime import logging
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.coalescer import Coalescer
from services.runtime.database import WriteDatabase
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme

_log = logging.get(__name__)
_SOURCES_MAX: Final = 100_000
_BATCH_MAX: Final = 500
_QUEUE_MAX: Final = 10_000
_KEPT_SECONDS: Final = 86_400
# Members of a source in a window that are remembered one by one; of more than so many each look-up counts.
_SEEN_MAX: Final = 1_000
_Place = tuple[int, Source]
_NOBODY: Final[Mapping[Asking, Set[UUID]]] = {}


@dataclass(slots=True)
class _Counting:
    """A source in a window: whether it is stopped, which members it met, and how many since they were last written down."""

    window_start_us: int
    known: int = 0
    stopped: bool = False
    seen: set[UUID] = field(default_factory=set)

    def meet(self, members: Set[UUID]) -> None:
        """Counts members, each once in the window: a card of one's own, read again and again, would hide any number of others."""
        new = members - self.seen
        self.known += len(new)
        if len(self.seen) + len(new) <= _SEEN_MAX:
            self.seen |= new


@dataclass(frozen=True, slots=True)
class _Given:
    programme: Programme
    tallies: Mapping[Source, Tally]


class Guard:
    """Counts for all calls of this process."""

    def __init__(self, database: WriteDatabase, announce: Announce, limits: Limits) -> None:
        self._database, self._announce, self._limits = database, announce, limits
        self._places: OrderedDict[_Place, _Counting] = OrderedDict()
        self._forgotten_us = 0
        self._queue: Coalescer[_Given, None] = Coalescer(
            self._flush, batch_max=_BATCH_MAX, queue_max=_QUEUE_MAX
        )

    def refusal(self, ledger_id: int, asking: Asking) -> CoalitionError | None:
        """Why nothing is answered (LOOKUP_LIMITED); None: the source is below its limits."""
        now_us = wall_now_us()
        window = self._limits.window_start_us(now_us)
        for source in asking.sources:
            counting = self._places.get((ledger_id, source))
            if counting is not None and counting.stopped and counting.window_start_us == window:
                seconds = self._limits.seconds_left(now_us)
                return CoalitionError(
                    Reason.REASON_LOOKUP_LIMITED,
                    "too many of the cards asked for are nobody's",
                    retry_after_seconds=seconds,
                )
        return None

    def stop(self, ledger_id: int, asking: Asking) -> None:
        """Raises CoalitionError (LOOKUP_LIMITED) where refusal has one."""
        refusal = self.refusal(ledger_id, asking)
        if refusal is not None:
            raise refusal

    async def count(
        self,
        programme: Programme,
        asked: Sequence[tuple[Asking, Tally]],
        met: Mapping[Asking, Set[UUID]] = _NOBODY,
    ) -> None:
        """Counts what nobody had, and the members that were met; writes it down where there is something of the former. Raises Unavailable."""
        window = self._limits.window_start_us(wall_now_us())
        for asking, members in met.items():
            for source in asking.sources:
                self._counting(programme.ledger_id, source, window).meet(members)
        sums: dict[Source, Tally] = {}
        for asking, tally in asked:
            for source in asking.sources:
                sums[source] = sums.get(source, Tally()) + tally
        missed: dict[Source, Tally] = {}
        for source, tally in sums.items():
            counting = self._counting(programme.ledger_id, source, window)
            if tally.missed:
                missed[source] = tally + Tally(known=counting.known)
                counting.known = 0
        if missed:
            await self._queue.submit(_Given(programme, missed))

    def _counting(self, ledger_id: int, source: Source, window: int) -> _Counting:
        place = (ledger_id, source)
        counting = self._places.get(place)
        if counting is None or counting.window_start_us != window:
            counting = _Counting(window)
            self._places[place] = counting
            if len(self._places) > _SOURCES_MAX:
                self._places.popitem(last=False)
        return counting

    async def _flush(self, batch: Sequence[_Given]) -> list[None]:
        programmes = {each.programme.ledger_id: each.programme for each in batch}
        for ledger_id, programme in programmes.items():
            sums: dict[Source, Tally] = {}
            for each in batch:
                if each.programme.ledger_id == ledger_id:
                    for source, tally in each.tallies.items():
                        sums[source] = sums.get(source, Tally()) + tally
            await self._write(programme, sums)
        return [None] * len(batch)

    async def _write(self, programme: Programme, sums: Mapping[Source, Tally]) -> None:
        now_us = wall_now_us()
        window = self._limits.window_start_us(now_us)

        async def work(connection: AsyncConnection) -> list[EnumerationSuspected]:
            totals = await add_counts(connection, programme.ledger_id, window, sums)
            beyond = [
                EnumerationSuspected(source, tally, window, self._limits.window_seconds, now_us)
                for source, tally in totals.items()
                if self._limits.exceeded(source, tally)
            ]
            new = [each for each in beyond if await add_suspicion(connection, programme.ledger_id, each)]
            if new:
                await self._announce(connection, programme, *new)
            return beyond

        for each in await self._database.run(work):
            counting = self._counting(programme.ledger_id, each.source, window)
            if not counting.stopped:
                counting.stopped = True
                _log.warning("members.enumeration_suspected", unknown=each.tally.unknown)
        if now_us - self._forgotten_us > _KEPT_SECONDS * MICROS_PER_SECOND:
            self._forgotten_us = now_us
            await self._database.run(
                lambda connection: forget_counts(connection, now_us - _KEPT_SECONDS * MICROS_PER_SECOND)
            )
