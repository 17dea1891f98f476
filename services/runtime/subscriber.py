"""A durable pull consumer of one stream that applies every event once and in order.

What the bus loses is filled in from the owner's event log; what it doubles is dropped by the inbox. A
message is acknowledged after the database commit, never before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Protocol, cast

import asyncpg
import nats.errors
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy.exc import SQLAlchemyError

from services.runtime import logging, telemetry
from services.runtime.bus import Bus, Delivery, Stream, delivery_of
from services.runtime.clock import wall_now_us
from services.runtime.database import LOST, Database, PgConnection
from services.runtime.errors import CoalitionError
from services.runtime.inbox import Apply, Gap, Inbox
from services.runtime.pull import Pull
from services.runtime.subscribing.desk import Desk
from services.runtime.subscribing.handling import Each
from services.runtime.subscribing.one_by_one import OneByOne, Postponed
from services.runtime.subscribing.orders import Forget
from services.runtime.subscribing.tables import SubscriptionTables

__all__ = ["Each", "Owner", "Postponed", "Subscriber", "Subscription"]

_log = logging.get(__name__)
_BLOCK_EVENTS: Final = 1_000
_BLOCK_SECONDS: Final = 1.0
_ACK_WAIT_SECONDS: Final = 30
_IN_FLIGHT_MAX: Final = 5_000
_RETRY_SECONDS_MAX: Final = 5.0
_SHORT_EVENTS: Final = 200
_GATHER_SECONDS: Final = 0.1
_CATCH_UP_SECONDS: Final = 5.0
_PAUSED_SECONDS: Final = 1.0
# First key of the advisory locks that subscribers hold; the second is a hash of the subscriber's name.
_LOCK_CLASS: Final = 0x53554253


class Owner(Protocol):
    """The service whose events these are: the record behind the stream."""

    def read_events(self, programme: str, from_pos: int, limit: int) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on, in order; `limit` 0: to the end."""
        ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who reads what, and what is done with it.

    `apply` gets a transaction, the programme's slug and events in the order of pos, and does all of them
    or raises: then they are tried again for ever, and nothing is skipped. Or it is an `Each`, which takes them one
    by one and sets aside what fails. `programmes` names those whose events are looked for at the owner when the bus
    is silent; None: those heard of before.

    `repeatable`: whether what was handled may be handled again, because it comes out the same and sends nothing.
    `forget` empties what was made of a programme's events, so that it can be rebuilt from nothing; None: it cannot.
    """

    name: str
    stream: Stream
    owner: Owner
    apply: Apply | Each
    programmes: Callable[[], Awaitable[Sequence[str]]] | None = None
    repeatable: bool = False
    forget: Forget | None = None


class Subscriber:
    """Runs one subscription, or one partition of it. With several replicas one works, the others stand by."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        inbox: Inbox,
        subscription: Subscription,
        tables: SubscriptionTables | None = None,
    ) -> None:
        """`tables`: None for one that works by blocks and cannot be paused, replayed or rebuilt.

        Raises ValueError for one that takes events one by one without them.
        """
        self._database, self._bus, self._inbox, self._about = database, bus, inbox, subscription
        self._desk = (
            Desk(database.writer, tables, inbox, subscription.name, subscription.forget) if tables else None
        )
        self._one_by_one: OneByOne | None = None
        if isinstance(subscription.apply, Each):
            if tables is None:
                raise ValueError(f"{subscription.name}: where events are set aside, there are tables for it")
            self._one_by_one = OneByOne(database.writer, inbox, tables, subscription.apply, subscription.name)
        self._applied = telemetry.meter().create_counter("coalition.events.applied", "{event}")
        self._lag = telemetry.meter().create_histogram("coalition.events.block_seconds", "s")
        # Programmes whose handler asked to wait, and the wall-clock time they are looked at again.
        self._waiting: dict[str, float] = {}

    async def run(self) -> None:
        """Subscribes until cancelled; survives a database, a bus or a stream that comes late or goes away."""
        await self._bus.connect()
        await self._again_and_again(self._run_alone)

    async def run_lane(self) -> None:
        """The same for whoever holds the lane: `Lanes` sees to it that one does."""
        await self._bus.connect()
        await self._again_and_again(lambda: self._consume(None))

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        delay = 0.1
        while True:
            try:
                await work()
            except (SQLAlchemyError, asyncpg.PostgresError, *LOST) as error:
                _log.warning("subscriber.database", subscriber=self._about.name, error=repr(error)[:300])
            except (nats.errors.Error, TimeoutError) as error:
                _log.warning("subscriber.bus", subscriber=self._about.name, error=repr(error)[:300])
            except CoalitionError as error:
                _log.warning("subscriber.refused", subscriber=self._about.name, error=str(error))
            except Exception:
                # A mistake in the handler: order is kept by trying again, never by skipping.
                _log.exception("subscriber.failed", subscriber=self._about.name)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _RETRY_SECONDS_MAX)

    async def _run_alone(self) -> None:
        async with self._database.writer.dedicated() as connection:
            locked = await connection.fetchval(
                "SELECT pg_try_advisory_lock($1, hashtext($2))", _LOCK_CLASS, self._about.name
            )
            if locked:
                await self._consume(connection)
        await asyncio.sleep(1)

    async def _open(self) -> Pull:
        await self._bus.ensure_stream(self._about.stream)
        partition = self._inbox.partition
        config = ConsumerConfig(
            # A durable's name has no dots.
            durable_name=self._inbox.name.replace(".", "-"),
            filter_subject=None if partition is None else self._about.stream.subject(partition),
            deliver_policy=DeliverPolicy.ALL,
            # Events are applied in order, so the last of a block acknowledges all before it.
            ack_policy=AckPolicy.ALL,
            ack_wait=_ACK_WAIT_SECONDS,
            max_ack_pending=_IN_FLIGHT_MAX,
            max_deliver=-1,
        )
        pull = Pull(self._bus, self._about.stream.name, config, _BLOCK_EVENTS)
        await pull.open()
        return pull

    async def _consume(self, lock: PgConnection | None) -> None:
        pull = await self._open()
        try:
            await self._until_resumed(lock)
            await self._retry()
            await self._catch_up()
            caught_up_at = time.monotonic()
            while True:
                await self._until_resumed(lock)
                await self._retry()
                await self.resume()
                messages = await pull.block(_BLOCK_SECONDS)
                if messages:
                    if len(messages) < _SHORT_EVENTS:
                        # A transaction costs as much as some thirty events: let a short block grow.
                        await asyncio.sleep(_GATHER_SECONDS)
                        messages += await pull.block(0)
                    await self.apply([delivery_of(message) for message in messages])
                    await messages[-1].ack()
                    continue
                # Standing by and silence look alike: make sure of the lock, and ask the owner now and then.
                await _still_held(lock)
                if time.monotonic() - caught_up_at > _CATCH_UP_SECONDS:
                    await self._catch_up()
                    caught_up_at = time.monotonic()
        finally:
            await pull.close()

    async def _until_resumed(self, lock: PgConnection | None) -> None:
        """Waits while the subscriber is paused, then begins what was ordered."""
        if self._desk is None:
            return
        while await self._desk.is_paused():
            await asyncio.sleep(_PAUSED_SECONDS)
            await _still_held(lock)
        for programme in await self._desk.rebuild():
            await self.catch_up_on(programme)

    async def _retry(self) -> None:
        if self._one_by_one is not None:
            await self._one_by_one.retry()

    async def apply(self, deliveries: Sequence[Delivery]) -> None:
        """Applies a block, filling gaps from the owner first.

        A programme whose handler asks to wait holds up no other: what it misses here is read from the
        owner's log when its time has come.
        """
        for programme, group in groupby(deliveries, key=lambda delivery: delivery.programme):
            if programme in self._waiting:
                continue
            records = sorted((delivery.record for delivery in group), key=lambda record: record.pos)
            try:
                gap = await self._apply(programme, records)
                while gap is not None:
                    await self._fill(programme, gap)
                    gap = await self._apply(programme, records)
            except Postponed as pause:
                await self._wait(programme, pause)

    async def _wait(self, programme: str, pause: Postponed) -> None:
        _log.info("subscriber.postponed", subscriber=self._about.name, programme=programme, why=str(pause))
        # Its messages are acknowledged with the others', so it must be known by its cursor from now on.
        await self._inbox.open(self._database.writer, programme)
        # By the clock that never steps: one that is set back must not make a programme wait for as long.
        self._waiting[programme] = time.monotonic() + pause.seconds

    async def resume(self) -> None:
        """Takes up the programmes that have waited long enough."""
        for programme, until in list(self._waiting.items()):
            if until <= time.monotonic():
                del self._waiting[programme]
                await self.catch_up_on(programme)

    async def _apply(self, programme: str, records: Sequence[EventRecord]) -> Gap | None:
        """Applies what comes next; before it asks to wait, whatever can be done without waiting."""
        try:
            return await self._apply_all(programme, records)
        except Postponed as pause:
            ready = [record for record in records if record.pos < pause.pos]
            if ready:
                await self._apply_all(programme, ready)
            raise

    async def _apply_all(self, programme: str, records: Sequence[EventRecord]) -> Gap | None:
        started_us = wall_now_us()
        with telemetry.span(
            f"consume {self._about.name}",
            telemetry.SpanKind.CONSUMER,
            links=(record.traceparent for record in records if record.traceparent),
            attributes={"events": len(records), "programme": programme},
        ):
            if self._inbox.partition is not None:
                records = [record for record in records if record.partition == self._inbox.partition]
            gap = await self._apply_run(programme, records)
        self._applied.add(len(records), {"subscriber": self._about.name})
        self._lag.record((wall_now_us() - started_us) / 1e6, {"subscriber": self._about.name})
        return gap

    async def _apply_run(self, programme: str, records: Sequence[EventRecord]) -> Gap | None:
        if isinstance(self._about.apply, Each):
            return await cast("OneByOne", self._one_by_one).apply(programme, records)
        return await self._inbox.apply(self._database.writer, programme, records, self._about.apply)

    async def _fill(self, programme: str, gap: Gap) -> None:
        _log.info(
            "subscriber.gap", subscriber=self._about.name, programme=programme, first=gap.first, last=gap.last
        )
        filled = gap.first - 1
        async for block in self._about.owner.read_events(programme, gap.first, gap.last - gap.first + 1):
            await self._apply(programme, block)
            filled = block[-1].pos
        if filled < gap.last:
            raise Postponed(f"the owner's log ends at {filled}, the bus is at {gap.last + 1}")

    async def _catch_up(self) -> None:
        """Applies what the owner has beyond the cursor: the bus may have lost the newest events."""
        ask = self._about.programmes
        names = await (ask() if ask else self._inbox.programmes(self._database.writer))
        for programme in names:
            if programme not in self._waiting:
                await self.catch_up_on(programme)

    async def catch_up_on(self, programme: str) -> None:
        """Applies what the owner has of one programme beyond its cursor."""
        inbox, database = self._inbox, self._database.writer
        reached = read = await inbox.position(database, programme)
        try:
            async for block in self._about.owner.read_events(programme, reached + 1, 0):
                if not block:
                    continue
                await self._apply(programme, block)
                read = block[-1].pos
                reached = max(
                    (each.pos for each in block if each.partition == inbox.partition), default=reached
                )
        except Postponed as pause:
            await self._wait(programme, pause)
            return
        if inbox.partition is not None and read > reached:
            # What comes last is other partitions': it need not be read again.
            await inbox.skip(database, programme, reached, read)


async def _still_held(lock: PgConnection | None) -> None:
    """Raises where the connection that holds the subscriber's lock is gone."""
    if lock is not None:
        await lock.fetchval("SELECT 1")
