"""What the ledger takes from the members' events: who has been closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

from coalition.events.v1 import members_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.points.clients.members import GrpcMembers
from services.points.storage import ledgers
from services.runtime.database import driver_of
from services.runtime.principal import Programme

FindProgramme = Callable[[str], Awaitable[Programme]]


class MembersLog:
    """The members' event log, for what the bus has lost."""

    def __init__(self, members: GrpcMembers, find: FindProgramme) -> None:
        self._members, self._find = members, find

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on."""
        async for block in self._members.read_events(await self._find(programme), from_pos, limit):
            yield block


class ClosedMembers:
    """Keeps the projection of closed members."""

    def __init__(self, find: FindProgramme) -> None:
        self._find = find

    async def apply(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Notes the members that have been closed."""
        closed = [
            (UUID(bytes=message.member_id), message.closed_at_us)
            for record in records
            if record.type == "member.closed"
            for message in [pb.MemberClosed.FromString(record.payload)]
        ]
        if closed:
            found = await self._find(programme)
            await ledgers.close_members(await driver_of(connection), found.ledger_id, closed)
