"""The points service on a real database, called through gRPC, with neighbours that know what a test tells them."""

from __future__ import annotations

import itertools
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import grpc.aio
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.partners.v1 import partners_pb2, partners_pb2_grpc
from coalition.points.v1 import movement_pb2, points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from pydantic import SecretStr

from services.points import service
from services.points.settings import Settings
from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import NotFound
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme, Signer, Verifier, programme_message
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

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.members: set[bytes] = set()
        self.closed: set[bytes] = set()
        self.stores: dict[bytes, set[bytes]] = {}
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

    async def GetProgramme(self, request: Any, context: Any) -> Any:
        if request.slug != self.programme.slug:
            raise NotFound("no programme has this slug")
        return partners_pb2.GetProgrammeResponse(
            programme=programme_message(self.programme), starts_at_us=STARTS_AT_US
        )

    async def GetPartner(self, request: Any, context: Any) -> Any:
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

    async def post(self, *items: movement_pb2.Item, bulk: bool = False) -> list[movement_pb2.Result]:
        answer = await grpc_client.call(
            self.house.stub.Post, points_pb2.PostRequest(items=items, bulk=bulk), self.principal
        )
        return list(answer.results)

    async def earn(self, member: UUID, amount_minor: int, **changes: Any) -> movement_pb2.Result:
        return (await self.post(earn(member, amount_minor, **changes)))[0]

    async def redeem(self, member: UUID, points: int, **changes: Any) -> movement_pb2.Result:
        return (await self.post(redemption(member, points, **changes)))[0]

    async def balance(self, member: UUID) -> points_pb2.GetBalanceResponse:
        request = points_pb2.GetBalanceRequest(member_id=member.bytes)
        return await grpc_client.call(self.house.stub.GetBalance, request, self.principal)


@dataclass
class PointsHouse:
    """A running points service."""

    programme: Programme
    neighbours: Neighbours
    wired: service.Wired
    stub: PointsServiceStub
    signer: Signer
    staff: bytes
    database: ServiceDatabase

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

    async def findings(self) -> dict[int, points_pb2.Finding]:
        """What the checker says, by invariant."""
        answer = await self.as_staff(self.stub.CheckLedger, points_pb2.CheckLedgerRequest())
        return {finding.invariant: finding for finding in answer.findings}

    async def stream(self, method: Any, request: Any) -> list[Any]:
        return [block async for block in grpc_client.stream(method, request, self.staff)]


def new_programme(*, is_test: bool = True) -> Programme:
    """A programme with a ledger number of its own."""
    number = next(_ledger_ids)
    return Programme(number, f"demo-{number}", "America/New_York", "USD", is_test)


def earn(member: UUID, amount_minor: int, **changes: Any) -> movement_pb2.Item:
    """An earn; changes: key, reference, occurred_at_us, store_id, lines, currency, channel, deadline_us."""
    reference = changes.get("reference", f"r-{secrets.token_hex(8)}")
    store = changes.get("store_id")
    sale = movement_pb2.Sale(
        receipt=movement_pb2.Receipt(store_id=store.bytes if store else b"", till="1", number="17"),
        occurred_at_us=changes.get("occurred_at_us", STARTS_AT_US),
        channel=changes.get("channel", "store"),
        amount_minor=amount_minor,
        currency=changes.get("currency", "USD"),
        lines=changes.get("lines", []),
    )
    return movement_pb2.Item(
        key=changes.get("key", f"k-{secrets.token_hex(8)}"),
        deadline_us=changes.get("deadline_us", 0),
        earn=movement_pb2.Earn(member_id=member.bytes, reference=reference, sale=sale),
    )


def redemption(member: UUID, points: int, **changes: Any) -> movement_pb2.Item:
    """A redemption; changes: key, reference, occurred_at_us."""
    return movement_pb2.Item(
        key=changes.get("key", f"k-{secrets.token_hex(8)}"),
        redemption=movement_pb2.Redemption(
            member_id=member.bytes,
            reference=changes.get("reference", f"r-{secrets.token_hex(8)}"),
            points=points,
            occurred_at_us=changes.get("occurred_at_us", STARTS_AT_US),
            channel="store",
        ),
    )


@asynccontextmanager
async def points_house(database: ServiceDatabase, programme: Programme) -> AsyncGenerator[PointsHouse]:
    """Runs the service and its neighbours until the block ends."""
    keys = {issuer: new_key() for issuer in ("gateway", "cli", "points")}
    signers = {issuer: Signer(issuer, key) for issuer, key in keys.items()}
    public = ",".join(f"{issuer}:{key_text(signer.public_key)}" for issuer, signer in signers.items())
    neighbours = Neighbours(programme)
    neighbour_server = GrpcServer("127.0.0.1:0", Verifier(public), [], _register(neighbours))
    neighbour_port = await neighbour_server.start()
    platform = PlatformSettings(
        principal_public_keys=public,
        principal_private_key=SecretStr(key_text(keys["points"])),
        members_target=f"127.0.0.1:{neighbour_port}",
        partners_target=f"127.0.0.1:{neighbour_port}",
    )
    settings = Settings(
        database_url=SecretStr(database.runtime_url), secret_key=SecretStr(key_text(new_key())), grpc_port=0
    )
    wired = service.build(settings, platform)
    server = service.grpc_server(wired, settings, platform)
    channel = grpc_client.open_channel(f"127.0.0.1:{await server.start()}")
    staff = signers["cli"].sign(Kind.STAFF, "stf_test", programme, grants=("admin", "pricing", "maker"))
    try:
        yield PointsHouse(
            programme, neighbours, wired, PointsServiceStub(channel), signers["gateway"], staff, database
        )
    finally:
        await channel.close()
        await server.stop(1)
        await wired.close()
        await neighbour_server.stop(0)


def _register(neighbours: Neighbours) -> Any:
    def register(server: grpc.aio.Server) -> None:
        members_pb2_grpc.add_MembersServiceServicer_to_server(neighbours, server)
        partners_pb2_grpc.add_PartnersServiceServicer_to_server(neighbours, server)

    return register


def outcomes(results: Iterable[movement_pb2.Result]) -> list[int]:
    """The outcomes of results."""
    return [result.outcome for result in results]
