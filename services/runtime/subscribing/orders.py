"""What operators order of a subscriber, kept in its database: to pause, to read again, to rebuild.

The subscriber looks here about once a second, so whoever may write to the database may order, from any process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Table, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.subscribing.letters import Letters
from services.runtime.subscribing.tables import SubscriptionTables

#: Empties what a subscriber has made of a programme's events, in the transaction that sets its cursor to the start.
Forget = Callable[[AsyncConnection, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pause:
    """Who has paused a subscriber, when (wall-clock) and why."""

    by: str
    at: datetime
    note: str


class Pauses:
    """Which subscribers are paused."""

    def __init__(self, tables: SubscriptionTables) -> None:
        self._table = tables.pause

    async def of(self, connection: AsyncConnection, subscriber: str) -> Pause | None:
        """A subscriber's pause; None where it runs."""
        table = self._table
        row = (await connection.execute(select(table).where(table.c.subscriber == subscriber))).first()
        return Pause(row.paused_by, row.paused_at, row.note) if row is not None else None

    async def begin(self, connection: AsyncConnection, subscriber: str, by: str, note: str) -> None:
        """Pauses a subscriber; does nothing to one that is paused."""
        row = {"subscriber": subscriber, "paused_at": datetime.now(UTC), "paused_by": by, "note": note}
        await connection.execute(insert(self._table).values(row).on_conflict_do_nothing())

    async def end(self, connection: AsyncConnection, subscriber: str) -> None:
        """Lets it go on."""
        await connection.execute(delete(self._table).where(self._table.c.subscriber == subscriber))


class Replays:
    """Up to where what a subscriber handles was handled before."""

    def __init__(self, tables: SubscriptionTables, inbox: Table, subscriber: str, source: str) -> None:
        self._table, self._inbox, self._subscriber, self._source = tables.replay, inbox, subscriber, source
        self._letters = Letters(tables, subscriber, source)

    async def until(self, connection: AsyncConnection, programme: str) -> int:
        """The last position that was handled before, or is part of a rebuild; 0: none."""
        table = self._table
        found = await connection.execute(select(table.c.until_pos).where(*self._mine(table, programme)))
        return found.scalar() or 0

    async def begin(self, connection: AsyncConnection, programme: str, from_pos: int, by: str) -> int:
        """Sets the cursor back, so that everything from a position on is handled again; answers where it stood.

        A position beyond the cursor changes nothing. What is set aside from there on is taken out.
        """
        stood = await self._stood(connection, programme)
        if from_pos > stood:
            return stood
        await self._order(connection, programme, stood, by, rebuild=False)
        await self._move(connection, programme, from_pos)
        return stood

    async def order_rebuild(self, connection: AsyncConnection, programme: str, by: str) -> int:
        """Has the subscriber rebuild what it made of a programme; answers where its cursor stands."""
        stood = await self._stood(connection, programme)
        await self._order(connection, programme, stood, by, rebuild=True)
        return stood

    async def ordered(self, connection: AsyncConnection) -> list[str]:
        """Programmes that are to be rebuilt."""
        table = self._table
        found = await connection.execute(
            select(table.c.programme).where(
                table.c.subscriber == self._subscriber, table.c.source == self._source, table.c.rebuild
            )
        )
        return list(found.scalars())

    async def rebuild(self, connection: AsyncConnection, programme: str, forget: Forget) -> None:
        """Forgets what was made and starts from nothing, if that is still ordered."""
        table, stood = self._table, await self._stood(connection, programme)
        still = await connection.execute(
            update(table)
            .where(*self._mine(table, programme), table.c.rebuild)
            .values(rebuild=False, until_pos=func.greatest(table.c.until_pos, stood))
        )
        if still.rowcount:
            await forget(connection, programme)
            await self._move(connection, programme, 1)

    async def _stood(self, connection: AsyncConnection, programme: str) -> int:
        inbox = self._inbox
        found = await connection.execute(
            select(inbox.c.pos).where(*self._mine(inbox, programme)).with_for_update()
        )
        return found.scalar() or 0

    async def _order(
        self, connection: AsyncConnection, programme: str, until: int, by: str, *, rebuild: bool
    ) -> None:
        table = self._table
        row = {
            "subscriber": self._subscriber,
            "source": self._source,
            "programme": programme,
            "until_pos": until,
            "rebuild": rebuild,
            "asked_at": datetime.now(UTC),
            "asked_by": by,
        }
        made = insert(table).values(row)
        changed = {
            "until_pos": func.greatest(table.c.until_pos, made.excluded.until_pos),
            "rebuild": case((table.c.rebuild, literal(True)), else_=made.excluded.rebuild),
            "asked_at": made.excluded.asked_at,
            "asked_by": made.excluded.asked_by,
        }
        await connection.execute(
            made.on_conflict_do_update(
                index_elements=[table.c.subscriber, table.c.source, table.c.programme], set_=changed
            )
        )

    async def _move(self, connection: AsyncConnection, programme: str, from_pos: int) -> None:
        inbox = self._inbox
        await self._letters.forget(connection, programme, from_pos)
        await connection.execute(
            update(inbox).where(*self._mine(inbox, programme)).values(pos=from_pos - 1)
        )  # fmt: skip

    def _mine(self, table: Table, programme: str) -> Sequence[ColumnElement[bool]]:
        return (
            table.c.subscriber == self._subscriber,
            table.c.source == self._source,
            table.c.programme == programme,
        )
