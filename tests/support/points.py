"""The points service on a real database, called through gRPC, with neighbours that know what a test tells them.

running_points(database)          a service in this process, for as long as the block lasts
    .house(programme)             one ledger of it, with tills, staff and members
running_points(database, beside)  another replica, on the same database with the same keys and neighbours
points_house(database, programme) both at once
"""

# A double has only the RPCs that the service calls.
# pyright: reportAbstractUsage=false

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import grpc.aio
from coalition.points.v1 import journal_pb2, movement_pb2, points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message
from pydantic import SecretStr

from services.points import service
from services.points.settings import Settings
from services.runtime import grpc_client
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, policy_message
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme, Signer, Verifier
from services.runtime.settings import PlatformSettings
from tests.support.keys import key_text
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import Identity, Neighbours, new_programme, registering
from tests.support.points_wire import capture, earn, hold, redemption, refund, void
from tests.support.servers import ServiceDatabase

GRANTS: Final = ("points:earn", "points:redeem", "points:read", "points:transfer")


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

    async def hold(self, member: UUID, points: int, **changes: Any) -> movement_pb2.Result:
        return (await self.post(hold(member, points, **changes)))[0]

    async def capture(self, hold_id: bytes, points: int = 0, **changes: Any) -> movement_pb2.Result:
        return (await self.post(capture(hold_id, points, **changes)))[0]

    async def void(self, hold_id: bytes, **changes: Any) -> movement_pb2.Result:
        return (await self.post(void(hold_id, **changes)))[0]

    async def refund(
        self, original: bytes | str, amount_minor: int = 0, **changes: Any
    ) -> movement_pb2.Result:
        return (await self.post(refund(original, amount_minor, **changes)))[0]

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

    async def till(self, points: int = 1, per_minor: int = 100, pending_days: int = 0) -> Till:
        """A till of a new partner that gives so many points for so many minor units."""
        till = Till(self)
        await self.set_rate(till.partner_id, points, per_minor, 1, pending_days)
        return till

    async def set_rate(
        self, partner_id: UUID, points: int, per_minor: int, valid_from_us: int, pending_days: int = 0
    ) -> None:
        rate = points_pb2.EarnRate(
            partner_id=partner_id.bytes,
            points=points,
            per_minor=per_minor,
            valid_from_us=valid_from_us,
            pending_days=pending_days,
        )
        await self.as_staff(self.stub.SetEarnRate, points_pb2.SetEarnRateRequest(rate=rate))

    async def set_refund_rule(self, partner_id: UUID, shortfall: str, tender_order: str = "PRO_RATA") -> None:
        rule = points_pb2.RefundRule(
            partner_id=partner_id.bytes,
            shortfall=points_pb2.Shortfall.Value(f"SHORTFALL_{shortfall}"),
            tender_order=points_pb2.TenderOrder.Value(f"TENDER_ORDER_{tender_order}"),
        )
        await self.as_staff(self.stub.SetRefundRule, points_pb2.SetRefundRuleRequest(rule=rule))

    async def set_burn_rule(self, partner_id: UUID, **changes: Any) -> points_pb2.BurnRule:
        """Sets a burn rule: 100 points are worth 1.00, a tender, any number of them; changes are fields of it."""
        rule: dict[str, Any] = {
            "valid_from_us": 1, "points": 100, "worth_minor": 100, "minimum_points": 1, "step_points": 1,
            "share_percent": 100, "treatment": movement_pb2.BURN_TREATMENT_TENDER,
        }  # fmt: skip
        asked = points_pb2.BurnRule(partner_id=partner_id.bytes, **{**rule, **changes})
        answer = await self.as_staff(self.stub.SetBurnRule, points_pb2.SetBurnRuleRequest(rule=asked))
        return answer.rule

    async def set_floor(
        self,
        partner_id: UUID,
        floor: int | None,
        basis_seq: int = 0,
        *,
        parks: bool = False,
        token: bytes = b"",
    ) -> points_pb2.SetFloorResponse:
        """Sets a credit floor as staff, or as whoever the token names."""
        asked = points_pb2.Floor(partner_id=partner_id.bytes, floor=floor, basis_seq=basis_seq, parks=parks)
        request = points_pb2.SetFloorRequest(floor=asked)
        return await grpc_client.call(self.stub.SetFloor, request, token or self.staff)

    async def unpark(self) -> int:
        """Runs the job that posts what is parked; answers how many earns are parked no more."""
        return await self.running.wired.application.unpark_earns.of(self.programme)

    async def parked(self, partner_id: UUID | None = None) -> points_pb2.ListParkedEarnsResponse:
        """The first page of earns that are parked."""
        asked = points_pb2.ListParkedEarnsRequest(partner_id=partner_id.bytes if partner_id else b"")
        return await self.as_staff(self.stub.ListParkedEarns, asked)

    async def floors(self, partner_id: UUID | None = None) -> points_pb2.ListFloorsResponse:
        """The credit floors in force."""
        asked = partner_id.bytes if partner_id is not None else b""
        return await self.as_staff(self.stub.ListFloors, points_pb2.ListFloorsRequest(partner_id=asked))

    async def set_limits(
        self, adjustment: int = 10_000, transfer: int = 10_000, transfer_a_day: int = 10_000
    ) -> None:
        """What one person may adjust alone, and members may give each other."""
        await self.as_staff(
            self.stub.SetAdjustmentLimit, points_pb2.SetAdjustmentLimitRequest(points=adjustment)
        )
        request = points_pb2.SetTransferLimitsRequest(points=transfer, points_a_day=transfer_a_day)
        await self.as_staff(self.stub.SetTransferLimits, request)

    async def post(self, *items: movement_pb2.Item, bulk: bool = False) -> list[movement_pb2.Result]:
        """Posts as a person of the staff."""
        answer = await self.as_staff(self.stub.Post, points_pb2.PostRequest(items=items, bulk=bulk))
        return list(answer.results)

    async def adjust_by_two(self, item: movement_pb2.Item) -> movement_pb2.Result:
        """One person proposes an adjustment, another approves it."""
        asked = points_pb2.ProposeAdjustmentRequest(key=item.key, adjustment=item.adjustment)
        proposal = (await self.as_staff(self.stub.ProposeAdjustment, asked)).proposal
        approval = points_pb2.ApproveAdjustmentRequest(
            proposal_id=proposal.proposal_id, content_hash=proposal.content_hash
        )
        checker = self.running.identity.signers["cli"].sign(
            Kind.STAFF, "stf_checker", self.programme, grants=("checker",)
        )
        return (await grpc_client.call(self.stub.ApproveAdjustment, approval, checker)).result

    async def set_expiry(self, policy: ExpiryPolicy) -> points_pb2.ExpiryPolicyVersion:
        request = points_pb2.SetExpiryPolicyRequest(policy=policy_message(policy))
        return (await self.as_staff(self.stub.SetExpiryPolicy, request)).version

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
        assert broken == {}, broken

    @asynccontextmanager
    async def locked_head(self) -> AsyncGenerator[None]:
        """Nothing is posted on this ledger until the block ends."""
        async with as_superuser(self.database) as connection, connection.transaction():
            await connection.execute(
                "SELECT 1 FROM ledger_head WHERE ledger_id = $1 FOR UPDATE", self.programme.ledger_id
            )
            yield

    async def somebody_waits(self) -> bool:
        """Whether a connection of the service waits for a lock."""
        async with as_superuser(self.database) as connection:
            return await connection.fetchval(
                """SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'coalition-%' AND wait_event_type = 'Lock'"""
            )

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
    channel: grpc.aio.Channel

    def house(self, programme: Programme | None = None, expiry: ExpiryPolicy = DEFAULT_POLICY) -> PointsHouse:
        """A ledger of it; without a programme, a new one. `expiry`: what it is opened with."""
        programme = programme or new_programme()
        self.neighbours.programmes[programme.slug] = programme
        self.neighbours.expiry.setdefault(programme.slug, expiry)
        return PointsHouse(programme, self)


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
    server = GrpcServer("127.0.0.1:0", Verifier(identity.public_keys), [], registering(neighbours))
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
        yield RunningPoints(identity, neighbours, target, wired, stub, address, database, channel)
    finally:
        await channel.close()
        await server.stop(0)
        await wired.close()


@asynccontextmanager
async def points_house(
    database: ServiceDatabase, programme: Programme, **changes: Any
) -> AsyncGenerator[PointsHouse]:
    """Runs the service and its neighbours until the block ends, and opens one ledger of it."""
    async with running_points(database, **changes) as running:
        yield running.house(programme)
