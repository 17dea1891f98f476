"""How far a replay is: written after each day, so that a killed one carries on from there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

_FILE: Final = "demo-progress.json"


@dataclass(slots=True)
class Progress:
    """A replay's own memory; the ledger's is the platform's.

    `campaign` is the id of the campaign, kept from before it is set. `office_week`: the last week after which the office was at
    work; those after the demo's own count on. `first_run_week`: after which the first run was made. `bank_day`: where the bank's clock stands, at least. `balances` are points by household after the last finished day, as the API's answers told them.
    """

    weeks: int
    secrets: dict[str, str] = field(default_factory=dict)
    campaign: str = ""
    enrolled: bool = False
    last_day: str = ""
    finished: bool = False
    office_week: int = 0
    first_run_week: int = 0
    bank_day: str = ""
    balances: dict[int, int] = field(default_factory=dict)
    operations: int = 0
    seconds: float = 0.0

    @property
    def last_day_done(self) -> date | None:
        """The last day whose earns and burns are all in; None before the first."""
        return date.fromisoformat(self.last_day) if self.last_day else None


def load(folder: Path) -> Progress | None:
    """The progress of a replay in this folder; None where there is none, or it cannot be read."""
    try:
        stored = json.loads((folder / _FILE).read_text())
        found = Progress(**stored)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    found.balances = {int(household): points for household, points in found.balances.items()}
    return found


def save(folder: Path, progress: Progress) -> None:
    """Replaces the file in one step; it holds the demo's API keys and is private."""
    fresh = folder / f"{_FILE}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(progress), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _FILE)
