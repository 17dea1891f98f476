"""A pull consumer hands on every message, in order, and notices when it is gone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator

import nats.errors
import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from services.runtime.bus import Bus, Stream
from services.runtime.pull import Pull


@pytest.fixture
async def bus(nats_url: str) -> AsyncGenerator[Bus]:
    connected = Bus(nats_url, "test")
    await connected.connect()
    yield connected
    await connected.close()


@pytest.fixture
async def stream(bus: Bus) -> Stream:
    made = Stream(f"PULL_{secrets.token_hex(4)}", f"pull-{secrets.token_hex(4)}")
    await bus.ensure_stream(made)
    return made


async def put(bus: Bus, stream: Stream, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await bus.jetstream.publish(f"coalition.p.{stream.service}.x", str(number).encode())


def pull(bus: Bus, stream: Stream, block_max: int = 10) -> Pull:
    config = ConsumerConfig(
        durable_name="reader", ack_policy=AckPolicy.ALL, ack_wait=1, max_ack_pending=1_000
    )
    return Pull(bus, stream.name, config, block_max)


async def read(reader: Pull, count: int) -> list[int]:
    """So many numbers, each block acknowledged."""
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            messages = await reader.block(1.0)
            found += [int(message.data) for message in messages]
            if messages:
                await messages[-1].ack()
    return found


async def test_messages_come_in_order_in_blocks_of_at_most_so_many(bus: Bus, stream: Stream) -> None:
    await put(bus, stream, 1, 57)
    reader = pull(bus, stream)
    await reader.open()
    first = await reader.block(1.0)
    assert 1 <= len(first) <= 10
    rest = await read(reader, 57 - len(first))
    assert [*(int(message.data) for message in first), *rest] == list(range(1, 58))
    await put(bus, stream, 58, 60)
    assert await read(reader, 3) == [58, 59, 60]
    await reader.close()


async def test_silence_is_an_empty_block(bus: Bus, stream: Stream) -> None:
    reader = pull(bus, stream)
    await reader.open()
    assert await reader.block(0.05) == []
    await put(bus, stream, 1, 1)
    assert await read(reader, 1) == [1]
    await reader.close()


async def test_what_was_not_acknowledged_comes_again_to_the_next_reader(bus: Bus, stream: Stream) -> None:
    await put(bus, stream, 1, 5)
    one = pull(bus, stream)
    await one.open()
    messages = await one.block(1.0)
    await messages[0].ack()
    await one.close()
    two = pull(bus, stream)
    await two.open()
    assert await read(two, 4) == [2, 3, 4, 5]
    await two.close()


async def test_a_stream_that_is_gone_is_noticed(bus: Bus, stream: Stream) -> None:
    reader = pull(bus, stream)
    await reader.open()
    await put(bus, stream, 1, 2)
    assert await read(reader, 2) == [1, 2]
    await bus.jetstream.delete_stream(stream.name)

    async def until_noticed() -> None:
        while True:
            await reader.block(0.2)

    with pytest.raises(nats.errors.Error):
        await asyncio.wait_for(until_noticed(), 15)
    await reader.close()


async def test_a_reader_can_be_stopped_while_it_waits(bus: Bus, stream: Stream) -> None:
    reader = pull(bus, stream)
    await reader.open()
    for _ in range(20):
        waiting = asyncio.create_task(reader.block(5.0))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(waiting, 1)
    await put(bus, stream, 1, 3)
    assert await read(reader, 3) == [1, 2, 3]
    await reader.close()
