"""coalition.members.v1.ContactsService over the commands and queries."""

from __future__ import annotations

from typing import Final

from coalition.members.v1 import contacts_pb2 as pb
from coalition.members.v1 import contacts_pb2_grpc

from services.members.app import Members
from services.members.commands.preferences.changing import Asked
from services.members.domain.preferences.channels import Channel, Contact
from services.members.domain.preferences.consents import Consent, ConsentPurpose, read_saying
from services.members.domain.preferences.writing import ContactPurpose, Reading
from services.runtime.fields import read_id, read_optional_id
from services.runtime.idempotency import request_hash
from services.runtime.principal import acting

_CHANNELS: Final[dict[int, Channel]] = {
    pb.CHANNEL_EMAIL: Channel.EMAIL,
    pb.CHANNEL_SMS: Channel.SMS,
    pb.CHANNEL_PUSH: Channel.PUSH,
    pb.CHANNEL_CHAT: Channel.CHAT,
}
_CHANNEL_VALUES: Final[dict[Channel, pb.Channel.ValueType]] = {
    Channel.EMAIL: pb.CHANNEL_EMAIL,
    Channel.SMS: pb.CHANNEL_SMS,
    Channel.PUSH: pb.CHANNEL_PUSH,
    Channel.CHAT: pb.CHANNEL_CHAT,
}
_PURPOSES: Final[dict[int, ContactPurpose]] = {
    pb.CONTACT_PURPOSE_SERVICE: ContactPurpose.SERVICE,
    pb.CONTACT_PURPOSE_MARKETING: ContactPurpose.MARKETING,
}
_PURPOSE_VALUES: Final[dict[ContactPurpose, pb.ContactPurpose.ValueType]] = {
    ContactPurpose.SERVICE: pb.CONTACT_PURPOSE_SERVICE,
    ContactPurpose.MARKETING: pb.CONTACT_PURPOSE_MARKETING,
}
_CONSENTS: Final[dict[int, ConsentPurpose]] = {
    pb.CONSENT_PURPOSE_MARKETING: ConsentPurpose.MARKETING,
}
_CONSENT_VALUES: Final[dict[ConsentPurpose, pb.ConsentPurpose.ValueType]] = {
    ConsentPurpose.MARKETING: pb.CONSENT_PURPOSE_MARKETING,
}
_Change = (
    pb.SetContactRequest
    | pb.RemoveContactRequest
    | pb.SetConsentRequest
    | pb.SetQuietHoursRequest
    | pb.SetChannelOrderRequest
)


class ContactsServicer(contacts_pb2_grpc.ContactsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, members: Members, fingerprint_key: bytes) -> None:
        """`fingerprint_key` is what requests are hashed with to tell whether a key is used again."""
        self._members, self._fingerprint_key = members, fingerprint_key

    async def GetContact(self, request: pb.GetContactRequest, context: object) -> pb.GetContactResponse:
        """See the contract."""
        told = await self._members.read_contact(
            acting(), read_id(request.member_id, "member_id"), _PURPOSES.get(request.purpose), request.reason
        )
        if told.why_not is not None:
            return pb.GetContactResponse(writable=False, why_not=told.why_not.value)
        return pb.GetContactResponse(
            writable=True,
            language=told.language,
            contacts=map(_contact_message, told.contacts),
            quiet_from_minute=told.quiet_hours.from_minute,
            quiet_to_minute=told.quiet_hours.to_minute,
            zone=told.zone,
            given_name=told.given_name,
        )

    async def SetContact(self, request: pb.SetContactRequest, context: object) -> pb.SetContactResponse:
        """See the contract."""
        replayed = await self._members.set_preferences.address(
            acting(), self._asked(request), _CHANNELS.get(request.channel), request.address
        )
        return pb.SetContactResponse(replayed=replayed)

    async def RemoveContact(
        self, request: pb.RemoveContactRequest, context: object
    ) -> pb.RemoveContactResponse:
        """See the contract."""
        replayed = await self._members.set_preferences.no_address(
            acting(), self._asked(request), _CHANNELS.get(request.channel)
        )
        return pb.RemoveContactResponse(replayed=replayed)

    async def SetConsent(self, request: pb.SetConsentRequest, context: object) -> pb.SetConsentResponse:
        """See the contract."""
        saying = read_saying(
            _CONSENTS.get(request.purpose),
            given=request.given,
            wording=request.wording,
            source=request.source,
        )
        kept = await self._members.set_consent(acting(), self._asked(request), saying)
        return pb.SetConsentResponse(consent=_consent_message(kept.consent), replayed=kept.replayed)

    async def SetQuietHours(
        self, request: pb.SetQuietHoursRequest, context: object
    ) -> pb.SetQuietHoursResponse:
        """See the contract."""
        replayed = await self._members.set_preferences.quiet_hours(
            acting(), self._asked(request), request.from_minute, request.to_minute, request.zone
        )
        return pb.SetQuietHoursResponse(replayed=replayed)

    async def SetChannelOrder(
        self, request: pb.SetChannelOrderRequest, context: object
    ) -> pb.SetChannelOrderResponse:
        """See the contract."""
        channels = [_CHANNELS.get(each) for each in request.channels]
        replayed = await self._members.set_preferences.channels(acting(), self._asked(request), channels)
        return pb.SetChannelOrderResponse(replayed=replayed)

    async def GetPreferences(
        self, request: pb.GetPreferencesRequest, context: object
    ) -> pb.GetPreferencesResponse:
        """See the contract."""
        found = await self._members.preferences(
            acting(), read_id(request.member_id, "member_id"), request.before_number, request.limit
        )
        return pb.GetPreferencesResponse(
            contacts=map(_contact_message, found.contacts),
            channels=[_CHANNEL_VALUES[each] for each in found.channels],
            quiet_from_minute=found.quiet_hours.from_minute,
            quiet_to_minute=found.quiet_hours.to_minute,
            zone=found.zone,
            consents=map(_consent_message, found.consents),
            history=map(_consent_message, found.history),
            next_before_number=found.next_before_number,
        )

    async def ListContactReadings(
        self, request: pb.ListContactReadingsRequest, context: object
    ) -> pb.ListContactReadingsResponse:
        """See the contract."""
        member_id = read_optional_id(request.member_id, "member_id")
        before = read_optional_id(request.before_reading_id, "before_reading_id")
        found = await self._members.contact_readings(acting(), member_id, before, request.limit)
        return pb.ListContactReadingsResponse(readings=map(_reading_message, found))

    def _asked(self, request: _Change) -> Asked:
        return Asked(
            request.key,
            request_hash(self._fingerprint_key, request),
            read_id(request.member_id, "member_id"),
        )


def _contact_message(contact: Contact) -> pb.Contact:
    return pb.Contact(channel=_CHANNEL_VALUES[contact.channel], address=contact.address)


def _consent_message(consent: Consent) -> pb.Consent:
    return pb.Consent(
        number=consent.number,
        receipt_id=consent.receipt_id.bytes,
        purpose=_CONSENT_VALUES[consent.saying.purpose],
        given=consent.saying.given,
        wording=consent.saying.wording,
        source=consent.saying.source,
        said_at_us=consent.said_at_us,
        partner_id=consent.partner_id.bytes if consent.partner_id else b"",
        actor=consent.actor,
    )


def _reading_message(reading: Reading) -> pb.ContactReading:
    return pb.ContactReading(
        reading_id=reading.reading_id.bytes,
        member_id=reading.member_id.bytes,
        purpose=_PURPOSE_VALUES[reading.purpose],
        reason=reading.reason,
        read_at_us=reading.read_at_us,
        why_not=reading.why_not.value if reading.why_not else "",
    )
