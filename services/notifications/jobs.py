"""What the notifications service does by itself every so often."""

from __future__ import annotations

from typing import Final

from services.notifications.app import Notifications
from services.notifications.settings import Settings
from services.runtime import logging
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.scheduler import Job

_log = logging.get(__name__)
_HOUR_SECONDS: Final = 3_600.0
_SEND_LIMIT_SECONDS: Final = 600.0


def jobs(notifications: Notifications, settings: Settings) -> tuple[Job, ...]:
    """The jobs: sending what is due, what somebody waits for apart from all else, and forgetting what is long over."""

    async def send() -> None:
        await notifications.send_due()

    async def send_urgent() -> None:
        await notifications.send_due(urgent=True)

    async def forget() -> None:
        gone = await notifications.forget(wall_now_us() - settings.retention_days * MICROS_PER_DAY)
        if gone:
            _log.info("notices.forgotten", rows=gone, older_than_days=settings.retention_days)

    return (
        Job("notifications send", settings.send_every_seconds, _SEND_LIMIT_SECONDS, send),
        Job("notifications send urgent", settings.send_every_seconds, _SEND_LIMIT_SECONDS, send_urgent),
        Job("notifications forget", _HOUR_SECONDS, 300.0, forget),
    )
