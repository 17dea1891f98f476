"""AuthorityService of members as the gateway meets it: real gRPC, simple books in memory, answers as the contract says."""

from __future__ import annotations

import secrets
from typing import Any, Final
from uuid import UUID

from coalition.members.v1 import authority_pb2, authority_pb2_grpc
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import wall_now_us
from services.runtime.errors import NotFound, Refused
from services.runtime.ids import new_id
from services.runtime.principal import acting
from tests.support.gateway_members import MembersBook

TRIES: Final = 3


class AuthorityBook(authority_pb2_grpc.AuthorityServiceServicer):
    """Tokens, PINs and codes. A token is of one member; its use is kept by partner and key."""

    def __init__(self, members: MembersBook) -> None:
        self._members = members
        self.tokens: dict[str, bytes] = {}
        self.uses: dict[str, tuple[UUID, str]] = {}
        self.pins: dict[bytes, str] = {}
        self.wrong: dict[bytes, int] = {}
        # In which language a member says to be written to.
        self.languages: dict[bytes, str] = {}
        # What is sent to whom; without an address there is nothing to send to.
        self.codes: dict[bytes, str] = {}
        self.code_keys: dict[tuple[UUID, str], bytes] = {}
        self.unreachable: set[bytes] = set()
        # Every key that something was checked under.
        self.checks: list[tuple[str, str]] = []

    async def IssueAppToken(
        self, request: authority_pb2.IssueAppTokenRequest, context: Any
    ) -> authority_pb2.IssueAppTokenResponse:
        acting().require("members:app")
        self._known(request.member_id)
        token = f"apt_{secrets.token_urlsafe(57)}"
        self.tokens[token] = request.member_id
        return authority_pb2.IssueAppTokenResponse(token=token, expires_at_us=wall_now_us() + 60_000_000)

    async def UseAppToken(
        self, request: authority_pb2.UseAppTokenRequest, context: Any
    ) -> authority_pb2.UseAppTokenResponse:
        by = (acting().as_partner(), request.key)
        self.checks.append(("app_token", request.key))
        member_id = self.tokens.get(request.token)
        if member_id is None or self.uses.setdefault(request.token, by) != by:
            raise Refused(Reason.REASON_AUTHORISATION_INVALID, "the token is not good", method="app_token")
        return authority_pb2.UseAppTokenResponse(
            member_id=member_id, language=self.languages.get(member_id, "")
        )

    async def SetPin(
        self, request: authority_pb2.SetPinRequest, context: Any
    ) -> authority_pb2.SetPinResponse:
        acting().require("members:app")
        self._known(request.member_id)
        self.pins[request.member_id] = request.pin
        return authority_pb2.SetPinResponse()

    async def CheckPin(
        self, request: authority_pb2.CheckPinRequest, context: Any
    ) -> authority_pb2.CheckPinResponse:
        acting().require("points:redeem")
        self.checks.append(("pin", request.key))
        wrong = self.wrong.get(request.member_id, 0)
        if wrong < TRIES and self.pins.get(request.member_id) == request.pin:
            return authority_pb2.CheckPinResponse()
        self.wrong[request.member_id] = wrong + 1
        if wrong + 1 >= TRIES:
            raise Refused(
                Reason.REASON_PIN_LOCKED,
                "too many wrong PINs",
                until="2026-03-14T09:00:00Z",
                retry_after_seconds=900,
            )
        raise Refused(
            Reason.REASON_AUTHORISATION_INVALID,
            "the PIN is not right",
            method="pin",
            tries_left=TRIES - wrong - 1,
        )

    async def SendCode(
        self, request: authority_pb2.SendCodeRequest, context: Any
    ) -> authority_pb2.SendCodeResponse:
        acting().require("points:redeem")
        self._known(request.member_id)
        by = (acting().as_partner(), request.key)
        if by in self.code_keys:
            return authority_pb2.SendCodeResponse(
                code_id=self.code_keys[by], expires_at_us=wall_now_us(), replayed=True
            )
        if request.member_id in self.unreachable:
            raise Refused(Reason.REASON_NO_CONTACT, "nowhere to send to")
        if request.member_id in self.codes:
            raise Refused(
                Reason.REASON_CODE_LIMITED, "too many", until="2026-03-14T09:00:00Z", retry_after_seconds=600
            )
        self.codes[request.member_id] = f"{secrets.randbelow(10**6):06}"
        self.code_keys[by] = new_id().bytes
        return authority_pb2.SendCodeResponse(
            code_id=self.code_keys[by], expires_at_us=wall_now_us() + 300_000_000
        )

    async def CheckCode(
        self, request: authority_pb2.CheckCodeRequest, context: Any
    ) -> authority_pb2.CheckCodeResponse:
        acting().require("points:redeem")
        self.checks.append(("code", request.key))
        if self.codes.get(request.member_id) != request.code:
            raise Refused(
                Reason.REASON_AUTHORISATION_INVALID, "the code is not right", method="code", tries_left=2
            )
        return authority_pb2.CheckCodeResponse()

    def _known(self, member_id: bytes) -> None:
        if member_id not in self._members.members:
            raise NotFound("no member has this id")
