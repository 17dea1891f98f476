"""Which stretch of the journal lies between two times."""

from __future__ import annotations

from typing import NamedTuple

from services.points.commands.cut_at import CutAt
from services.points.commands.open_ledger import Doors
from services.points.queries.reads import Reads
from services.points.storage.ledgers import Head
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


class Span(NamedTuple):
    """A stretch of the journal, both ends included; `closed`: its end has been reached, and it never changes any more."""

    first_seq: int
    last_seq: int
    closed: bool


class FindSpan:
    """The use case behind FindSpan."""

    def __init__(self, doors: Doors, reads: Reads, cut_at: CutAt) -> None:
        self._doors, self._reads, self._cut_at = doors, reads, cut_at

    async def __call__(self, programme: Programme, starts_at_us: int, ends_at_us: int) -> Span:
        """The stretch from one time to another (programme time, microseconds UTC, the end excluded).

        Cut just where windows are cut, so that whole days come to what a statement does. Raises Refused
        (BOUNDARY_IN_FUTURE) where the start has not been reached, InvalidRequest where it is not before the end.
        """
        if not 0 < starts_at_us < ends_at_us:
            raise InvalidRequest("a start before the end must be given", field="starts_at_us")
        head = await self._head(programme)
        first_seq = await self._cut(programme, starts_at_us) + 1
        if ends_at_us <= head.now_us:
            return Span(first_seq, await self._cut(programme, ends_at_us), True)
        return Span(first_seq, max(head.last_seq, first_seq - 1), False)

    async def _head(self, programme: Programme) -> Head:
        await self._doors.to(programme)
        return await self._reads.head(programme.ledger_id)

    async def _cut(self, programme: Programme, boundary_us: int) -> int:
        """As CutAt; one that was made before without its lock, which every posting needs."""
        known = await self._reads.cut(programme.ledger_id, boundary_us)
        return await self._cut_at(programme, boundary_us) if known is None else known
