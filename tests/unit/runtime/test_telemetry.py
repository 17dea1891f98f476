from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN, StatusCode

from services.runtime import telemetry

TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    telemetry.install("test", SimpleSpanProcessor(exporter), InMemoryMetricReader())
    return exporter


@pytest.fixture(autouse=True)
def _off() -> object:
    yield
    telemetry.shutdown()


def test_when_it_is_off_a_span_is_nothing_and_there_is_no_context() -> None:
    with telemetry.span("x", parent=TRACE, links=[TRACE]) as span:
        assert span is INVALID_SPAN
        assert telemetry.current_traceparent() == ""
    assert telemetry.current_ids() == ("", "")
    assert not telemetry.enabled()


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 1))
def test_a_trace_context_is_the_same_after_its_text(trace_id: int, span_id: int, flags: int) -> None:
    text = f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"
    context = telemetry.context_of(text)
    assert context is not None
    assert telemetry.traceparent_of(context) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", TRACE[:-3], f"{TRACE}-00", f"00-{'0' * 32}-{'cd' * 8}-01", f"00-{'ab' * 16}-{'0' * 16}-01",
     f"00-{'zz' * 16}-{'cd' * 8}-01", f"00-{'ab' * 16}-{'cd' * 8}-zz", f"00-{'ab' * 15}-{'cd' * 8}-01"],
)  # fmt: skip
def test_a_malformed_context_is_none(text: str) -> None:
    assert telemetry.context_of(text) is None


def test_a_span_continues_its_parent_and_is_the_current_context(spans: InMemorySpanExporter) -> None:
    with telemetry.span("outer", parent=TRACE):
        outside = telemetry.current_traceparent()
        with telemetry.span("inner"):
            inside = telemetry.current_traceparent()
            assert telemetry.current_ids() == tuple(inside.split("-")[1:3])
    inner, outer = spans.get_finished_spans()
    assert outside.split("-")[1] == inside.split("-")[1] == "ab" * 16
    assert outer.parent is not None
    assert f"{outer.parent.span_id:016x}" == "cd" * 8
    assert inner.parent is not None
    assert f"{inner.parent.span_id:016x}" == outside.split("-")[2]


def test_links_name_each_request_once_and_at_most_64(spans: InMemorySpanExporter) -> None:
    many = [f"00-{number:032x}-{'cd' * 8}-01" for number in range(1, 101)]
    with telemetry.span("batch", links=[many[0], many[0], "malformed", *many]):
        pass
    (span,) = spans.get_finished_spans()
    trace_ids = [link.context.trace_id for link in span.links]
    assert len(trace_ids) == len(set(trace_ids)) <= 64
    assert trace_ids == list(range(1, len(trace_ids) + 1))


def test_an_exception_marks_the_span_with_its_kind_and_goes_on(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), telemetry.span("fails"):
        raise KeyError("secret")
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "KeyError")


def test_what_is_not_sampled_is_not_kept(spans: InMemorySpanExporter) -> None:
    telemetry.install("test", SimpleSpanProcessor(spans), InMemoryMetricReader(), share_percent=0)
    with telemetry.span("new"):
        pass
    with telemetry.span("theirs", parent=TRACE):
        pass
    assert [span.name for span in spans.get_finished_spans()] == ["theirs"]
