"""What this service does by itself: ending what is over."""

from __future__ import annotations

from typing import Final

from services.points.commands.lapse_overdue import LapseOverdue
from services.runtime.scheduler import Job

_LIMIT_SECONDS: Final = 60.0


def jobs(lapse_overdue: LapseOverdue, every_seconds: float) -> tuple[Job, ...]:
    """The jobs of this service."""
    return (Job("lapse-overdue", every_seconds, _LIMIT_SECONDS, lapse_overdue.__call__),)
