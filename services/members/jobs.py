"""What the members service does by itself every so often."""

from __future__ import annotations

from typing import Final

from services.members.storage.authority.forgetting import forget_authorities
from services.runtime import logging
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.database import Database
from services.runtime.scheduler import Job

_log = logging.get(__name__)
_HOUR_SECONDS: Final = 3_600.0


def jobs(database: Database, retention_days: int) -> tuple[Job, ...]:
    """The jobs: forgetting what tokens, PINs and codes were used for."""

    async def forget() -> None:
        gone = await forget_authorities(database.writer, wall_now_us() - retention_days * MICROS_PER_DAY)
        if gone:
            _log.info("authorities.forgotten", rows=gone, older_than_days=retention_days)

    return (Job("members forget authorities", _HOUR_SECONDS, 300.0, forget),)
