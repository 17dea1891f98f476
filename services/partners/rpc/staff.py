"""coalition.partners.v1.StaffService over the commands and queries of people's tokens and roles."""

from __future__ import annotations

from coalition.partners.v1 import staff_pb2 as pb
from coalition.partners.v1.staff_pb2_grpc import StaffServiceServicer

from services.partners.app import Partners
from services.partners.domain.staff import StaffToken
from services.partners.rpc.registry_mapping import staff_message
from services.runtime.fields import read_id
from services.runtime.principal import acting


class StaffServicer(StaffServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def IssueStaffToken(
        self, request: pb.IssueStaffTokenRequest, context: object
    ) -> pb.IssueStaffTokenResponse:
        """See the contract."""
        token, secret = await self._app.issue_staff_token(
            acting(), read_id(request.staff_id, "staff_id"), request.label, request.expires_at_us
        )
        return pb.IssueStaffTokenResponse(token=_message(token), secret=secret)

    async def RevokeStaffToken(
        self, request: pb.RevokeStaffTokenRequest, context: object
    ) -> pb.RevokeStaffTokenResponse:
        """See the contract."""
        token = await self._app.revoke_staff_token(acting(), read_id(request.token_id, "token_id"))
        return pb.RevokeStaffTokenResponse(token=_message(token))

    async def ListStaffTokens(
        self, request: pb.ListStaffTokensRequest, context: object
    ) -> pb.ListStaffTokensResponse:
        """See the contract."""
        found = await self._app.staff_tokens.of_person(acting(), read_id(request.staff_id, "staff_id"))
        return pb.ListStaffTokensResponse(tokens=map(_message, found))

    async def SetStaffRoles(
        self, request: pb.SetStaffRolesRequest, context: object
    ) -> pb.SetStaffRolesResponse:
        """See the contract."""
        person = await self._app.set_staff_roles(
            acting(), read_id(request.staff_id, "staff_id"), request.assign, request.take_away
        )
        return pb.SetStaffRolesResponse(staff=staff_message(person))


def _message(token: StaffToken) -> pb.StaffToken:
    return pb.StaffToken(
        token_id=token.token_id.bytes,
        staff_id=token.staff_id.bytes,
        label=token.label,
        hint=token.hint,
        issued_at_us=token.issued_at_us,
        expires_at_us=token.expires_at_us,
        revoked_at_us=token.revoked_at_us,
    )
