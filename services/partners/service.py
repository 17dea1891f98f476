"""Wiring: the one place that knows every concrete type of the partners service."""

from __future__ import annotations

from functools import partial
from typing import Final

import grpc.aio
from coalition.partners.v1.partners_pb2 import DESCRIPTOR
from coalition.partners.v1.partners_pb2_grpc import (
    add_ClearingServiceServicer_to_server,
    add_PartnersServiceServicer_to_server,
)

from services.partners.app import Partners
from services.partners.clients.points import GrpcPointsLedger, PointsLedger
from services.partners.commands.add_staff import AddStaff
from services.partners.commands.add_stores import AddStores
from services.partners.commands.api_keys import IssueApiKey, RevokeApiKey
from services.partners.commands.close_windows import CloseWindows
from services.partners.commands.onboard_partner import OnboardPartner
from services.partners.commands.prove_window import ProveWindow
from services.partners.commands.rate_postings import RatePostings
from services.partners.commands.register_programme import RegisterProgramme
from services.partners.commands.set_rates import SetRates
from services.partners.events.consume import SOURCE, SUBSCRIBER, PointsEvents
from services.partners.events.publish import LOG, tell
from services.partners.jobs import CloseDueWindows, jobs
from services.partners.queries.check import CheckClearing
from services.partners.queries.clearing import Clearing
from services.partners.queries.credentials import Credentials
from services.partners.queries.partners import PartnerQueries
from services.partners.queries.programmes import Programmes
from services.partners.queries.proof_keys import ProofKey, ProofKeys
from services.partners.queries.statement_files import StatementFiles
from services.partners.queries.statements import Statements
from services.partners.rpc.clearing import ClearingServicer
from services.partners.rpc.registry import PartnersServicer
from services.partners.settings import Settings
from services.partners.storage import tables
from services.runtime.bus import PARTNERS, POINTS, Bus, Stream
from services.runtime.database import Database
from services.runtime.event_log import ReadEvents
from services.runtime.grpc_client import open_channel
from services.runtime.grpc_server import GrpcServer
from services.runtime.inbox import Inbox
from services.runtime.principal import Signer, Verifier
from services.runtime.process import Process
from services.runtime.relay import Relay
from services.runtime.scheduler import Scheduler
from services.runtime.secrets import derive, read_key
from services.runtime.settings import PlatformSettings
from services.runtime.signed_note import NoteSigner
from services.runtime.subscriber import Subscriber, Subscription

NAME: Final = "partners"
SERVICE_NAMES: Final = tuple(
    DESCRIPTOR.services_by_name[name].full_name for name in ("PartnersService", "ClearingService")
)


def points_ledger(database: Database, channel: grpc.aio.Channel, signer: Signer) -> GrpcPointsLedger:
    """The points service, called as this service itself."""
    return GrpcPointsLedger(channel, signer, Programmes(database).facts)


def proof_keys(settings: Settings) -> ProofKeys:
    """What proofs are made with, derived from the service's secret. Raises MalformedKey."""
    secret = read_key(settings.secret_key.get_secret_value(), "COALITION_PARTNERS_SECRET_KEY")
    return ProofKeys(
        signer=NoteSigner(derive(secret, "partners checkpoints")),
        root_key=derive(secret, "partners window secrets"),
        origin=settings.proof_origin,
    )


def build(settings: Settings, database: Database, points: PointsLedger) -> Partners:
    """The service without its server and background work."""
    programmes, statements = Programmes(database), Statements(database)
    keys = proof_keys(settings)
    return Partners(
        register_programme=RegisterProgramme(database, tell),
        onboard_partner=OnboardPartner(database, tell),
        add_stores=AddStores(database, tell),
        issue_api_key=IssueApiKey(database),
        revoke_api_key=RevokeApiKey(database, tell),
        add_staff=AddStaff(database),
        set_rates=SetRates(database, tell),
        rate_postings=RatePostings(database, programmes),
        close_windows=CloseWindows(
            database, tell, points, programmes, ProveWindow(points, keys), settings.rating_wait_seconds
        ),
        programmes=programmes,
        partners=PartnerQueries(database),
        credentials=Credentials(database),
        events=ReadEvents(database.reader, LOG),
        clearing=Clearing(database, programmes),
        statements=statements,
        check_clearing=CheckClearing(database, programmes, points, keys, SUBSCRIBER, SOURCE),
        statement_files=StatementFiles(database, statements, keys, settings.statement_files_max),
        proof_key=ProofKey(database, keys),
        database=database,
    )


def server(partners: Partners, settings: Settings, verifier: Verifier) -> GrpcServer:
    """The gRPC server of both services over a built one."""

    def register(to: grpc.aio.Server) -> None:
        add_PartnersServiceServicer_to_server(PartnersServicer(partners), to)
        add_ClearingServiceServicer_to_server(ClearingServicer(partners), to)

    return GrpcServer(f"{settings.grpc_host}:{settings.grpc_port}", verifier, SERVICE_NAMES, register)


def rating(partners: Partners, points: PointsLedger, bus: Bus, stream: Stream = POINTS) -> Subscriber:
    """The subscriber that rates what points tells."""
    subscription = Subscription(
        SUBSCRIBER,
        stream,
        points,
        PointsEvents(partners.rate_postings).apply,
        partners.programmes.slugs,
    )
    return Subscriber(partners.database, bus, Inbox(tables.inbox, SUBSCRIBER, SOURCE), subscription)


def scheduler(partners: Partners, settings: Settings) -> Scheduler:
    """The jobs: closing the windows that are due."""
    close_due = CloseDueWindows(partners.close_windows, partners.clearing, partners.programmes)
    return Scheduler(partners.database, jobs(close_due, settings.close_every_seconds))


async def serve() -> None:
    """Serves, rates and relays until SIGTERM or SIGINT: `coalition run partners`."""
    platform, settings = PlatformSettings(), Settings.model_validate({})
    process = Process(NAME, platform)
    database = Database.of(settings, NAME)
    process.at_stop(database.close)
    bus = Bus(platform.nats_url, NAME)
    process.at_stop(bus.close)
    channel = open_channel(platform.points_target)
    process.at_stop(partial(channel.close, None))
    private_key = read_key(
        platform.principal_private_key.get_secret_value(), "COALITION_PRINCIPAL_PRIVATE_KEY"
    )
    points = points_ledger(database, channel, Signer(NAME, private_key))
    partners = build(settings, database, points)
    grpc_server = server(partners, settings, Verifier(platform.principal_public_keys))
    await grpc_server.start()
    process.at_stop(partial(grpc_server.stop, settings.stop_grace_seconds))
    # The bus may come later than this service, and go: neither stops the registry.
    process.background(Relay(database, bus, PARTNERS).run(), "relay")
    process.background(rating(partners, points, bus).run(), "rating")
    process.background(scheduler(partners, settings).run(), "jobs")
    await process.run()
