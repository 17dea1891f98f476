"""How commands tell what happened: into the event log, in their own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.events import Event
from services.runtime.principal import Programme

# Connection, programme, programme time of the change in microseconds, events. Last thing before the commit.
Tell = Callable[[AsyncConnection, Programme, int, Sequence[Event]], Awaitable[None]]
