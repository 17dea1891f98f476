"""What a running subscriber looks at about once a second: is it paused, has somebody ordered a rebuild."""

from __future__ import annotations

import time
from typing import Final

from services.runtime import logging
from services.runtime.database import WriteDatabase
from services.runtime.inbox import Inbox
from services.runtime.subscribing.orders import Forget, Pauses, Replays
from services.runtime.subscribing.tables import SubscriptionTables

_log = logging.get(__name__)
_LOOK_SECONDS: Final = 1.0


class Desk:
    """The orders of one subscriber, or of one of its lanes."""

    def __init__(
        self,
        database: WriteDatabase,
        tables: SubscriptionTables,
        inbox: Inbox,
        name: str,
        forget: Forget | None,
    ) -> None:
        """`name`: what a pause is kept under, the subscription's own; `forget`: None where it cannot be rebuilt."""
        self._database, self._name, self._forget = database, name, forget
        self._pauses = Pauses(tables)
        self._replays = Replays(tables, inbox.table, inbox.name, inbox.source)
        self._paused: bool = False
        self._looked_at = float("-inf")
        self._ordered: list[str] = []

    async def is_paused(self) -> bool:
        """Whether nothing is to be handled now; asked of the database once a second."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            async with self._database.transaction() as connection:
                paused = await self._pauses.of(connection, self._name) is not None
                self._ordered = await self._replays.ordered(connection)
            if paused != self._paused:
                _log.info("subscriber.paused" if paused else "subscriber.resumed", subscriber=self._name)
            self._paused, self._looked_at = paused, now
        return self._paused

    async def rebuild(self) -> list[str]:
        """Begins the rebuilds seen at the last look, each in one transaction; answers their programmes."""
        ordered, self._ordered = self._ordered, []
        if self._forget is None:
            return []
        for programme in ordered:
            _log.info("subscriber.rebuilds", subscriber=self._name, programme=programme)
            async with self._database.transaction() as connection:
                await self._replays.rebuild(connection, programme, self._forget)
        return ordered
