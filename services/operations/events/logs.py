"""The event logs of the services, as the record behind the streams: read from a position or from a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coalition.members.v1 import members_pb2
from coalition.operations.v1 import subscribers_pb2 as pb
from coalition.partners.v1 import partners_pb2
from coalition.points.v1 import points_pb2
from coalition.type.v1.event_record_pb2 import EventRecord

from services.operations.amounts import Unreadable, read_time, write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.bus import STREAMS, Stream
from services.runtime.catalogue import message_of, shown
from services.runtime.ids import to_text
from services.runtime.principal import Programme

STREAM_OF: Final = {stream.service: stream for stream in STREAMS}
_REQUESTS: Final = {
    "members": members_pb2.ReadEventsRequest,
    "points": points_pb2.ReadEventsRequest,
    "partners": partners_pb2.ReadEventsRequest,
}


@dataclass(frozen=True, slots=True)
class Log:
    """The event log of one service in one programme."""

    session: Session
    programme: Programme
    stream: Stream

    async def state(self) -> pb.GetLogStateResponse:
        """How far it is, and how far its relay."""
        stub = self.session.subscribers_of(self.stream.service)
        return await self.session.call(stub.GetLogState, pb.GetLogStateRequest(), self.programme)

    async def read(self, from_pos: int, limit: int = 0) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on, to so many (0: all there are now)."""
        service = self.stream.service
        request = _REQUESTS[service](from_pos=from_pos, limit=limit)
        method = self._reader(service)
        async for answer in self.session.stream(method, request, self.programme):
            yield answer.events

    def _reader(self, service: str) -> Any:
        if service == "points":
            return self.session.ledger.ReadEvents
        return self.session.registry.ReadEvents if service == "partners" else self.session.members.ReadEvents

    async def recorded_at(self, pos: int) -> int:
        """When an event was recorded, programme time in microseconds; 0: there is none."""
        async for block in self.read(pos, 1):
            return block[0].recorded_at_us
        return 0

    async def first_since(self, micros: int) -> int:
        """The first position recorded at a programme time or later; one beyond the last where there is none.

        Found by halving: programme time does not go back from one event to the next, but for a clock set back.
        """
        low, high = 1, (await self.state()).last_pos + 1
        while low < high:
            middle = (low + high) // 2
            if await self.recorded_at(middle) < micros:
                low = middle + 1
            else:
                high = middle
        return low

    async def from_text(self, text: str) -> int:
        """Reads a position (`120`) or a time (`2026-03-01T12:00`, the programme's zone). Raises Unreadable."""
        if not text.isascii() or not text.isdecimal():
            return await self.first_since(read_time(text, self.programme.zone))
        if int(text) < 1:
            raise Unreadable("positions start at 1")
        return int(text)


def event_document(programme: str, service: str, record: EventRecord, zone: str = "UTC") -> Document:
    """An event for people; `data` is None for a type that this version does not know, and `payload` then in digits."""
    message = message_of(record)
    told: Document = {
        "programme": programme,
        "service": service,
        "pos": record.pos,
        "type": record.type,
        "recorded_at": write_time(record.recorded_at_us, zone),
        "partition": record.partition,
        "partner": to_text("ptr", UUID(bytes=record.partner_id)) if record.partner_id else None,
        "seq": record.seq or None,
        "data": shown(message) if message is not None else None,
    }
    return told if message is not None else told | {"payload": record.payload.hex()}
