"""Events as they come, and before that, if it is wanted, those from a position or a time on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coalition.type.v1.event_record_pb2 import EventRecord

from services.operations.events.logs import Log
from services.operations.session import Session
from services.runtime.bus import STREAMS, Bus, Stream
from services.runtime.catalogue import CATALOGUE, message_of
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.event_log import PARTITIONS
from services.runtime.ids import from_text, to_text
from services.runtime.looking import Look
from services.runtime.principal import Programme

_AHEAD_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the events is wanted; empty: all."""

    types: frozenset[str] = frozenset()
    partner_id: UUID | None = None
    member_id: UUID | None = None

    def streams(self) -> tuple[Stream, ...]:
        """The streams that it is in. Raises InvalidRequest for a type that nobody publishes."""
        unknown = sorted(self.types - set(CATALOGUE))
        if unknown:
            raise InvalidRequest(
                f"no event is of type {', '.join(unknown)}: `coalition events describe` lists them"
            )
        if not self.types:
            return STREAMS
        return tuple(
            stream for stream in STREAMS if any(CATALOGUE[each].stream == stream for each in self.types)
        )

    def subject(self, programme: str, stream: Stream) -> str:
        """The narrowest subject that all of it has; `programme` empty: of all."""
        type_ = next(iter(self.types)).replace(".", "_") if len(self.types) == 1 else "*"
        partition = f"p{self.member_id.int % PARTITIONS:02d}" if self.member_id else "*"
        partner = to_text("ptr", self.partner_id) if self.partner_id else "*"
        return f"coalition.{programme or '*'}.{stream.service}.{type_}.v1.{partition}.{partner}"

    def takes(self, record: EventRecord) -> bool:
        """Whether an event is wanted."""
        if self.types and record.type not in self.types:
            return False
        if self.partner_id is not None and record.partner_id != self.partner_id.bytes:
            return False
        return self.member_id is None or getattr(message_of(record), "member_id", b"") == self.member_id.bytes


async def filter_of(
    session: Session, programme: Programme | None, types: Sequence[str], partner: str, member: str
) -> Filter:
    """The filter that words mean: a partner by slug, which takes a programme, or by its id `ptr_…`; a member by `mem_…`.

    Raises InvalidRequest, MalformedId, NOT_FOUND.
    """
    partner_id = None
    if partner.startswith("ptr_"):
        partner_id = from_text("ptr", partner)
    elif partner:
        if programme is None:
            raise InvalidRequest(
                "a partner's slug is one of a programme: name it, or give the partner's id ptr_…"
            )
        partner_id = UUID(bytes=await session.partner_id(programme, partner))
    return Filter(frozenset(types), partner_id, from_text("mem", member) if member else None)


@dataclass(frozen=True, slots=True)
class Told:
    """An event and where it is from."""

    programme: str
    service: str
    record: EventRecord


async def split_by_right(
    session: Session, wanted: Filter, programme: Programme
) -> tuple[tuple[Stream, ...], tuple[Stream, ...]]:
    """The streams of what is wanted whose logs the caller's roles may read, and those that are left out.

    Raises InvalidRequest, and PermissionDenied where none is left.
    """
    seen: list[Stream] = []
    refused: list[tuple[Stream, PermissionDenied]] = []
    for stream in wanted.streams():
        try:
            await Log(session, programme, stream).recorded_at(1)
            seen.append(stream)
        except PermissionDenied as error:
            refused.append((stream, error))
    if not seen:
        raise refused[0][1]
    return tuple(seen), tuple(stream for stream, _ in refused)


async def tail(
    session: Session,
    bus: Bus,
    wanted: Filter,
    programme: Programme | None,
    from_text: str = "",
    *,
    follow: bool = True,
    streams: Sequence[Stream] = (),
) -> AsyncGenerator[Told]:
    """Events of a programme, or of all, as the bus carries them; with `from_text` those of the log first.

    It is for looking: what the bus loses while one looks is not seen. `streams`: only these of what is wanted. Raises InvalidRequest, nats.errors.Error.
    """
    streams = streams or wanted.streams()
    if from_text and programme is None:
        raise InvalidRequest("positions and times are a programme's: name it")
    if from_text.isdecimal() and len(streams) > 1:
        raise InvalidRequest("positions are one service's: name types of one service, or a time")
    slug = programme.slug if programme is not None else ""
    async with AsyncExitStack() as stack:
        looks = [
            (stream, await stack.enter_async_context(Look(bus, stream, wanted.subject(slug, stream), live=True)))
            for stream in streams
            if follow
        ]  # fmt: skip
        # The bus is listened to from before the log is read, so that nothing falls between the two.
        last: dict[str, int] = {}
        if from_text and programme is not None:
            for stream in streams:
                log = Log(session, programme, stream)
                async for block in log.read(await log.from_text(from_text)):
                    last[stream.service] = block[-1].pos
                    for record in block:
                        if wanted.takes(record):
                            yield Told(slug, stream.service, record)
        if looks:
            async with aclosing(_live(looks)) as live:
                async for told in live:
                    if told.record.pos > last.get(told.service, 0) and wanted.takes(told.record):
                        yield told


async def _live(looks: Sequence[tuple[Stream, Look]]) -> AsyncGenerator[Told]:
    queue: asyncio.Queue[Told | Exception] = asyncio.Queue(_AHEAD_MAX)

    async def listen(stream: Stream, look: Look) -> None:
        try:
            while True:
                for delivery in (await look.seen()).deliveries:
                    await queue.put(Told(delivery.programme, stream.service, delivery.record))
        except Exception as error:
            await queue.put(error)

    listening = [asyncio.create_task(listen(stream, look)) for stream, look in looks]
    try:
        while True:
            told = await queue.get()
            if isinstance(told, Exception):
                raise told
            yield told
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
