"""A handler that asks to wait holds up its own programme and no other, and what could be done is done."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
import time_machine
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus import Bus, Delivery, Stream
from services.runtime.database import Database
from services.runtime.inbox import Inbox, inbox_table
from services.runtime.subscriber import Postponed, Subscriber, Subscription
from tests.support.servers import ServiceDatabase


@dataclass
class Handler:
    """Notes what it is given; waits before the positions it is told to."""

    applied: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    waits_before: dict[str, int] = field(default_factory=dict[str, int])

    async def apply(self, _: AsyncConnection, programme: str, records: Sequence[EventRecord]) -> None:
        at = self.waits_before.get(programme)
        if at is not None and any(record.pos >= at for record in records):
            raise Postponed("not yet", 0.0, at)
        self.applied += [(programme, record.pos) for record in records]


@dataclass
class Log:
    """An owner's log with so many events of every programme."""

    events: int = 0

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        last = min(self.events, from_pos + limit - 1) if limit else self.events
        if from_pos <= last:
            yield [EventRecord(pos=pos) for pos in range(from_pos, last + 1)]


@pytest.fixture
async def database(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Database]:
    opened = Database(database_for("partners").runtime_url, "test", 4, 30)
    yield opened
    await opened.close()


def subscriber(database: Database, handler: Handler, log: Log) -> tuple[Subscriber, Inbox]:
    name = f"s-{secrets.token_hex(4)}"
    inbox = Inbox(inbox_table(MetaData()), name, "points")
    subscription = Subscription(name, Stream("S", "s"), log, handler.apply)
    return Subscriber(database, Bus("", "test"), inbox, subscription), inbox


def deliveries(programme: str, first: int, last: int) -> list[Delivery]:
    return [Delivery(programme, EventRecord(pos=pos)) for pos in range(first, last + 1)]


async def test_one_programme_waits_and_the_others_go_on(database: Database) -> None:
    handler = Handler(waits_before={"stuck": 1})
    one, _ = subscriber(database, handler, Log(2))
    await one.apply([*deliveries("stuck", 1, 2), *deliveries("moving", 1, 2)])
    assert handler.applied == [("moving", 1), ("moving", 2)]
    await one.apply([*deliveries("stuck", 3, 3), *deliveries("moving", 3, 3)])
    assert handler.applied[2:] == [("moving", 3)]


async def test_what_comes_before_the_event_that_waits_is_applied(database: Database) -> None:
    handler = Handler(waits_before={"stuck": 3})
    one, inbox = subscriber(database, handler, Log(4))
    await one.apply(deliveries("stuck", 1, 4))
    assert handler.applied == [("stuck", 1), ("stuck", 2)]
    assert await inbox.position(database.writer, "stuck") == 2


async def test_a_programme_that_waited_is_taken_up_from_its_owners_log(database: Database) -> None:
    handler = Handler(waits_before={"stuck": 2})
    one, inbox = subscriber(database, handler, Log(5))
    await one.apply(deliveries("stuck", 1, 3))
    await one.resume()
    assert await inbox.position(database.writer, "stuck") == 1
    handler.waits_before.clear()
    await one.resume()
    assert handler.applied == [("stuck", pos) for pos in range(1, 6)]
    await one.apply(deliveries("stuck", 4, 5))
    assert len(handler.applied) == 5


async def test_a_programme_waits_no_longer_where_the_wall_clock_is_set_back(database: Database) -> None:
    handler = Handler(waits_before={"stuck": 1})
    one, _ = subscriber(database, handler, Log(1))
    with time_machine.travel(time.time()) as traveller:
        await one.apply(deliveries("stuck", 1, 1))
        traveller.shift(-900)
        handler.waits_before.clear()
        await one.resume()
    assert handler.applied == [("stuck", 1)]


async def test_a_programme_whose_first_event_waits_is_known_after_a_restart(database: Database) -> None:
    handler = Handler(waits_before={"stuck": 1})
    one, inbox = subscriber(database, handler, Log(1))
    await one.apply(deliveries("stuck", 1, 1))
    assert await inbox.programmes(database.writer) == ["stuck"]


async def test_a_lock_ends_with_the_block_that_took_it(database: Database) -> None:
    key = secrets.randbelow(2**31)

    async def take_and_fail() -> None:
        async with database.writer.dedicated() as connection:
            assert await connection.fetchval("SELECT pg_try_advisory_lock($1)", key)
            raise RuntimeError("lost")

    for _ in range(6):
        with pytest.raises(RuntimeError):
            await take_and_fail()
    async with database.writer.dedicated() as one, database.writer.dedicated() as two:
        assert await one.fetchval("SELECT pg_try_advisory_lock($1)", key)
        assert not await two.fetchval("SELECT pg_try_advisory_lock($1)", key)


async def test_a_connection_that_was_cancelled_at_work_takes_its_lock_with_it(database: Database) -> None:
    key = secrets.randbelow(2**31)

    async def work() -> None:
        async with database.writer.dedicated() as connection:
            await connection.fetchval("SELECT pg_try_advisory_lock($1)", key)
            await connection.fetchval("SELECT pg_sleep(30)")

    task = asyncio.create_task(work())
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(10):
        while True:
            async with database.writer.dedicated() as connection:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
                    break
            await asyncio.sleep(0.05)
