"""How members want to be written to, as the service desk sets and sees it; and who was told."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from coalition.members.v1 import contacts_pb2 as pb

from services.operations.amounts import Unreadable, write_time
from services.operations.documents import Document
from services.operations.registry import list_partners
from services.operations.session import Session
from services.operations.wallets import MEMBER_PREFIX, find_member
from services.runtime.ids import from_text, to_text
from services.runtime.principal import Programme

RECEIPT_PREFIX: Final = "rcp"
READING_PREFIX: Final = "rdg"
# As people write them.
_CHANNELS: Final[dict[str, pb.Channel.ValueType]] = {
    "email": pb.CHANNEL_EMAIL,
    "sms": pb.CHANNEL_SMS,
    "push": pb.CHANNEL_PUSH,
    "chat": pb.CHANNEL_CHAT,
}
_CHANNEL_NAMES: Final = {value: name for name, value in _CHANNELS.items()}
_CONSENTS: Final = {pb.CONSENT_PURPOSE_MARKETING: "marketing"}
_PURPOSES: Final = {pb.CONTACT_PURPOSE_SERVICE: "service", pb.CONTACT_PURPOSE_MARKETING: "marketing"}
_MINUTE: Final = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")


def read_minute(text: str) -> int:
    """A time of day such as 22:30, as minutes after midnight. Raises Unreadable."""
    found = _MINUTE.fullmatch(text)
    if found is None:
        raise Unreadable(f"{text!r} is not a time of day such as 22:30")
    return 60 * int(found[1]) + int(found[2])


async def set_consent(
    session: Session, programme: Programme, key: str, member: str, *, given: bool, wording: str, source: str
) -> Document:
    """Keeps what a member (id or card) said to being written to about offers. Raises what find_member and SetConsent do."""
    request = pb.SetConsentRequest(
        key=key,
        member_id=await find_member(session, programme, member),
        purpose=pb.CONSENT_PURPOSE_MARKETING,
        given=given,
        wording=wording,
        source=source,
    )
    answer = await session.call(session.contacts.SetConsent, request, programme)
    slugs = await _slugs(session, programme)
    return {**_consent(answer.consent, programme.zone, slugs), "replayed": answer.replayed}


async def set_contact(
    session: Session, programme: Programme, key: str, member: str, channel: str, address: str
) -> None:
    """Sets where a member is reached by push or chat; an empty address: nowhere. Raises what find_member and SetContact do."""
    member_id, value = await find_member(session, programme, member), _CHANNELS[channel]
    if address:
        request = pb.SetContactRequest(key=key, member_id=member_id, channel=value, address=address)
        await session.call(session.contacts.SetContact, request, programme)
    else:
        removal = pb.RemoveContactRequest(key=key, member_id=member_id, channel=value)
        await session.call(session.contacts.RemoveContact, removal, programme)


async def set_channels(
    session: Session, programme: Programme, key: str, member: str, channels: list[str]
) -> None:
    """Sets by what a member is written to first. Raises what find_member and SetChannelOrder do."""
    request = pb.SetChannelOrderRequest(
        key=key,
        member_id=await find_member(session, programme, member),
        channels=[_CHANNELS[each] for each in channels],
    )
    await session.call(session.contacts.SetChannelOrder, request, programme)


async def set_quiet_hours(
    session: Session,
    programme: Programme,
    key: str,
    member: str,
    from_minute: int,
    to_minute: int,
    zone: str,
) -> None:
    """Sets when a member is not written to; both minutes 0: never. Raises what find_member and SetQuietHours do."""
    request = pb.SetQuietHoursRequest(
        key=key,
        member_id=await find_member(session, programme, member),
        from_minute=from_minute,
        to_minute=to_minute,
        zone=zone,
    )
    await session.call(session.contacts.SetQuietHours, request, programme)


async def preferences(
    session: Session, programme: Programme, member: str, before: int = 0, limit: int = 0
) -> Document:
    """What stands now, and what was said to purposes, newest first. Raises what find_member and GetPreferences do."""
    member_id = await find_member(session, programme, member)
    request = pb.GetPreferencesRequest(member_id=member_id, before_number=before, limit=limit)
    found = await session.call(session.contacts.GetPreferences, request, programme)
    slugs = await _slugs(session, programme)
    quiet = found.quiet_from_minute != found.quiet_to_minute
    hours = {
        "from": _write_minute(found.quiet_from_minute),
        "to": _write_minute(found.quiet_to_minute),
        "zone": found.zone,
    }
    return {
        "member": to_text(MEMBER_PREFIX, UUID(bytes=member_id)),
        "contacts": [
            {"channel": _CHANNEL_NAMES.get(each.channel, ""), "address": each.address or None}
            for each in found.contacts
        ],
        "channels": [_CHANNEL_NAMES.get(each, "") for each in found.channels],
        "quiet_hours": hours if quiet else None,
        "consents": [_consent(each, programme.zone, slugs) for each in found.consents],
        "history": [_consent(each, programme.zone, slugs) for each in found.history],
        "next_before": found.next_before_number or None,
    }


async def readings(
    session: Session, programme: Programme, member: str, before: str, limit: int
) -> list[Document]:
    """When somebody asked how members are written to, newest first; of one (id or card) or of all.

    `before`: only those before a reading. Raises MalformedId, and what find_member and ListContactReadings do.
    """
    request = pb.ListContactReadingsRequest(
        member_id=await find_member(session, programme, member) if member else b"",
        before_reading_id=from_text(READING_PREFIX, before).bytes if before else b"",
        limit=limit,
    )
    found = await session.call(session.contacts.ListContactReadings, request, programme)
    return [
        {
            "id": to_text(READING_PREFIX, UUID(bytes=each.reading_id)),
            "member": to_text(MEMBER_PREFIX, UUID(bytes=each.member_id)),
            "purpose": _PURPOSES.get(each.purpose, ""),
            "reason": each.reason,
            "read_at": write_time(each.read_at_us, programme.zone),
            "why_not": each.why_not or None,
        }
        for each in found.readings
    ]


async def _slugs(session: Session, programme: Programme) -> dict[bytes, str]:
    return {bytes(each.partner_id): each.slug for each in await list_partners(session, programme)}


def _write_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _consent(message: pb.Consent, zone: str, slugs: dict[bytes, str]) -> Document:
    return {
        "number": message.number,
        "receipt": to_text(RECEIPT_PREFIX, UUID(bytes=message.receipt_id)),
        "purpose": _CONSENTS.get(message.purpose, ""),
        "given": message.given,
        "wording": message.wording or None,
        "source": message.source,
        "said_at": write_time(message.said_at_us, zone),
        "partner": slugs.get(message.partner_id, "") if message.partner_id else None,
        "actor": message.actor,
    }
