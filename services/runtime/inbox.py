"""The inbox: each event is applied once by each subscriber, whatever the bus delivers.

A subscriber keeps one cursor per source and programme, moved in the transaction of its own change. Since
positions are gapless and applied in order, the cursor says as much as a row per event would, for one
update a block: at or before it is a double, right after it is next, further on is a gap.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    bindparam,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import WriteDatabase

Apply = Callable[[AsyncConnection, str, Sequence[EventRecord]], Awaitable[None]]


def inbox_table(metadata: MetaData) -> Table:
    """The table of cursors; each service that subscribes has one."""
    return Table(
        "inbox",
        metadata,
        Column("subscriber", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("programme", Text, nullable=False),
        Column("pos", BigInteger, nullable=False),
        PrimaryKeyConstraint("subscriber", "source", "programme", name="inbox_pk"),
    )


def lane_name(subscriber: str, partition: int | None) -> str:
    """The name of a subscriber's part that reads one partition; of one that reads all, its own."""
    return subscriber if partition is None else f"{subscriber}.p{partition:02d}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions that are missing before those at hand, both ends included."""

    first: int
    last: int


class Inbox:
    """One subscriber's cursors over one source: over all of it, or over one partition."""

    def __init__(self, table: Table, subscriber: str, source: str, partition: int | None = None) -> None:
        self.table, self.source, self.partition = table, source, partition
        # What its rows are kept under.
        self.name = lane_name(subscriber, partition)
        # Made once: putting a statement together costs as much as running it.
        mine = self._mine(bindparam("of"))
        self._lock = select(table.c.pos).where(*mine).with_for_update()
        self._move = update(table).where(*mine).values(pos=bindparam("to"))

    async def position(self, database: WriteDatabase, programme: str) -> int:
        """The last position applied; 0 before the first."""
        async with database.transaction() as connection:
            found = await connection.execute(select(self.table.c.pos).where(*self._mine(programme)).limit(1))
            return found.scalar() or 0

    async def open(self, database: WriteDatabase, programme: str) -> None:
        """Makes a programme's cursor where it has none, so that `programmes` names it."""
        async with database.transaction() as connection:
            await self._made(connection, programme)

    async def programmes(self, database: WriteDatabase) -> list[str]:
        """Programmes that have a cursor: something of them has been applied, or waits to be."""
        table = self.table
        async with database.transaction() as connection:
            found = await connection.execute(
                select(table.c.programme).where(
                    table.c.subscriber == self.name, table.c.source == self.source
                )
            )
            return list(found.scalars())

    async def apply(
        self, database: WriteDatabase, programme: str, records: Sequence[EventRecord], apply: Apply
    ) -> Gap | None:
        """Applies what comes right after the cursor, once, in one transaction.

        Records are in the order of pos. Answers the first gap where one is in the way, None when all of
        them are applied by now. What `apply` raises rolls back and leaves the cursor where it was.
        """

        async def work(connection: AsyncConnection) -> Gap | None:
            cursor = await self._locked(connection, programme)
            fresh = [record for record in records if record.pos > cursor]
            if not fresh:
                return None
            run: list[EventRecord] = []
            missing: int | None = None
            for record in fresh:
                reached = run[-1].pos if run else cursor
                if self._before(record) > reached:
                    missing = self._before(record)
                    break
                if record.pos > reached:
                    run.append(record)
            if run:
                await apply(connection, programme, run)
                cursor = run[-1].pos
                await connection.execute(self._move, {"of": programme, "to": cursor})
            return Gap(cursor + 1, missing) if missing is not None else None

        return await database.run(work)

    async def skip(self, database: WriteDatabase, programme: str, stood: int, to: int) -> None:
        """Moves a partition's cursor over positions that are other partitions', unless it has been moved meanwhile."""
        async with database.transaction() as connection:
            moved = update(self.table).where(*self._mine(programme), self.table.c.pos == stood).values(pos=to)
            await connection.execute(moved)

    def _before(self, record: EventRecord) -> int:
        """The position that has to be applied before a record is."""
        return record.pos - 1 if self.partition is None else record.partition_prev

    def _mine(self, programme: str | BindParameter[str]) -> tuple[ColumnElement[bool], ...]:
        table = self.table
        return (
            table.c.subscriber == self.name,
            table.c.source == self.source,
            table.c.programme == programme,
        )

    async def _made(self, connection: AsyncConnection, programme: str) -> None:
        row = {"subscriber": self.name, "source": self.source, "programme": programme, "pos": 0}
        await connection.execute(postgresql_insert(self.table).values(row).on_conflict_do_nothing())

    async def _locked(self, connection: AsyncConnection, programme: str) -> int:
        found = (await connection.execute(self._lock, {"of": programme})).scalar()
        if found is None:
            await self._made(connection, programme)
            found = (await connection.execute(self._lock, {"of": programme})).scalar_one()
        return found
