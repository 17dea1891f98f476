"""Forgetting what nobody can ask for any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.storage.authority.codes import forget_codes
from services.members.storage.authority.pins import forget_passes
from services.members.storage.authority.token_uses import forget_uses
from services.runtime.database import WriteDatabase


async def forget_authorities(database: WriteDatabase, before_us: int) -> int:
    """Removes uses of tokens, passed PINs and codes from before a wall-clock time, some in a transaction; answers how many."""
    gone = 0
    for forget in (forget_uses, forget_passes, forget_codes):
        while some := await database.run(_before(forget, before_us)):
            gone += some
    return gone


def _before(
    forget: Callable[[AsyncConnection, int], Awaitable[int]], before_us: int
) -> Callable[[AsyncConnection], Awaitable[int]]:
    async def work(connection: AsyncConnection) -> int:
        return await forget(connection, before_us)

    return work
