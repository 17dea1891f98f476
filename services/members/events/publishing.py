"""Domain events to their published form, into the event log."""

from __future__ import annotations

from coalition.events.v1 import members_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import MemberEnrolled, MemberEvent
from services.runtime.event_log import EventLog, NewEvent, payload_of
from services.runtime.principal import Programme


class Announcer:
    """Appends events to the log; the relay takes them to JetStream. What commands see of it is Announce."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, connection: AsyncConnection, programme: Programme, event: MemberEvent) -> None:
        """Appends one event in the caller's transaction, as its last statement."""
        await self._log.append(connection, programme.ledger_id, programme.slug, [new_event(event)])


def new_event(event: MemberEvent) -> NewEvent:
    """The published form of an event."""
    member_id = event.member_id.bytes
    if isinstance(event, MemberEnrolled):
        enrolled = pb.MemberEnrolled(
            member_id=member_id,
            partner_id=event.partner_id.bytes if event.partner_id else b"",
            enrolled_at_us=event.enrolled_at_us,
        )
        name, recorded_at_us, payload = "member.enrolled", event.enrolled_at_us, payload_of(enrolled)
    else:
        closed = pb.MemberClosed(member_id=member_id, closed_at_us=event.closed_at_us)
        name, recorded_at_us, payload = "member.closed", event.closed_at_us, payload_of(closed)
    return NewEvent(name, payload, recorded_at_us, member_id=event.member_id, partner_id=event.partner_id)
