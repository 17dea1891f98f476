"""The gateway's wiring: from settings to what it can do, and to a process that serves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi.routing import APIRoute

from services.gateway.answers.batches import BatchAnswers
from services.gateway.answers.large_batches import LineAnswers
from services.gateway.answers.movements import MovementAnswers
from services.gateway.app import Gateway
from services.gateway.auth.addresses import AddressLists
from services.gateway.auth.keys import ApiKeys
from services.gateway.auth.quotas import QuotaLimits, Quotas
from services.gateway.auth.shares import Places, Shares
from services.gateway.auth.slots import PartnerSlots
from services.gateway.clients.authority import GrpcAuthorities
from services.gateway.clients.disputes import GrpcDisputes
from services.gateway.clients.documents import GrpcDocuments
from services.gateway.clients.explanations import GrpcExplanations
from services.gateway.clients.health import Neighbours
from services.gateway.clients.members import GrpcMembers
from services.gateway.clients.operations import GrpcOperations
from services.gateway.clients.partners import GrpcPartners
from services.gateway.clients.points import GrpcPoints, Points
from services.gateway.clients.quotes import GrpcQuotes
from services.gateway.commands.batch_lines import BatchLines
from services.gateway.commands.batches import Batches
from services.gateway.commands.large_batches.receive import ReceiveBatches, ReceiveLimits
from services.gateway.commands.large_batches.work import Pace, WorkBatches
from services.gateway.commands.movements import Movements
from services.gateway.commands.posting import Posting
from services.gateway.commands.purchases import Purchases
from services.gateway.commands.quotes import AskQuotes
from services.gateway.commands.reconcile import Limits, Reconcile
from services.gateway.commands.refunds import Refunds
from services.gateway.commands.reversals import Reversals
from services.gateway.commands.tills_first import Tills
from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.authority import AtTheTill, Instruments
from services.gateway.directory.languages import Languages
from services.gateway.directory.members import MemberDirectory
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.api_versions import Versions
from services.gateway.domain.large_batches.retrying import Patience
from services.gateway.domain.quotas import Quota
from services.gateway.http.app import create_app
from services.gateway.http.server import HttpServer
from services.gateway.jobs import jobs
from services.gateway.queries.reconciliation_days import Days
from services.gateway.settings import Settings
from services.gateway.storage.batches import BatchStore
from services.gateway.storage.large_batches.reading import BatchLineStore
from services.gateway.storage.large_batches.working import OpenRuns
from services.gateway.storage.quotas import QuotaStore
from services.gateway.storage.reconciliation import ReconciliationStore
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.principal import Signer
from services.runtime.process import Process
from services.runtime.scheduler import Scheduler
from services.runtime.secrets import derive, read_key
from services.runtime.settings import PlatformSettings
from services.runtime.tls import tls_of

NAME = "gateway"
ExtraRoutes = Callable[[Gateway], Sequence[APIRoute]]


class Running:
    """A gateway with the connections that it holds."""

    def __init__(self, platform: PlatformSettings, settings: Settings) -> None:
        self.settings = settings
        self.database = Database.of(settings, NAME)
        tls = tls_of(platform)
        self._channels = {
            "members": open_channel(platform.members_target, tls),
            "points": open_channel(platform.points_target, tls),
            "partners": open_channel(platform.partners_target, tls),
        }
        self.batch_store = BatchStore(self.database)
        self.uploads = ReconciliationStore(self.database)
        self.quota_store = QuotaStore(self.database)
        self._tills = Tills()
        self.gateway = self._wire(platform)

    def _wire(self, platform: PlatformSettings) -> Gateway:
        settings = self.settings
        signer = Signer(
            NAME,
            read_key(platform.principal_private_key.get_secret_value(), "COALITION_PRINCIPAL_PRIVATE_KEY"),
        )
        secret = read_key(settings.secret_key.get_secret_value(), "COALITION_GATEWAY_SECRET_KEY")
        members = GrpcMembers(self._channels["members"], signer)
        points = GrpcPoints(self._channels["points"], signer)
        partners = GrpcPartners(self._channels["partners"], signer)
        aliases = MemberAliases(secret)
        languages = Languages(settings.members_remembered_max, settings.receipt_languages)
        answers = MovementAnswers(aliases, languages)
        member_directory = self._member_directory(members, signer, aliases, languages)
        authorities = GrpcAuthorities(self._channels["members"])
        till = AtTheTill(member_directory, authorities, Instruments(secret))
        store_directory = StoreDirectory(
            partners,
            partners_max=settings.partners_remembered_max,
            seconds=settings.store_seconds,
            refresh_seconds=settings.store_refresh_seconds,
        )
        posting = self._posting(points)
        keys = self._api_keys(partners, signer)
        batch_answers = BatchAnswers(answers)
        batch_lines = BatchLines(member_directory, till, store_directory, posting, batch_answers)
        receive_batches, work_batches = self._large_batches(secret, keys, batch_lines, LineAnswers(aliases))
        days, reconcile = self._books(signer, secret)
        return Gateway(
            settings=settings,
            keys=keys,
            address_lists=AddressLists(settings.keys_remembered_max),
            versions=Versions(),
            slots=PartnerSlots(settings.requests_at_once_partner_max),
            quotas=self._quotas(),
            places=self._places(),
            aliases=aliases,
            languages=languages,
            member_directory=member_directory,
            store_directory=store_directory,
            movements=Movements(till, store_directory, posting),
            purchases=Purchases(till, store_directory, posting),
            refunds=Refunds(store_directory, posting),
            reversals=Reversals(posting),
            quotes=AskQuotes(member_directory, store_directory, GrpcQuotes(self._channels["points"])),
            batches=Batches(
                self.batch_store,
                batch_lines,
                batch_answers,
                hash_key=derive(secret, "hash of batch bodies"),
            ),
            receive_batches=receive_batches,
            work_batches=work_batches,
            posting=posting,
            reconcile=reconcile,
            members=members,
            authorities=authorities,
            points=points,
            explanations=GrpcExplanations(self._channels["points"]),
            partners=partners,
            disputes=GrpcDisputes(self._channels["partners"]),
            documents=GrpcDocuments(self._channels["partners"]),
            batch_store=self.batch_store,
            batch_line_store=BatchLineStore(self.database),
            days=days,
            reconciliation_store=self.uploads,
            answers=answers,
            neighbours=Neighbours(self._channels),
        )

    def _member_directory(
        self, members: GrpcMembers, signer: Signer, aliases: MemberAliases, languages: Languages
    ) -> MemberDirectory:
        """What knows members by what a till was shown."""
        remembered, seconds = self.settings.members_remembered_max, self.settings.member_seconds
        return MemberDirectory(members, signer, aliases, languages, entries_max=remembered, seconds=seconds)

    def _quotas(self) -> Quotas:
        """What counts the requests of keys."""
        settings = self.settings
        limits = QuotaLimits(
            Quota(settings.quota_interactive_per_second, settings.quota_interactive_window_seconds),
            Quota(settings.quota_bulk_per_second, settings.quota_bulk_window_seconds),
            settings.quota_slice_milliseconds,
            settings.keys_remembered_max,
        )
        return Quotas(self.quota_store, limits)

    def _places(self) -> Places:
        """Where what takes long is worked on."""
        settings = self.settings
        files_max, of_one_max = settings.batch_files_at_once_max, settings.batch_files_of_one_max
        return Places(
            batches=Shares("batches", settings.batches_at_once_max, retry_after_seconds=2),
            batch_files=Shares("files of large batches", files_max, of_one_max, retry_after_seconds=5),
            uploads=Shares("files", settings.uploads_at_once_max, retry_after_seconds=5),
        )

    def _posting(self, points: Points) -> Posting:
        """What takes movements to the ledger, many in a call."""
        settings = self.settings
        return Posting(
            points,
            self._tills,
            items_max=settings.posting_items_max,
            queue_max=settings.posting_queue_max,
            flights=settings.posting_flights,
            attempt_seconds=settings.posting_attempt_seconds,
        )

    def _api_keys(self, partners: GrpcPartners, signer: Signer) -> ApiKeys:
        settings = self.settings
        return ApiKeys(
            partners,
            signer,
            fresh_seconds=settings.key_seconds,
            refused_seconds=settings.key_refused_seconds,
            grace_seconds=settings.key_grace_seconds,
            entries_max=settings.keys_remembered_max,
        )

    def _large_batches(
        self, secret: bytes, keys: ApiKeys, lines: BatchLines, answers: LineAnswers
    ) -> tuple[ReceiveBatches, WorkBatches]:
        """What takes large batches, and what posts them."""
        settings = self.settings
        limits = ReceiveLimits(
            settings.batch_file_lines_max,
            settings.body_bytes_max,
            settings.batches_open_max,
            settings.batch_rests,
        )
        patience = Patience(
            int(settings.batch_retry_first_seconds * MICROS_PER_SECOND),
            int(settings.batch_retry_longest_seconds * MICROS_PER_SECOND),
            int(settings.batch_retry_seconds_max * MICROS_PER_SECOND),
        )
        pace = Pace(
            settings.batch_chunk_lines,
            settings.batch_flights,
            settings.batch_poll_seconds,
            settings.batch_rests,
        )
        return (
            ReceiveBatches(self.batch_store, limits, derive(secret, "hash of batch bodies"), self._tills),
            WorkBatches(OpenRuns(self.database), keys, lines, answers, patience, pace, self._tills),
        )

    def _books(self, signer: Signer, secret: bytes) -> tuple[Days, Reconcile]:
        """What knows the books of partners, and what compares their own files with them."""
        settings = self.settings
        operations = GrpcOperations(self._channels["points"], signer)
        days = Days(operations, remembered_max=settings.days_remembered_max)
        limits = Limits(settings.upload_lines_max, settings.upload_differences_max)
        return days, Reconcile(self.uploads, days, operations, limits, derive(secret, "hash of uploads"))

    async def close(self) -> None:
        """Lets what is queued reach the ledger, then closes the connections."""
        await self.gateway.posting.drain(self.settings.stop_grace_seconds)
        for channel in self._channels.values():
            await channel.close()
        await self.gateway.quotas.close()
        self.quota_store.drop()
        await self.database.close()


def build(platform: PlatformSettings, settings: Settings) -> Running:
    """A gateway on real connections, all of them opened when first used. For processes and tests alike."""
    return Running(platform, settings)


async def serve(extra: ExtraRoutes = lambda _: ()) -> None:
    """Runs the gateway until told to stop. `extra` mounts more routes behind its edge, for benchmarks."""
    platform, settings = PlatformSettings(), Settings()  # pyright: ignore[reportCallIssue]
    process = Process(NAME, platform)
    running = build(platform, settings)
    process.at_stop(running.close)
    server = HttpServer(create_app(running.gateway, extra(running.gateway)), settings)
    await server.start()
    process.at_stop(server.stop)
    process.background(server.wait(), "http")
    kept = jobs(
        running.batch_store,
        settings.batch_retention_days,
        running.uploads,
        settings.upload_retention_days,
        running.quota_store,
    )
    scheduler = Scheduler(running.database, kept)
    process.background(scheduler.run(), "jobs")
    process.background(running.gateway.work_batches.run(), "batches")
    await process.run()
