"""The members service as the gateway meets it: real gRPC, simple books in memory, answers as the contract says."""

from __future__ import annotations

import itertools
from typing import Any, Final
from uuid import UUID

import grpc
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.errors import (
    CoalitionError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Refused,
)
from services.runtime.ids import new_id
from services.runtime.principal import acting
from tests.support.gateway_faults import Faults

_R: Final = Reason


class MembersBook(members_pb2_grpc.MembersServiceServicer):
    """Who is a member."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.members: dict[bytes, members_pb2.Member] = {}
        self.named: dict[tuple[int, bytes, str], bytes] = {}
        self.enrolments: dict[tuple[bytes, str], tuple[bytes, bytes]] = {}
        self.lookups: list[int] = []
        self.askings: list[members_pb2.Asking] = []
        #: Stops everybody for so many seconds, where it is not 0.
        self.limited_seconds = 0
        self.staff: set[tuple[bytes, bytes]] = set()
        self._cards = itertools.count(10_000_000)

    def enrolled(self, card: str, partner_id: UUID | None = None) -> bytes:
        """A member with a card, in the books before the test starts."""
        member = members_pb2.Member(
            member_id=new_id().bytes,
            status=members_pb2.MEMBER_STATUS_ACTIVE,
            enrolled_at_us=wall_now_us(),
            enrolled_by=partner_id.bytes if partner_id else b"",
        )
        member.identifiers.add(kind=members_pb2.IDENTIFIER_KIND_CARD, value=card)
        self.members[member.member_id] = member
        self.named[(members_pb2.IDENTIFIER_KIND_CARD, b"", card)] = member.member_id
        return member.member_id

    async def Enrol(self, request: members_pb2.EnrolRequest, context: Any) -> members_pb2.EnrolResponse:
        principal = acting()
        principal.require("members:write")
        partner = principal.as_partner().bytes
        content = request.SerializeToString(deterministic=True)
        before = self.enrolments.get((partner, request.key))
        if before is not None:
            if before[0] != content:
                raise Conflict(_R.REASON_IDEMPOTENCY_KEY_REUSED, "this key was used with another request")
            return members_pb2.EnrolResponse(member=self._seen(before[1], partner), replayed=True)
        names: list[tuple[int, bytes, str]] = []
        for place, identifier in enumerate(request.identifiers):
            name = self._name(identifier, partner, f"identifiers[{place}].value")
            if name in self.named:
                raise Conflict(
                    _R.REASON_IDENTIFIER_TAKEN, "another member has it", field=f"identifiers[{place}]"
                )
            names.append(name)
        if "@" not in (request.personal.email or "@"):
            raise InvalidRequest("this is not an e-mail address", field="personal.email")
        member = members_pb2.Member(
            member_id=new_id().bytes,
            status=members_pb2.MEMBER_STATUS_ACTIVE,
            identifiers=request.identifiers,
            enrolled_by=partner,
            enrolled_at_us=wall_now_us(),
            personal=request.personal,
        )
        if not any(name[0] == members_pb2.IDENTIFIER_KIND_CARD for name in names):
            card = luhn(str(next(self._cards)))
            member.identifiers.add(kind=members_pb2.IDENTIFIER_KIND_CARD, value=card)
            names.append((members_pb2.IDENTIFIER_KIND_CARD, b"", card))
        self.members[member.member_id] = member
        self.named.update(dict.fromkeys(names, member.member_id))
        self.enrolments[(partner, request.key)] = (content, member.member_id)
        return members_pb2.EnrolResponse(member=self._seen(member.member_id, partner))

    async def GetMember(
        self, request: members_pb2.GetMemberRequest, context: Any
    ) -> members_pb2.GetMemberResponse:
        principal = acting()
        principal.require("members:read")
        if request.member_id not in self.members:
            raise NotFound("there is no such member")
        return members_pb2.GetMemberResponse(
            member=self._seen(request.member_id, principal.as_partner().bytes)
        )

    async def LookupMembers(
        self, request: members_pb2.LookupMembersRequest, context: Any
    ) -> members_pb2.LookupMembersResponse:
        if self._faults.members_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        principal = acting()
        principal.require("members:read")
        self.lookups.append(len(request.identifiers))
        self.askings += request.askings
        assert len(request.askings) == len(request.identifiers)
        if self.limited_seconds:
            told = ItemError(
                reason=_R.REASON_LOOKUP_LIMITED,
                message="too many",
                metadata={"retry_after_seconds": str(self.limited_seconds)},
            )
            return members_pb2.LookupMembersResponse(
                results=[members_pb2.LookupResult(error=told)] * len(request.identifiers)
            )
        partner = principal.partner_id.bytes if principal.partner_id else b""
        results: list[members_pb2.LookupResult] = []
        for place, identifier in enumerate(request.identifiers):
            try:
                found = self.named.get(self._name(identifier, partner, f"identifiers[{place}].value"))
                if found is None:
                    raise NotFound("no member has this identifier", _R.REASON_MEMBER_UNKNOWN)
            except (InvalidRequest, NotFound) as error:
                told = ItemError(reason=error.reason, message=error.message, metadata=error.metadata)
                results.append(members_pb2.LookupResult(error=told))
                continue
            member = self.members[found]
            standing = members_pb2.Standing(
                member_id=found, status=member.status, language=member.personal.language
            )
            results.append(members_pb2.LookupResult(standing=standing))
        return members_pb2.LookupMembersResponse(results=results)

    async def GetStandings(
        self, request: members_pb2.GetStandingsRequest, context: Any
    ) -> members_pb2.GetStandingsResponse:
        acting().require_internal()
        return members_pb2.GetStandingsResponse(
            standings=[
                members_pb2.Standing(member_id=member_id, status=self._status(member_id))
                for member_id in request.member_ids
            ]
        )

    async def FindMember(
        self, request: members_pb2.FindMemberRequest, context: Any
    ) -> members_pb2.FindMemberResponse:
        principal = acting()
        principal.require("members:read")
        self.askings.append(request.asking)
        if self.limited_seconds:
            raise CoalitionError(
                _R.REASON_LOOKUP_LIMITED, "too many", retry_after_seconds=self.limited_seconds
            )
        partner = principal.as_partner().bytes
        found = request.member_id
        if request.HasField("identifier"):
            found = self._find(request.identifier, partner)
        if found not in self.members:
            raise NotFound("no member has this identifier", _R.REASON_MEMBER_UNKNOWN)
        seen = self._seen(found, partner)
        own = [each.value for each in seen.identifiers if each.kind != members_pb2.IDENTIFIER_KIND_CARD]
        match = members_pb2.MemberMatch(
            member_id=found,
            status=seen.status,
            card_endings=seen.card_endings,
            initials=seen.personal.given_name[:1] + seen.personal.family_name[:1],
            customer_number=own[0] if own else "",
            enrolled_by_caller=seen.enrolled_by == partner,
        )
        return members_pb2.FindMemberResponse(match=match)

    def _find(self, identifier: members_pb2.Identifier, partner: bytes) -> bytes:
        contacts = {members_pb2.IDENTIFIER_KIND_PHONE: "phone", members_pb2.IDENTIFIER_KIND_EMAIL: "email"}
        contact = contacts.get(identifier.kind)
        if contact is None:
            return self.named.get(self._name(identifier, partner, "identifier.value"), b"")
        having = [
            member_id
            for member_id, member in self.members.items()
            if getattr(member.personal, contact) == identifier.value
        ]
        if len(having) > 1:
            raise Refused(_R.REASON_IDENTIFIER_AMBIGUOUS, "more than one member has this")
        return having[0] if having else b""

    async def UpdateMember(
        self, request: members_pb2.UpdateMemberRequest, context: Any
    ) -> members_pb2.UpdateMemberResponse:
        principal = acting()
        principal.require("members:write")
        member = self.members.get(request.member_id)
        if member is None:
            raise NotFound("there is no such member")
        if member.enrolled_by != principal.as_partner().bytes:
            raise PermissionDenied("only the partner that enrolled a member may do this")
        if "@" not in (request.personal.email or "@"):
            raise InvalidRequest("this is not an e-mail address", field="personal.email")
        if request.personal.given_name.isspace():
            raise InvalidRequest("a name has more than spaces", field="personal.given_name")
        member.personal.MergeFrom(request.personal)
        for name in request.removed:
            setattr(member.personal, name, "")
        return members_pb2.UpdateMemberResponse(member=self._seen(request.member_id, member.enrolled_by))

    async def SetEmployment(
        self, request: members_pb2.SetEmploymentRequest, context: Any
    ) -> members_pb2.SetEmploymentResponse:
        principal = acting()
        principal.require("members:write")
        if request.member_id not in self.members:
            raise NotFound("there is no such member")
        partner = principal.as_partner().bytes
        (self.staff.add if request.employed else self.staff.discard)((request.member_id, partner))
        return members_pb2.SetEmploymentResponse(member=self._seen(request.member_id, partner))

    async def CloseMember(
        self, request: members_pb2.CloseMemberRequest, context: Any
    ) -> members_pb2.CloseMemberResponse:
        principal = acting()
        principal.require("members:write")
        member = self.members.get(request.member_id)
        if member is None:
            raise NotFound("there is no such member")
        member.status = members_pb2.MEMBER_STATUS_CLOSED
        return members_pb2.CloseMemberResponse(
            member=self._seen(request.member_id, principal.as_partner().bytes)
        )

    def _status(self, member_id: bytes) -> members_pb2.MemberStatus.ValueType:
        member = self.members.get(member_id)
        return member.status if member else members_pb2.MEMBER_STATUS_UNSPECIFIED

    def _name(self, identifier: members_pb2.Identifier, partner: bytes, where: str) -> tuple[int, bytes, str]:
        if identifier.kind == members_pb2.IDENTIFIER_KIND_CARD:
            digits = identifier.value.replace(" ", "").replace("-", "")
            if not digits.isdigit() or luhn(digits[:-1]) != digits:
                raise InvalidRequest("the check digit is wrong", _R.REASON_CARD_NUMBER_INVALID, field=where)
            return identifier.kind, b"", digits
        if not partner:
            raise InvalidRequest("only a partner has customer numbers", field=where)
        return identifier.kind, partner, identifier.value

    def _seen(self, member_id: bytes, partner: bytes) -> members_pb2.Member:
        seen = members_pb2.Member()
        seen.CopyFrom(self.members[member_id])
        seen.employed_by_caller = (member_id, partner) in self.staff
        cards = [each for each in seen.identifiers if each.kind == members_pb2.IDENTIFIER_KIND_CARD]
        seen.card_endings.extend(card.value[-4:] for card in cards)
        if seen.enrolled_by != partner:
            seen.ClearField("personal")
            del seen.identifiers[:]
        return seen


def luhn(payload: str) -> str:
    """The digits with their check digit at the end."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return payload + str(-total % 10)
