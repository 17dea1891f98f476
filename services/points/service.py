"""Wiring of the points service: the one place that knows which part is which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc.aio
from coalition.points.v1.explanations_pb2_grpc import add_ExplanationsServiceServicer_to_server
from coalition.points.v1.guards_pb2_grpc import add_GuardsServiceServicer_to_server
from coalition.points.v1.operations_pb2_grpc import add_OperationsServiceServicer_to_server
from coalition.points.v1.points_pb2_grpc import add_PointsServiceServicer_to_server
from coalition.points.v1.quotes_pb2_grpc import add_QuotesServiceServicer_to_server

from services.points.app import Points
from services.points.clients.members import GrpcMembers
from services.points.clients.partners import GrpcPartners
from services.points.commands.adjustments import Adjustments
from services.points.commands.check_ledgers import CheckLedgers
from services.points.commands.cut_at import CutAt
from services.points.commands.erase_words import EraseWords
from services.points.commands.find_span import FindSpan
from services.points.commands.forget_counts import ForgetCounts
from services.points.commands.known import KnownIssuers, KnownMembers, KnownStores
from services.points.commands.known_to_all import Known
from services.points.commands.lapse_overdue import LapseOverdue
from services.points.commands.load_budget import LoadBudget
from services.points.commands.move_clock import MoveClock
from services.points.commands.open_ledger import Doors
from services.points.commands.post import PostMovements
from services.points.commands.quote import QuoteMovements
from services.points.commands.review_flag import ReviewFlag
from services.points.commands.set_burn_rule import SetBurnRule
from services.points.commands.set_campaign import SetCampaign
from services.points.commands.set_earn_rate import SetEarnRate
from services.points.commands.set_expiry_policy import SetExpiryPolicy
from services.points.commands.set_floor import SetFloor
from services.points.commands.set_guard import SetGuard
from services.points.commands.set_limits import SetLimits
from services.points.commands.set_refund_rule import SetRefundRule
from services.points.commands.tell_expiring import TellExpiring
from services.points.commands.unpark import UnparkEarns
from services.points.events.members import ClosedMembers, MembersLog
from services.points.events.partners import PartnersLog, StandingsTold
from services.points.events.publish import TELLING, breached, clock_moved, expiring
from services.points.jobs import jobs
from services.points.queries.check_ledger import CheckLedger
from services.points.queries.explain import Explain
from services.points.queries.flags import Flags
from services.points.queries.operations import Operations
from services.points.queries.reads import Reads
from services.points.rpc.explanations import ExplanationsServicer
from services.points.rpc.guards import GuardsServicer
from services.points.rpc.movements import MovementReader
from services.points.rpc.operations import OperationsServicer
from services.points.rpc.quotes import QuotesServicer
from services.points.rpc.servicer import PointsServicer
from services.points.settings import Settings
from services.points.storage.tables import EVENTS, INBOX, SUBSCRIPTIONS
from services.points.storage.words import ReferenceMac
from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Bus
from services.runtime.database import Database
from services.runtime.event_log import EventLog, ReadEvents
from services.runtime.grpc_client import open_channel
from services.runtime.grpc_server import GrpcServer
from services.runtime.inbox import Inbox
from services.runtime.principal import Signer, Verifier
from services.runtime.process import Process
from services.runtime.relay import Relay
from services.runtime.scheduler import Scheduler
from services.runtime.secrets import derive, read_key
from services.runtime.settings import PlatformSettings
from services.runtime.subscriber import Subscriber, Subscription
from services.runtime.subscribing.servicer import SERVICE_NAME, add_subscribers_to
from services.runtime.subscribing.watching import Watched
from services.runtime.tls import tls_of

_SERVICES = (
    "coalition.points.v1.PointsService",
    "coalition.points.v1.OperationsService",
    "coalition.points.v1.QuotesService",
    "coalition.points.v1.ExplanationsService",
    "coalition.points.v1.GuardsService",
    SERVICE_NAME,
)
# They work by blocks: a closed member, or where a partner stands, is never passed over. What they note may be noted
# again, and none of it is ever taken out.
_WATCHED = (
    Watched("points-closed-members", MEMBERS.service, None, repeatable=True, rebuildable=False),
    Watched("points-partner-standings", PARTNERS.service, None, repeatable=True, rebuildable=False),
)


@dataclass(frozen=True, slots=True)
class Wired:
    """The application with what it stands on."""

    application: Points
    database: Database
    members: GrpcMembers
    partners: GrpcPartners
    close: Callable[[], Awaitable[None]]


def build(settings: Settings, platform: PlatformSettings) -> Wired:
    """Wires the application to its database and neighbours; nothing is started or reached yet."""
    database = Database.of(settings, "points")
    signer = Signer(
        "points", read_key(platform.principal_private_key.get_secret_value(), "principal_private_key")
    )
    tls = tls_of(platform)
    channels = [open_channel(platform.members_target, tls), open_channel(platform.partners_target, tls)]
    members, partners = GrpcMembers(channels[0], signer), GrpcPartners(channels[1], signer)
    check = CheckLedger(database.reader)
    secret = read_key(settings.secret_key.get_secret_value(), "COALITION_POINTS_SECRET_KEY")
    mac = ReferenceMac(derive(secret, "points erased references"))
    doors = Doors(settings, database.writer, partners, TELLING, mac)
    known = Known(
        KnownMembers(members, database.reader, database.writer), KnownStores(partners), KnownIssuers(partners)
    )
    post = PostMovements(doors, known, database.reader)
    reads, cut_at = Reads(database.reader), CutAt(doors, database.writer)
    application = Points(
        doors=doors,
        post=post,
        quote=QuoteMovements(doors, known, database.reader, TELLING, mac),
        set_earn_rate=SetEarnRate(doors, database.writer, partners),
        set_refund_rule=SetRefundRule(doors, database.writer, partners),
        set_burn_rule=SetBurnRule(doors, database.writer, partners),
        set_guard=SetGuard(doors, database.writer, partners),
        review_flag=ReviewFlag(doors, database.writer),
        forget_counts=ForgetCounts(doors, database),
        set_expiry_policy=SetExpiryPolicy(doors, database.writer),
        set_floor=SetFloor(doors, partners),
        set_limits=SetLimits(doors, database.writer),
        adjustments=Adjustments(doors, database.writer, post),
        set_campaign=SetCampaign(doors, database.writer, partners),
        load_budget=LoadBudget(doors, database.writer, partners),
        lapse_overdue=LapseOverdue(doors, database.reader),
        unpark_earns=UnparkEarns(doors, database.reader),
        tell_expiring=TellExpiring(doors, database, expiring),
        move_clock=MoveClock(doors, database.writer, clock_moved),
        cut_at=cut_at,
        find_span=FindSpan(doors, reads, cut_at),
        erase_words=EraseWords(doors, database.writer, mac),
        reads=reads,
        flags=Flags(database.reader),
        operations=Operations(database.reader),
        explain=Explain(database.reader, reads),
        check_ledger=check,
        check_ledgers=CheckLedgers(doors, database, check, breached),
        events=ReadEvents(database.reader, EventLog(EVENTS)),
    )

    async def close() -> None:
        await doors.close()
        for channel in channels:
            await channel.close()
        await database.close()

    return Wired(application, database, members, partners, close)


def grpc_server(wired: Wired, settings: Settings, platform: PlatformSettings) -> GrpcServer:
    """The service's gRPC server, not started yet."""
    verifier = Verifier(platform.principal_public_keys)
    secret = read_key(settings.secret_key.get_secret_value(), "COALITION_POINTS_SECRET_KEY")
    reader = MovementReader(derive(secret, "points content hash"))
    servicer = PointsServicer(wired.application, reader, verifier)

    def register(server: grpc.aio.Server) -> None:
        add_PointsServiceServicer_to_server(servicer, server)
        add_GuardsServiceServicer_to_server(GuardsServicer(wired.application), server)
        add_OperationsServiceServicer_to_server(OperationsServicer(wired.application), server)
        add_ExplanationsServiceServicer_to_server(ExplanationsServicer(wired.application), server)
        add_QuotesServiceServicer_to_server(QuotesServicer(wired.application, reader), server)
        add_subscribers_to(server, wired.database, EVENTS, INBOX, SUBSCRIPTIONS, _WATCHED)

    address = f"{settings.grpc_host}:{settings.grpc_port}"
    return GrpcServer(address, verifier, _SERVICES, register, tls_of(platform))


def closed_members(wired: Wired, bus: Bus) -> Subscriber:
    """Keeps the projection of closed members; the caller runs it."""
    find = wired.application.doors.programme
    subscription = Subscription(
        name="points-closed-members",
        stream=MEMBERS,
        owner=MembersLog(wired.members, find),
        apply=ClosedMembers(find).apply,
        repeatable=True,
    )
    inbox = Inbox(INBOX, subscription.name, MEMBERS.service)
    return Subscriber(wired.database, bus, inbox, subscription, SUBSCRIPTIONS)


def partner_standings(wired: Wired, bus: Bus) -> Subscriber:
    """Keeps the projection of where partners stand; the caller runs it."""
    doors = wired.application.doors
    subscription = Subscription(
        name="points-partner-standings",
        stream=PARTNERS,
        owner=PartnersLog(wired.partners, doors.programme),
        apply=StandingsTold(doors.opened).apply,
        repeatable=True,
    )
    inbox = Inbox(INBOX, subscription.name, PARTNERS.service)
    return Subscriber(wired.database, bus, inbox, subscription, SUBSCRIPTIONS)


async def serve() -> None:
    """Runs the ledger's gRPC server until SIGTERM or SIGINT. The relay is a process of its own."""
    platform, settings = PlatformSettings(), Settings()  # pyright: ignore[reportCallIssue]
    process = Process("points", platform)
    wired = build(settings, platform)
    process.at_stop(wired.close)
    bus = Bus.of(platform, process.name)
    process.at_stop(bus.close)
    server = grpc_server(wired, settings, platform)
    await server.start()
    process.at_stop(lambda: server.stop(settings.stop_grace_seconds))
    process.background(closed_members(wired, bus).run(), "closed members")
    process.background(partner_standings(wired, bus).run(), "partner standings")
    scheduler = Scheduler(wired.database, jobs(wired.application, settings))
    process.background(scheduler.run(), "jobs")
    await process.run()


async def serve_relay() -> None:
    """Relays the ledger's event log until SIGTERM or SIGINT: beside the posting, not in its way."""
    platform, settings = PlatformSettings(), Settings()  # pyright: ignore[reportCallIssue]
    process = Process("points-relay", platform)
    database = Database.of(settings, process.name)
    process.at_stop(database.close)
    bus = Bus.of(platform, process.name)
    process.at_stop(bus.close)
    process.background(Relay(database, bus, POINTS).run(), "relay")
    await process.run()
