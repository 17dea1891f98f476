"""A subscriber that takes events one by one, reduced to what it writes; and events of members to give it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.launcher.processes import SERVICES_DIR
from services.runtime.bus import Bus
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.event_log import NewEvent, payload_of
from services.runtime.ids import new_id
from services.runtime.inbox import Inbox
from services.runtime.subscriber import Each, Subscriber, Subscription
from services.runtime.subscribing.handling import Event, Order
from services.runtime.subscribing.lanes import Lanes
from services.runtime.subscribing.letters import Letter, letter_of
from services.runtime.subscribing.tables import subscription_tables
from tests.integration.runtime.rig import INBOX, Teller
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

TABLES: Final = subscription_tables(MetaData())
_SQL: Final = SERVICES_DIR / "runtime/subscribing/subscriptions.sql"
#: Pauses that are minutes in earnest.
BACKOFF: Final = (0.01, 0.02)


async def make_subscription_tables(database: ServiceDatabase) -> None:
    """The tables as a service has them that subscribes, and one for what is handled. No key on it: a double is seen."""
    async with as_superuser(database) as connection:
        await connection.execute("DROP TABLE IF EXISTS subscription_pause, subscription_replay, dead_letter")
        for statement in Path(_SQL).read_text().split("\n--;;\n"):
            await connection.execute(statement)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS handled (no bigserial PRIMARY KEY, subscriber text, programme text, "
            "pos bigint, member_id uuid, replayed boolean)"
        )
        await connection.execute(
            "GRANT ALL ON handled, handled_no_seq, subscription_pause, subscription_replay, dead_letter TO PUBLIC"
        )


async def tell_members(
    teller: Teller, programme: str, count: int, members: Sequence[UUID], block: int = 100
) -> None:
    """Tells events of members in turn: event number n is of member n modulo their number."""
    for first in range(0, count, block):
        events = [
            NewEvent(
                "points.expiring",
                payload_of(pb.PointsExpiring(member_id=members[number % len(members)].bytes, points=number)),
                wall_now_us(),
                member_id=members[number % len(members)],
            )
            for number in range(first, min(first + block, count))
        ]
        async with teller.database.writer.transaction() as connection:
            await teller.log.append(connection, teller.ledgers[programme], programme, events)


@dataclass
class Reader:
    """A subscriber that writes down what it handles, in the transaction that it is given, unless `fails` says no."""

    database: Database
    bus: Bus
    owner: Teller
    order: Order = Order.STRICT
    fails: Callable[[Event], bool] = lambda _: False
    name: str = field(default_factory=lambda: f"each-{secrets.token_hex(4)}")
    known: Sequence[str] = ()

    async def handle(self, connection: AsyncConnection, event: Event) -> None:
        await connection.execute(
            text("INSERT INTO handled (subscriber, programme, pos, member_id, replayed) VALUES (:s, :p, :n, :m, :r)"),
            {"s": self.name, "p": event.programme, "n": event.record.pos, "m": event.member_id, "r": event.replayed},
        )  # fmt: skip
        if self.fails(event):
            raise RuntimeError(f"cannot do {event.record.pos}")

    async def forget(self, connection: AsyncConnection, programme: str) -> None:
        await connection.execute(
            text("DELETE FROM handled WHERE subscriber = :s AND programme = :p"),
            {"s": self.name, "p": programme},
        )

    @property
    def subscription(self) -> Subscription:
        async def programmes() -> Sequence[str]:
            return self.known

        each = Each(self.handle, self.order, BACKOFF)
        return Subscription(
            self.name, self.owner.stream, self.owner, each, programmes, True, self.forget
        )  # fmt: skip

    def inbox(self, partition: int | None = None) -> Inbox:
        return Inbox(INBOX, self.name, self.owner.stream.service, partition)

    def subscriber(self) -> Subscriber:
        return Subscriber(self.database, self.bus, self.inbox(), self.subscription, TABLES)

    def lanes(self) -> Lanes:
        return Lanes(self.database, self.bus, self.inbox, self.subscription, TABLES)

    async def rows(self, programme: str) -> Sequence[Any]:
        """What was handled, in the order in which it was."""
        return await self._all(
            "SELECT pos, member_id, replayed FROM handled WHERE subscriber = :s AND programme = :p ORDER BY no",
            programme,
        )

    async def positions(self, programme: str) -> list[int]:
        """The positions of what was handled, in the order in which it was."""
        return [row.pos for row in await self.rows(programme)]

    async def letters(self, programme: str) -> list[Letter]:
        """What is set aside, in the order of pos."""
        found = await self._all(
            "SELECT * FROM dead_letter WHERE left(subscriber, length(:s)) = :s AND programme = :p ORDER BY pos",
            programme,
        )
        return [letter_of(row) for row in found]

    async def dead(self, programme: str) -> list[int]:
        """Positions of dead letters."""
        return [each.record.pos for each in await self.letters(programme) if each.state == "dead"]

    async def _all(self, sql: str, programme: str) -> Sequence[Any]:
        async with self.database.writer.transaction() as connection:
            return (await connection.execute(text(sql), {"s": self.name, "p": programme})).all()


def members(count: int) -> list[UUID]:
    """New members."""
    return [new_id() for _ in range(count)]
