"""The notifications service on a real database, beside a stand-in for members over gRPC, a mail server and a chat service that count."""

from __future__ import annotations

import itertools
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message as Mail
from typing import Any, Final
from uuid import UUID

import grpc.aio
from coalition.members.v1 import authority_pb2 as authority
from coalition.members.v1 import contacts_pb2 as contacts
from coalition.members.v1.authority_pb2_grpc import (
    AuthorityServiceServicer,
    add_AuthorityServiceServicer_to_server,
)
from coalition.members.v1.contacts_pb2_grpc import (
    ContactsServiceServicer,
    add_ContactsServiceServicer_to_server,
)
from coalition.notifications.v1 import notifications_pb2 as pb
from coalition.notifications.v1.notifications_pb2_grpc import NotificationsServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text

from services.notifications import service
from services.notifications.app import Notifications
from services.notifications.clients.members import GrpcContacts
from services.notifications.clients.outlets import Outlets
from services.notifications.clients.programmes import Named
from services.notifications.domain.kinds import Kind as NoticeKind
from services.notifications.events.consume import SUBSCRIBERS
from services.notifications.settings import Settings
from services.runtime import grpc_client
from services.runtime.bus import MEMBERS, POINTS
from services.runtime.catalogue import message_of
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import NotFound, PermissionDenied, Unavailable
from services.runtime.event_log import payload_of
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme, Signer, Verifier, acting
from services.runtime.subscriber import Each, Subscription
from services.runtime.subscribing.handling import Event
from services.runtime.subscribing.watching import Watched
from tests.support.outboxes import Hook, Mailbox, hook, mailbox
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

_ledger_ids: Final = itertools.count(1)
_ISSUERS: Final = ("gateway", "cli", "members", "points", "partners", "notifications")


def new_programme(zone: str = "Europe/Berlin") -> Programme:
    """A programme that no other test has."""
    return Programme(next(_ledger_ids), f"p-{secrets.token_hex(6)}", zone, "EUR", is_test=True)


class MembersDouble(ContactsServiceServicer, AuthorityServiceServicer):
    """Answers GetContact and ReadCode as members does, of those that a test has put there."""

    def __init__(self) -> None:
        self.known: dict[bytes, contacts.GetContactResponse] = {}
        self.no_marketing: set[bytes] = set()
        self.asked: list[contacts.GetContactRequest] = []
        self.codes: dict[bytes, str] = {}
        self.away = False

    async def ReadCode(
        self, request: authority.ReadCodeRequest, context: object
    ) -> authority.ReadCodeResponse:
        """See the contract."""
        who = acting()
        who.in_programme()
        if (who.kind, who.issuer) != (Kind.SERVICE, "notifications"):
            raise PermissionDenied("for notifications alone")
        if request.code_id not in self.codes:
            raise NotFound("no such code")
        return authority.ReadCodeResponse(code=self.codes[request.code_id])

    async def GetContact(
        self, request: contacts.GetContactRequest, context: object
    ) -> contacts.GetContactResponse:
        """See the contract."""
        who = acting()
        who.in_programme()
        if (who.kind, who.issuer) != (Kind.SERVICE, "notifications"):
            raise PermissionDenied("for notifications alone")
        self.asked.append(request)
        if self.away:
            raise Unavailable("members is away")
        if request.member_id not in self.known:
            raise NotFound("no such member")
        marketing = request.purpose == contacts.CONTACT_PURPOSE_MARKETING
        if marketing and request.member_id in self.no_marketing:
            return contacts.GetContactResponse(why_not="no_consent")
        return self.known[request.member_id]


class OneProgramme:
    """Knows every programme that tests made."""

    def __init__(self) -> None:
        self.known: dict[str, Programme] = {}

    async def named(self, slug: str) -> Named:
        """See Programmes."""
        return Named(self.known[slug], "Plaza Points")

    async def partner_name(self, programme: Programme, partner_id: UUID) -> str:
        """See Programmes."""
        assert programme.slug in self.known
        return f"Shop {partner_id.hex[-2:]}"


@dataclass
class Teller:
    """Tells events to the service's subscribers, as the runtime does: each in a transaction of its own."""

    programme: Programme
    database: Database
    made: dict[str, Subscription]
    positions: dict[str, int] = field(default_factory=dict[str, int])

    async def __call__(
        self, message: Message, recorded_at_us: int = 0, *, replayed: bool = False, pos: int = 0
    ) -> int:
        """Tells one, by the wall clock unless said otherwise; answers its position."""
        source = "members" if type(message).__name__.startswith("Member") else "points"
        pos = pos or self.positions.get(source, 0) + 1
        self.positions[source] = max(pos, self.positions.get(source, 0))
        subject, *words = _words(type(message).__name__)
        record = EventRecord(
            pos=pos,
            type=f"{subject}.{'_'.join(words)}",
            recorded_at_us=recorded_at_us or wall_now_us(),
            payload=payload_of(message),
        )
        assert message_of(record) is not None, record.type
        each = self.made[source].apply
        assert isinstance(each, Each)
        async with self.database.writer.transaction() as connection:
            await each.handle(connection, Event(self.programme.slug, record, replayed))
        return pos


def _words(name: str) -> list[str]:
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name).split()


@dataclass
class Desk:
    """The service, what is around it, and a programme of the test's own."""

    app: Notifications
    programme: Programme
    tell: Teller
    members: MembersDouble
    mail: Mailbox
    chat: Hook
    stub: NotificationsServiceStub
    signers: dict[str, Signer]
    settings: Settings
    contacts_target: str
    keys: dict[str, bytes]
    given: ServiceDatabase
    channel: grpc.aio.Channel

    def member(self, **changes: Any) -> UUID:
        """A new member with an e-mail address of its own; `changes` of what is answered of it."""
        member_id = new_id()
        known: dict[str, Any] = {
            "writable": True,
            "language": "en",
            "zone": "Europe/Berlin",
            "given_name": "Ada",
            "contacts": [contacts.Contact(channel=contacts.CHANNEL_EMAIL, address=self.address(member_id))],
        }
        self.members.known[member_id.bytes] = contacts.GetContactResponse(**known | changes)
        return member_id

    @staticmethod
    def address(member_id: UUID) -> str:
        """The e-mail address of a member."""
        return f"m{member_id.hex}@example.org"

    def mails(self, member_id: UUID) -> list[Mail]:
        """What a member got."""
        return self.mail.to(self.address(member_id))

    async def send(self) -> int:
        """Works off what is due."""
        return await self.app.send_due(urgent=True) + await self.app.send_due()

    async def make_due(self) -> None:
        """Has what waits be due now: time passes."""
        await self.execute("UPDATE notice SET due_at = now() WHERE state = 'waiting'")

    async def grow_old(self) -> None:
        """Has everything that waits be past its shelf life: only the owner of the table may say so."""
        async with as_superuser(self.given) as connection:
            await connection.execute("UPDATE notice SET stale_at = now() WHERE state = 'waiting'")

    async def turn(self, kind: NoticeKind, *, on: bool) -> None:
        """Turns a kind on or off, as the host."""
        request = pb.SwitchKindRequest(kind=kind.value, on=on)
        assert (await self.call("SwitchKind", request)).changed

    async def execute(self, statement: str) -> None:
        """As the run-time role."""
        async with self.app.database.writer.transaction() as connection:
            await connection.execute(text(statement))

    async def call(self, method: str, request: Any, *roles: str) -> Any:
        """One call, as staff with roles; without any as the host."""
        signer = self.signers["cli"]
        token = (
            signer.sign(Kind.STAFF, "stf_test", self.programme, grants=roles)
            if roles
            else signer.own(self.programme)
        )
        return await grpc_client.call(getattr(self.stub, method), request, token)

    async def notices(self) -> list[Any]:
        """The programme's notices, oldest first."""
        async with self.app.database.writer.transaction() as connection:
            found = await connection.execute(
                text("SELECT * FROM notice WHERE programme = :p ORDER BY notice_id"),
                {"p": self.programme.slug},
            )
            return list(found)

    async def log(self) -> list[tuple[str, str, str]]:
        """The programme's log: outcome, channel, reason."""
        async with self.app.database.writer.transaction() as connection:
            found = await connection.execute(
                text(
                    "SELECT outcome, channel, reason FROM delivery WHERE programme = :p ORDER BY notice_id, number"
                ),
                {"p": self.programme.slug},
            )
            return [(row.outcome, row.channel or "", row.reason) for row in found]


def notifying_settings(
    database: ServiceDatabase, mail_url: str, chat_url: str = "", **changes: Any
) -> Settings:
    """Settings with short pauses and a free port."""
    return Settings(
        database_url=SecretStr(database.runtime_url),
        email_url=SecretStr(mail_url),
        chat_url=SecretStr(chat_url),
        grpc_port=0,
        send_timeout_seconds=5,
        retry_first_seconds=60,
        lease_seconds=30,
        stop_grace_seconds=0,
    ).model_copy(update=changes)


@asynccontextmanager
async def contacts_server(double: MembersDouble, public_keys: str) -> AsyncGenerator[str]:
    """The stand-in for members on a port of its own; answers where."""

    def register(to: grpc.aio.Server) -> None:
        add_ContactsServiceServicer_to_server(double, to)
        add_AuthorityServiceServicer_to_server(double, to)

    names = [
        contacts.DESCRIPTOR.services_by_name["ContactsService"].full_name,
        authority.DESCRIPTOR.services_by_name["AuthorityService"].full_name,
    ]
    server = GrpcServer("127.0.0.1:0", Verifier(public_keys), names, register)
    port = await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


@asynccontextmanager
async def desk(
    given: ServiceDatabase, by: Callable[[Settings], Outlets] = service.outlets, **changes: Any
) -> AsyncGenerator[Desk]:
    """All of it, until the end of the block."""
    keys = {issuer: secrets.token_bytes(32) for issuer in _ISSUERS}
    signers = {issuer: Signer(issuer, key) for issuer, key in keys.items()}
    public_keys = ",".join(
        f"{issuer}:{urlsafe_b64encode(each.public_key).decode()}" for issuer, each in signers.items()
    )
    members, programmes, programme = MembersDouble(), OneProgramme(), new_programme()  # pyright: ignore[reportAbstractUsage]
    programmes.known[programme.slug] = programme
    with mailbox() as mail, hook() as chat:
        settings = notifying_settings(given, mail.url, chat.url, **changes)
        database = Database.of(settings, "notifications")
        async with (
            contacts_server(members, public_keys) as target,
            grpc_client.open_channel(target) as to_members,
        ):
            outlets = by(settings)
            app = service.build(
                settings, database, GrpcContacts(to_members, signers["notifications"]), programmes, outlets
            )
            made = {
                each.stream.service: each
                for each in service.subscriptions(app, {MEMBERS: NoOwner(), POINTS: NoOwner()})
            }
            await app.note.begin(SUBSCRIBERS.values())
            watched = [Watched.of(each) for each in made.values()]
            server = service.server(app, settings, Verifier(public_keys), watched)
            port = await server.start()
            try:
                async with grpc_client.open_channel(f"127.0.0.1:{port}") as channel:
                    yield Desk(
                        app, programme, Teller(programme, database, made), members, mail, chat,
                        NotificationsServiceStub(channel), signers, settings, target, keys, given, channel,
                    )  # fmt: skip
            finally:
                await server.stop(0)
                close = getattr(outlets, "close", None)
                if close is not None:
                    await close()
                await database.close()


class NoOwner:
    """The owner of no events."""

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncGenerator[list[EventRecord]]:
        """None."""
        for none in ():
            yield none
