"""The rows of events: published, relayed, fetched, consumed, and how long they take from commit to effect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Final

from services.runtime.bus import POINTS, Bus
from tests.performance import event_books, wrk
from tests.performance.event_load import Order, Outcome
from tests.performance.load_process import LoadProcess, prepared
from tests.performance.plan import BATCH, LAG_BESIDE, RowFailed
from tests.performance.posting_rows import latency_of
from tests.performance.stage import Load, Stage, database_url

_MODULE: Final = "event_load"


async def publish(stage: Stage, seconds: float) -> Load:
    """All events from memory to a new stream, as the relay publishes them."""
    del seconds
    stream = await _new_stream(stage)
    return _of(stage, await _ran(await _order(stage, "publish", stream)))


async def relay(stage: Stage, seconds: float) -> Load:
    """All events from the log to a new stream."""
    del seconds
    stream = await _new_stream(stage)
    return _of(stage, await _ran(await _order(stage, "relay", stream)))


async def fetch(stage: Stage, seconds: float) -> Load:
    """All events of a stream, by the library alone."""
    del seconds
    return _of(stage, await _ran(await _order(stage, "fetch", await _filled(stage))))


async def consume(stage: Stage, seconds: float) -> Load:
    """All events of a stream, by blocks: a row for each, and the inbox."""
    del seconds
    return _of(stage, await _ran(await _order(stage, "consume", await _filled(stage))))


async def consume_each(stage: Stage, seconds: float) -> Load:
    """The same one by one, each decoded and counted by a statement of its own."""
    del seconds
    return _of(stage, await _ran(await _order(stage, "each", await _filled(stage))))


async def lag(stage: Stage, seconds: float) -> Load:
    """Events that are told at a third of what relay and subscriber do together when they have a backlog."""
    stream = await _new_stream(stage)
    orders = [await _order(stage, what, stream) for what in ("relay", "consume")]
    async with _all_prepared(*orders) as (relaying, consuming):
        relaying.begin()
        consuming.begin()
        whole = Outcome(**await consuming.outcome())
        await relaying.outcome()
    most = whole.events / whole.seconds
    rate = max(1, round(most / 3))
    orders = [await _order(stage, what, stream, per_second=rate) for what in ("relay-on", "tell", "watch")]
    async with _all_prepared(*orders) as (relaying, telling, watching):
        for each in (relaying, watching, telling):
            each.begin()
        await asyncio.sleep(_lasting(stage, seconds))
        telling.stop()
        told = Outcome(**await telling.outcome())
        watching.stop()
        watched = Outcome(**await watching.outcome())
        relaying.stop()
        await relaying.outcome()
    remark = f"{told.events / told.seconds:,.0f} events a second, a third of {most:,.0f} from log to effect"
    return _of_lag(watched, (remark,))


async def lag_beside(stage: Stage, seconds: float) -> Load:
    """What the ledger tells while lines are posted by batches, by the platform's own relay to one more subscriber."""
    await _prepare(stage)
    programme = stage.bench.programme
    order = Order(
        "watch", stage.platform.environment["NATS_URL"], POINTS.name, POINTS.service,
        database_url(stage.platform.environment, "points"), stage.events_url, programme.slug, programme.ledger_id,
    )  # fmt: skip
    run = stage.next_run(LAG_BESIDE.name)
    url = f"{stage.platform.gateway_url}/v1/batches"
    await wrk.run(url, stage.bench, f"{run}-before", 1.0, batches=True)
    await stage.backlog.drained()
    async with _all_prepared(order) as (watching,):
        watching.begin()
        lines = await wrk.run(url, stage.bench, run, _lasting(stage, seconds), batches=True)
        watching.stop()
        watched = Outcome(**await watching.outcome())
    await stage.backlog.drained()
    remark = f"beside {lines.lines / lines.seconds:,.0f} lines a second of {BATCH.name}"
    return _of_lag(watched, (remark, f"{watched.events / watched.seconds:,.0f} events a second"))


def _lasting(stage: Stage, seconds: float) -> float:
    return max(seconds, stage.scale.arrival_seconds)


async def _prepare(stage: Stage) -> None:
    if not stage.events_url:
        stage.progress.say(f"a log of {stage.scale.events:,} events")
        stage.events_url = await event_books.make(
            stage.platform.environment["DATABASE_URL"], stage.scale.events
        )


async def _new_stream(stage: Stage) -> str:
    """Its name; those before it, but for the one that has been filled, are gone."""
    await _prepare(stage)
    bus = Bus(stage.platform.environment["NATS_URL"], "bench")
    await bus.connect()
    try:
        for each in await bus.jetstream.streams_info():
            name = each.config.name or ""
            if name.startswith("BENCH_") and name != stage.events_stream:
                await bus.jetstream.delete_stream(name)
    finally:
        await bus.close()
    return event_books.new_name("stream").replace("-", "_").upper()


async def _filled(stage: Stage) -> str:
    """The stream that has all events."""
    if not stage.events_stream:
        stream = await _new_stream(stage)
        await _ran(await _order(stage, "publish", stream))
        stage.events_stream = stream
    return stage.events_stream


async def _order(stage: Stage, what: str, stream: str, per_second: int = 0) -> Order:
    await _prepare(stage)
    url, service = stage.events_url, stream.lower().replace("_", "-")
    nats = stage.platform.environment["NATS_URL"]
    return Order(what, nats, stream, service, url, url, count=stage.scale.events, per_second=per_second)


async def _ran(order: Order) -> Outcome:
    async with _all_prepared(order) as (load,):
        load.begin()
        return Outcome(**await load.outcome())


@asynccontextmanager
async def _all_prepared(*orders: Order) -> AsyncGenerator[list[LoadProcess]]:
    """Each in a process of its own, in this order."""
    if not orders:
        yield []
        return
    async with (
        prepared(_MODULE, json.dumps(asdict(orders[0])) + "\n") as first,
        _all_prepared(*orders[1:]) as others,
    ):
        yield [first, *others]


def _of(stage: Stage, outcome: Outcome) -> Load:
    if outcome.events < stage.scale.events:
        raise RowFailed(f"{outcome.events:,} events were done of {stage.scale.events:,}")
    return Load(outcome.events, outcome.seconds, cpu_us=outcome.cpu_us)


def _of_lag(watched: Outcome, remarks: tuple[str, ...]) -> Load:
    if len(watched.lag_ms) < 2:
        raise RowFailed("no event came to its effect")
    latency = latency_of(watched.lag_ms)
    return Load(watched.events, watched.seconds, latency, watched.cpu_us, remarks, latency.p99_ms)
