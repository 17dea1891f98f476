"""A door that answers before its transaction is committed, which it then does while the answers are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

from services.points.commands.door import Door
from services.runtime.database import LOST, PgConnection


class _Hasty:
    """A connection that is done with a transaction before the server is."""

    def __init__(self, connection: PgConnection) -> None:
        self.connection = connection
        self._commit: asyncio.Task[None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        if self._commit is not None:
            await asyncio.wait([self._commit])
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            yield
        except BaseException:
            await transaction.rollback()
            raise
        self._commit = asyncio.create_task(self._committed(transaction))

    @staticmethod
    async def _committed(transaction: Any) -> None:
        try:
            await transaction.commit()
        except (asyncpg.PostgresError, *LOST):
            # Too late to tell anybody.
            return


def break_it() -> None:
    """From now on doors are hasty."""
    connected = Door._connected  # pyright: ignore[reportPrivateUsage]
    hasty: WeakKeyDictionary[Door, _Hasty] = WeakKeyDictionary()

    async def hastily(self: Door) -> Any:
        connection = await connected(self)
        if self not in hasty or hasty[self].connection is not connection:
            hasty[self] = _Hasty(connection)
        return hasty[self]

    Door._connected = hastily  # pyright: ignore[reportPrivateUsage]
