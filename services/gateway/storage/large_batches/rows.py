"""From rows to runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from services.gateway.domain.large_batches.runs import LineCounts, Run
from services.gateway.storage.tables import BATCH_RUN
from services.runtime.clock import to_micros

#: What is read of a run, each under its name with `run_` before it: a batch has columns of the same names.
RUN_COLUMNS: Final = (
    "received_at", "started_at", "finished_at", "cancelled_at", "due_at", "from_file", *LineCounts._fields,
)  # fmt: skip
#: The same in SQL, of the table `run`.
RUN_SQL: Final = ", ".join(f"run.{name} AS run_{name}" for name in RUN_COLUMNS)
#: The same for SQLAlchemy.
RUN_SELECTED: Final = tuple(BATCH_RUN.c[name].label(f"run_{name}") for name in RUN_COLUMNS)


def run_of(row: Any) -> Run | None:
    """The run of a batch, from a row with the columns above; None where it was answered at once."""
    if row["run_lines"] is None:
        return None
    return Run(
        micros(row["run_received_at"]), micros(row["run_started_at"]), micros(row["run_finished_at"]),
        micros(row["run_cancelled_at"]), micros(row["run_due_at"]), row["run_from_file"],
        LineCounts(*(row[f"run_{name}"] for name in LineCounts._fields)),
    )  # fmt: skip


def micros(moment: datetime | None) -> int:
    """Microseconds of a time, 0 where there is none."""
    return to_micros(moment) if moment is not None else 0
