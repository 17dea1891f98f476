"""The readable table at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.performance.results import Row

_NONE: Final = "–"
#: Processes that take less than this share of a row's CPU time are summed up as the others.
_SHARE_MIN: Final = 0.02
_ROWS_A_TABLE: Final = 5
#: Values below this are told with a decimal.
_SMALL: Final = 100


def show(console: Console, about: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Prints the machine, the rows, and CPU time by process."""
    machine, server = about["machine"], about["postgresql"]
    console.print(
        f"\n{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB · PostgreSQL {server['version']} "
        f"({server['wal_sync_method']}: {about['fsync_per_second'].get(server['wal_sync_method'], 0):,.0f} writes/s) "
        f"· {about['nats']} · Python {machine['python']} · {about['seconds']:.0f} s in all"
    )
    console.print(_rows(rows))
    shown = [row for row in rows if row.rounds]
    for first in range(0, len(shown), _ROWS_A_TABLE):
        console.print(_cpu(shown[first : first + _ROWS_A_TABLE]))
    for row in rows:
        for remark in row.remarks:
            console.print(f"{row.plan.name}: {remark}", highlight=False)
        if row.failure:
            console.print(f"[red]{row.plan.name} failed:[/] {row.failure}", highlight=False)
    for warning in about.get("warnings", ()):
        console.print(f"[yellow]{warning}[/]", highlight=False)


def _rows(rows: Sequence[Row]) -> Table:
    table = Table(title="Medians of the rounds; the ratio is the median of the rounds' ratios")
    for heading in ("row", "unit", "reference"):
        table.add_column(heading, no_wrap=True)
    for heading in ("value", "of reference", "ratio", "mark", "rounds", "p50 ms", "p99 ms", "drained"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        failed = bool(row.failure)
        table.add_row(
            row.plan.name,
            row.plan.unit,
            row.plan.reference or _NONE,
            "[red]failed[/]" if failed else _value(row.value),
            _value(row.reference_value),
            _NONE if failed else _number(row.ratio, 2),
            _mark(row),
            str(len(row.rounds)),
            *_latency(row),
            _drained(row),
        )
    return table


def _mark(row: Row) -> str:
    """What it has to hold, in red where it does not."""
    if row.plan.mark is None:
        return _NONE
    return f"[red]{row.plan.mark}[/]" if row.holds is False else str(row.plan.mark)


def _latency(row: Row) -> tuple[str, str]:
    found = [each.measured.latency for each in row.rounds if each.measured.latency]
    if not found:
        return _NONE, _NONE
    middle = sorted(found, key=lambda each: each.p99_ms)[len(found) // 2]
    return f"{middle.p50_ms:.1f}", f"{middle.p99_ms:.1f}"


def _drained(row: Row) -> str:
    drains = [each.measured.drain for each in row.rounds if each.measured.drain]
    if not drains:
        return _NONE
    worst = max(drains, key=lambda each: each.seconds / each.allowed_seconds)
    told = f"{worst.seconds:.1f} of {worst.allowed_seconds:.1f} s"
    return told if worst.within else f"[red]{told}[/]"


def _cpu(shown: Sequence[Row]) -> Table:
    """A column a row; connections of PostgreSQL are part of its own line."""
    table = Table(title="CPU time per operation in µs, by process, until the backlog had drained")
    table.add_column("process", no_wrap=True)
    for row in shown:
        table.add_column(row.plan.name, justify="right", no_wrap=True)
    weights: dict[str, float] = {}
    for row in shown:
        total = sum(value for name, value in row.cpu_us.items() if ": " not in name)
        for name, value in row.cpu_us.items():
            weights[name] = max(weights.get(name, 0.0), value / total if total else 0.0)
    for name in sorted(weights, key=lambda each: (each.partition(": ")[0], each)):
        if weights[name] >= _SHARE_MIN:
            cells = [_number(row.cpu_us.get(name), 1) for row in shown]
            table.add_row(name.replace("postgres: ", "  of it "), *cells)
    totals = [sum(value for name, value in row.cpu_us.items() if ": " not in name) for row in shown]
    table.add_section()
    table.add_row("in all", *(_number(total, 1) for total in totals))
    return table


def _value(value: float | None) -> str:
    return _number(value, 1 if value is not None and value < _SMALL else 0)


def _number(value: float | None, places: int) -> str:
    return _NONE if value is None else f"{value:,.{places}f}"
