"""Protobuf to values and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from coalition.members.v1 import members_pb2 as pb

from services.members.domain.identifiers import GivenIdentifier, Identifier, IdentifierKind
from services.members.domain.member import Member, MemberStatus, Standing
from services.members.domain.personal import PersonalData
from services.runtime.boundary import item_error_of
from services.runtime.errors import CoalitionError

_KINDS: Final[dict[int, IdentifierKind]] = {
    pb.IDENTIFIER_KIND_CARD: IdentifierKind.CARD,
    pb.IDENTIFIER_KIND_PARTNER_CUSTOMER: IdentifierKind.PARTNER_CUSTOMER,
}
_KIND_VALUES: Final[dict[IdentifierKind, pb.IdentifierKind.ValueType]] = {
    IdentifierKind.CARD: pb.IDENTIFIER_KIND_CARD,
    IdentifierKind.PARTNER_CUSTOMER: pb.IDENTIFIER_KIND_PARTNER_CUSTOMER,
}
_STATUS_VALUES: Final[dict[MemberStatus | None, pb.MemberStatus.ValueType]] = {
    MemberStatus.ACTIVE: pb.MEMBER_STATUS_ACTIVE,
    MemberStatus.CLOSED: pb.MEMBER_STATUS_CLOSED,
    None: pb.MEMBER_STATUS_UNSPECIFIED,
}


def identifiers_from(messages: Iterable[pb.Identifier]) -> tuple[GivenIdentifier, ...]:
    """Identifiers as they were sent."""
    return tuple(GivenIdentifier(_KINDS.get(message.kind), message.value) for message in messages)


def personal_from(message: pb.PersonalData) -> PersonalData:
    """Personal fields as they were sent."""
    return PersonalData(
        given_name=message.given_name,
        family_name=message.family_name,
        email=message.email,
        phone=message.phone,
        birth_date=message.birth_date,
    )


def member_message(member: Member) -> pb.Member:
    """A member with what its reader may see."""
    return pb.Member(
        member_id=member.member_id.bytes,
        status=_STATUS_VALUES[member.status],
        identifiers=[_identifier_message(identifier) for identifier in member.identifiers],
        enrolled_by=member.enrolled_by.bytes if member.enrolled_by else b"",
        enrolled_at_us=member.enrolled_at_us,
        personal=_personal_message(member.personal) if member.personal is not None else None,
    )


def standing_message(standing: Standing) -> pb.Standing:
    """An id with its standing."""
    return pb.Standing(member_id=standing.member_id.bytes, status=_STATUS_VALUES[standing.status])


def result_message(answer: Standing | CoalitionError) -> pb.LookupResult:
    """What one identifier of a look-up is answered."""
    if isinstance(answer, Standing):
        return pb.LookupResult(standing=standing_message(answer))
    return pb.LookupResult(error=item_error_of(answer))


def _identifier_message(identifier: Identifier) -> pb.Identifier:
    return pb.Identifier(kind=_KIND_VALUES[identifier.kind], value=identifier.value)


def _personal_message(personal: PersonalData) -> pb.PersonalData:
    return pb.PersonalData(
        given_name=personal.given_name,
        family_name=personal.family_name,
        email=personal.email,
        phone=personal.phone,
        birth_date=personal.birth_date,
    )
