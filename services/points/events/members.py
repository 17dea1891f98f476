"""What the ledger takes from the members' events: who has been closed, and who may not burn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

from coalition.events.v1 import members_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.points.clients.members import GrpcMembers
from services.points.domain.accounts import PROGRAMME
from services.points.storage import ledgers
from services.points.storage.bars import FIRST_SIGHT_US, Bar, set_bars
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
    """Keeps the projections of closed members, and of those who may not burn somewhere."""

    def __init__(self, find: FindProgramme) -> None:
        self._find = find

    async def apply(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Notes the members that have been closed, claimed, or became somebody's staff."""
        closed = [
            (UUID(bytes=message.member_id), message.closed_at_us)
            for record in records
            if record.type == "member.closed"
            for message in [pb.MemberClosed.FromString(record.payload)]
        ]
        bars = [bar for record in records if (bar := bar_of(record)) is not None]
        if not closed and not bars:
            return
        found, driver = await self._find(programme), await driver_of(connection)
        if closed:
            await ledgers.close_members(driver, found.ledger_id, closed)
        if bars:
            await set_bars(driver, found.ledger_id, bars)


def bar_of(record: EventRecord) -> Bar | None:
    """What an event says of burns; None where it says nothing."""
    match record.type:
        case "member.enrolled":
            enrolled = pb.MemberEnrolled.FromString(record.payload)
            if not enrolled.anonymous:
                return None
            # Nobody was told of it before: whatever comes later counts.
            return Bar(UUID(bytes=enrolled.member_id), PROGRAMME, True, FIRST_SIGHT_US)
        case "member.claimed":
            claimed = pb.MemberClaimed.FromString(record.payload)
            return Bar(UUID(bytes=claimed.member_id), PROGRAMME, False, claimed.claimed_at_us)
        case "member.employment_changed":
            changed = pb.MemberEmploymentChanged.FromString(record.payload)
            member_id, employer = UUID(bytes=changed.member_id), UUID(bytes=changed.partner_id)
            return Bar(member_id, employer, changed.employed, changed.changed_at_us)
        case _:
            return None
