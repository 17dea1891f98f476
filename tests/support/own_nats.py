"""A nats-server of the test's own, which it may kill, restart and wipe; and events to put on it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from coalition.type.v1.event_record_pb2 import EventRecord

from services.launcher.embedded.nats import EmbeddedNats
from services.runtime.bus import Bus, Stream, delivery_of, headers_of, subject_of


@asynccontextmanager
async def own_nats(folder: Path) -> AsyncGenerator[EmbeddedNats]:
    """A running nats-server with JetStream, gone afterwards."""
    server = EmbeddedNats(folder, password=secrets.token_urlsafe(16))
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def connected(server: EmbeddedNats, name: str = "test") -> AsyncGenerator[Bus]:
    """A connection to it."""
    bus = Bus(server.url, name)
    await bus.connect()
    try:
        yield bus
    finally:
        await bus.close()


def new_stream() -> Stream:
    """A stream that no other test uses, of a service that is not there."""
    name = secrets.token_hex(4)
    return Stream(f"TEST_{name}", f"test-{name}")


def kill(server: EmbeddedNats) -> None:
    """Ends the server as a crash would. `start` brings it back with what it had stored."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.exit_status() is None:
        time.sleep(0.001)


async def wipe(bus: Bus, stream: Stream) -> None:
    """Deletes a stream with all that is in it, consumers included: its store was lost."""
    await bus.jetstream.delete_stream(stream.name)


async def publish(bus: Bus, stream: Stream, programme: str, records: Iterable[EventRecord]) -> None:
    """Puts events on the stream as the owner's relay would."""
    for record in records:
        await bus.jetstream.publish(
            subject_of(programme, stream.service, record),
            record.payload,
            headers=headers_of(programme, stream.service, record),
        )


async def stored(bus: Bus, stream: Stream, programme: str) -> list[EventRecord]:
    """The events of a programme that the stream holds, in its order."""
    state = (await bus.jetstream.stream_info(stream.name)).state
    subscription = await bus.jetstream.subscribe(
        stream.subjects[0], stream=stream.name, ordered_consumer=True
    )
    try:
        messages = [await subscription.next_msg(5) for _ in range(state.messages)]
    finally:
        await subscription.unsubscribe()
    deliveries = [delivery_of(message) for message in messages]
    return [delivery.record for delivery in deliveries if delivery.programme == programme]
