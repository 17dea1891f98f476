"""Wiring: the one place that knows every concrete type of the notifications service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

import grpc.aio
from coalition.notifications.v1 import notifications_pb2
from coalition.notifications.v1.notifications_pb2_grpc import add_NotificationsServiceServicer_to_server

from services.notifications.app import Notifications
from services.notifications.clients.members import Contacts, GrpcContacts
from services.notifications.clients.outlets import AppriseOutlets, Outlets
from services.notifications.clients.programmes import GrpcProgrammes, Programmes
from services.notifications.commands.forget import Forget
from services.notifications.commands.note import Note
from services.notifications.commands.send_due import Rules, SendDue
from services.notifications.commands.texts import SetText, SwitchKind
from services.notifications.domain.channels import Channel
from services.notifications.events.consume import SUBSCRIBERS, NoteEvents
from services.notifications.jobs import jobs
from services.notifications.queries.deliveries import Deliveries
from services.notifications.queries.switches import Switches
from services.notifications.queries.texts import Texts
from services.notifications.rpc.servicer import NotificationsServicer
from services.notifications.settings import Settings
from services.notifications.storage import tables
from services.runtime import logging
from services.runtime.bus import MEMBERS, POINTS, Bus, Stream
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.grpc_server import GrpcServer
from services.runtime.inbox import Inbox
from services.runtime.principal import Signer, Verifier
from services.runtime.process import Process
from services.runtime.scheduler import Scheduler
from services.runtime.secrets import read_key
from services.runtime.settings import PlatformSettings
from services.runtime.subscriber import Each, Owner, Subscriber, Subscription
from services.runtime.subscribing.handling import Order
from services.runtime.subscribing.owners import GrpcOwner
from services.runtime.subscribing.servicer import SERVICE_NAME, add_subscribers_to
from services.runtime.subscribing.watching import Watched
from services.runtime.tls import Tls, tls_of

NAME: Final = "notifications"
SERVICE_NAMES: Final = (
    notifications_pb2.DESCRIPTOR.services_by_name["NotificationsService"].full_name,
    SERVICE_NAME,
)
_STREAMS: Final = (MEMBERS, POINTS)
_START_AGAIN_SECONDS: Final = 1.0
_log = logging.get(__name__)


def outlets(settings: Settings) -> AppriseOutlets:
    """The channels that the settings open."""
    urls = {
        Channel.EMAIL: settings.email_url,
        Channel.SMS: settings.sms_url,
        Channel.PUSH: settings.push_url,
        Channel.CHAT: settings.chat_url,
    }
    return AppriseOutlets(
        {channel: url.get_secret_value() for channel, url in urls.items()},
        settings.send_at_once,
        settings.send_timeout_seconds,
    )


def build(
    settings: Settings, database: Database, contacts: Contacts, programmes: Programmes, by: Outlets
) -> Notifications:
    """The service without its server and background work."""
    rules = Rules(
        per_day={
            Channel.EMAIL: settings.email_per_day,
            Channel.SMS: settings.sms_per_day,
            Channel.PUSH: settings.push_per_day,
            Channel.CHAT: settings.chat_per_day,
        },
        at_once=settings.send_at_once,
        lease_seconds=settings.lease_seconds,
        retry_first_us=round(settings.retry_first_seconds * MICROS_PER_SECOND),
        retry_longest_us=round(settings.retry_longest_seconds * MICROS_PER_SECOND),
        attempts_max=settings.attempts_max,
    )
    return Notifications(
        note=Note(database.writer, is_needed=bool(by.channels)),
        forget=Forget(database.writer),
        send_due=SendDue(database, contacts, programmes, by, rules),
        set_text=SetText(database.writer),
        switch_kind=SwitchKind(database.writer),
        deliveries=Deliveries(database.reader),
        texts=Texts(database.reader),
        switches=Switches(),
        database=database,
    )


def subscriptions(notifications: Notifications, owners: Mapping[Stream, Owner]) -> list[Subscription]:
    """What is read of the events, and what is done with each. A replay and a rebuild send nothing."""
    made: list[Subscription] = []
    for stream, owner in owners.items():
        noting = NoteEvents(stream.service, notifications.note, notifications.switches)
        # One member's notices need not wait for one that failed: each stands for itself.
        each = Each(noting.handle, Order.NONE)
        name = SUBSCRIBERS[stream.service]
        programmes = getattr(owner, "programmes", None)
        made.append(
            Subscription(name, stream, owner, each, programmes, repeatable=True, forget=noting.forget)
        )
    return made


def server(
    notifications: Notifications,
    settings: Settings,
    verifier: Verifier,
    watched: list[Watched],
    tls: Tls | None = None,
) -> GrpcServer:
    """The gRPC server over a built service; plain without `tls`."""

    def register(to: grpc.aio.Server) -> None:
        add_NotificationsServiceServicer_to_server(NotificationsServicer(notifications), to)
        add_subscribers_to(to, notifications.database, None, tables.inbox, tables.subscriptions, watched)

    return GrpcServer(f"{settings.grpc_host}:{settings.grpc_port}", verifier, SERVICE_NAMES, register, tls)


async def subscribe(notifications: Notifications, bus: Bus, made: list[Subscription]) -> None:
    """Reads events until cancelled. Since when is written down first: of what was before, nobody is told."""
    while True:
        try:
            await notifications.note.begin([each.name for each in made])
            break
        except Exception as error:
            _log.warning("notifications.not_begun", error=type(error).__name__)
            await asyncio.sleep(_START_AGAIN_SECONDS)
    async with asyncio.TaskGroup() as group:
        for each in made:
            inbox = Inbox(tables.inbox, each.name, each.stream.service)
            reader = Subscriber(notifications.database, bus, inbox, each, tables.subscriptions)
            group.create_task(reader.run(), name=each.name)


async def serve() -> None:
    """Serves, reads events and sends until SIGTERM or SIGINT: `coalition run notifications`."""
    platform, settings = PlatformSettings(), Settings.model_validate({})
    process = Process(NAME, platform)
    database = Database.of(settings, NAME)
    process.at_stop(database.close)
    tls, bus = tls_of(platform), Bus.of(platform, NAME)
    process.at_stop(bus.close)
    signer = Signer(
        NAME,
        read_key(platform.principal_private_key.get_secret_value(), "COALITION_PRINCIPAL_PRIVATE_KEY"),
    )
    targets = {
        "members": platform.members_target,
        "points": platform.points_target,
        "partners": platform.partners_target,
    }
    channels = {name: open_channel(target, tls) for name, target in targets.items()}
    for channel in channels.values():
        process.at_stop(partial(channel.close, None))
    partners, by = channels["partners"], outlets(settings)
    notifications = build(
        settings, database, GrpcContacts(channels["members"], signer), GrpcProgrammes(partners, signer), by
    )
    process.at_stop(by.close)
    process.at_stop(notifications.send_due.drain)
    owners = {stream: GrpcOwner(stream, channels[stream.service], partners, signer) for stream in _STREAMS}
    made = subscriptions(notifications, owners)
    watched = [Watched.of(each) for each in made]
    grpc_server = server(notifications, settings, Verifier(platform.principal_public_keys), watched, tls)
    await grpc_server.start()
    process.at_stop(partial(grpc_server.stop, settings.stop_grace_seconds))
    process.background(subscribe(notifications, bus, made), "subscribers")
    process.background(Scheduler(database, jobs(notifications, settings)).run(), "jobs")
    await process.run()
