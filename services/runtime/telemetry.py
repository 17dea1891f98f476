"""OpenTelemetry: traces and metrics by setting, nothing but a flag test when off.

One thin layer of our own instead of the contrib instrumentations: a span a hop (HTTP, RPC, posting, event
log, publish, consume), W3C trace context in RPC metadata, event log rows and NATS headers, and span links
where requests are batched together.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

TRACEPARENT: Final = "traceparent"
_LINKS_MAX: Final = 64
_tracer: trace.Tracer | None = None
_providers: list[TracerProvider | MeterProvider] = []


def configure(process: str, otlp_endpoint: str, share_percent: int = 100) -> None:
    """Turns telemetry on where an endpoint is given; without one nothing is made or sent."""
    if otlp_endpoint:
        # Half a second of imports, for those alone who asked for it: commands start without.
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        insecure = otlp_endpoint.startswith("http://")
        install(
            process,
            BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint, insecure=insecure)),
            PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=otlp_endpoint, insecure=insecure)),
            share_percent,
        )


def install(process: str, spans: SpanProcessor, reader: MetricReader, share_percent: int = 100) -> None:
    """Turns telemetry on with a span processor and a metric reader of the caller's choice."""
    global _tracer
    resource = Resource.create({"service.name": process, "service.namespace": "coalition"})
    sampler = ParentBased(TraceIdRatioBased(share_percent / 100))
    tracers = TracerProvider(resource=resource, sampler=sampler)
    tracers.add_span_processor(spans)
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    _providers[:] = [tracers, meters]
    metrics.set_meter_provider(meters)
    _tracer = tracers.get_tracer("coalition")


def shutdown() -> None:
    """Sends what is left and turns telemetry off."""
    global _tracer
    _tracer = None
    for provider in _providers:
        provider.shutdown()
    _providers.clear()


def enabled() -> bool:
    """Whether spans are made."""
    return _tracer is not None


def current_ids() -> tuple[str, str]:
    """Trace and span id of the current span as hex, or two empty strings."""
    if _tracer is None:
        return "", ""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def current_traceparent() -> str:
    """W3C trace context of the current span, or an empty string."""
    if _tracer is None:
        return ""
    context = trace.get_current_span().get_span_context()
    return traceparent_of(context) if context.is_valid else ""


def traceparent_of(context: SpanContext) -> str:
    """W3C trace context of a span context."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def context_of(traceparent: str) -> SpanContext | None:
    """Reads W3C trace context; None for an empty or malformed one."""
    parts = traceparent.split("-")
    if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
        return None
    try:
        context = SpanContext(
            int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=TraceFlags(int(parts[3], 16))
        )
    except ValueError:
        return None
    return context if context.is_valid else None


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: str = "",
    links: Iterable[str] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> Generator[Span]:
    """A span around a block; an exception that leaves it is recorded. Free when telemetry is off.

    `parent` and `links` are W3C trace contexts: a parent continues a trace from another process, links
    name the requests that were batched together (the first 64).
    """
    if _tracer is None:
        yield trace.INVALID_SPAN
        return
    above = context_of(parent)
    context = trace.set_span_in_context(trace.NonRecordingSpan(above)) if above else None
    linked = [Link(found) for found in map(context_of, list(dict.fromkeys(links))[:_LINKS_MAX]) if found]
    with _tracer.start_as_current_span(
        name, context, kind, attributes=attributes, links=linked, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except Exception as error:
            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def meter() -> metrics.Meter:
    """The meter for counters and histograms; its instruments do nothing when telemetry is off."""
    return metrics.get_meter("coalition")
