"""Structured logs: a JSON object a line on standard error, with the request and trace it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from services.runtime import telemetry

# Names whose values never reach a log, whatever a caller passes.
_SECRET_NAMES = frozenset(
    {"authorization", "password", "secret", "token", "key", "card", "email", "phone", "name"}
)


def _with_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    trace_id, span_id = telemetry.current_ids()
    if trace_id:
        event["trace_id"], event["span_id"] = trace_id, span_id
    return event


def _without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name in event.keys() & _SECRET_NAMES:
        event[name] = "[left out]"
    return event


def configure(process: str, level: str) -> None:
    """Sets up logging for this process; also what libraries log through the standard module."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        _without_secrets,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("nats", "asyncio", "uvicorn.access", "grpc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def is_configured() -> bool:
    """Whether this process writes a log; the command line tells what it has to say by itself."""
    return structlog.is_configured()


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for a module."""
    return structlog.stdlib.get_logger(name)
