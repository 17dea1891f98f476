"""The members service, as this one needs it: how a member may be written to, and what a code says that is sent to one."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.members.v1 import authority_pb2
from coalition.members.v1 import contacts_pb2 as pb
from coalition.members.v1.authority_pb2_grpc import AuthorityServiceStub
from coalition.members.v1.contacts_pb2_grpc import ContactsServiceStub

from services.notifications.domain.channels import Channel, Contact, Reach
from services.notifications.domain.kinds import Purpose
from services.runtime.grpc_client import call
from services.runtime.principal import Programme, Signer

_CALL_SECONDS: Final = 10.0
_CHANNELS: Final = {
    pb.CHANNEL_EMAIL: Channel.EMAIL,
    pb.CHANNEL_SMS: Channel.SMS,
    pb.CHANNEL_PUSH: Channel.PUSH,
    pb.CHANNEL_CHAT: Channel.CHAT,
}
_PURPOSES: Final = {
    Purpose.SERVICE: pb.CONTACT_PURPOSE_SERVICE,
    Purpose.MARKETING: pb.CONTACT_PURPOSE_MARKETING,
}


class Contacts(Protocol):
    """Who knows members."""

    async def reach(self, programme: Programme, member_id: UUID, purpose: Purpose, reason: str) -> Reach:
        """How a member may be written to now; `reason` is kept with the reading.

        Raises CoalitionError: NotFound for a member that nobody knows, Unavailable.
        """
        ...

    async def code(self, programme: Programme, code_id: UUID) -> str:
        """What a code says, for nothing but to be sent; members keeps that it was asked. Raises as reach, NotFound where it is over."""
        ...


class GrpcContacts:
    """The members service over gRPC, called as this service itself."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub, self._signer = ContactsServiceStub(channel), signer
        self._codes = AuthorityServiceStub(channel)

    async def reach(self, programme: Programme, member_id: UUID, purpose: Purpose, reason: str) -> Reach:
        """See Contacts."""
        request = pb.GetContactRequest(member_id=member_id.bytes, purpose=_PURPOSES[purpose], reason=reason)
        answer: pb.GetContactResponse = await call(
            self._stub.GetContact, request, self._signer.own(programme), _CALL_SECONDS
        )
        return Reach(
            answer.writable,
            answer.why_not,
            answer.language,
            tuple(
                Contact(_CHANNELS[each.channel], each.address)
                for each in answer.contacts
                if each.channel in _CHANNELS and each.address
            ),
            answer.quiet_from_minute,
            answer.quiet_to_minute,
            answer.zone or programme.zone,
            answer.given_name,
        )

    async def code(self, programme: Programme, code_id: UUID) -> str:
        """See Contacts."""
        request = authority_pb2.ReadCodeRequest(code_id=code_id.bytes)
        answer: authority_pb2.ReadCodeResponse = await call(
            self._codes.ReadCode, request, self._signer.own(programme), _CALL_SECONDS
        )
        return answer.code
