"""Protobuf to values and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from coalition.members.v1 import members_pb2 as pb

from services.members.domain.guarding import Asking
from services.members.domain.identifiers import GivenIdentifier, Identifier, IdentifierKind
from services.members.domain.member import Member, MemberMatch, MemberStatus, Standing
from services.members.domain.personal import PersonalData
from services.runtime.boundary import item_error_of
from services.runtime.errors import CoalitionError, InvalidRequest
from services.runtime.fields import read_id
from services.runtime.principal import Kind, Principal

_KINDS: Final[dict[int, IdentifierKind]] = {
    pb.IDENTIFIER_KIND_CARD: IdentifierKind.CARD,
    pb.IDENTIFIER_KIND_PARTNER_CUSTOMER: IdentifierKind.PARTNER_CUSTOMER,
    pb.IDENTIFIER_KIND_PHONE: IdentifierKind.PHONE,
    pb.IDENTIFIER_KIND_EMAIL: IdentifierKind.EMAIL,
}
_KIND_VALUES: Final[dict[IdentifierKind, pb.IdentifierKind.ValueType]] = {
    IdentifierKind.CARD: pb.IDENTIFIER_KIND_CARD,
    IdentifierKind.PARTNER_CUSTOMER: pb.IDENTIFIER_KIND_PARTNER_CUSTOMER,
    IdentifierKind.PHONE: pb.IDENTIFIER_KIND_PHONE,
    IdentifierKind.EMAIL: pb.IDENTIFIER_KIND_EMAIL,
}
_NAME_CHARACTERS_MAX: Final = 64
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
        language=message.language,
    )


def asking_from(message: pb.Asking, principal: Principal, where: str) -> Asking | None:
    """For whom something is looked up; None for the operator's staff, who are not counted.

    A partner asks for itself with its own key. Raises InvalidRequest, with `where` leading the field's name.
    """
    if principal.kind is Kind.STAFF:
        return None
    partner_id, key, earns = principal.partner_id, principal.actor, False
    if partner_id is None:
        if not message.partner_id:
            return None
        partner_id, key = read_id(message.partner_id, f"{where}.partner_id"), message.api_key
        # Whether a key may earn is for the gateway to say, which asks for cards as itself.
        earns = message.earns
    for name, value in (("api_key", key), ("store", message.store), ("till", message.till)):
        if len(value) > _NAME_CHARACTERS_MAX or "\0" in value:
            raise InvalidRequest(f"at most {_NAME_CHARACTERS_MAX} characters", field=f"{where}.{name}")
    return Asking(partner_id, key, message.store, message.till, earns)


def member_message(member: Member) -> pb.Member:
    """A member with what its reader may see."""
    return pb.Member(
        member_id=member.member_id.bytes,
        status=_STATUS_VALUES[member.status],
        identifiers=[_identifier_message(identifier) for identifier in member.identifiers],
        enrolled_by=member.enrolled_by.bytes if member.enrolled_by else b"",
        enrolled_at_us=member.enrolled_at_us,
        personal=_personal_message(member.personal) if member.personal is not None else None,
        anonymous=member.anonymous,
        employed_by_caller=member.employed_by_caller,
        card_endings=member.card_endings,
    )


def match_message(match: MemberMatch) -> pb.MemberMatch:
    """A member that was found, masked."""
    return pb.MemberMatch(
        member_id=match.member_id.bytes,
        status=_STATUS_VALUES[match.status],
        anonymous=match.anonymous,
        card_endings=match.card_endings,
        initials=match.initials,
        customer_number=match.customer_number,
        enrolled_by_caller=match.enrolled_by_caller,
    )


def standing_message(standing: Standing) -> pb.Standing:
    """An id with its standing."""
    return pb.Standing(
        member_id=standing.member_id.bytes,
        status=_STATUS_VALUES[standing.status],
        anonymous=standing.anonymous,
        employers=[partner_id.bytes for partner_id in standing.employers],
        language=standing.language,
    )


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
        language=personal.language,
    )
