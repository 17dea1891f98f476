"""Wiring: the one place that knows every concrete type of the insights service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import grpc.aio
from coalition.insights.v1.insights_pb2 import DESCRIPTOR
from coalition.insights.v1.insights_pb2_grpc import add_InsightsServiceServicer_to_server

from services.insights.app import Insights
from services.insights.commands.forget import Forget
from services.insights.commands.record import Record
from services.insights.events.consume import WATCHED, Sources, subscriptions
from services.insights.queries.figures import Figures
from services.insights.rpc.insights import InsightsServicer
from services.insights.settings import Settings
from services.insights.storage import tables
from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Bus
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.grpc_server import GrpcServer
from services.runtime.inbox import Inbox
from services.runtime.principal import Signer, Verifier
from services.runtime.process import Process
from services.runtime.secrets import read_key
from services.runtime.settings import PlatformSettings
from services.runtime.subscriber import Subscriber
from services.runtime.subscribing.owners import GrpcOwner
from services.runtime.subscribing.servicer import SERVICE_NAME, add_subscribers_to
from services.runtime.tls import Tls, tls_of

NAME: Final = "insights"
SERVICE_NAMES: Final = (DESCRIPTOR.services_by_name["InsightsService"].full_name, SERVICE_NAME)


def build(database: Database) -> Insights:
    """The service without its server and subscribers."""
    return Insights(record=Record(), forget=Forget(), figures=Figures(database.reader), database=database)


def server(insights: Insights, settings: Settings, verifier: Verifier, tls: Tls | None = None) -> GrpcServer:
    """The gRPC server over a built service; plain without `tls`."""

    def register(to: grpc.aio.Server) -> None:
        add_InsightsServiceServicer_to_server(InsightsServicer(insights), to)
        add_subscribers_to(to, insights.database, None, tables.inbox, tables.subscriptions, WATCHED)

    address = f"{settings.grpc_host}:{settings.grpc_port}"
    return GrpcServer(address, verifier, SERVICE_NAMES, register, tls)


def subscribers(
    insights: Insights, bus: Bus, sources: Sources, programmes: Callable[[], Awaitable[Sequence[str]]]
) -> tuple[Subscriber, ...]:
    """What reads the three streams; the caller runs them."""
    return tuple(
        Subscriber(
            insights.database,
            bus,
            Inbox(tables.inbox, each.name, each.stream.service),
            each,
            tables.subscriptions,
        )
        for each in subscriptions(insights.record, insights.forget, sources, programmes)
    )


async def serve() -> None:
    """Serves and subscribes until SIGTERM or SIGINT: `coalition run insights`."""
    platform, settings = PlatformSettings(), Settings.model_validate({})
    process = Process(NAME, platform)
    database = Database.of(settings, NAME)
    process.at_stop(database.close)
    tls, bus = tls_of(platform), Bus.of(platform, NAME)
    process.at_stop(bus.close)
    channels = {
        stream: open_channel(target, tls)
        for stream, target in (
            (MEMBERS, platform.members_target),
            (POINTS, platform.points_target),
            (PARTNERS, platform.partners_target),
        )
    }
    for channel in channels.values():
        process.at_stop(partial(channel.close, None))
    private_key = read_key(
        platform.principal_private_key.get_secret_value(), "COALITION_PRINCIPAL_PRIVATE_KEY"
    )
    signer = Signer(NAME, private_key)
    owners = {
        stream: GrpcOwner(stream, channel, channels[PARTNERS], signer) for stream, channel in channels.items()
    }
    insights = build(database)
    grpc_server = server(insights, settings, Verifier(platform.principal_public_keys), tls)
    await grpc_server.start()
    process.at_stop(partial(grpc_server.stop, settings.stop_grace_seconds))
    for each in subscribers(insights, bus, owners, owners[PARTNERS].programmes):
        process.background(each.run(), "subscriber")
    await process.run()
