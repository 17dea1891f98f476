"""What publishes, relays, fetches and consumes, in a process of its own: `python -m tests.performance.event_load`.

See load_process.py for how it is led. `publish`, `relay`, `fetch`, `consume` and `each` end by themselves when all events
are done; `tell`, `relay-on` and `watch` go on until they are told to stop.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import asyncpg
import nats.js.errors
import uvloop
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import logging
from services.runtime.bus import Bus, Stream
from services.runtime.database import WriteDatabase, driver_of
from services.runtime.event_log import EventLog
from services.runtime.inbox import Apply, Gap, Inbox
from services.runtime.relay import Publisher, Relay
from services.runtime.subscriber import Each, Subscriber, Subscription
from services.runtime.subscribing.handling import Event
from tests.performance import event_books as books
from tests.performance.posting_load import cpu_us

_BLOCK: Final = 1_000
_FETCHED: Final = 500
_IN_FLIGHT_MAX: Final = 5_000
_FETCH_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.01
_RELAY_LOOK_SECONDS: Final = 0.02
_RELAYED: Final = "SELECT pos FROM relay_cursor WHERE ledger_id = $1"
#: A subscriber has passed over what its stream held before after so long at most; it is looked at so often.
_SETTLE_SECONDS_MAX: Final = 120.0
_SETTLE_LOOK_SECONDS: Final = 0.2
_TELLS_PER_SECOND: Final = 50


@dataclass(frozen=True, slots=True)
class Order:
    """What to do. `log`: URL of the database whose log it is; `url`: that of effects; `count`: how many events."""

    what: str
    nats: str
    stream: str
    service: str
    log: str
    url: str
    programme: str = books.PROGRAMME
    ledger_id: int = books.LEDGER_ID
    count: int = 0
    per_second: int = 0

    @property
    def of(self) -> Stream:
        """The stream."""
        return Stream(self.stream, self.service)


@dataclass(slots=True)
class Outcome:
    """What came of it. `lag_ms`: from when an event was seen in the log to its effect."""

    events: int = 0
    seconds: float = 0.0
    cpu_us: int = 0
    lag_ms: list[float] = field(default_factory=list[float])


class Go:
    """The lines that lead this process."""

    def __init__(self, *, endless: bool) -> None:
        """`endless`: until a second line comes."""
        self._endless = endless
        self._began, self._cpu = 0.0, 0
        self._stop: asyncio.Future[str] | None = None

    async def ready(self) -> None:
        """Says that all is prepared, and waits for the line to begin at."""
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        if self._endless:
            self._stop = loop.run_in_executor(None, sys.stdin.readline)
        self._began, self._cpu = time.monotonic(), cpu_us()

    @property
    def stopped(self) -> bool:
        """Whether the line to stop at has come."""
        return self._stop is not None and self._stop.done()

    async def stop(self) -> None:
        """Waits for it."""
        if self._stop is not None:
            await self._stop

    def ended(self, events: int) -> Outcome:
        """What came of it, now."""
        return Outcome(events, time.monotonic() - self._began, cpu_us() - self._cpu)


async def _publish(order: Order, bus: Bus, go: Go) -> Outcome:
    """The relay's own way of publishing, from memory."""
    async with books.database_at(order.log, "bench-publish") as database:
        owner = books.LogOwner(database, order.ledger_id)
        records = [each async for block in owner.read_events("", 1, order.count) for each in block]
    await bus.ensure_stream(order.of)
    publisher = Publisher(bus)
    await publisher.start()
    await go.ready()
    for first in range(0, len(records), _BLOCK):
        block = records[first : first + _BLOCK]
        if await publisher.publish(order.programme, order.service, block, alone=True) != block[-1].pos:
            raise RuntimeError("the server did not store a block")
    return go.ended(len(records))


async def _relay(order: Order, bus: Bus, go: Go) -> Outcome:
    """Drains the log."""
    async with books.database_at(order.log, "bench-relay") as database:
        await bus.ensure_stream(order.of)
        if order.what == "relay":
            async with database.writer.transaction() as connection:
                await connection.execute(books.EVENTS.cursor.delete())
        # A connection without all that a service's has: to look must not cost what is looked at.
        looking = await asyncpg.connect(order.log)
        await go.ready()
        relaying = asyncio.create_task(Relay(database, bus, order.of).run())
        reached = 0
        while reached < order.count and not relaying.done():
            await asyncio.sleep(_RELAY_LOOK_SECONDS)
            reached = await looking.fetchval(_RELAYED, order.ledger_id) or 0
        ended = go.ended(reached)
        if order.what == "relay-on":
            await go.stop()
        relaying.cancel()
        await looking.close()
        await asyncio.gather(relaying, return_exceptions=True)
        return ended


async def _fetch(order: Order, bus: Bus, go: Go) -> Outcome:
    """The library's own pull consumer: an acknowledgement for each message, and no database."""
    name = books.new_name("fetch")
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.EXPLICIT, max_ack_pending=_IN_FLIGHT_MAX
    )
    jetstream = bus.jetstream
    pull = await jetstream.pull_subscribe("", durable=name, stream=order.stream, config=config)
    await go.ready()
    done = 0
    while done < order.count:
        messages = await pull.fetch(_FETCHED, timeout=_FETCH_SECONDS)
        for message in messages:
            await message.ack()
        done += len(messages)
    await bus.client.flush()
    ended = go.ended(done)
    await jetstream.delete_consumer(order.stream, name)
    return ended


class _NotedInbox(Inbox):
    """Notes when what was applied was committed."""

    def __init__(self, name: str, service: str) -> None:
        super().__init__(books.INBOX, name, service)
        self.reached = 0
        self.moved = asyncio.Event()

    async def begin(self, database: WriteDatabase, programme: str, pos: int) -> None:
        """Has it stand at a position."""
        await self.open(database, programme)
        await self.skip(database, programme, 0, pos)

    async def apply(
        self, database: WriteDatabase, programme: str, records: Sequence[EventRecord], apply: Apply
    ) -> Gap | None:
        """As the inbox does."""
        gap = await super().apply(database, programme, records, apply)
        self.reached = max(self.reached, gap.first - 1 if gap else records[-1].pos)
        self.moved.set()
        return gap


async def _write(connection: AsyncConnection, _: str, records: Sequence[EventRecord]) -> None:
    """A row for each event, in one statement."""
    driver = await driver_of(connection)
    await driver.execute(
        "INSERT INTO effect (pos, type) SELECT * FROM unnest($1::bigint[], $2::text[])",
        [record.pos for record in records],
        [record.type for record in records],
    )


async def _count(connection: AsyncConnection, event: Event) -> None:
    """What the guide's first subscriber does: it decodes the event, and counts in a statement of its own."""
    message: Any = event.message
    row = insert(books.SALES).values(partner=message.partner_id.hex(), sales=1)
    one_more = {"sales": books.SALES.c.sales + 1}
    await connection.execute(row.on_conflict_do_update(index_elements=["partner"], set_=one_more))


@asynccontextmanager
async def _consuming(
    order: Order, bus: Bus
) -> AsyncGenerator[tuple[_NotedInbox, books.LogOwner, Subscriber, WriteDatabase]]:
    name = books.new_name("consume")
    async with (
        books.database_at(order.url, "bench-consume") as database,
        books.database_at(order.log, "bench-owner") as log,
    ):
        owner = books.LogOwner(log, order.ledger_id)
        apply = Each(_count) if order.what == "each" else _write
        about = Subscription(name, order.of, owner, apply)
        inbox = _NotedInbox(name, order.service)
        yield inbox, owner, Subscriber(database, bus, inbox, about, books.SUBSCRIPTIONS), database.writer
        await bus.jetstream.delete_consumer(order.stream, name)


async def _consume(order: Order, bus: Bus, go: Go) -> Outcome:
    """All that the stream has, by the runtime: inbox, effect and cursor in one transaction a block."""
    async with _consuming(order, bus) as (inbox, _, subscriber, _):
        await go.ready()
        running = asyncio.create_task(subscriber.run())
        while inbox.reached < order.count and not running.done():
            await inbox.moved.wait()
            inbox.moved.clear()
        ended = go.ended(inbox.reached)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return ended


async def _at_the_end(bus: Bus, stream: str, consumer: str) -> None:
    """Waits until a consumer has taken, and acknowledged, all that its stream holds. Raises TimeoutError."""
    async with asyncio.timeout(_SETTLE_SECONDS_MAX):
        while True:
            await asyncio.sleep(_SETTLE_LOOK_SECONDS)
            with suppress(nats.js.errors.NotFoundError):
                info = await bus.jetstream.consumer_info(stream, consumer)
                if not info.num_pending and not info.num_ack_pending:
                    return


async def _watch(order: Order, bus: Bus, go: Go) -> Outcome:
    """Consumes what comes, and looks how long after its commit an event had its effect.

    The log is looked at every 10 ms, so a lag is told up to so much too short.
    """
    seen: list[tuple[int, float]] = []
    lag_ms: list[float] = []

    async def look(owner: books.LogOwner) -> None:
        while True:
            last = await owner.last_pos()
            if not seen or last > seen[-1][0]:
                seen.append((last, time.monotonic()))
            await asyncio.sleep(_LOOK_SECONDS)

    async def note(inbox: _NotedInbox) -> None:
        done = 0
        while True:
            await inbox.moved.wait()
            inbox.moved.clear()
            now = time.monotonic()
            while done < len(seen) and seen[done][0] <= inbox.reached:
                lag_ms.append((now - seen[done][1]) * 1_000)
                done += 1

    async with _consuming(order, bus) as (inbox, owner, subscriber, database):
        # What was told before is not handled: only the doubles of the stream are passed over.
        first = inbox.reached = await owner.last_pos()
        seen.append((first, time.monotonic()))
        await inbox.begin(database, order.programme, first)
        running = asyncio.create_task(subscriber.run())
        await _at_the_end(bus, order.stream, inbox.name)
        await go.ready()
        beside = [asyncio.create_task(each) for each in (look(owner), note(inbox))]
        await go.stop()
        beside[0].cancel()
        while inbox.reached < seen[-1][0]:
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(_LOOK_SECONDS)
        ended = go.ended(inbox.reached - first)
        ended.lag_ms = lag_ms[1:]
        for task in (running, *beside):
            task.cancel()
        await asyncio.gather(running, *beside, return_exceptions=True)
        return ended


async def _tell(order: Order, _: Bus, go: Go) -> Outcome:
    """Appends events at a fixed rate, in transactions as a service's."""
    log, share = EventLog(books.EVENTS), max(1, order.per_second // _TELLS_PER_SECOND)
    events = books.sales(100 * share, seed=2)
    async with books.database_at(order.log, "bench-tell") as database:
        await go.ready()
        began, told = time.monotonic(), 0
        while not go.stopped:
            due = began + told / order.per_second
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            first = told % len(events)
            async with database.writer.transaction() as connection:
                await log.append(connection, order.ledger_id, order.programme, events[first : first + share])
            told += share
        return go.ended(told)


_WORKS: Final[Mapping[str, Callable[[Order, Bus, Go], Awaitable[Outcome]]]] = {
    "publish": _publish,
    "relay": _relay,
    "relay-on": _relay,
    "fetch": _fetch,
    "consume": _consume,
    "each": _consume,
    "watch": _watch,
    "tell": _tell,
}


_ENDLESS: Final = ("relay-on", "watch", "tell")


async def _work(order: Order) -> Outcome:
    bus = Bus(order.nats, f"bench-{order.what}")
    await bus.connect()
    try:
        return await _WORKS[order.what](order, bus, Go(endless=order.what in _ENDLESS))
    finally:
        await bus.close()


def main() -> None:
    """Does one load."""
    order = Order(**json.loads(sys.stdin.readline()))
    logging.configure("bench", "WARNING")
    print(json.dumps(asdict(uvloop.run(_work(order)))), flush=True)


if __name__ == "__main__":
    main()
