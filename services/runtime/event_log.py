"""The event log: the record of what a service has to tell, written in the transaction of the change.

Positions (`pos`) are gapless per programme, handed out under the lock of one head row. Each row also knows
the position before it in its partition, so that a reader of some partitions notices a gap as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    insert,
    select,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import telemetry
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection, ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

PARTITIONS: Final = 16
BLOCK_EVENTS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something to tell, before it has its place in the log."""

    type: str
    payload: bytes
    recorded_at_us: int
    member_id: UUID | None = None
    partner_id: UUID | None = None
    seq: int | None = None
    traceparent: str = ""

    @property
    def partition(self) -> int:
        """0–15, the same for all events of one member (else of one partner)."""
        key = self.member_id or self.partner_id
        return key.int % PARTITIONS if key else 0


@dataclass(slots=True)
class LogHead:
    """Last positions of a programme's log, as read under its lock; `place` moves it on."""

    pos: int
    partition_pos: list[int]

    def place(self, event: NewEvent) -> tuple[int, int]:
        """Gives an event its position; answers it with the one before it in its partition."""
        before = self.advance(event.partition)
        return self.pos, before

    def advance(self, partition: int) -> int:
        """Takes the next position for a partition; answers the one before it there."""
        before = self.partition_pos[partition]
        self.pos += 1
        self.partition_pos[partition] = self.pos
        return before


@dataclass(frozen=True, slots=True)
class EventTables:
    """The tables of an event log; every service that tells events has them."""

    head: Table
    log: Table
    cursor: Table


def event_tables(metadata: MetaData) -> EventTables:
    """Defines the tables of an event log."""
    head = Table(
        "event_head",
        metadata,
        Column("ledger_id", SmallInteger, nullable=False),
        Column("programme", Text, nullable=False),
        Column("pos", BigInteger, nullable=False),
        Column("partition_pos", ARRAY(BigInteger), nullable=False),
        PrimaryKeyConstraint("ledger_id", name="event_head_pk"),
    )
    log = Table(
        "event_log",
        metadata,
        Column("ledger_id", SmallInteger, nullable=False),
        Column("pos", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("partition_prev", BigInteger, nullable=False),
        Column("partner_id", Uuid),
        Column("seq", BigInteger),
        Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
        Column("traceparent", Text, nullable=False, server_default=""),
        Column("payload", LargeBinary, nullable=False),
        PrimaryKeyConstraint("ledger_id", "pos", name="event_log_pk"),
    )
    cursor = Table(
        "relay_cursor",
        metadata,
        Column("ledger_id", SmallInteger, nullable=False),
        Column("pos", BigInteger, nullable=False),
        PrimaryKeyConstraint("ledger_id", name="relay_cursor_pk"),
    )
    return EventTables(head, log, cursor)


class EventLog:
    """Appends to and reads from a service's event log."""

    def __init__(self, tables: EventTables) -> None:
        self._tables = tables

    async def open_programme(self, connection: AsyncConnection, ledger_id: int, programme: str) -> None:
        """Makes a programme's head where it is not there yet."""
        row = {"ledger_id": ledger_id, "programme": programme, "pos": 0, "partition_pos": [0] * PARTITIONS}
        await connection.execute(postgresql_insert(self._tables.head).values(row).on_conflict_do_nothing())

    async def append(
        self, connection: AsyncConnection, ledger_id: int, programme: str, events: Sequence[NewEvent]
    ) -> int:
        """Appends events in the caller's transaction; answers the last position.

        Holds the programme's head row until the transaction ends: append last, commit soon.
        """
        if not events:
            return 0
        await self.open_programme(connection, ledger_id, programme)
        head_table = self._tables.head
        mine = head_table.c.ledger_id == ledger_id
        found = (await connection.execute(select(head_table).where(mine).with_for_update())).one()
        head = LogHead(found.pos, list(found.partition_pos))
        own_context = telemetry.current_traceparent()
        rows = [self._row(ledger_id, head, event, own_context) for event in events]
        with telemetry.span("event_log.append", attributes={"events": len(rows), "pos": head.pos}):
            await connection.execute(insert(self._tables.log), rows)
            await connection.execute(
                update(head_table).where(mine).values(pos=head.pos, partition_pos=head.partition_pos)
            )
        return head.pos

    @staticmethod
    def _row(ledger_id: int, head: LogHead, event: NewEvent, own_context: str) -> dict[str, Any]:
        pos, before = head.place(event)
        return {
            "ledger_id": ledger_id,
            "pos": pos,
            "type": event.type,
            "partition": event.partition,
            "partition_prev": before,
            "partner_id": event.partner_id,
            "seq": event.seq,
            "recorded_at": from_micros(event.recorded_at_us),
            "traceparent": event.traceparent or own_context,
            "payload": event.payload,
        }

    async def read(
        self, database: ReadDatabase, ledger_id: int, from_pos: int, limit: int = 0
    ) -> AsyncIterator[list[EventRecord]]:
        """Blocks of up to 500 events from a position on, in order, to a limit or to where the log ends now."""
        log, next_pos = self._tables.log, max(1, from_pos)
        async with database.snapshot() as connection:
            last_pos, _ = await self.positions(connection, ledger_id)
        if limit:
            last_pos = min(last_pos, next_pos + limit - 1)
        while next_pos <= last_pos:
            statement = (
                select(log)
                .where(log.c.ledger_id == ledger_id, log.c.pos.between(next_pos, last_pos))
                .order_by(log.c.pos)
                .limit(BLOCK_EVENTS_MAX)
            )
            # A connection for each block, not for the whole stream: a slow reader must not hold one.
            async with database.snapshot() as connection:
                block = [record_from(row) for row in (await connection.execute(statement)).all()]
            if not block:
                return
            yield block
            next_pos = block[-1].pos + 1

    async def positions(self, connection: ReadConnection, ledger_id: int) -> tuple[int, int]:
        """Last position written and last position relayed; zeros before the first."""
        head, cursor = self._tables.head, self._tables.cursor
        written = await connection.execute(select(head.c.pos).where(head.c.ledger_id == ledger_id))
        relayed = await connection.execute(select(cursor.c.pos).where(cursor.c.ledger_id == ledger_id))
        return written.scalar() or 0, relayed.scalar() or 0

    async def recorded_at(
        self, connection: ReadConnection, ledger_id: int, positions: Sequence[int]
    ) -> dict[int, int]:
        """When events were recorded, programme time in microseconds; those that are there."""
        log = self._tables.log
        found = await connection.execute(
            select(log.c.pos, log.c.recorded_at).where(log.c.ledger_id == ledger_id, log.c.pos.in_(positions))
        )
        return {row.pos: to_micros(row.recorded_at) for row in found}


class ReadEvents:
    """The query that every service with an event log answers: what subscribers fill their gaps with."""

    def __init__(self, database: ReadDatabase, log: EventLog, *roles: str) -> None:
        """`roles`: the staff that may read it besides services; none named: all."""
        self._database, self._log, self._roles = database, log, roles

    async def __call__(
        self, principal: Principal, from_pos: int, limit: int
    ) -> AsyncIterator[list[EventRecord]]:
        """Blocks of up to 500 events of the programme acted in, from a position on (0 is taken for 1).

        They go to where the log ends now, or to `limit` events (0: all of them). Raises PermissionDenied for
        partners, InvalidRequest for negative numbers.
        """
        principal.require_internal(*self._roles)
        for field, value in (("from_pos", from_pos), ("limit", limit)):
            if value < 0:
                raise InvalidRequest("a position or a limit is not negative", field=field)
        async for block in self._log.read(
            self._database, principal.in_programme().ledger_id, from_pos, limit
        ):
            yield block


def record_from(row: Any) -> EventRecord:
    """The wire form of a row of the log."""
    return EventRecord(
        pos=row.pos,
        type=row.type,
        partition=row.partition,
        partition_prev=row.partition_prev,
        partner_id=row.partner_id.bytes if row.partner_id else b"",
        seq=row.seq or 0,
        recorded_at_us=to_micros(row.recorded_at),
        traceparent=row.traceparent,
        payload=row.payload,
    )


def payload_of(message: Message) -> bytes:
    """The bytes of an event, the same for the same content."""
    return message.SerializeToString(deterministic=True)
