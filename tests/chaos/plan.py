"""What a run is asked to be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.schedule import FaultKind

ROOT: Final = Path(__file__).resolve().parents[2]
REPORT_FILE: Final = ROOT / "chaos.json"
#: What is left of a run that found something: logs, and what was asked and heard.
KEPT_FOLDER: Final = ROOT / ".chaos"
SECONDS_MIN, SECONDS_MAX = 5.0, 3_600.0


class ChaosRefused(Exception):
    """The run cannot be made here, or not as asked for."""


@dataclass(frozen=True)
class Plan:
    """One run. `broken`: which bug the points service has on purpose; empty: none."""

    seed: int
    seconds: float
    kinds: Collection[FaultKind] = tuple(FaultKind)
    broken: str = ""

    def __post_init__(self) -> None:
        if not SECONDS_MIN <= self.seconds <= SECONDS_MAX:
            raise ChaosRefused(f"a run takes {SECONDS_MIN:.0f} to {SECONDS_MAX:.0f} seconds")
