"""The points service on a real database, called through gRPC, with neighbours that know what a test tells them.

running_points(database)          a service in this process, for as long as the block lasts
    .house(programme)             one ledger of it, with tills, staff and members
running_points(database, beside)  another replica, on the same database with the same keys and neighbours
points_house(database, programme) both at once
"""

# A double has only the RPCs that the service calls.
# pyright: reportAbstractUsage=false

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import grpc.aio
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.partners.v1 import partners_pb2, partners_pb2_grpc
from coalition.points.v1 import journal_pb2, movement_pb2, points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord
from coalition.type.v1.reason_pb2 import Reason
from google.protobuf.message import Message
from pydantic import SecretStr

from services.launcher.embedded import location
from services.launcher.embedded.postgres import EmbeddedPostgres
from services.launcher.migrate import migrate_service
from services.points import service
from services.points.settings import Settings
from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import PgConnection
from services.runtime.errors import NotFound, code_of
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme, Signer, Verifier, acting, programme_message
from services.runtime.settings import PlatformSettings
from tests.support.servers import ServiceDatabase

# 2017-01-01 00:00 in New York.
STARTS_AT_US: Final = 1_483_246_800 * MICROS_PER_SECOND
GRANTS: Final = ("points:earn", "points:redeem", "points:read")
_ledger_ids: Final = itertools.count(1)


def new_key() -> bytes:
    """A signing key."""
    return secrets.token_bytes(32)


def key_text(key: bytes) -> str:
    """A key as a setting holds it."""
    return urlsafe_b64encode(key).decode()


class Neighbours(members_pb2_grpc.MembersServiceServicer, partners_pb2_grpc.PartnersServiceServicer):
    """Members and partners as the ledger asks them, over real gRPC."""

    def __init__(self) -> None:
        self.programmes: dict[str, Programme] = {}
        self.starts_at_us: dict[str, int] = {}
        self.members: set[bytes] = set()
        self.closed: set[bytes] = set()
        self.stores: dict[bytes, set[bytes]] = {}
        self.unknown_partners: set[bytes] = set()
        self.member_events: dict[str, list[EventRecord]] = {}
        self.everyone_exists = False
        self.asked = 0

    async def GetStandings(self, request: Any, context: Any) -> Any:
        self.asked += 1
        standings: list[members_pb2.Standing] = []
        for member in request.member_ids:
            status = members_pb2.MEMBER_STATUS_UNSPECIFIED
            if member in self.closed:
                status = members_pb2.MEMBER_STATUS_CLOSED
            elif self.everyone_exists or member in self.members:
                status = members_pb2.MEMBER_STATUS_ACTIVE
            standings.append(members_pb2.Standing(member_id=member, status=status))
        return members_pb2.GetStandingsResponse(standings=standings)

    async def ReadEvents(self, request: Any, context: Any) -> AsyncIterator[Any]:
        log = self.member_events.get(acting().in_programme().slug, [])
        events = [event for event in log if event.pos >= request.from_pos]
        yield members_pb2.ReadEventsResponse(events=events[: request.limit or None])

    async def GetProgramme(self, request: Any, context: Any) -> Any:
        if request.slug not in self.programmes:
            raise NotFound("no programme has this slug", Reason.REASON_PROGRAMME_UNKNOWN)
        return partners_pb2.GetProgrammeResponse(
            programme=programme_message(self.programmes[request.slug]),
            starts_at_us=self.starts_at_us.get(request.slug, STARTS_AT_US),
        )

    async def GetPartner(self, request: Any, context: Any) -> Any:
        if request.partner_id in self.unknown_partners:
            raise NotFound("no partner has this id", Reason.REASON_PARTNER_UNKNOWN)
        stores = self.stores.get(request.partner_id, set())
        return partners_pb2.GetPartnerResponse(
            partner=partners_pb2.Partner(partner_id=request.partner_id),
            stores=[partners_pb2.Store(store_id=store) for store in stores],
        )


@dataclass
class Till:
    """A partner's till, speaking gRPC as the gateway would."""

    house: PointsHouse
    partner_id: UUID = field(default_factory=new_id)
    grants: Sequence[str] = GRANTS

    @property
    def principal(self) -> bytes:
        return self.house.signer.sign(
            Kind.PARTNER, "key_test", self.house.programme, self.partner_id, self.grants
        )

    def at(self, house: PointsHouse) -> Till:
        """The same partner's till, calling another replica."""
        return replace(self, house=house)

    async def call(self, method: str, request: Message) -> Any:
        """One unary call as the partner; errors come back as CoalitionError."""
        return await grpc_client.call(getattr(self.house.stub, method), request, self.principal)

    async def post(self, *items: movement_pb2.Item, bulk: bool = False) -> list[movement_pb2.Result]:
        answer = await self.call("Post", points_pb2.PostRequest(items=items, bulk=bulk))
        return list(answer.results)

    async def earn(self, member: UUID, amount_minor: int, **changes: Any) -> movement_pb2.Result:
        return (await self.post(earn(member, amount_minor, **changes)))[0]

    async def redeem(self, member: UUID, points: int, **changes: Any) -> movement_pb2.Result:
        return (await self.post(redemption(member, points, **changes)))[0]

    async def balance(self, member: UUID) -> points_pb2.GetBalanceResponse:
        return await self.call("GetBalance", points_pb2.GetBalanceRequest(member_id=member.bytes))


@dataclass
class PointsHouse:
    """One ledger of a running points service."""

    programme: Programme
    running: RunningPoints

    @property
    def neighbours(self) -> Neighbours:
        return self.running.neighbours

    @property
    def stub(self) -> PointsServiceStub:
        return self.running.stub

    @property
    def signer(self) -> Signer:
        return self.running.identity.signers["gateway"]

    @property
    def database(self) -> ServiceDatabase:
        return self.running.database

    @cached_property
    def staff(self) -> bytes:
        return self.staff_with("admin", "pricing", "maker")

    def staff_with(self, *roles: str) -> bytes:
        """A staff person's token."""
        signer = self.running.identity.signers["cli"]
        return signer.sign(Kind.STAFF, "stf_test", self.programme, grants=roles)

    def at(self, running: RunningPoints) -> PointsHouse:
        """The same ledger at another replica."""
        return PointsHouse(self.programme, running)

    def member(self) -> UUID:
        """A member that exists."""
        member = new_id()
        self.neighbours.members.add(member.bytes)
        return member

    async def till(self, points: int = 1, per_minor: int = 100) -> Till:
        """A till of a new partner that gives so many points for so many minor units."""
        till = Till(self)
        await self.set_rate(till.partner_id, points, per_minor, 1)
        return till

    async def set_rate(self, partner_id: UUID, points: int, per_minor: int, valid_from_us: int) -> None:
        rate = points_pb2.EarnRate(
            partner_id=partner_id.bytes, points=points, per_minor=per_minor, valid_from_us=valid_from_us
        )
        await self.as_staff(self.stub.SetEarnRate, points_pb2.SetEarnRateRequest(rate=rate))

    async def as_staff(self, method: Any, request: Any) -> Any:
        return await grpc_client.call(method, request, self.staff)

    async def move_clock(self, now_us: int) -> None:
        await self.as_staff(self.stub.MoveClock, points_pb2.MoveClockRequest(now_us=now_us))

    async def head(self) -> points_pb2.GetHeadResponse:
        return await self.as_staff(self.stub.GetHead, points_pb2.GetHeadRequest())

    async def cut_at(self, boundary_us: int) -> int:
        answer = await self.as_staff(self.stub.CutAt, points_pb2.CutAtRequest(boundary_us=boundary_us))
        return answer.last_seq

    async def findings(self) -> dict[int, points_pb2.Finding]:
        """What the checker says, by invariant."""
        answer = await self.as_staff(self.stub.CheckLedger, points_pb2.CheckLedgerRequest())
        return {finding.invariant: finding for finding in answer.findings}

    async def assert_sound(self) -> None:
        """All invariants hold."""
        broken = {
            number: list(finding.breaches)
            for number, finding in (await self.findings()).items()
            if not finding.holds
        }
        assert broken == {}

    async def stream(self, method: Any, request: Any) -> list[Any]:
        return [block async for block in grpc_client.stream(method, request, self.staff)]

    async def journal(self, from_seq: int = 1, to_seq: int = 0) -> list[journal_pb2.JournalRecord]:
        request = points_pb2.ReadJournalRequest(from_seq=from_seq, to_seq=to_seq)
        blocks = await self.stream(self.stub.ReadJournal, request)
        return [record for block in blocks for record in block.records]

    async def events(self, from_pos: int = 1, limit: int = 0) -> list[EventRecord]:
        request = points_pb2.ReadEventsRequest(from_pos=from_pos, limit=limit)
        return [event for block in await self.stream(self.stub.ReadEvents, request) for event in block.events]

    async def purchases(self, from_seq: int = 1, to_seq: int = 0) -> list[movement_pb2.Purchase]:
        request = points_pb2.ReadPurchasesRequest(from_seq=from_seq, to_seq=to_seq)
        blocks = await self.stream(self.stub.ReadPurchases, request)
        return [purchase for block in blocks for purchase in block.purchases]


@dataclass(frozen=True)
class Identity:
    """What the replicas of one installation share: keys of all issuers, and the service's secret."""

    keys: dict[str, bytes] = field(
        default_factory=lambda: {issuer: new_key() for issuer in ("gateway", "cli", "points", "members")}
    )
    secret: str = field(default_factory=lambda: key_text(new_key()))

    @cached_property
    def signers(self) -> dict[str, Signer]:
        return {issuer: Signer(issuer, key) for issuer, key in self.keys.items()}

    @property
    def public_keys(self) -> str:
        return ",".join(f"{issuer}:{key_text(signer.public_key)}" for issuer, signer in self.signers.items())


@dataclass
class RunningPoints:
    """A running points service."""

    identity: Identity
    neighbours: Neighbours
    neighbours_target: str
    wired: service.Wired
    stub: PointsServiceStub
    address: str
    database: ServiceDatabase

    def house(self, programme: Programme | None = None) -> PointsHouse:
        """A ledger of it; without a programme, a new one."""
        programme = programme or new_programme()
        self.neighbours.programmes[programme.slug] = programme
        return PointsHouse(programme, self)


def new_programme(*, is_test: bool = True) -> Programme:
    """A programme with a ledger number of its own."""
    number = next(_ledger_ids)
    return Programme(number, f"demo-{number}", "America/New_York", "USD", is_test)


def earn(member: UUID, amount_minor: int, **changes: Any) -> movement_pb2.Item:
    """An earn; changes: key, deadline_us, principal, traceparent; reference; receipt; any field of the sale."""
    reference = changes.pop("reference", None) or f"r-{secrets.token_hex(8)}"
    envelope = _envelope(changes)
    sale: dict[str, Any] = {
        "receipt": _receipt(changes),
        "occurred_at_us": STARTS_AT_US,
        "channel": "store",
        "currency": "USD",
    }
    return movement_pb2.Item(
        **envelope,
        earn=movement_pb2.Earn(
            member_id=member.bytes,
            reference=reference,
            sale=movement_pb2.Sale(**{**sale, **changes}, amount_minor=amount_minor),
        ),
    )


def redemption(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """A redemption; changes: key, deadline_us, principal, traceparent, receipt; any field of the redemption."""
    envelope = _envelope(changes)
    asked: dict[str, Any] = {
        "reference": f"r-{secrets.token_hex(8)}",
        "receipt": _receipt(changes),
        "occurred_at_us": STARTS_AT_US,
        "channel": "store",
    }
    return movement_pb2.Item(
        **envelope,
        redemption=movement_pb2.Redemption(**{**asked, **changes}, member_id=member.bytes, points=points),
    )


def _envelope(changes: dict[str, Any]) -> dict[str, Any]:
    names = ("key", "deadline_us", "principal", "traceparent")
    given = {name: changes.pop(name) for name in names if name in changes}
    return {"key": f"k-{secrets.token_hex(8)}", **given}


def _receipt(changes: dict[str, Any]) -> movement_pb2.Receipt:
    store: UUID | None = changes.pop("store_id", None)
    return changes.pop(
        "receipt", movement_pb2.Receipt(store_id=store.bytes if store else b"", till="1", number="17")
    )


@asynccontextmanager
async def running_points(
    database: ServiceDatabase, beside: RunningPoints | None = None, **changes: Any
) -> AsyncGenerator[RunningPoints]:
    """Runs the service until the block ends; with its own neighbours, or `beside` another replica.

    `changes` are settings of the service.
    """
    if beside is not None:
        target = beside.neighbours_target
        async with _service(database, beside.identity, beside.neighbours, target, changes) as running:
            yield running
        return
    identity, neighbours = Identity(), Neighbours()
    server = GrpcServer("127.0.0.1:0", Verifier(identity.public_keys), [], _register(neighbours))
    target = f"127.0.0.1:{await server.start()}"
    try:
        async with _service(database, identity, neighbours, target, changes) as running:
            yield running
    finally:
        await server.stop(0)


@asynccontextmanager
async def _service(
    database: ServiceDatabase, identity: Identity, neighbours: Neighbours, target: str, changes: Any
) -> AsyncGenerator[RunningPoints]:
    platform = PlatformSettings(
        principal_public_keys=identity.public_keys,
        principal_private_key=SecretStr(key_text(identity.keys["points"])),
        members_target=target,
        partners_target=target,
    )
    settings = Settings(
        database_url=SecretStr(database.runtime_url),
        secret_key=SecretStr(identity.secret),
        grpc_port=0,
        **changes,
    )
    wired = service.build(settings, platform)
    server = service.grpc_server(wired, settings, platform)
    address = f"127.0.0.1:{await server.start()}"
    channel = grpc_client.open_channel(address)
    stub = PointsServiceStub(channel)
    try:
        yield RunningPoints(identity, neighbours, target, wired, stub, address, database)
    finally:
        await channel.close()
        await server.stop(1)
        await wired.close()


@asynccontextmanager
async def points_house(
    database: ServiceDatabase, programme: Programme, **changes: Any
) -> AsyncGenerator[PointsHouse]:
    """Runs the service and its neighbours until the block ends, and opens one ledger of it."""
    async with running_points(database, **changes) as running:
        yield running.house(programme)


def _register(neighbours: Neighbours) -> Any:
    def register(server: grpc.aio.Server) -> None:
        members_pb2_grpc.add_MembersServiceServicer_to_server(neighbours, server)
        partners_pb2_grpc.add_PartnersServiceServicer_to_server(neighbours, server)

    return register


@asynccontextmanager
async def as_superuser(
    database: ServiceDatabase, *, without_triggers: bool = False
) -> AsyncGenerator[PgConnection]:
    """The administrator's connection to a database; without triggers it can do what nothing else may."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        if without_triggers:
            await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def as_runtime_role(database: ServiceDatabase) -> AsyncGenerator[PgConnection]:
    """A connection with the rights of the service, no more."""
    connection = await asyncpg.connect(database.runtime_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked_head(house: PointsHouse) -> AsyncGenerator[None]:
    """Nothing is posted on this ledger until the block ends."""
    async with as_superuser(house.database) as connection, connection.transaction():
        await connection.execute(
            "SELECT 1 FROM ledger_head WHERE ledger_id = $1 FOR UPDATE", house.programme.ledger_id
        )
        yield


@asynccontextmanager
async def locked_table(database: ServiceDatabase, table: str) -> AsyncGenerator[None]:
    """Nobody reads or writes this table until the block ends."""
    async with as_superuser(database) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def somebody_waits(house: PointsHouse) -> bool:
    """Whether a connection of the service waits for a lock."""
    async with as_superuser(house.database) as connection:
        return await connection.fetchval(
            """SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()
            AND application_name LIKE 'coalition-%' AND wait_event_type = 'Lock'"""
        )


@asynccontextmanager
async def own_postgres(folder: Path) -> AsyncGenerator[tuple[EmbeddedPostgres, ServiceDatabase]]:
    """A PostgreSQL of the test's own, which it may stop and start; with the ledger's database, migrated."""
    if os.geteuid() == 0:
        # It runs as another user then, and must be able to pass through.
        for each in (folder, *folder.parents[:2]):
            await asyncio.to_thread(each.chmod, 0o711)
    server = EmbeddedPostgres(
        folder, admin_password=secrets.token_urlsafe(16), settings={"shared_buffers": "64MB"}
    )
    admin_url = await asyncio.to_thread(server.start)
    try:
        parts = urlsplit(admin_url)
        runtime_url = (
            f"postgresql://coalition_points:{secrets.token_hex(16)}@{parts.hostname}:{parts.port}/points"
        )
        await migrate_service(admin_url, runtime_url, "points")
        own_url = parts._replace(path="/points").geturl()
        yield server, ServiceDatabase("points", "points", runtime_url, own_url)
    finally:
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(location.erase_data, folder)


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0) -> None:
    """Waits until something holds. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


def outcomes(results: Iterable[movement_pb2.Result]) -> list[int]:
    """The outcomes of results."""
    return [result.outcome for result in results]


def reasons(results: Iterable[movement_pb2.Result]) -> list[str]:
    """The reasons of results, empty for those accepted."""
    return [code_of(result.error.reason) if result.HasField("error") else "" for result in results]


def reason(result: movement_pb2.Result) -> str:
    """The reason of a result, empty where it was accepted."""
    return reasons([result])[0]
