"""coalition.members.v1.MembersService over the commands and queries."""

from __future__ import annotations

from collections.abc import AsyncIterator

from coalition.members.v1 import members_pb2 as pb
from coalition.members.v1 import members_pb2_grpc

from services.members.app import Members
from services.members.commands.enrol import Enrolment
from services.members.commands.update import Update
from services.members.rpc import mapping
from services.runtime.fields import read_id
from services.runtime.idempotency import request_hash
from services.runtime.principal import acting


class MembersServicer(members_pb2_grpc.MembersServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, members: Members, fingerprint_key: bytes) -> None:
        """`fingerprint_key` is what requests are hashed with to tell whether a key is used again."""
        self._members, self._fingerprint_key = members, fingerprint_key

    async def Enrol(self, request: pb.EnrolRequest, context: object) -> pb.EnrolResponse:
        """See the contract."""
        principal = acting()
        enrolled = await self._members.enrol(
            principal,
            Enrolment(
                key=request.key,
                fingerprint=request_hash(self._fingerprint_key, request),
                identifiers=mapping.identifiers_from(request.identifiers),
                personal=mapping.personal_from(request.personal),
            ),
        )
        member = enrolled.member or await self._members.member.as_seen_by(principal, enrolled.member_id)
        return pb.EnrolResponse(member=mapping.member_message(member), replayed=enrolled.replayed)

    async def UpdateMember(self, request: pb.UpdateMemberRequest, context: object) -> pb.UpdateMemberResponse:
        """See the contract."""
        principal = acting()
        member_id = read_id(request.member_id, "member_id")
        replayed = await self._members.update(
            principal,
            Update(
                key=request.key,
                fingerprint=request_hash(self._fingerprint_key, request),
                member_id=member_id,
                personal=mapping.personal_from(request.personal),
                removed=tuple(request.removed),
            ),
        )
        member = await self._members.member.as_seen_by(principal, member_id)
        return pb.UpdateMemberResponse(member=mapping.member_message(member), replayed=replayed)

    async def FindMember(self, request: pb.FindMemberRequest, context: object) -> pb.FindMemberResponse:
        """See the contract."""
        principal = acting()
        asking = mapping.asking_from(request.asking, principal, "asking")
        if request.HasField("identifier"):
            (by,) = mapping.identifiers_from([request.identifier])
        else:
            by = read_id(request.member_id, "member_id")
        match = await self._members.find(principal, by, asking)
        return pb.FindMemberResponse(match=mapping.match_message(match))

    async def SetEmployment(
        self, request: pb.SetEmploymentRequest, context: object
    ) -> pb.SetEmploymentResponse:
        """See the contract."""
        principal = acting()
        member_id = read_id(request.member_id, "member_id")
        employer = read_id(request.partner_id, "partner_id") if request.partner_id else None
        await self._members.employment(principal, member_id, employer, employed=request.employed)
        member = await self._members.member.as_seen_by(principal, member_id)
        return pb.SetEmploymentResponse(member=mapping.member_message(member))

    async def GetMember(self, request: pb.GetMemberRequest, context: object) -> pb.GetMemberResponse:
        """See the contract."""
        member = await self._members.member(acting(), read_id(request.member_id, "member_id"))
        return pb.GetMemberResponse(member=mapping.member_message(member))

    async def LookupMembers(
        self, request: pb.LookupMembersRequest, context: object
    ) -> pb.LookupMembersResponse:
        """See the contract."""
        principal = acting()
        askings = [
            asking
            for place, message in enumerate(request.askings)
            if (asking := mapping.asking_from(message, principal, f"askings[{place}]")) is not None
        ]
        answers = await self._members.resolve(
            principal, mapping.identifiers_from(request.identifiers), askings
        )
        return pb.LookupMembersResponse(results=map(mapping.result_message, answers))

    async def GetStandings(self, request: pb.GetStandingsRequest, context: object) -> pb.GetStandingsResponse:
        """See the contract."""
        ids = [read_id(value, f"member_ids[{n}]") for n, value in enumerate(request.member_ids)]
        standings = await self._members.standings(acting(), ids)
        return pb.GetStandingsResponse(standings=map(mapping.standing_message, standings))

    async def CloseMember(self, request: pb.CloseMemberRequest, context: object) -> pb.CloseMemberResponse:
        """See the contract."""
        principal = acting()
        member_id = read_id(request.member_id, "member_id")
        await self._members.close(principal, member_id)
        member = await self._members.member.as_seen_by(principal, member_id)
        return pb.CloseMemberResponse(member=mapping.member_message(member))

    async def ReadEvents(
        self, request: pb.ReadEventsRequest, context: object
    ) -> AsyncIterator[pb.ReadEventsResponse]:
        """See the contract."""
        async for block in self._members.events(acting(), request.from_pos, request.limit):
            yield pb.ReadEventsResponse(events=block)
