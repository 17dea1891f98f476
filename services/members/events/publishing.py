"""Domain events to their published form, into the event log."""

from __future__ import annotations

from coalition.events.v1 import members_pb2 as pb
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import (
    AppTokenReplayed,
    MemberClosed,
    MemberEnrolled,
    MemberEvent,
    PinLocked,
)
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
    name, recorded_at_us, message = _told(event)
    return NewEvent(
        name, payload_of(message), recorded_at_us, member_id=event.member_id, partner_id=event.partner_id
    )


def _told(event: MemberEvent) -> tuple[str, int, Message]:
    member_id = event.member_id.bytes
    match event:
        case MemberEnrolled():
            enrolled = pb.MemberEnrolled(
                member_id=member_id,
                partner_id=event.partner_id.bytes if event.partner_id else b"",
                enrolled_at_us=event.enrolled_at_us,
            )
            return "member.enrolled", event.enrolled_at_us, enrolled
        case MemberClosed():
            closed = pb.MemberClosed(member_id=member_id, closed_at_us=event.closed_at_us)
            return "member.closed", event.closed_at_us, closed
        case AppTokenReplayed():
            replayed = pb.MemberAppTokenReplayed(
                member_id=member_id,
                used_by=event.used_by.bytes,
                partner_id=event.partner_id.bytes,
                replayed_at_us=event.replayed_at_us,
            )
            return "member.app_token_replayed", event.replayed_at_us, replayed
        case PinLocked():
            locked = pb.MemberPinLocked(
                member_id=member_id,
                partner_id=event.partner_id.bytes,
                locked_at_us=event.locked_at_us,
                locked_until_us=event.locked_until_us,
            )
            return "member.pin_locked", event.locked_at_us, locked
