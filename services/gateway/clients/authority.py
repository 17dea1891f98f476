"""What shows a member's will, as the members service makes and checks it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol
from uuid import UUID

import grpc.aio
from coalition.members.v1 import authority_pb2, authority_pb2_grpc
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.calls import ask
from services.runtime.errors import CoalitionError, NotFound
from services.runtime.ids import from_bytes


class AppToken(NamedTuple):
    """A token of a member's app; `expires_at_us`: wall-clock microseconds since 1970-01-01 UTC."""

    text: str
    expires_at_us: int


class UsedToken(NamedTuple):
    """Whose token of the app it was, and the BCP 47 tag of the member's language; empty where it has said none."""

    member_id: UUID
    language: str


class SentCode(NamedTuple):
    """A code that is on its way to a member; `expires_at_us`: as of AppToken. `replayed`: an earlier call with the key had it sent."""

    code_id: UUID
    expires_at_us: int
    replayed: bool


class Authorities(Protocol):
    """What the gateway asks of the members service; all raise CoalitionError, NotFound (MEMBER_UNKNOWN) among them."""

    async def issue_app_token(self, token: bytes, member_id: UUID) -> AppToken:
        """A new token of the member's app."""
        ...

    async def use_app_token(self, token: bytes, text: str, key: str) -> UsedToken:
        """Whose token it is; uses it up under the key. Raises CoalitionError (AUTHORISATION_INVALID)."""
        ...

    async def set_pin(self, token: bytes, member_id: UUID, pin: str) -> None:
        """Sets the member's PIN."""
        ...

    async def check_pin(self, token: bytes, member_id: UUID, pin: str, key: str) -> None:
        """Raises CoalitionError (AUTHORISATION_INVALID, PIN_LOCKED) unless it is the member's."""
        ...

    async def send_code(self, token: bytes, member_id: UUID, key: str) -> SentCode:
        """Has a code sent to the member, once per key. Raises CoalitionError (NO_CONTACT, CODE_LIMITED, MEMBER_CLOSED)."""
        ...

    async def check_code(self, token: bytes, member_id: UUID, code: str, key: str) -> None:
        """Uses a code up under the key. Raises CoalitionError (AUTHORISATION_INVALID, CODE_LIMITED) unless it was sent to the member."""
        ...


class GrpcAuthorities:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = authority_pb2_grpc.AuthorityServiceStub(channel)

    async def issue_app_token(self, token: bytes, member_id: UUID) -> AppToken:
        """As Authorities.issue_app_token."""
        request = authority_pb2.IssueAppTokenRequest(member_id=member_id.bytes)
        response: authority_pb2.IssueAppTokenResponse = await _ask(self._stub.IssueAppToken, request, token)
        return AppToken(response.token, response.expires_at_us)

    async def use_app_token(self, token: bytes, text: str, key: str) -> UsedToken:
        """As Authorities.use_app_token."""
        request = authority_pb2.UseAppTokenRequest(token=text, key=key)
        response: authority_pb2.UseAppTokenResponse = await _ask(self._stub.UseAppToken, request, token)
        return UsedToken(from_bytes(response.member_id), response.language)

    async def set_pin(self, token: bytes, member_id: UUID, pin: str) -> None:
        """As Authorities.set_pin."""
        await _ask(self._stub.SetPin, authority_pb2.SetPinRequest(member_id=member_id.bytes, pin=pin), token)

    async def check_pin(self, token: bytes, member_id: UUID, pin: str, key: str) -> None:
        """As Authorities.check_pin."""
        request = authority_pb2.CheckPinRequest(member_id=member_id.bytes, pin=pin, key=key)
        await _ask(self._stub.CheckPin, request, token)

    async def send_code(self, token: bytes, member_id: UUID, key: str) -> SentCode:
        """As Authorities.send_code."""
        request = authority_pb2.SendCodeRequest(member_id=member_id.bytes, key=key)
        response: authority_pb2.SendCodeResponse = await _ask(self._stub.SendCode, request, token)
        return SentCode(from_bytes(response.code_id), response.expires_at_us, response.replayed)

    async def check_code(self, token: bytes, member_id: UUID, code: str, key: str) -> None:
        """As Authorities.check_code."""
        request = authority_pb2.CheckCodeRequest(member_id=member_id.bytes, code=code, key=key)
        await _ask(self._stub.CheckCode, request, token)


async def _ask(method: Any, request: Any, token: bytes) -> Any:
    try:
        return await ask(method, request, token)
    except CoalitionError as error:
        if error.reason == Reason.REASON_NOT_FOUND:
            raise NotFound("there is no such member", Reason.REASON_MEMBER_UNKNOWN) from None
        raise
