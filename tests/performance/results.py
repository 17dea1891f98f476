"""What was measured: rounds, rows, and how they become bench.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.performance.plan import DRAIN_SHARE_MAX, RowPlan


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from request to answer."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Drain:
    """How long relay and rating took after the load had ended, in seconds."""

    seconds: float
    allowed_seconds: float

    @classmethod
    def after(cls, load_seconds: float, seconds: float) -> Drain:
        """The drain that followed a load of so many seconds."""
        return cls(seconds, load_seconds * DRAIN_SHARE_MAX)

    @property
    def within(self) -> bool:
        """Whether it was quick enough."""
        return self.seconds <= self.allowed_seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a row: operations in so many seconds.

    `cpu_us`: CPU time per operation in microseconds by process, until the backlog had drained. `figure`: the row's value
    where that is not operations a second.
    """

    operations: int
    seconds: float
    cpu_us: Mapping[str, float] = field(default_factory=dict[str, float])
    latency: Latency | None = None
    drain: Drain | None = None
    remarks: Sequence[str] = ()
    figure: float | None = None

    @property
    def value(self) -> float:
        """Operations a second, or the figure."""
        return self.operations / self.seconds if self.figure is None else self.figure


@dataclass(frozen=True, slots=True)
class Round:
    """A run of a row with the run of its reference in the same round."""

    measured: Measured
    reference_value: float | None

    @property
    def ratio(self) -> float | None:
        """Value by reference value; None where there is no reference."""
        return self.measured.value / self.reference_value if self.reference_value else None


@dataclass(slots=True)
class Row:
    """A row of the result. `failure` says why it cannot be trusted; empty: it can."""

    plan: RowPlan
    rounds: list[Round] = field(default_factory=list[Round])
    failure: str = ""

    @property
    def value(self) -> float | None:
        """Median of the rounds' values."""
        return median(each.measured.value for each in self.rounds) if self.rounds else None

    @property
    def reference_value(self) -> float | None:
        """Median of the reference's values in the same rounds."""
        values = [each.reference_value for each in self.rounds if each.reference_value]
        return median(values) if values else None

    @property
    def ratio(self) -> float | None:
        """Median of the rounds' ratios."""
        ratios = [each.ratio for each in self.rounds if each.ratio]
        return median(ratios) if ratios else None

    @property
    def holds(self) -> bool | None:
        """Whether the row holds its mark; None where it has none, or no figure yet."""
        figure = self.ratio if self.plan.reference else self.value
        if self.plan.mark is None or figure is None or self.failure:
            return None
        return self.plan.mark.holds(figure)

    @property
    def cpu_us(self) -> dict[str, float]:
        """Mean over the rounds of CPU time per operation, in microseconds, by process."""
        names = dict.fromkeys(name for each in self.rounds for name in each.measured.cpu_us)
        count = len(self.rounds)
        return {
            name: sum(each.measured.cpu_us.get(name, 0.0) for each in self.rounds) / count for name in names
        }

    @property
    def remarks(self) -> list[str]:
        """What a reader of the figures should know."""
        return list(dict.fromkeys(remark for each in self.rounds for remark in each.measured.remarks))

    def as_json(self) -> dict[str, Any]:
        """The row in bench.json."""
        failed = bool(self.failure)
        return {
            "name": self.plan.name,
            "value": None if failed else _rounded(self.value),
            "unit": self.plan.unit,
            "reference": self.plan.reference or None,
            "reference_value": _rounded(self.reference_value),
            "ratio": None if failed else _rounded(self.ratio, 4),
            "mark": asdict(self.plan.mark) if self.plan.mark else None,
            "holds": self.holds,
            "rounds": [_round_json(each) for each in self.rounds],
            "cpu_us_per_operation": {name: round(value, 2) for name, value in self.cpu_us.items()},
            "remarks": self.remarks,
            "failure": self.failure or None,
        }


def _round_json(each: Round) -> dict[str, Any]:
    measured = each.measured
    found: dict[str, Any] = {
        "value": _rounded(measured.value),
        "reference_value": _rounded(each.reference_value),
        "ratio": _rounded(each.ratio, 4),
        "operations": measured.operations,
        "seconds": round(measured.seconds, 3),
    }
    if measured.latency:
        found |= {name: round(value, 3) for name, value in asdict(measured.latency).items()}
    if measured.drain:
        found["drain_seconds"] = round(measured.drain.seconds, 3)
        found["drain_within"] = measured.drain.within
    return found


def _rounded(value: float | None, places: int = 1) -> float | None:
    return None if value is None else round(value, places)


def write(path: Path, about: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Writes bench.json: what was measured on, then the rows."""
    path.write_text(json.dumps({**about, "rows": [row.as_json() for row in rows]}, indent=2) + "\n")
