"""What this service does by itself: ending what is over, posting what was parked, telling what soon will be, and proving that the books are right."""

from __future__ import annotations

from typing import Final

from services.points.app import Points
from services.points.settings import Settings
from services.runtime.scheduler import Job

_LAPSE_SECONDS_MAX: Final = 60.0
_CHECK_SECONDS_MAX: Final = 1_800.0
_FORGET_SECONDS: Final = 3_600.0


def jobs(application: Points, settings: Settings) -> tuple[Job, ...]:
    """The jobs of this service."""
    lapse, tell, check = application.lapse_overdue, application.tell_expiring, application.check_ledgers
    unpark = application.unpark_earns
    return (
        Job("lapse-overdue", settings.lapse_seconds, _LAPSE_SECONDS_MAX, lapse.__call__),
        Job("unpark-earns", settings.unpark_seconds, _LAPSE_SECONDS_MAX, unpark.__call__),
        Job("tell-expiring", settings.notice_seconds, _LAPSE_SECONDS_MAX, tell.__call__),
        Job("forget-counts", _FORGET_SECONDS, _LAPSE_SECONDS_MAX, application.forget_counts.__call__),
        Job("check-ledgers", settings.check_seconds, _CHECK_SECONDS_MAX, check.__call__),
    )
