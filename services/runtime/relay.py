"""The relay: publishes a service's event log to JetStream, in order, at least once, as fast as it can.

One relay per service and programme works at a time (advisory lock); others stand by. Its cursor passes
only over positions that JetStream has acknowledged without a gap, so a crash publishes some events twice
(the message id lets JetStream drop those) and none never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

import asyncpg
import nats.errors
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.aio.msg import Msg
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.runtime import logging, telemetry
from services.runtime.bus import Bus, Stream, frame_of
from services.runtime.clock import to_micros
from services.runtime.database import LOST, Database, PgConnection

_log = logging.get(__name__)
_BLOCK_EVENTS: Final = 1_000
# Then it is the next programme's turn.
_BLOCKS_AT_ONCE: Final = 64
_FRAMED_AT_ONCE: Final = 100
_ACK_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 0.05
# Each block costs as much as some thirty events, here and at every subscriber: a short one is followed by a
# pause in which the next one grows.
_SHORT_EVENTS: Final = 500
_GATHER_SECONDS: Final = 0.25
_RETRY_SECONDS: Final = 0.5
# First key of the advisory locks that relays hold; the second is the ledger.
LOCK_CLASS: Final = 0x52454C41

_READ: Final = """
SELECT pos, type, partition, partition_prev, partner_id, seq, recorded_at, traceparent, payload
FROM event_log WHERE ledger_id = $1 AND pos > $2 ORDER BY pos LIMIT $3
"""
_ADVANCE: Final = """
INSERT INTO relay_cursor (ledger_id, pos) VALUES ($1, $2)
ON CONFLICT (ledger_id) DO UPDATE SET pos = excluded.pos WHERE relay_cursor.pos < excluded.pos
"""


_Publish = Callable[[Sequence[EventRecord], Sequence[bytes]], Coroutine[Any, Any, int]]


class Publisher:
    """Publishes blocks of events; JetStream's acknowledgements come to one inbox.

    Where nobody else publishes to the stream, the first and the last event of a block ask for one: they tell their places
    in the stream, and so whether all between was stored as well. Where that is not so, or somebody else publishes,
    every event asks (those stored already are dropped by their ids). An acknowledgement an event costs relay and
    server a third more time; nats-py's own publish_async, with a future, a token and a semaphore for each, three
    times as much.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = ""
        self._sending = 0
        self._waiting: set[int] = set()
        self._places: dict[int, int] = {}
        self._failed: str = ""
        self._done = asyncio.Event()

    async def start(self) -> None:
        """Subscribes to the acknowledgements."""
        self._inbox = self._bus.client.new_inbox()
        await self._bus.client.subscribe(f"{self._inbox}.*.*", cb=self._on_ack)

    async def _on_ack(self, message: Msg) -> None:
        _, sending, pos = message.subject.rsplit(".", 2)
        if int(sending) != self._sending:
            # Late, of a block that was given up: its positions may be another programme's too.
            return
        place = _place_of(message.data)
        if place is None:
            self._failed = message.data.decode(errors="replace")[:200] or "no stream takes the subject"
            self._done.set()
            return
        self._places[int(pos)] = place
        self._waiting.discard(int(pos))
        if not self._waiting:
            self._done.set()

    async def publish(
        self,
        programme: str,
        service: str,
        records: Sequence[EventRecord],
        frames: Sequence[bytes] = (),
        *,
        alone: bool,
    ) -> int:
        """Publishes a block; answers the last position known to be stored without a gap (0: none).

        `frames`: of the same events, made before, without asking for anything; empty: they are made now. `alone`: nobody
        else publishes to the stream meanwhile.
        """
        with telemetry.span(
            "nats.publish",
            telemetry.SpanKind.PRODUCER,
            links=(record.traceparent for record in records if record.traceparent),
            attributes={"events": len(records), "programme": programme},
        ):
            first, last = records[0].pos, records[-1].pos
            if alone:
                await self._send(programme, service, records, {first, last}, frames)
                if not self._waiting and self._places[last] - self._places[first] == len(records) - 1:
                    return last
            if not alone or len(records) > 2:
                await self._send(programme, service, records, {record.pos for record in records})
        if self._failed:
            _log.warning("relay.unacknowledged", reason=self._failed, missing=len(self._waiting))
        if not self._waiting:
            return last
        return min(self._waiting) - 1 if min(self._waiting) > first else 0

    async def _send(
        self,
        programme: str,
        service: str,
        records: Sequence[EventRecord],
        asking: set[int],
        made: Sequence[bytes] = (),
    ) -> None:
        """Sends a block and waits until those that ask are answered, one is refused or time is up."""
        self._sending += 1
        self._waiting, self._places, self._failed = asking, {}, ""
        self._done.clear()
        inbox = f"{self._inbox}.{self._sending}"
        # (What is asking shrinks as answers come, so the frames are made before the first is sent.)
        frames = [
            frame_of(programme, service, record, f"{inbox}.{record.pos}" if record.pos in asking else "")
            if record.pos in asking or not made
            else made[number]
            for number, record in enumerate(records)
        ]
        await self._bus.client.publish_frames(frames)
        try:
            await asyncio.wait_for(self._done.wait(), _ACK_SECONDS)
        except TimeoutError:
            self._failed = f"no acknowledgement within {_ACK_SECONDS:.0f} s"


class _Answer(BaseModel):
    """What JetStream says of a published message, as far as it matters."""

    seq: int
    error: object = None


def _place_of(data: bytes) -> int | None:
    """The place in the stream that an acknowledgement tells; None where it is a refusal."""
    try:
        answer = _Answer.model_validate_json(data)
    except ValidationError:
        return None
    return answer.seq if answer.error is None else None


class Relay:
    """Relays all programmes of one service."""

    def __init__(self, database: Database, bus: Bus, stream: Stream) -> None:
        self._database, self._bus, self._stream = database, bus, stream
        self._published = telemetry.meter().create_counter("coalition.events.relayed", "{event}")

    async def run(self) -> None:
        """Relays until cancelled; survives a database or a bus that comes late or goes away."""
        await self._bus.connect()
        publisher = Publisher(self._bus)
        await publisher.start()
        while True:
            try:
                await self._bus.ensure_stream(self._stream)
                async with self._database.writer.dedicated() as connection:
                    await self._relay_on(connection, publisher)
            except (SQLAlchemyError, asyncpg.PostgresError, *LOST) as error:
                _log.warning("relay.database_lost", error=type(error).__name__)
            except (nats.errors.Error, TimeoutError) as error:
                _log.warning("relay.bus_lost", error=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _relay_on(self, connection: PgConnection, publisher: Publisher) -> None:
        owned: dict[int, tuple[str, int]] = {}
        failures = 0
        while True:
            heads = await connection.fetch("SELECT ledger_id, programme, pos FROM event_head")
            moved = 0
            alone = owned.keys() >= {ledger_id for ledger_id, _, _ in heads}
            for ledger_id, programme, head_pos in heads:
                if ledger_id not in owned:
                    if not await connection.fetchval(
                        "SELECT pg_try_advisory_lock($1, $2)", LOCK_CLASS, ledger_id
                    ):
                        continue
                    cursor = await connection.fetchval(
                        "SELECT pos FROM relay_cursor WHERE ledger_id = $1", ledger_id
                    )
                    owned[ledger_id] = (programme, cursor or 0)
                cursor = owned[ledger_id][1]
                if cursor >= head_pos:
                    continue
                publish = partial(publisher.publish, programme, self._stream.service, alone=alone)
                reached = await self._blocks(connection, publish, programme, ledger_id, cursor)
                failures = failures + 1 if reached == cursor else 0
                moved += reached - cursor
                owned[ledger_id] = (programme, reached)
            if failures:
                # The stream may have been lost with its store: make it again, then go on from the cursor.
                await asyncio.sleep(min(0.05 * failures, _RETRY_SECONDS))
                await self._bus.ensure_stream(self._stream)
            elif moved < _SHORT_EVENTS:
                await asyncio.sleep(_GATHER_SECONDS if moved else _IDLE_SECONDS)

    async def _blocks(
        self, connection: PgConnection, publish: _Publish, programme: str, ledger_id: int, cursor: int
    ) -> int:
        """Publishes some blocks of a programme; answers the last position acknowledged without a gap.

        While the server stores a block, the cursor is written for the one before it, and the next one is read and made
        ready to be sent.
        """
        reached = written = cursor
        block, frames = await self._read(connection, ledger_id, cursor), list[bytes]()
        for left in range(_BLOCKS_AT_ONCE, 0, -1):
            if not block:
                break
            last = block[-1].pos
            publishing = asyncio.create_task(publish(block, frames))
            # It sends before anything else is begun.
            await asyncio.sleep(0)
            try:
                written = await self._advance(connection, ledger_id, written, reached)
                # What is short is the last that there is by now.
                more = left > 1 and len(block) == _BLOCK_EVENTS
                block = await self._read(connection, ledger_id, last) if more else []
                frames = await self._framed(programme, block)
                reached = max(reached, await publishing)
            finally:
                publishing.cancel()
            if reached < last:
                break
        return await self._advance(connection, ledger_id, written, reached)

    async def _framed(self, programme: str, records: Sequence[EventRecord]) -> list[bytes]:
        frames: list[bytes] = []
        for first in range(0, len(records), _FRAMED_AT_ONCE):
            frames += [
                frame_of(programme, self._stream.service, record, "")
                for record in records[first : first + _FRAMED_AT_ONCE]
            ]
            # What is being sent goes on being sent.
            await asyncio.sleep(0)
        return frames

    @staticmethod
    async def _read(connection: PgConnection, ledger_id: int, after: int) -> list[EventRecord]:
        return [_record(row) for row in await connection.fetch(_READ, ledger_id, after, _BLOCK_EVENTS)]

    async def _advance(self, connection: PgConnection, ledger_id: int, written: int, reached: int) -> int:
        if reached > written:
            await connection.execute(_ADVANCE, ledger_id, reached)
            self._published.add(reached - written, {"service": self._stream.service})
        return reached


def _record(row: asyncpg.Record) -> EventRecord:
    pos, type_, partition, partition_prev, partner_id, seq, recorded_at, traceparent, payload = row
    return EventRecord(
        pos=pos,
        type=type_,
        partition=partition,
        partition_prev=partition_prev,
        partner_id=partner_id.bytes if partner_id else b"",
        seq=seq or 0,
        recorded_at_us=to_micros(recorded_at),
        traceparent=traceparent,
        payload=payload,
    )
