"""Domain events to their published form, into the event log."""

from __future__ import annotations

from uuid import UUID

from coalition.events.v1 import members_pb2 as pb
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import (
    AppTokenReplayed,
    CodeRequested,
    ConsentChanged,
    EmploymentChanged,
    EnumerationSuspected,
    MemberClaimed,
    MemberClosed,
    MemberEnrolled,
    MemberEvent,
    MemberUpdated,
    PinLocked,
)
from services.runtime.event_log import EventLog, NewEvent, payload_of
from services.runtime.principal import Programme

OfMember = (
    MemberEnrolled
    | MemberClaimed
    | MemberUpdated
    | ConsentChanged
    | EmploymentChanged
    | MemberClosed
    | AppTokenReplayed
    | PinLocked
    | CodeRequested
)


class Announcer:
    """Appends events to the log; the relay takes them to JetStream. What commands see of it is Announce."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, connection: AsyncConnection, programme: Programme, *events: MemberEvent) -> None:
        """Appends events in the caller's transaction, as its last statement."""
        await self._log.append(
            connection, programme.ledger_id, programme.slug, [new_event(event) for event in events]
        )


def new_event(event: MemberEvent) -> NewEvent:
    """The published form of an event."""
    match event:
        case MemberEnrolled():
            return _of_member(
                "member.enrolled",
                event,
                event.enrolled_at_us,
                pb.MemberEnrolled(
                    member_id=event.member_id.bytes,
                    partner_id=_bytes_of(event.partner_id),
                    enrolled_at_us=event.enrolled_at_us,
                    anonymous=event.anonymous,
                ),
            )
        case MemberClaimed():
            claimed = pb.MemberClaimed(
                member_id=event.member_id.bytes,
                partner_id=_bytes_of(event.partner_id),
                claimed_at_us=event.claimed_at_us,
            )
            return _of_member("member.claimed", event, event.claimed_at_us, claimed)
        case MemberUpdated():
            updated = pb.MemberUpdated(
                member_id=event.member_id.bytes, fields=event.fields, updated_at_us=event.updated_at_us
            )
            return _of_member("member.updated", event, event.updated_at_us, updated)
        case ConsentChanged():
            consent = pb.MemberConsentChanged(
                member_id=event.member_id.bytes,
                purpose=event.purpose.value,
                given=event.given,
                receipt_id=event.receipt_id.bytes,
                said_at_us=event.said_at_us,
            )
            return _of_member("member.consent_changed", event, event.said_at_us, consent)
        case EmploymentChanged():
            changed = pb.MemberEmploymentChanged(
                member_id=event.member_id.bytes,
                partner_id=event.partner_id.bytes,
                employed=event.employed,
                changed_at_us=event.changed_at_us,
            )
            return _of_member("member.employment_changed", event, event.changed_at_us, changed)
        case EnumerationSuspected():
            return _suspected(event)
        case MemberClosed():
            closed = pb.MemberClosed(member_id=event.member_id.bytes, closed_at_us=event.closed_at_us)
            return _of_member("member.closed", event, event.closed_at_us, closed)
        case AppTokenReplayed() | PinLocked() | CodeRequested():
            return _of_authority(event)


def _of_authority(event: AppTokenReplayed | PinLocked | CodeRequested) -> NewEvent:
    """Of what shows a member's will: at which partner it happened."""
    match event:
        case AppTokenReplayed():
            replayed = pb.MemberAppTokenReplayed(
                member_id=event.member_id.bytes,
                used_by=event.used_by.bytes,
                partner_id=event.partner_id.bytes,
                replayed_at_us=event.replayed_at_us,
            )
            return _of_member("member.app_token_replayed", event, event.replayed_at_us, replayed)
        case PinLocked():
            locked = pb.MemberPinLocked(
                member_id=event.member_id.bytes,
                partner_id=event.partner_id.bytes,
                locked_at_us=event.locked_at_us,
                locked_until_us=event.locked_until_us,
                everywhere=event.everywhere,
            )
            return _of_member("member.pin_locked", event, event.locked_at_us, locked)
        case CodeRequested():
            requested = pb.MemberCodeRequested(
                member_id=event.member_id.bytes,
                partner_id=event.partner_id.bytes,
                code_id=event.code_id.bytes,
                requested_at_us=event.requested_at_us,
                expires_at_us=event.expires_at_us,
            )
            return _of_member("member.code_requested", event, event.requested_at_us, requested)


def _of_member(name: str, event: OfMember, recorded_at_us: int, message: Message) -> NewEvent:
    return NewEvent(
        name, payload_of(message), recorded_at_us, member_id=event.member_id, partner_id=event.partner_id
    )


def _suspected(event: EnumerationSuspected) -> NewEvent:
    source, tally = event.source, event.tally
    message = pb.MemberEnumerationSuspected(
        partner_id=source.partner_id.bytes,
        api_key=source.api_key,
        store=source.store,
        till=source.till,
        unknown=tally.unknown,
        enrolled=tally.enrolled,
        known=tally.known,
        window_start_us=event.window_start_us,
        window_seconds=event.window_seconds,
        suspected_at_us=event.suspected_at_us,
    )
    return NewEvent(
        "member.enumeration_suspected",
        payload_of(message),
        event.suspected_at_us,
        partner_id=source.partner_id,
    )


def _bytes_of(partner_id: UUID | None) -> bytes:
    return partner_id.bytes if partner_id else b""
