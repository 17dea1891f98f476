"""What the operator sets and sees of members: card ranges, and who seems to try card numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coalition.members.v1 import office_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.registry import list_partners
from services.operations.session import Session
from services.runtime.principal import Programme


async def set_card_range(
    session: Session, programme: Programme, prefix: str, digits: int, partner: str, valid_from_us: int
) -> Document:
    """Issues cards to a partner (by its slug; empty: to nobody any more) from a moment on (0: now).

    Raises PARTNER_UNKNOWN, INVALID_REQUEST, ALREADY_EXISTS.
    """
    partner_id = await session.partner_id(programme, partner) if partner else b""
    request = pb.SetCardRangeRequest(
        prefix=prefix, digits=digits, partner_id=partner_id, valid_from_us=valid_from_us
    )
    answer = await session.call(session.members_office.SetCardRange, request, programme)
    return _range(answer.range, programme.zone, {partner_id: partner})


async def card_ranges(session: Session, programme: Programme) -> list[Document]:
    """All that was set of card ranges, by prefix, digits and moment."""
    request = pb.ListCardRangesRequest()
    answer = await session.call(session.members_office.ListCardRanges, request, programme)
    slugs = await _slugs(session, programme)
    return [_range(each, programme.zone, slugs) for each in answer.ranges]


async def suspicions(session: Session, programme: Programme, limit: int) -> list[Document]:
    """Tills and API keys that asked for too many unknown identifiers, newest first."""
    request = pb.ListSuspicionsRequest(limit=limit)
    answer = await session.call(session.members_office.ListSuspicions, request, programme)
    slugs = await _slugs(session, programme)
    found: Sequence[pb.Suspicion] = answer.suspicions
    return [
        {
            "partner": slugs.get(each.partner_id, ""),
            "api_key": each.api_key or None,
            "store": each.store or None,
            "till": each.till or None,
            "unknown": each.unknown,
            "enrolled": each.enrolled,
            "known": each.known,
            "window_start": write_time(each.window_start_us, programme.zone),
            "window_seconds": each.window_seconds,
            "suspected_at": write_time(each.suspected_at_us, programme.zone),
        }
        for each in found
    ]


async def _slugs(session: Session, programme: Programme) -> dict[bytes, str]:
    return {bytes(each.partner_id): each.slug for each in await list_partners(session, programme)}


def _range(message: pb.CardRange, zone: str, slugs: Mapping[bytes, str]) -> Document:
    return {
        "prefix": message.prefix,
        "digits": message.digits,
        "partner": slugs.get(message.partner_id, "") if message.partner_id else None,
        "valid_from": write_time(message.valid_from_us, zone),
        "set_by": message.set_by,
        "set_at": write_time(message.set_at_us, zone),
    }
