"""What can be seen of a request: its log line, its span, its duration; and what must not be seen."""

from __future__ import annotations

import io
import json
from functools import partial

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.gateway.http import app
from services.gateway.http.access_log import AccessLog
from services.runtime import telemetry
from tests.support.gateway import open_house
from tests.support.gateway_bodies import earn, new_card

_TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_each_request_writes_a_line_that_tells_who_and_what_but_nothing_personal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(app, "AccessLog", partial(AccessLog, stream=written))
    async with open_house(access_log=True) as house:
        card = new_card()
        house.members.enrolled(card)
        body = earn(card)
        answer = await house.post("/v1/earns", body, key="secret-key")
        member = answer.json()["member"]
        await house.get(f"/v1/members/{member}/balance")
        await house.get("/v1/nowhere", card=card)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/earns", 201), ("GET", "/v1/members/{member_id}/balance", 200), ("GET", "", 404),
    ]  # fmt: skip
    first = lines[0]
    assert (first["event"], first["level"], first["process"]) == ("http.request", "info", "gateway")
    assert first["request_id"] == answer.headers["request-id"]
    assert first["programme"] == house.programme.slug
    assert first["key_id"].startswith("key_")
    assert first["milliseconds"] > 0
    assert lines[2]["code"] == "not_found"
    for secret in (card, member, house.secret, "secret-key", body["reference"], "127.0.0.1"):
        assert secret not in written.getvalue()


async def test_a_request_is_a_span_of_the_caller_s_trace_down_to_the_item_at_the_ledger() -> None:
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry.install("gateway", SimpleSpanProcessor(spans), metrics)
    try:
        async with open_house() as house:
            card = new_card()
            house.members.enrolled(card)
            headers = {**house.headers(), "traceparent": f"00-{_TRACE}-b7ad6b7169203331-01"}
            await house.client.post("/v1/earns", json=earn(card), headers=headers)
            item = house.points.calls[-1].items[0]
            refused = {**headers, "traceparent": "00-nonsense-01"}
            await house.client.post("/v1/earns", json={}, headers=refused)
        finished = spans.get_finished_spans()
    finally:
        telemetry.shutdown()
    served = [span for span in finished if span.name == "POST /v1/earns"]
    assert [dict(span.attributes or {})["http.response.status_code"] for span in served] == [201, 400]
    first = served[0]
    assert first.context is not None
    assert f"{first.context.trace_id:032x}" == _TRACE
    assert dict(first.attributes or {})["http.route"] == "/v1/earns"
    assert item.traceparent == telemetry.traceparent_of(first.context)
    post = next(span for span in finished if span.name == "points.post")
    assert [f"{link.context.trace_id:032x}" for link in post.links] == [_TRACE]
    assert post.parent is None
