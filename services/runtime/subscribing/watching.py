"""Where the subscribers of a service are, and what operators order of them, over its database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import ColumnElement, Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, NotFound, Refused
from services.runtime.event_log import PARTITIONS
from services.runtime.inbox import lane_name
from services.runtime.subscriber import Each, Subscription
from services.runtime.subscribing.handling import Order
from services.runtime.subscribing.letters import DEAD, TRYING, WAITING, Letter, letter_of
from services.runtime.subscribing.orders import Pause, Pauses, Replays
from services.runtime.subscribing.tables import SubscriptionTables

LETTERS_MAX: Final = 500
NOTE_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """A subscriber as it declares itself; `order` None: by blocks, where nothing is set aside."""

    name: str
    source: str
    order: Order | None
    repeatable: bool
    rebuildable: bool
    lanes: tuple[int | None, ...] = (None,)

    @classmethod
    def of(cls, about: Subscription, *, partitioned: bool = False) -> Watched:
        """What a subscription declares; `partitioned`: its partitions are read apart."""
        order = about.apply.order if isinstance(about.apply, Each) else None
        lanes = tuple(range(PARTITIONS)) if partitioned else (None,)
        return cls(about.name, about.stream.service, order, about.repeatable, about.forget is not None, lanes)

    @property
    def rows(self) -> list[str]:
        """The names that its cursors and letters are kept under."""
        return [lane_name(self.name, lane) for lane in self.lanes]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subscriber is in a programme; `pos` is the least of its lanes'. Letters by their state."""

    about: Watched
    pos: int
    pause: Pause | None
    replayed_until: int
    rebuild_ordered: bool
    letters: Counter[str]


class Watching:
    """Looks at the subscribers of one service, and gives them orders.

    `tables` None: of a service whose subscribers work by blocks and take no orders.
    """

    def __init__(
        self,
        database: WriteDatabase,
        inbox: Table,
        tables: SubscriptionTables | None,
        watched: Sequence[Watched],
    ) -> None:
        self._database, self._inbox, self._tables = database, inbox, tables
        self._watched = {each.name: each for each in sorted(watched, key=lambda each: each.name)}

    def named(self, name: str) -> Watched:
        """A subscriber of this service. Raises NotFound with the names there are."""
        found = self._watched.get(name)
        if found is None:
            there = ", ".join(self._watched) or "none"
            raise NotFound(f"no subscriber of this service is named {name!r}; there are: {there}", name=name)
        return found

    async def standings(self, programme: str) -> list[Standing]:
        """All subscribers, by name."""
        async with self._database.transaction() as connection:
            return [await self._standing(connection, each, programme) for each in self._watched.values()]

    async def _standing(self, connection: AsyncConnection, about: Watched, programme: str) -> Standing:
        inbox, tables = self._inbox, self._tables
        found = await connection.execute(select(inbox.c.pos).where(*_mine(inbox, about, programme)))
        cursors = list(found.scalars())
        pos = min(cursors) if len(cursors) == len(about.lanes) else 0
        if tables is None:
            return Standing(about, pos, None, 0, False, Counter())
        replay, letter = tables.replay, tables.letter
        ordered = await connection.execute(
            select(func.max(replay.c.until_pos), func.bool_or(replay.c.rebuild)).where(
                *_mine(replay, about, programme)
            )
        )
        until, rebuild = ordered.one()
        counted = await connection.execute(
            select(letter.c.state, func.count().label("letters"))
            .where(*_mine(letter, about, programme))
            .group_by(letter.c.state)
        )
        letters = Counter[str]({row.state: row.letters for row in counted})
        pause = await Pauses(tables).of(connection, about.name)
        return Standing(about, pos, pause, until or 0, bool(rebuild), letters)

    async def pause(self, name: str, by: str, note: str) -> None:
        """Pauses a subscriber. Raises InvalidRequest without a note, NotFound, Refused."""
        if not 1 <= len(note.strip()) <= NOTE_CHARS_MAX:
            raise InvalidRequest(f"note: why, in 1 to {NOTE_CHARS_MAX} characters", field="note")
        tables = self._tables_of(self.named(name))
        async with self._database.transaction() as connection:
            await Pauses(tables).begin(connection, name, by, note.strip())

    async def resume(self, name: str) -> None:
        """Lets a subscriber go on. Raises NotFound, Refused."""
        tables = self._tables_of(self.named(name))
        async with self._database.transaction() as connection:
            await Pauses(tables).end(connection, name)

    async def replay(self, name: str, programme: str, from_pos: int, by: str) -> int:
        """Has events from a position on handled again; answers where it stood. Raises InvalidRequest, NotFound, Refused."""
        about = self.named(name)
        tables = self._tables_of(about)
        if from_pos < 1:
            raise InvalidRequest("positions start at 1", field="from_pos")
        if not about.repeatable:
            raise Refused(
                Reason.REASON_SUBSCRIBER_REFUSES,
                f"{name} does not say that a replay sends nothing and comes out the same",
                name=name,
            )
        async with self._database.transaction() as connection:
            stood = [
                await self._replays(tables, about, row).begin(connection, programme, from_pos, by)
                for row in about.rows
            ]
        return max(stood)

    async def rebuild(self, name: str, programme: str, by: str) -> int:
        """Has a subscriber start from nothing; answers where it stood. Raises NotFound, Refused."""
        about = self.named(name)
        tables = self._tables_of(about)
        if not about.rebuildable:
            raise Refused(
                Reason.REASON_SUBSCRIBER_REFUSES,
                f"{name} has no way to forget what it made of the events",
                name=name,
            )
        async with self._database.transaction() as connection:
            stood = [
                await self._replays(tables, about, row).order_rebuild(connection, programme, by)
                for row in about.rows
            ]
        return max(stood)

    async def letters(
        self, name: str, programme: str, after_pos: int, limit: int, *, dead_only: bool
    ) -> tuple[list[Letter], bool]:
        """What is set aside, by position, and whether there is more. Raises InvalidRequest, NotFound."""
        about = self.named(name)
        if after_pos < 0:
            raise InvalidRequest("a position is not negative", field="after_pos")
        if not 0 <= limit <= LETTERS_MAX:
            raise InvalidRequest(f"limit: 1 to {LETTERS_MAX}, or 0 for {LETTERS_MAX}", field="limit")
        if self._tables is None:
            return [], False
        table, limit = self._tables.letter, limit or LETTERS_MAX
        states = (DEAD,) if dead_only else (TRYING, DEAD, WAITING)
        statement = (
            select(table)
            .where(*_mine(table, about, programme), table.c.pos > after_pos, table.c.state.in_(states))
            .order_by(table.c.pos)
            .limit(limit + 1)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(statement)).all()
        return [letter_of(row) for row in rows[:limit]], len(rows) > limit

    async def replay_letters(self, name: str, programme: str, pos: int) -> int:
        """Has dead letters tried once more, one or all (0); answers how many. Raises InvalidRequest, NotFound."""
        about = self.named(name)
        if pos < 0:
            raise InvalidRequest("a position is not negative", field="pos")
        if self._tables is None:
            return 0
        table = self._tables.letter
        wanted = [*_mine(table, about, programme), table.c.state == DEAD]
        if pos:
            wanted.append(table.c.pos == pos)
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(table).where(*wanted).values(state=TRYING, next_try_at=datetime.now(UTC))
            )
        if pos and not changed.rowcount:
            raise NotFound(f"{name} has no dead letter at position {pos}", name=name, pos=pos)
        return changed.rowcount

    def _tables_of(self, about: Watched) -> SubscriptionTables:
        if self._tables is None:
            raise Refused(
                Reason.REASON_SUBSCRIBER_REFUSES, f"{about.name} takes no orders", name=about.name
            )  # fmt: skip
        return self._tables

    def _replays(self, tables: SubscriptionTables, about: Watched, row: str) -> Replays:
        return Replays(tables, self._inbox, row, about.source)


def _mine(table: Table, about: Watched, programme: str) -> list[ColumnElement[bool]]:
    return [
        table.c.subscriber.in_(about.rows),
        table.c.source == about.source,
        table.c.programme == programme,
    ]
