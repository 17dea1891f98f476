"""The partners service on a real database, called through gRPC as anybody, beside a stand-in for the ledger."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
from coalition.partners.v1 import clearing_pb2, partners_pb2
from coalition.partners.v1.api_access_pb2_grpc import ApiAccessServiceStub
from coalition.partners.v1.legal_entities_pb2_grpc import LegalEntitiesServiceStub
from coalition.partners.v1.partners_pb2_grpc import ClearingServiceStub, PartnersServiceStub
from coalition.type.v1 import principal_pb2
from pydantic import SecretStr

from services.partners import service
from services.partners.app import Partners
from services.partners.clients.points import PointsLedger
from services.partners.commands.prove_window import ProveWindow
from services.partners.settings import Settings
from services.runtime import grpc_client
from services.runtime.bus import Bus, Stream
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.grpc_server import GrpcServer
from services.runtime.principal import Kind, Programme, Signer, Verifier, programme_from
from services.runtime.relay import Relay
from services.runtime.subscriber import Subscriber
from tests.support.keys import key_text
from tests.support.ledger import LedgerDouble
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

# Sunday 2017-01-01 00:00 in New York: the first window is this one day.
STARTS_AT_US: Final = 1_483_246_800 * MICROS_PER_SECOND
DAY_US: Final = 86_400 * MICROS_PER_SECOND
ZONE: Final = "America/New_York"
_ISSUERS: Final = ("gateway", "cli", "points", "partners")


@dataclass
class House:
    """A running partners service, and who may call it."""

    app: Partners
    points: PointsLedger
    ledger: LedgerDouble
    ledger_server: GrpcServer
    ledger_port: int
    registry: PartnersServiceStub
    clearing: ClearingServiceStub
    legal_entities: LegalEntitiesServiceStub
    api_access: ApiAccessServiceStub
    signers: dict[str, Signer]
    database: ServiceDatabase
    subscriber: Callable[[], Subscriber]
    stream: Stream
    bus: Bus | None
    target: str
    public_keys: str
    keys: dict[str, bytes]
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def as_host(self, programme: Programme | None = None) -> bytes:
        """The host's own command line."""
        return self.signers["cli"].own(programme)

    def as_staff(self, *roles: str, programme: Programme | None = None) -> bytes:
        """A person of the staff."""
        return self.signers["cli"].sign(Kind.STAFF, "stf_test", programme, grants=roles)

    def as_partner(self, programme: Programme, partner_id: UUID, *scopes: str) -> bytes:
        """A partner's API key."""
        return self.signers["gateway"].sign(
            Kind.PARTNER, "key_test", programme, partner_id, scopes or ("statements:read",)
        )

    def as_gateway(self, programme: Programme | None = None) -> bytes:
        """The gateway itself."""
        return self.signers["gateway"].own(programme)

    async def programme(self, slug: str = "", starts_at_us: int = STARTS_AT_US, **changes: Any) -> Programme:
        """A new test programme whose clock stands at its start; the ledger knows it."""
        request = partners_pb2.RegisterProgrammeRequest(
            slug=slug or f"p-{secrets.token_hex(6)}",
            name=changes.get("name", "Journey Points"),
            zone=changes.get("zone", ZONE),
            currency=changes.get("currency", "USD"),
            mode=changes.get("mode", principal_pb2.PROGRAMME_MODE_TEST),
            starts_at_us=starts_at_us,
        )
        answer = await grpc_client.call(self.registry.RegisterProgramme, request, self.as_host())
        programme = programme_from(answer.programme)
        await self.ledger.move_clock(programme, starts_at_us)
        return programme

    async def partner(
        self, programme: Programme, slug: str, issue: int | None = 10_000, reimbursement: int = 8_000
    ) -> UUID:
        """A new partner, with prices in micros from the programme's start on (issue None: without)."""
        request = partners_pb2.OnboardPartnerRequest(slug=slug, name=slug.title())
        answer = await grpc_client.call(self.registry.OnboardPartner, request, self.as_host(programme))
        partner_id = UUID(bytes=answer.partner.partner_id)
        if issue is not None:
            await self.set_rates(programme, partner_id, issue, reimbursement, STARTS_AT_US)
        return partner_id

    async def set_rates(
        self,
        programme: Programme,
        partner_id: UUID,
        issue: int,
        reimbursement: int,
        from_us: int,
        to_us: int = 0,
        **terms: Any,
    ) -> partners_pb2.RateVersion:
        """A new version of a partner's rate card; `terms`: who pays when, fees, prices of bonus points."""
        rates = partners_pb2.RateVersion(
            partner_id=partner_id.bytes,
            issue_micros=issue,
            reimbursement_micros=reimbursement,
            valid_from_us=from_us,
            valid_to_us=to_us,
            **terms,
        )
        answer = await grpc_client.call(
            self.registry.SetRates, partners_pb2.SetRatesRequest(rates=rates), self.as_host(programme)
        )
        return answer.rates

    async def close(self, programme: Programme, until_us: int = 0) -> list[clearing_pb2.Window]:
        """Closes windows as the host would."""
        answer = await grpc_client.call(
            self.clearing.CloseWindows,
            clearing_pb2.CloseWindowsRequest(until_us=until_us),
            self.as_host(programme),
            60,
        )
        return list(answer.windows)

    async def ask(self, method: Any, request: Any, programme: Programme) -> Any:
        """Any call, as the host."""
        return await grpc_client.call(method, request, self.as_host(programme))

    async def status(self, programme: Programme) -> clearing_pb2.GetClearingStatusResponse:
        return await self.ask(
            self.clearing.GetClearingStatus, clearing_pb2.GetClearingStatusRequest(), programme
        )

    async def nets(self, programme: Programme, window: int = 0) -> dict[str, clearing_pb2.Net]:
        """Nets of one window by slug."""
        request = clearing_pb2.GetNetsRequest(from_window=window, to_window=window)
        answer = await self.ask(self.clearing.GetNets, request, programme)
        return {net.party.slug: net for net in answer.nets}

    async def statement(self, programme: Programme, partner_id: UUID, window: int) -> clearing_pb2.Statement:
        """A partner's statement of a window, with its lines."""
        request = clearing_pb2.ListStatementsRequest(
            partner_id=partner_id.bytes, before_window=window + 1, limit=1
        )
        listed = await self.ask(self.clearing.ListStatements, request, programme)
        wanted = clearing_pb2.GetStatementRequest(statement_id=listed.statements[0].statement_id)
        return (await self.ask(self.clearing.GetStatement, wanted, programme)).statement

    async def findings(self, programme: Programme) -> dict[int, clearing_pb2.ClearingFinding]:
        """What the checker says, by invariant."""
        answer = await self.ask(self.clearing.CheckClearing, clearing_pb2.CheckClearingRequest(), programme)
        return {finding.invariant: finding for finding in answer.findings}

    async def rated(self, programme: Programme, seq: int) -> None:
        """Waits until rating has reached a seq."""

        async def reached() -> bool:
            return (await self.status(programme)).rated_seq >= seq

        await until(reached)

    def start_rating(self) -> asyncio.Task[None]:
        """Runs the subscriber in the background."""
        task = asyncio.create_task(self.subscriber().run(), name="rating")
        self.tasks.append(task)
        return task

    def start_relay(self) -> asyncio.Task[None]:
        """Runs the ledger's relay in the background."""
        assert self.bus is not None
        task = asyncio.create_task(Relay(self.ledger.database, self.bus, self.stream).run(), name="relay")
        self.tasks.append(task)
        return task

    async def rate_now(self, programme: Programme) -> None:
        """Rates all that the ledger tells, without a bus: what the subscriber does when it catches up."""
        await self.subscriber().catch_up_on(programme.slug)

    async def as_superuser(self, *statements: str) -> None:
        """Changes the database behind the service's back, past all triggers."""
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Looks at the database."""
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


def prove_window(house: House) -> ProveWindow:
    """A prover as the running service has one, with keys of its own."""
    return ProveWindow(house.points, service.proof_keys(partners_settings(house.database)))


async def stop(task: asyncio.Task[None]) -> None:
    """Ends a background task."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def partners_settings(database: ServiceDatabase, **changes: Any) -> Settings:
    """Settings on a test's database and a free port."""
    return Settings(
        database_url=SecretStr(database.runtime_url),
        secret_key=SecretStr(key_text()),
        grpc_port=0,
        stop_grace_seconds=0,
        **changes,
    )


@asynccontextmanager
async def partners_house(
    database: ServiceDatabase,
    ledger_database: ServiceDatabase,
    nats_url: str = "",
    **changes: Any,
) -> AsyncGenerator[House]:
    """Runs the service and the ledger's stand-in until the block ends; with a bus where one is named."""
    settings = partners_settings(database, **changes)
    async with AsyncExitStack() as exits:
        keys = {issuer: secrets.token_bytes(32) for issuer in _ISSUERS}
        signers = {issuer: Signer(issuer, key) for issuer, key in keys.items()}
        public = ",".join(f"{issuer}:{key_text(signer.public_key)}" for issuer, signer in signers.items())
        ledger_pool = Database(ledger_database.admin_url, "ledger", 10, 30)
        # What clearing never calls answers UNIMPLEMENTED.
        ledger = LedgerDouble(ledger_pool)  # pyright: ignore[reportAbstractUsage]
        exits.push_async_callback(ledger.database.close)
        ledger_server = ledger.server(Verifier(public))
        ledger_port = await ledger_server.start()
        exits.push_async_callback(ledger_server.stop, 0)
        pool = Database.of(settings, service.NAME)
        exits.push_async_callback(pool.close)
        to_ledger = open_channel(f"127.0.0.1:{ledger_port}")
        exits.push_async_callback(to_ledger.close)
        points = service.points_ledger(pool, to_ledger, signers["partners"])
        app = service.build(settings, pool, points)
        server = service.server(app, settings, Verifier(public))
        target = f"127.0.0.1:{await server.start()}"
        exits.push_async_callback(server.stop, 0)
        channel = open_channel(target)
        exits.push_async_callback(channel.close)
        bus = Bus(nats_url, "test") if nats_url else None
        if bus is not None:
            await bus.connect()
            exits.push_async_callback(bus.close)
        # Streams outlive a test: this one has subjects of its own.
        stream = Stream(f"POINTS_{secrets.token_hex(4)}", f"points-{secrets.token_hex(4)}")
        house = House(
            app,
            points,
            ledger,
            ledger_server,
            ledger_port,
            PartnersServiceStub(channel),
            ClearingServiceStub(channel),
            LegalEntitiesServiceStub(channel),
            ApiAccessServiceStub(channel),
            signers,
            database,
            lambda: service.rating(app, points, bus or Bus("", "none"), stream),
            stream,
            bus,
            target,
            public,
            keys,
        )
        exits.push_async_callback(_stop_all, house.tasks)
        yield house


async def _stop_all(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        await stop(task)
