"""What is printed at the end."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from tests.performance import report
from tests.performance.plan import BARE, BESIDE_BULK, NOOP
from tests.performance.plan import ROWS as ROW_PLANS
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


def test_a_row_that_misses_its_mark_is_shown_with_it():
    told = io.StringIO()
    late = Row(BESIDE_BULK, [Round(Measured(1, 1.0, figure=34.0), 10.0)])
    report.show(
        Console(file=told, width=150, force_terminal=True, color_system="standard"), ABOUT, [*ROWS, late]
    )
    assert "\x1b[31m≤ 2\x1b[0m" in told.getvalue()
    assert "\x1b[31m≥ 0.5" not in told.getvalue()
    assert "34.0" in told.getvalue()


def test_processor_time_of_many_rows_is_told_in_tables_that_fit():
    measured = Measured(1, 1.0, {"points": 50.0})
    shown = io.StringIO()
    plans = ROW_PLANS[:6]
    report.show(Console(file=shown, width=150), ABOUT, [Row(plan, [Round(measured, None)]) for plan in plans])
    assert shown.getvalue().count("CPU time per operation") == 2
    assert all(plan.name in shown.getvalue() for plan in plans)
