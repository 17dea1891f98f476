"""What an event tells a member of: from the published message to what is noted of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from coalition.events.v1 import members_pb2, points_pb2
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message

from services.notifications.domain.kinds import Kind
from services.notifications.domain.notices import Told
from services.runtime.clock import MICROS_PER_SECOND

_UUID_7: Final = 7
_MILLI_US: Final = 1_000


def told_of(message: Message) -> Told | None:
    """What a member is told of an event; None where nobody is told anything."""
    read = _READERS.get(type(message))
    return read(message) if read is not None else None


def _enrolled(event: members_pb2.MemberEnrolled) -> Told | None:
    # Nobody is behind a card that earned by itself; who claims it is welcomed then.
    return None if event.anonymous else _told(Kind.WELCOME, event)


def _claimed(event: members_pb2.MemberClaimed) -> Told:
    return _told(Kind.WELCOME, event)


def _pin_locked(event: members_pb2.MemberPinLocked) -> Told:
    return _told(Kind.PIN_LOCKED, event, until_us=event.locked_until_us)


def _code_requested(event: members_pb2.MemberCodeRequested) -> Told:
    facts = {
        "code_id": int.from_bytes(event.code_id),
        "partner_id": int.from_bytes(event.partner_id),
    }
    return Told(Kind.ONE_TIME_CODE, UUID(bytes=event.member_id), facts, event.expires_at_us)


def _earned(event: points_pb2.PointsEarned) -> Told | None:
    if not event.points:
        return None
    return _told(Kind.POINTS_EARNED, event, points=event.points, balance=event.balance_after)


def _granted(event: points_pb2.PointsGranted) -> Told:
    return _told(Kind.POINTS_GRANTED, event, points=event.points, balance=event.balance_after)


def _redeemed(event: points_pb2.PointsRedeemed) -> Told:
    return _told(Kind.POINTS_REDEEMED, event, points=event.points, balance=event.balance_after)


def _received(event: points_pb2.PointsReceived) -> Told:
    return _told(Kind.POINTS_RECEIVED, event, points=event.points, balance=event.balance_after)


def _expiring(event: points_pb2.PointsExpiring) -> Told:
    facts = {"points": event.points, "expires_at_us": event.expires_at_us}
    return Told(Kind.POINTS_EXPIRING, UUID(bytes=event.member_id), facts, event.expires_at_us)


def _expired(event: points_pb2.PointsExpired) -> Told:
    return _told(Kind.POINTS_EXPIRED, event, points=event.points, balance=event.balance_after)


def _told(kind: Kind, event: Any, **facts: int) -> Told:
    return Told(kind, UUID(bytes=event.member_id), facts)


_READERS: Final[Mapping[type[Message], Callable[[Any], Told | None]]] = {
    members_pb2.MemberEnrolled: _enrolled,
    members_pb2.MemberClaimed: _claimed,
    members_pb2.MemberPinLocked: _pin_locked,
    members_pb2.MemberCodeRequested: _code_requested,
    points_pb2.PointsEarned: _earned,
    points_pb2.PointsGranted: _granted,
    points_pb2.PointsRedeemed: _redeemed,
    points_pb2.PointsReceived: _received,
    points_pb2.PointsExpiring: _expiring,
    points_pb2.PointsExpired: _expired,
}


def clock_offset_us(record: EventRecord, message: Message) -> int | None:
    """Programme time less wall-clock time as an event of points shows it; None for one that does not.

    The id of a transaction is a UUIDv7, which holds the wall-clock time to the millisecond; what is told without one is told by what
    went before. Differences of less than a second are none.
    """
    if isinstance(message, points_pb2.ProgrammeClockMoved):
        return message.offset_us
    found: bytes = getattr(message, "transaction_id", b"")
    if not found:
        return None
    transaction_id = UUID(bytes=found)
    if transaction_id.version != _UUID_7:
        return None
    offset_us = record.recorded_at_us - (transaction_id.int >> 80) * _MILLI_US
    return 0 if abs(offset_us) < MICROS_PER_SECOND else offset_us
