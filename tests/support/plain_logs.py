"""Logs of the code under test as plain lines: drawing a traceback with all its locals takes a second each."""

from __future__ import annotations

import structlog


def use_plain_logs() -> None:
    """For the rest of this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )
