"""The members service on a real database, called through gRPC as anybody."""

from __future__ import annotations

import itertools
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from coalition.members.v1 import (
    authority_pb2,
    authority_pb2_grpc,
    contacts_pb2_grpc,
    members_pb2_grpc,
    office_pb2_grpc,
)
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from pydantic import SecretStr

from services.members import service
from services.members.app import Members
from services.members.commands.enrol import Enrolment
from services.members.domain.cards import issue_card
from services.members.domain.identifiers import GivenIdentifier, IdentifierKind
from services.members.domain.personal import PersonalData
from services.members.settings import Settings
from services.runtime import grpc_client
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Principal, Programme, Signer, Verifier
from tests.support.keys import key_text
from tests.support.servers import ServiceDatabase

READ: Final = "members:read"
WRITE: Final = "members:write"
CARD: Final = pb.IDENTIFIER_KIND_CARD
CUSTOMER: Final = pb.IDENTIFIER_KIND_PARTNER_CUSTOMER
_FAR_FUTURE_US: Final = 2**62
_ledger_ids: Final = itertools.count(1)


def new_programme() -> Programme:
    """A programme that no other test has."""
    return Programme(next(_ledger_ids), f"p-{secrets.token_hex(6)}", "Europe/Berlin", "EUR", is_test=True)


def members_settings(database: ServiceDatabase) -> Settings:
    """Settings with a secret of their own and a free port."""
    return Settings(
        database_url=SecretStr(database.runtime_url),
        secret_key=SecretStr(key_text()),
        grpc_port=0,
        database_pool_size=12,
        stop_grace_seconds=0,
    )


def principal_of(programme: Programme, kind: Kind, *grants: str, partner_id: UUID | None = None) -> Principal:
    """A verified principal, for what is called without gRPC."""
    return Principal(kind, "gateway", "key_test", partner_id, frozenset(grants), programme, _FAR_FUTURE_US)


def partner_principal(programme: Programme) -> Principal:
    """A new partner with all scopes, for what is called without gRPC."""
    return principal_of(programme, Kind.PARTNER, READ, WRITE, partner_id=new_id())


def card_number(prefix: str = "4099") -> str:
    """A valid card number that no other test has."""
    return issue_card(prefix)


def identifier(kind: pb.IdentifierKind.ValueType, value: str) -> pb.Identifier:
    """An identifier on the wire."""
    return pb.Identifier(kind=kind, value=value)


@dataclass(frozen=True)
class Caller:
    """Calls the service as one principal; errors come back as CoalitionError."""

    stub: members_pb2_grpc.MembersServiceStub
    token: bytes
    programme: Programme
    partner_id: UUID | None = None
    authority: authority_pb2_grpc.AuthorityServiceStub | None = None
    contacts: contacts_pb2_grpc.ContactsServiceStub | None = None

    async def call(self, method: str, request: Any) -> Any:
        """One unary call by name."""
        return await grpc_client.call(getattr(self.stub, method), request, self.token)

    async def enrol(
        self,
        *identifiers: pb.Identifier,
        key: str | None = None,
        personal: pb.PersonalData | None = None,
    ) -> pb.EnrolResponse:
        """Enrols, with a new key unless one is given."""
        request = pb.EnrolRequest(
            key=secrets.token_hex(8) if key is None else key, identifiers=identifiers, personal=personal
        )
        return await self.call("Enrol", request)

    async def get(self, member_id: bytes) -> pb.Member:
        """Reads a member."""
        return (await self.call("GetMember", pb.GetMemberRequest(member_id=member_id))).member

    async def lookup(self, *identifiers: pb.Identifier) -> Sequence[pb.LookupResult]:
        """Resolves identifiers."""
        return (await self.call("LookupMembers", pb.LookupMembersRequest(identifiers=identifiers))).results

    async def standings(self, member_ids: Iterable[bytes]) -> Sequence[pb.Standing]:
        """Reads standings."""
        return (await self.call("GetStandings", pb.GetStandingsRequest(member_ids=member_ids))).standings

    async def close(self, member_id: bytes) -> pb.Member:
        """Closes a member."""
        return (await self.call("CloseMember", pb.CloseMemberRequest(member_id=member_id))).member

    async def ask_authority(self, method: str, request: Any) -> Any:
        """One call of AuthorityService by name."""
        return await grpc_client.call(getattr(self.authority, method), request, self.token)

    async def ask_contacts(self, method: str, request: Any) -> Any:
        """One call of ContactsService by name."""
        return await grpc_client.call(getattr(self.contacts, method), request, self.token)

    async def app_token(self, member_id: bytes) -> str:
        """A new token of the member's app."""
        request = authority_pb2.IssueAppTokenRequest(member_id=member_id)
        return (await self.ask_authority("IssueAppToken", request)).token

    async def use_token(self, token: str, key: str = "k:sale") -> authority_pb2.UseAppTokenResponse:
        """Shows a token at a till."""
        return await self.ask_authority("UseAppToken", authority_pb2.UseAppTokenRequest(token=token, key=key))

    async def set_pin(self, member_id: bytes, pin: str) -> None:
        """Sets a PIN."""
        await self.ask_authority("SetPin", authority_pb2.SetPinRequest(member_id=member_id, pin=pin))

    async def check_pin(self, member_id: bytes, pin: str, key: str | None = None) -> bool:
        """Types a PIN, under a new key unless one is given; whether that was answered before."""
        key = secrets.token_hex(8) if key is None else key
        request = authority_pb2.CheckPinRequest(member_id=member_id, pin=pin, key=key)
        return (await self.ask_authority("CheckPin", request)).replayed

    async def send_code(self, member_id: bytes, key: str | None = None) -> authority_pb2.SendCodeResponse:
        """Has a code sent, under a new key unless one is given."""
        key = secrets.token_hex(8) if key is None else key
        return await self.ask_authority(
            "SendCode", authority_pb2.SendCodeRequest(member_id=member_id, key=key)
        )

    async def check_code(self, member_id: bytes, code: str, key: str | None = None) -> bool:
        """Types a code, under a new key unless one is given; whether that was answered before."""
        key = secrets.token_hex(8) if key is None else key
        request = authority_pb2.CheckCodeRequest(member_id=member_id, code=code, key=key)
        return (await self.ask_authority("CheckCode", request)).replayed

    async def read_code(self, code_id: bytes) -> str:
        """What a code says."""
        return (await self.ask_authority("ReadCode", authority_pb2.ReadCodeRequest(code_id=code_id))).code

    async def event_blocks(self, from_pos: int = 1, limit: int = 0) -> list[Sequence[EventRecord]]:
        """Reads the event log, in the blocks that it comes in."""
        request = pb.ReadEventsRequest(from_pos=from_pos, limit=limit)
        return [
            message.events async for message in grpc_client.stream(self.stub.ReadEvents, request, self.token)
        ]

    async def events(self, from_pos: int = 1, limit: int = 0) -> list[EventRecord]:
        """Reads the event log."""
        return [event for block in await self.event_blocks(from_pos, limit) for event in block]


@dataclass(frozen=True)
class RunningMembers:
    """The service in this process, with its channel and every issuer's signer."""

    members: Members
    settings: Settings
    stub: members_pb2_grpc.MembersServiceStub
    signers: dict[str, Signer]
    office_stub: office_pb2_grpc.MembersOfficeServiceStub
    authority: authority_pb2_grpc.AuthorityServiceStub
    contacts: contacts_pb2_grpc.ContactsServiceStub

    async def in_office(self, programme: Programme, method: str, request: Any) -> Any:
        """One call to the office, as a person of the service desk."""
        token = self.signers["cli"].sign(Kind.STAFF, "stf_test", programme, grants=["service_desk"])
        return await grpc_client.call(getattr(self.office_stub, method), request, token)

    def gateway(self, programme: Programme) -> Caller:
        """The gateway, asking for itself."""
        return Caller(self.stub, self.signers["gateway"].own(programme), programme)

    def partner(
        self, programme: Programme, partner_id: UUID | None = None, scopes: Sequence[str] = (READ, WRITE)
    ) -> Caller:
        """A partner, a new one unless named."""
        partner_id = partner_id or new_id()
        token = self.signers["gateway"].sign(Kind.PARTNER, "key_test", programme, partner_id, scopes)
        return Caller(self.stub, token, programme, partner_id, self.authority, self.contacts)

    def staff(self, programme: Programme, *roles: str) -> Caller:
        """A person of the operator's staff."""
        token = self.signers["cli"].sign(Kind.STAFF, "stf_test", programme, grants=roles)
        return Caller(self.stub, token, programme, None, self.authority, self.contacts)

    def points(self, programme: Programme) -> Caller:
        """The points service."""
        return self.service("points", programme)

    def service(self, issuer: str, programme: Programme) -> Caller:
        """A service, or the host's own command line (`cli`), acting for itself."""
        token = self.signers[issuer].own(programme)
        return Caller(self.stub, token, programme, None, self.authority, self.contacts)


@asynccontextmanager
async def running_members(
    database: ServiceDatabase, draw_card: Callable[[], str] | None = None, **changes: Any
) -> AsyncGenerator[RunningMembers]:
    """Serves on a free port until the end of the block."""
    signers = {
        issuer: Signer(issuer, secrets.token_bytes(32))
        for issuer in ("gateway", "cli", "members", "points", "partners", "notifications")
    }
    public_keys = ",".join(
        f"{issuer}:{urlsafe_b64encode(signer.public_key).decode()}" for issuer, signer in signers.items()
    )
    settings = members_settings(database).model_copy(update=changes)
    members = service.build(settings, draw_card)
    server = service.server(members, settings, Verifier(public_keys))
    port = await server.start()
    try:
        async with grpc_client.open_channel(f"127.0.0.1:{port}") as channel:
            yield RunningMembers(
                members,
                settings,
                members_pb2_grpc.MembersServiceStub(channel),
                signers,
                office_pb2_grpc.MembersOfficeServiceStub(channel),
                authority_pb2_grpc.AuthorityServiceStub(channel),
                contacts_pb2_grpc.ContactsServiceStub(channel),
            )
    finally:
        await server.stop(0)
        await members.disconnect()


def with_wrapping_keys(settings: Settings, text: str) -> Settings:
    """The same settings with further wrapping keys."""
    return settings.model_copy(update={"wrapping_keys": SecretStr(text)})


def in_other_programme(caller: Caller, running: RunningMembers) -> Caller:
    """The same partner, acting in another programme."""
    return replace(running.partner(new_programme(), caller.partner_id))


def enrolment(
    *identifiers: tuple[IdentifierKind, str], key: str | None = None, personal: PersonalData | None = None
) -> Enrolment:
    """What the command is asked; the fingerprint is of the content, as the real one."""
    given = tuple(GivenIdentifier(kind, text) for kind, text in identifiers)
    personal = personal or PersonalData()
    content = repr((identifiers, astuple(personal))).encode()
    return Enrolment(key or secrets.token_hex(8), sha256(content).digest(), given, personal)


async def event_types(members: Members, programme: Programme) -> list[str]:
    """The types of a programme's events, in order; positions are checked to be gapless."""
    reader = principal_of(programme, Kind.SERVICE)
    events = [event async for block in members.events(reader, 1, 0) for event in block]
    assert [event.pos for event in events] == list(range(1, len(events) + 1))
    return [event.type for event in events]
