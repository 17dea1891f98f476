"""coalition.members.v1.AuthorityService over the commands and queries."""

from __future__ import annotations

from coalition.members.v1 import authority_pb2 as pb
from coalition.members.v1 import authority_pb2_grpc

from services.members.app import Members
from services.members.commands.authority.send_code import AskedCode
from services.members.domain.authority.tokens import TokenReplay
from services.runtime.fields import read_id
from services.runtime.idempotency import request_hash
from services.runtime.principal import acting


class AuthorityServicer(authority_pb2_grpc.AuthorityServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, members: Members, fingerprint_key: bytes) -> None:
        """`fingerprint_key` is what requests are hashed with to tell whether a key is used again."""
        self._members, self._fingerprint_key = members, fingerprint_key

    async def IssueAppToken(
        self, request: pb.IssueAppTokenRequest, context: object
    ) -> pb.IssueAppTokenResponse:
        """See the contract."""
        issued = await self._members.issue_app_token(acting(), read_id(request.member_id, "member_id"))
        return pb.IssueAppTokenResponse(token=issued.text, expires_at_us=issued.expires_at_us)

    async def UseAppToken(self, request: pb.UseAppTokenRequest, context: object) -> pb.UseAppTokenResponse:
        """See the contract."""
        used = await self._members.use_app_token(acting(), request.token, request.key)
        return pb.UseAppTokenResponse(
            member_id=used.member_id.bytes, replayed=used.replayed, language=used.language
        )

    async def SetPin(self, request: pb.SetPinRequest, context: object) -> pb.SetPinResponse:
        """See the contract."""
        await self._members.set_pin(acting(), read_id(request.member_id, "member_id"), request.pin)
        return pb.SetPinResponse()

    async def CheckPin(self, request: pb.CheckPinRequest, context: object) -> pb.CheckPinResponse:
        """See the contract."""
        member_id = read_id(request.member_id, "member_id")
        replayed = await self._members.check_pin(acting(), member_id, request.pin, request.key)
        return pb.CheckPinResponse(replayed=replayed)

    async def SendCode(self, request: pb.SendCodeRequest, context: object) -> pb.SendCodeResponse:
        """See the contract."""
        fingerprint = request_hash(self._fingerprint_key, request)
        asked = AskedCode(request.key, fingerprint, read_id(request.member_id, "member_id"))
        code = await self._members.send_code(acting(), asked)
        return pb.SendCodeResponse(
            code_id=code.code_id.bytes, expires_at_us=code.expires_at_us, replayed=code.replayed
        )

    async def CheckCode(self, request: pb.CheckCodeRequest, context: object) -> pb.CheckCodeResponse:
        """See the contract."""
        member_id = read_id(request.member_id, "member_id")
        replayed = await self._members.check_code(acting(), member_id, request.code, request.key)
        return pb.CheckCodeResponse(replayed=replayed)

    async def ReadCode(self, request: pb.ReadCodeRequest, context: object) -> pb.ReadCodeResponse:
        """See the contract."""
        return pb.ReadCodeResponse(
            code=await self._members.read_code(acting(), read_id(request.code_id, "code_id"))
        )

    async def ListReplays(self, request: pb.ListReplaysRequest, context: object) -> pb.ListReplaysResponse:
        """See the contract."""
        found = await self._members.token_replays(acting(), request.before_us, request.limit)
        return pb.ListReplaysResponse(replays=map(_replay_message, found))


def _replay_message(replay: TokenReplay) -> pb.Replay:
    return pb.Replay(
        member_id=replay.member_id.bytes,
        used_by=replay.used_by.bytes,
        partner_id=replay.partner_id.bytes,
        used_at_us=replay.used_at_us,
        replayed_at_us=replay.replayed_at_us,
    )
