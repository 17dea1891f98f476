"""What is printed at the end."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from tests.performance import report
from tests.performance.plan import BARE, NOOP
from tests.performance.results import Measured, Round, Row

ABOUT = {
    "machine": {"cpu": "a CPU", "cores": 2, "memory_gib": 4.0, "python": "3.11.2"},
    "postgresql": {"version": "18.6", "wal_sync_method": "fdatasync"},
    "fsync_per_second": {"fdatasync": 450.0},
    "nats": "NATS 2.15.1",
    "seconds": 390.2,
}
ROWS = [
    Row(BARE, [Round(Measured(5_000, 1.0), None)]),
    Row(NOOP, [Round(Measured(4_000, 1.0), 5_000.0)]),
]


def _shown(about: Mapping[str, Any]) -> str:
    told = io.StringIO()
    report.show(Console(file=told, width=150), about, ROWS)
    return told.getvalue()


def test_a_machine_at_rest_gives_a_report_without_a_warning():
    shown = _shown(ABOUT)
    assert "http.noop" in shown
    assert "0.80" in shown


def test_what_makes_the_figures_doubtful_is_said_last():
    shown = _shown({**ABOUT, "warnings": ["other work is on this machine"]})
    assert shown.rstrip().endswith("other work is on this machine")
