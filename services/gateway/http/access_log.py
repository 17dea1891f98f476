"""A line of JSON for each request, on standard error like every other log line.

Written directly: the logging machinery would cost as much as serving the request. It tells who called which
route and what came of it, never what was in it: no path, no query, no body, no address.
"""

from __future__ import annotations

import sys
from typing import Final, TextIO

import orjson

from services.gateway.answers.moments import instant
from services.gateway.http.exchange import Exchange
from services.runtime import telemetry
from services.runtime.clock import wall_now_us

_LOGGER: Final = "services.gateway.http"


class AccessLog:
    """Writes the lines, or nothing where it is off."""

    def __init__(self, *, on: bool, stream: TextIO = sys.stderr) -> None:
        self._on, self._stream = on, stream

    def write(self, exchange: Exchange) -> None:
        """Tells of a request that has been answered."""
        if not self._on:
            return
        line: dict[str, str | int | float] = {
            "event": "http.request",
            "level": "info",
            "logger": _LOGGER,
            "process": "gateway",
            "timestamp": instant(wall_now_us()),
            "request_id": exchange.request_id,
            "method": exchange.http["method"],
            "route": exchange.route,
            "status": exchange.status,
            "milliseconds": round(exchange.seconds * 1000, 3),
        }
        caller = exchange.caller
        if caller is not None:
            line["programme"] = caller.programme.slug
            line["partner"] = caller.partner.slug
            line["key_id"] = caller.actor
        if exchange.code:
            line["code"] = exchange.code
        trace_id, span_id = telemetry.current_ids()
        if trace_id:
            line["trace_id"], line["span_id"] = trace_id, span_id
        self._stream.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode())
