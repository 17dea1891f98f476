"""One request can be followed from the call to the posting, the event, the bus and whoever listens."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from coalition.type.v1.event_record_pb2 import EventRecord
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy.ext.asyncio import AsyncConnection

from services.points.storage.tables import EVENTS, INBOX
from services.runtime import telemetry
from services.runtime.bus import POINTS
from services.runtime.errors import CoalitionError
from services.runtime.event_log import EventLog
from services.runtime.inbox import Inbox
from services.runtime.relay import Relay
from services.runtime.subscriber import Subscriber, Subscription
from tests.support.own_nats import connected, own_nats
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_wire import earn
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


POST = "/coalition.points.v1.PointsService/Post"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spans(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InMemorySpanExporter]:
    """Telemetry is on for this module, and everything is kept."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry.install("test", SimpleSpanProcessor(exporter), reader)
    yield exporter
    telemetry.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    database_for: Callable[[str], ServiceDatabase], spans: InMemorySpanExporter
) -> AsyncIterator[RunningPoints]:
    async with running_points(database_for("points")) as points:
        yield points


def _new_trace() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def _linked(span: ReadableSpan) -> set[str]:
    return {telemetry.traceparent_of(link.context) for link in span.links}


async def _post(house: PointsHouse, *traceparents: str) -> None:
    """Earns as the gateway posts them: each item with the context of the request behind it."""
    till, member = await house.till(), house.member()
    await till.earn(member, 100)
    await asyncio.gather(*(till.post(earn(member, 100, traceparent=each)) for each in traceparents))


async def test_a_posting_links_to_the_requests_of_its_batch_and_belongs_to_none_of_them(
    running: RunningPoints, spans: InMemorySpanExporter
) -> None:
    traces = [_new_trace() for _ in range(3)]
    await _post(running.house(), *traces)
    postings = [span for span in _named(spans, "ledger.post") if span.links]
    assert set().union(*(_linked(span) for span in postings)) >= set(traces)
    for span in postings:
        assert span.parent is None
    calls = _named(spans, POST)
    assert {span.kind for span in calls} == {SpanKind.SERVER}
    assert {span.context.trace_id for span in postings if span.context}.isdisjoint(
        {span.context.trace_id for span in calls if span.context}
    )


async def test_a_call_continues_the_trace_of_its_caller(
    running: RunningPoints, spans: InMemorySpanExporter
) -> None:
    till = await running.house().till()
    with telemetry.span("the caller", parent=_new_trace()) as caller:
        await till.balance(running.house().member())
        trace_id = caller.get_span_context().trace_id

    def served() -> list[ReadableSpan]:
        return [
            span
            for span in _named(spans, "/coalition.points.v1.PointsService/GetBalance")
            if span.context and span.context.trace_id == trace_id
        ]

    # A span of the server ends after the caller has its answer.
    await until(lambda: len(served()) == 1)
    above = served()[0].parent
    (client,) = [
        span
        for span in _named(spans, "rpc.client")
        if span.context and above and span.context.span_id == above.span_id
    ]
    assert client.context is not None
    assert client.context.trace_id == trace_id


async def test_a_call_that_fails_marks_its_span(running: RunningPoints, spans: InMemorySpanExporter) -> None:
    till = await running.house().till()
    with pytest.raises(CoalitionError):
        await till.post()
    await until(lambda: any(not span.status.is_ok for span in _named(spans, POST)))
    failed = [span for span in _named(spans, POST) if not span.status.is_ok]
    assert failed[-1].status.status_code is StatusCode.ERROR


async def test_a_request_is_found_again_on_the_event_the_bus_and_the_listener(
    running: RunningPoints, spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    house, trace = running.house(), _new_trace()
    await _post(house, trace)
    heard: list[EventRecord] = []

    async def apply(_: AsyncConnection, programme: str, records: list[EventRecord]) -> None:
        if programme == house.programme.slug:
            heard.extend(records)

    database = running.wired.database
    async with own_nats(tmp_path) as server, connected(server) as bus:
        about = Subscription("tracing", POINTS, _NoOwner(), apply)  # pyright: ignore[reportArgumentType]
        subscriber = Subscriber(database, bus, Inbox(INBOX, "tracing", "points"), about)
        tasks = [
            asyncio.create_task(Relay(database, bus, POINTS).run()),
            asyncio.create_task(subscriber.run()),
        ]
        await until(lambda: len(heard) == 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert [record.traceparent for record in heard] == ["", trace]
    (published,) = [span for span in _named(spans, "nats.publish") if trace in _linked(span)]
    (consumed,) = [span for span in _named(spans, "consume tracing") if trace in _linked(span)]
    assert (published.kind, consumed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    log = EventLog(EVENTS)
    kept = [r async for block in log.read(database.reader, house.programme.ledger_id, 1) for r in block]
    assert [record.traceparent for record in kept] == ["", trace]


class _NoOwner:
    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[list[EventRecord]]:
        for _ in ():
            yield []
