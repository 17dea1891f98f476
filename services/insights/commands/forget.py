"""Empties what was made of a programme's events, so that it is made anew from the first one on."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.insights.storage import facts, programmes
from services.runtime.errors import Unavailable


class Forget:
    """Each of the three forgets what it made, and nothing of the others."""

    async def points(self, connection: AsyncConnection, slug: str) -> None:
        """Sales, refunds, movements, merges. Raises Unavailable while the programme itself is being rebuilt."""
        await facts.forget_points(connection, await self._ledger(connection, slug))

    async def members(self, connection: AsyncConnection, slug: str) -> None:
        """Members. Raises Unavailable while the programme itself is being rebuilt."""
        await facts.forget_members(connection, await self._ledger(connection, slug))

    async def partners(self, connection: AsyncConnection, slug: str) -> None:
        """Partners and windows, and the programme itself: the other two wait until it is back."""
        await facts.forget_partners(connection, await self._ledger(connection, slug))
        await programmes.forget(connection, slug)

    async def _ledger(self, connection: AsyncConnection, slug: str) -> int:
        found = await programmes.by_slug(connection, slug)
        if found is None:
            raise Unavailable(f"no event has told of the programme {slug} yet")
        return found.ledger_id
