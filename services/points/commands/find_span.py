"""Which stretch of the journal lies between two times."""

from __future__ import annotations

from typing import NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.cut_at import CutAt
from services.points.queries.reads import Reads
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.principal import Programme


class Span(NamedTuple):
    """A stretch of the journal, both ends included; `closed`: its end has been reached, and it never changes any more."""

    first_seq: int
    last_seq: int
    closed: bool


class FindSpan:
    """The use case behind FindSpan."""

    def __init__(self, reads: Reads, cut_at: CutAt) -> None:
        self._reads, self._cut_at = reads, cut_at

    async def __call__(self, programme: Programme, starts_at_us: int, ends_at_us: int) -> Span:
        """The stretch from one time to another (programme time, microseconds UTC, the end excluded).

        Cut just where windows are cut, so that whole days come to what a statement does. Raises Refused
        (BOUNDARY_IN_FUTURE) where the start has not been reached, InvalidRequest where it is not before the end.
        """
        if not 0 < starts_at_us < ends_at_us:
            raise InvalidRequest("a start before the end must be given", field="starts_at_us")
        first_seq = await self._cut_at(programme, starts_at_us) + 1
        last_seq = (await self._reads.head(programme.ledger_id)).last_seq
        try:
            return Span(first_seq, await self._cut_at(programme, ends_at_us), True)
        except Refused as refusal:
            if refusal.reason != Reason.REASON_BOUNDARY_IN_FUTURE:
                raise
        return Span(first_seq, max(last_seq, first_seq - 1), False)
