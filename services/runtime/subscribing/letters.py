"""Events that a subscriber has set aside: one that failed, and in strict order those of the same member after it.

They are written in the transaction that moves the cursor past them, so that none is lost and none is in two
places. A letter is `trying` while it is tried again by itself, `dead` after its last attempt, and `waiting` while
an earlier one of its member is here. It is taken out in the transaction in which it is handled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.catalogue import subject_key
from services.runtime.subscribing.tables import SubscriptionTables

TRYING: Final = "trying"
DEAD: Final = "dead"
WAITING: Final = "waiting"
#: With so many set aside something is wrong with the subscriber, not with its events: it stops.
LETTERS_MAX: Final = 10_000
_ERROR_CHARS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Letter:
    """An event set aside, why, and after how many attempts; times are wall-clock."""

    subscriber: str
    programme: str
    record: EventRecord
    key: str
    state: str
    attempts: int
    error: str
    next_try_at: datetime | None
    parked_at: datetime
    replayed: bool


class Letters:
    """The letters of one subscriber and source."""

    def __init__(self, tables: SubscriptionTables, subscriber: str, source: str) -> None:
        self._table, self._subscriber, self._source = tables.letter, subscriber, source

    async def blocked(self, connection: AsyncConnection, programme: str) -> set[str]:
        """Keys of which something is set aside."""
        table = self._table
        found = await connection.execute(select(table.c.key).where(*self._mine(programme)).distinct())
        return set(found.scalars())

    async def are_too_many(self, connection: AsyncConnection) -> bool:
        """Whether as many are set aside as may be, of all programmes."""
        some = select(literal(1)).where(*self._of_mine()).limit(LETTERS_MAX).subquery()
        count = await connection.execute(select(func.count()).select_from(some))
        return (count.scalar() or 0) >= LETTERS_MAX

    async def park(
        self,
        connection: AsyncConnection,
        programme: str,
        record: EventRecord,
        *,
        replayed: bool,
        error: str = "",
        retry_seconds: float | None = None,
    ) -> None:
        """Sets an event aside: with an `error` as one that failed, else as one that waits for it.

        `retry_seconds`: when it is tried again; None for one that failed: it is dead at once.
        """
        now = datetime.now(UTC)
        failed = bool(error)
        state = WAITING if not failed else DEAD if retry_seconds is None else TRYING
        row = {
            "subscriber": self._subscriber,
            "source": self._source,
            "programme": programme,
            "pos": record.pos,
            "key": subject_key(record),
            "state": state,
            "attempts": int(failed),
            "error": error[:_ERROR_CHARS_MAX],
            "next_try_at": now + timedelta(seconds=retry_seconds or 0) if state == TRYING else None,
            "parked_at": now,
            "replayed": replayed,
            "record": record.SerializeToString(deterministic=True),
        }
        await connection.execute(insert(self._table).values(row).on_conflict_do_nothing())

    async def take_due(self, connection: AsyncConnection) -> Letter | None:
        """The next letter whose time has come, locked until the transaction ends; None: there is none."""
        table = self._table
        found = await connection.execute(
            select(table)
            .where(
                *self._of_mine(),
                table.c.state == TRYING,
                table.c.next_try_at <= datetime.now(UTC),
            )
            .order_by(table.c.programme, table.c.pos)
            .limit(1)
            .with_for_update()
        )
        row = found.first()
        return letter_of(row) if row is not None else None

    async def handled(self, connection: AsyncConnection, letter: Letter) -> None:
        """Takes out a letter that has been handled; what waits for it next is tried at once."""
        table = self._table
        await connection.execute(delete(table).where(*self._this(letter)))
        after = (
            select(func.min(table.c.pos))
            .where(*self._mine(letter.programme), table.c.key == letter.key)
            .scalar_subquery()
        )
        await connection.execute(
            update(table)
            .where(*self._mine(letter.programme), table.c.pos == after, table.c.state == WAITING)
            .values(state=TRYING, next_try_at=datetime.now(UTC))
        )

    async def failed(
        self, connection: AsyncConnection, letter: Letter, error: str, retry_seconds: float | None
    ) -> None:
        """Counts an attempt that failed; `retry_seconds` None: the letter is dead."""
        again = (
            datetime.now(UTC) + timedelta(seconds=retry_seconds) if retry_seconds is not None else None
        )  # fmt: skip
        await connection.execute(
            update(self._table)
            .where(*self._this(letter))
            .values(
                state=DEAD if again is None else TRYING,
                attempts=letter.attempts + 1,
                error=error[:_ERROR_CHARS_MAX],
                next_try_at=again,
            )
        )

    async def forget(self, connection: AsyncConnection, programme: str, from_pos: int) -> None:
        """Takes out all letters from a position on: they are about to be handled anew, in their order."""
        table = self._table
        await connection.execute(delete(table).where(*self._mine(programme), table.c.pos >= from_pos))

    def _of_mine(self) -> Sequence[ColumnElement[bool]]:
        table = self._table
        return (table.c.subscriber == self._subscriber, table.c.source == self._source)

    def _mine(self, programme: str) -> Sequence[ColumnElement[bool]]:
        return (*self._of_mine(), self._table.c.programme == programme)

    def _this(self, letter: Letter) -> Sequence[ColumnElement[bool]]:
        return (*self._mine(letter.programme), self._table.c.pos == letter.record.pos)


def letter_of(row: Any) -> Letter:
    """A row of the table as a letter."""
    return Letter(
        row.subscriber,
        row.programme,
        EventRecord.FromString(row.record),
        row.key,
        row.state,
        row.attempts,
        row.error,
        row.next_try_at,
        row.parked_at,
        row.replayed,
    )
