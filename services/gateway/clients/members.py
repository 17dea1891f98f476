"""The members service: enrolment, look-ups, closing."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.calls import ask, uuid_of
from services.gateway.domain.members import (
    Asking,
    Identifier,
    IdentifierKind,
    Member,
    MemberMatch,
    MemberStatus,
    Named,
    Personal,
    Place,
)
from services.runtime.errors import CoalitionError, NotFound
from services.runtime.grpc_client import error_of_item
from services.runtime.ids import from_bytes
from services.runtime.principal import Programme, Signer

LOOKUPS_MAX: Final = 1_000
_KINDS: Final = {
    IdentifierKind.CARD: members_pb2.IDENTIFIER_KIND_CARD,
    IdentifierKind.CUSTOMER_ID: members_pb2.IDENTIFIER_KIND_PARTNER_CUSTOMER,
    IdentifierKind.PHONE: members_pb2.IDENTIFIER_KIND_PHONE,
    IdentifierKind.EMAIL: members_pb2.IDENTIFIER_KIND_EMAIL,
}


class Members(Protocol):
    """What the gateway asks of the members service; all raise CoalitionError."""

    async def enrol(
        self, token: bytes, key: str, identifiers: Sequence[Identifier], personal: Personal | None
    ) -> tuple[Member, bool]:
        """Enrols a member once per key; answers it, and whether this is a replay."""
        ...

    async def member(self, token: bytes, member_id: UUID) -> Member:
        """One member as the caller may see it. Raises NotFound (MEMBER_UNKNOWN)."""
        ...

    async def look_up(
        self, token: bytes, identifiers: Sequence[Identifier], askings: Sequence[Asking]
    ) -> list[Named | CoalitionError]:
        """Whom up to 1,000 identifiers name, or why nobody, in the order asked; `askings`: for whom each one is."""
        ...

    async def find(self, token: bytes, by: Identifier | UUID, place: Place) -> MemberMatch:
        """One member, masked. Raises NotFound (MEMBER_UNKNOWN), IDENTIFIER_AMBIGUOUS, LOOKUP_LIMITED."""
        ...

    async def update(
        self, token: bytes, key: str, member_id: UUID, personal: Personal, removed: Sequence[str]
    ) -> tuple[Member, bool]:
        """Changes personal fields once per key; answers the member, and whether this is a replay."""
        ...

    async def set_employment(self, token: bytes, member_id: UUID, *, employed: bool) -> Member:
        """Says whether a member works for the caller. Raises NotFound (MEMBER_UNKNOWN)."""
        ...

    async def exists(self, programme: Programme, member_id: UUID) -> bool:
        """Whether there is a member with this id."""
        ...

    async def close(self, token: bytes, member_id: UUID) -> Member:
        """Closes a member for good. Raises NotFound (MEMBER_UNKNOWN)."""
        ...


class GrpcMembers:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub = members_pb2_grpc.MembersServiceStub(channel)
        self._signer = signer

    async def enrol(
        self, token: bytes, key: str, identifiers: Sequence[Identifier], personal: Personal | None
    ) -> tuple[Member, bool]:
        """As Members.enrol."""
        request = members_pb2.EnrolRequest(
            key=key,
            identifiers=map(_identifier_message, identifiers),
            personal=_personal_message(personal) if personal else None,
        )
        response: members_pb2.EnrolResponse = await ask(self._stub.Enrol, request, token)
        return _member_of(response.member), response.replayed

    async def member(self, token: bytes, member_id: UUID) -> Member:
        """As Members.member."""
        request = members_pb2.GetMemberRequest(member_id=member_id.bytes)
        with _member_addressed():
            response: members_pb2.GetMemberResponse = await ask(self._stub.GetMember, request, token)
        return _member_of(response.member)

    async def find(self, token: bytes, by: Identifier | UUID, place: Place) -> MemberMatch:
        """As Members.find."""
        asking = members_pb2.Asking(store=place.store, till=place.till)
        if isinstance(by, UUID):
            request = members_pb2.FindMemberRequest(asking=asking, member_id=by.bytes)
        else:
            request = members_pb2.FindMemberRequest(asking=asking, identifier=_identifier_message(by))
        response: members_pb2.FindMemberResponse = await ask(self._stub.FindMember, request, token)
        match = response.match
        return MemberMatch(
            from_bytes(match.member_id),
            _status_of(match.status),
            match.anonymous,
            tuple(match.card_endings),
            match.initials,
            match.customer_number,
            match.enrolled_by_caller,
        )

    async def update(
        self, token: bytes, key: str, member_id: UUID, personal: Personal, removed: Sequence[str]
    ) -> tuple[Member, bool]:
        """As Members.update."""
        request = members_pb2.UpdateMemberRequest(
            key=key, member_id=member_id.bytes, personal=_personal_message(personal), removed=removed
        )
        with _member_addressed():
            response: members_pb2.UpdateMemberResponse = await ask(self._stub.UpdateMember, request, token)
        return _member_of(response.member), response.replayed

    async def set_employment(self, token: bytes, member_id: UUID, *, employed: bool) -> Member:
        """As Members.set_employment."""
        request = members_pb2.SetEmploymentRequest(member_id=member_id.bytes, employed=employed)
        with _member_addressed():
            response: members_pb2.SetEmploymentResponse = await ask(self._stub.SetEmployment, request, token)
        return _member_of(response.member)

    async def look_up(
        self, token: bytes, identifiers: Sequence[Identifier], askings: Sequence[Asking]
    ) -> list[Named | CoalitionError]:
        """As Members.look_up."""
        request = members_pb2.LookupMembersRequest(
            identifiers=map(_identifier_message, identifiers), askings=map(_asking_message, askings)
        )
        response: members_pb2.LookupMembersResponse = await ask(self._stub.LookupMembers, request, token)
        return [
            Named(from_bytes(result.standing.member_id), result.standing.language)
            if result.HasField("standing")
            else error_of_item(result.error)
            for result in response.results
        ]

    async def exists(self, programme: Programme, member_id: UUID) -> bool:
        """As Members.exists."""
        request = members_pb2.GetStandingsRequest(member_ids=[member_id.bytes])
        response: members_pb2.GetStandingsResponse = await ask(
            self._stub.GetStandings, request, self._signer.own(programme)
        )
        return response.standings[0].status != members_pb2.MEMBER_STATUS_UNSPECIFIED

    async def close(self, token: bytes, member_id: UUID) -> Member:
        """As Members.close."""
        request = members_pb2.CloseMemberRequest(member_id=member_id.bytes)
        with _member_addressed():
            response: members_pb2.CloseMemberResponse = await ask(self._stub.CloseMember, request, token)
        return _member_of(response.member)


@contextmanager
def _member_addressed() -> Generator[None]:
    """What is not found, where a member is addressed, is that member."""
    try:
        yield
    except CoalitionError as error:
        if error.reason == Reason.REASON_NOT_FOUND:
            raise NotFound("there is no such member", Reason.REASON_MEMBER_UNKNOWN) from None
        raise


def _identifier_message(identifier: Identifier) -> members_pb2.Identifier:
    return members_pb2.Identifier(kind=_KINDS[identifier.kind], value=identifier.value)


def _asking_message(asking: Asking) -> members_pb2.Asking:
    place = asking.place
    return members_pb2.Asking(
        partner_id=asking.partner_id.bytes,
        api_key=asking.api_key,
        store=place.store,
        till=place.till,
        earns=place.earns,
    )


def _status_of(status: int) -> MemberStatus:
    closed = status == members_pb2.MEMBER_STATUS_CLOSED
    return MemberStatus.CLOSED if closed else MemberStatus.ACTIVE


def _personal_message(personal: Personal) -> members_pb2.PersonalData:
    return members_pb2.PersonalData(
        given_name=personal.given_name,
        family_name=personal.family_name,
        email=personal.email,
        phone=personal.phone,
        birth_date=personal.birth_date,
        language=personal.language,
    )


def _member_of(message: members_pb2.Member) -> Member:
    values: dict[int, list[str]] = {}
    for identifier in message.identifiers:
        values.setdefault(identifier.kind, []).append(identifier.value)
    own = values.get(members_pb2.IDENTIFIER_KIND_PARTNER_CUSTOMER, [""])
    personal = message.personal
    return Member(
        member_id=from_bytes(message.member_id),
        status=_status_of(message.status),
        cards=tuple(values.get(members_pb2.IDENTIFIER_KIND_CARD, ())),
        card_endings=tuple(message.card_endings),
        customer_id=own[0],
        enrolled_by=uuid_of(message.enrolled_by),
        enrolled_at_us=message.enrolled_at_us,
        personal=Personal(
            personal.given_name,
            personal.family_name,
            personal.email,
            personal.phone,
            personal.birth_date,
            personal.language,
        ),
        anonymous=message.anonymous,
        employed_by_caller=message.employed_by_caller,
    )
