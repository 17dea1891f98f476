"""Wiring: the one place that knows every concrete type of the partners service."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import grpc.aio
from coalition.partners.v1 import (
    api_access_pb2,
    approvals_pb2,
    audit_pb2,
    contracts_pb2,
    disputes_pb2,
    legal_entities_pb2,
    liability_pb2,
    limits_pb2,
    partners_pb2,
    payment_terms_pb2,
    prefunding_pb2,
    settlement_pb2,
    staff_pb2,
    standing_pb2,
    tax_pb2,
)
from coalition.partners.v1.api_access_pb2_grpc import add_ApiAccessServiceServicer_to_server
from coalition.partners.v1.approvals_pb2_grpc import add_ApprovalsServiceServicer_to_server
from coalition.partners.v1.audit_pb2_grpc import add_AuditServiceServicer_to_server
from coalition.partners.v1.contracts_pb2_grpc import add_ContractsServiceServicer_to_server
from coalition.partners.v1.disputes_pb2_grpc import add_DisputeServiceServicer_to_server
from coalition.partners.v1.legal_entities_pb2_grpc import add_LegalEntitiesServiceServicer_to_server
from coalition.partners.v1.liability_pb2_grpc import add_LiabilityServiceServicer_to_server
from coalition.partners.v1.limits_pb2_grpc import add_LimitsServiceServicer_to_server
from coalition.partners.v1.partners_pb2_grpc import (
    add_ClearingServiceServicer_to_server,
    add_PartnersServiceServicer_to_server,
)
from coalition.partners.v1.payment_terms_pb2_grpc import add_PaymentTermsServiceServicer_to_server
from coalition.partners.v1.prefunding_pb2_grpc import add_PrefundingServiceServicer_to_server
from coalition.partners.v1.settlement_pb2_grpc import add_SettlementServiceServicer_to_server
from coalition.partners.v1.staff_pb2_grpc import add_StaffServiceServicer_to_server
from coalition.partners.v1.standing_pb2_grpc import add_PartnerStandingServiceServicer_to_server
from coalition.partners.v1.tax_pb2_grpc import add_TaxServiceServicer_to_server

from services.partners.app import ApiAccess, Disputing, Partners, Settlement
from services.partners.clients.points import GrpcPointsLedger, PointsLedger
from services.partners.commands.accept_statement import AcceptStatement
from services.partners.commands.add_staff import AddStaff
from services.partners.commands.add_stores import AddStores
from services.partners.commands.api_keys import IssueApiKey, RevokeApiKey
from services.partners.commands.close_windows import CloseWindows
from services.partners.commands.contract_terms import ProposeTerm, SetTerm, Term
from services.partners.commands.credit_limits import CREDIT_LIMIT, ProposeCreditLimit
from services.partners.commands.disputes.add_evidence import AddEvidence, AskForEvidence
from services.partners.commands.disputes.decide_dispute import DecideDispute
from services.partners.commands.disputes.dispute_terms import DISPUTE_TERMS
from services.partners.commands.disputes.escalate_dispute import EscalateDispute
from services.partners.commands.disputes.follow_disputes import FollowDisputes
from services.partners.commands.disputes.open_dispute import OpenDispute
from services.partners.commands.documents.set_operator_data import OPERATOR_DATA
from services.partners.commands.documents.set_tax_data import TAX_DATA
from services.partners.commands.draft_kinds import DraftKinds
from services.partners.commands.drafts import Drafts
from services.partners.commands.legal_entities import AddLegalEntity, AssignStores
from services.partners.commands.liability.follow_lots import FollowLots
from services.partners.commands.onboard_partner import OnboardPartner
from services.partners.commands.payments.payment_terms import OPERATOR_ACCOUNT, PAYMENT_TERMS
from services.partners.commands.prove_window import ProveWindow
from services.partners.commands.rate_postings import RatePostings
from services.partners.commands.register_programme import RegisterProgramme
from services.partners.commands.rerate import RERATE, ProposeRerate
from services.partners.commands.set_billing import BILLING
from services.partners.commands.set_floors import SetFloors
from services.partners.commands.set_partner_roles import PARTNER_ROLES
from services.partners.commands.set_quotas import SetQuotas
from services.partners.commands.set_rates import rates_term
from services.partners.commands.set_staff_roles import SetStaffRoles
from services.partners.commands.settlement.abort_run import AbortRun
from services.partners.commands.settlement.breaks import AssignBreak, EndBreak
from services.partners.commands.settlement.cancel_payment import CancelPayment
from services.partners.commands.settlement.draft_run import SETTLEMENT_RUN, DraftRun
from services.partners.commands.settlement.instruct_run import InstructRun
from services.partners.commands.settlement.prefunding import PREFUNDING
from services.partners.commands.settlement.receive_bank_message import ReceiveBankMessage
from services.partners.commands.settlement.run_states import FollowRuns
from services.partners.commands.settlement.suspend_late import SuspendLate
from services.partners.commands.staff_tokens import IssueStaffToken, RevokeStaffToken
from services.partners.commands.standing.set_standing import standing_term
from services.partners.events.consume import RATING, SOURCE, SUBSCRIBER, PointsEvents
from services.partners.events.follow_lots import LedgerLots
from services.partners.events.publish import LOG, tell
from services.partners.jobs import all_jobs
from services.partners.queries.audit import AuditLog
from services.partners.queries.check import CheckClearing
from services.partners.queries.clearing import Clearing
from services.partners.queries.credentials import Credentials
from services.partners.queries.credit_limits import CreditLimits
from services.partners.queries.disputes.disputes import Disputes
from services.partners.queries.documents.tax import TaxQueries
from services.partners.queries.drafts import DraftQueries
from services.partners.queries.legal_entities import LegalEntities
from services.partners.queries.liability.liability import Liability
from services.partners.queries.partners import PartnerQueries
from services.partners.queries.payments.payment_terms import PaymentTermsQueries
from services.partners.queries.people import StaffTokens
from services.partners.queries.positions import Positions
from services.partners.queries.programmes import Programmes
from services.partners.queries.proof_keys import ProofKey, ProofKeys
from services.partners.queries.rerates import Rerates
from services.partners.queries.settlement.accounts import Accounts
from services.partners.queries.settlement.documents import Documents
from services.partners.queries.settlement.prefunding import Prefunding
from services.partners.queries.settlement.runs import Runs
from services.partners.queries.standings import Standings
from services.partners.queries.statement_files import StatementFiles
from services.partners.queries.statements import Statements
from services.partners.rpc.api_access import ApiAccessServicer
from services.partners.rpc.approvals import ApprovalsServicer
from services.partners.rpc.audit import AuditServicer
from services.partners.rpc.clearing import ClearingServicer
from services.partners.rpc.contracts import ContractsServicer
from services.partners.rpc.disputes import DisputeServicer
from services.partners.rpc.legal_entities import LegalEntitiesServicer
from services.partners.rpc.liability import LiabilityServicer
from services.partners.rpc.limits import LimitsServicer
from services.partners.rpc.payment_terms import PaymentTermsServicer
from services.partners.rpc.prefunding import PrefundingServicer
from services.partners.rpc.registry import PartnersServicer
from services.partners.rpc.settlement import SettlementServicer
from services.partners.rpc.staff import StaffServicer
from services.partners.rpc.standing import StandingServicer
from services.partners.rpc.tax import TaxServicer
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
from services.runtime.subscribing.servicer import SERVICE_NAME, add_subscribers_to
from services.runtime.tls import Tls, tls_of

NAME: Final = "partners"
_CONTRACTS: Final = (
    partners_pb2,
    legal_entities_pb2,
    staff_pb2,
    approvals_pb2,
    contracts_pb2,
    limits_pb2,
    liability_pb2,
    audit_pb2,
    settlement_pb2,
    payment_terms_pb2,
    tax_pb2,
    standing_pb2,
    disputes_pb2,
    prefunding_pb2,
    api_access_pb2,
)
SERVICE_NAMES: Final = (
    *(each.full_name for contract in _CONTRACTS for each in contract.DESCRIPTOR.services_by_name.values()),
    SERVICE_NAME,
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
    keys, rerates = proof_keys(settings), Rerates(database)
    prices, standing = rates_term(tell), standing_term(tell)
    drafts = Drafts(database, _draft_kinds(prices, standing), settings.draft_days)
    return Partners(
        register_programme=RegisterProgramme(database, tell),
        onboard_partner=OnboardPartner(database, tell),
        add_stores=AddStores(database, tell),
        issue_api_key=IssueApiKey(database),
        revoke_api_key=RevokeApiKey(database, tell),
        set_quotas=SetQuotas(database),
        add_staff=AddStaff(database),
        issue_staff_token=IssueStaffToken(database),
        revoke_staff_token=RevokeStaffToken(database),
        set_staff_roles=SetStaffRoles(database),
        set_rates=SetTerm(database, prices),
        set_partner_roles=SetTerm(database, PARTNER_ROLES),
        set_payment_terms=SetTerm(database, PAYMENT_TERMS),
        set_operator_account=SetTerm(database, OPERATOR_ACCOUNT),
        set_tax_data=SetTerm(database, TAX_DATA),
        set_operator_data=SetTerm(database, OPERATOR_DATA),
        set_standing=SetTerm(database, standing),
        add_legal_entity=AddLegalEntity(database),
        assign_stores=AssignStores(database),
        drafts=drafts,
        propose_credit_limit=ProposeCreditLimit(drafts),
        propose_rates=ProposeTerm(drafts, prices),
        propose_billing=ProposeTerm(drafts, BILLING),
        propose_partner_roles=ProposeTerm(drafts, PARTNER_ROLES),
        propose_payment_terms=ProposeTerm(drafts, PAYMENT_TERMS),
        propose_operator_account=ProposeTerm(drafts, OPERATOR_ACCOUNT),
        propose_tax_data=ProposeTerm(drafts, TAX_DATA),
        propose_operator_data=ProposeTerm(drafts, OPERATOR_DATA),
        propose_standing=ProposeTerm(drafts, standing),
        propose_rerate=ProposeRerate(drafts, rerates),
        rate_postings=RatePostings(database, programmes),
        close_windows=CloseWindows(
            database, tell, points, programmes, ProveWindow(points, keys), settings.rating_wait_seconds
        ),
        set_billing=SetTerm(database, BILLING),
        set_floors=SetFloors(database, tell, points),
        accept_statement=AcceptStatement(database),
        follow_lots=FollowLots(database, programmes, LedgerLots(points)),
        programmes=programmes,
        partners=PartnerQueries(database),
        credentials=Credentials(database),
        events=ReadEvents(database.reader, LOG),
        clearing=Clearing(database, programmes),
        positions=Positions(database, programmes),
        statements=statements,
        check_clearing=CheckClearing(database, programmes, points, keys, SUBSCRIBER, SOURCE),
        statement_files=StatementFiles(database, statements, keys, settings.statement_files_max),
        proof_key=ProofKey(database, keys),
        staff_tokens=StaffTokens(database),
        draft_queries=DraftQueries(database, settings.draft_days),
        credit_limits=CreditLimits(database),
        rerates=rerates,
        standings=Standings(database),
        legal_entities=LegalEntities(database),
        payment_terms=PaymentTermsQueries(database),
        tax=TaxQueries(database),
        liability=Liability(database, programmes),
        audit=AuditLog(database),
        settlement=_settlement(database, drafts, settings.draft_days),
        disputing=_disputing(database, drafts),
        api_access=ApiAccess.on(database),
        database=database,
    )


def _draft_kinds(*with_events: Term[Any, Any]) -> DraftKinds:
    """What takes two people: a kind of draft is registered here, and nowhere else."""
    plain = (
        BILLING,
        PARTNER_ROLES,
        PAYMENT_TERMS,
        OPERATOR_ACCOUNT,
        TAX_DATA,
        OPERATOR_DATA,
        DISPUTE_TERMS,
        PREFUNDING,
    )
    terms = (term.draft_kind() for term in (*with_events, *plain))
    return DraftKinds((CREDIT_LIMIT, *terms, RERATE, SETTLEMENT_RUN))


def _disputing(database: Database, drafts: Drafts) -> Disputing:
    return Disputing(
        open_dispute=OpenDispute(database, tell),
        add_evidence=AddEvidence(database, tell),
        ask_for_evidence=AskForEvidence(database, tell),
        decide_dispute=DecideDispute(database, tell),
        escalate_dispute=EscalateDispute(database, tell),
        follow_disputes=FollowDisputes(database, tell),
        set_dispute_terms=SetTerm(database, DISPUTE_TERMS),
        propose_dispute_terms=ProposeTerm(drafts, DISPUTE_TERMS),
        disputes=Disputes(database),
    )


def _settlement(database: Database, drafts: Drafts, draft_days: int) -> Settlement:
    return Settlement(
        draft_run=DraftRun(database, drafts),
        instruct_run=InstructRun(database, tell),
        abort_run=AbortRun(database),
        cancel_payment=CancelPayment(database, tell),
        follow_runs=FollowRuns(database, tell, draft_days),
        suspend_late=SuspendLate(database, tell),
        receive_bank_message=ReceiveBankMessage(database, tell),
        assign_break=AssignBreak(database),
        end_break=EndBreak(database, tell),
        order_prefunding=SetTerm(database, PREFUNDING),
        propose_prefunding=ProposeTerm(drafts, PREFUNDING),
        runs=Runs(database),
        documents=Documents(database),
        accounts=Accounts(database),
        prefunding=Prefunding(database),
    )


def server(partners: Partners, settings: Settings, verifier: Verifier, tls: Tls | None = None) -> GrpcServer:
    """The gRPC server of all of them over a built one; plain without `tls`."""

    def register(to: grpc.aio.Server) -> None:
        add_PartnersServiceServicer_to_server(PartnersServicer(partners), to)
        add_ClearingServiceServicer_to_server(ClearingServicer(partners), to)
        add_StaffServiceServicer_to_server(StaffServicer(partners), to)
        add_ApprovalsServiceServicer_to_server(ApprovalsServicer(partners), to)
        add_LegalEntitiesServiceServicer_to_server(LegalEntitiesServicer(partners), to)
        add_ContractsServiceServicer_to_server(ContractsServicer(partners), to)
        add_LimitsServiceServicer_to_server(LimitsServicer(partners), to)
        add_PaymentTermsServiceServicer_to_server(PaymentTermsServicer(partners), to)
        add_LiabilityServiceServicer_to_server(LiabilityServicer(partners), to)
        add_AuditServiceServicer_to_server(AuditServicer(partners), to)
        add_SettlementServiceServicer_to_server(
            SettlementServicer(partners.settlement, partners.draft_queries), to
        )
        add_PrefundingServiceServicer_to_server(
            PrefundingServicer(partners.settlement, partners.draft_queries), to
        )
        add_TaxServiceServicer_to_server(TaxServicer(partners), to)
        add_PartnerStandingServiceServicer_to_server(StandingServicer(partners), to)
        add_ApiAccessServiceServicer_to_server(ApiAccessServicer(partners.api_access), to)
        add_DisputeServiceServicer_to_server(DisputeServicer(partners.disputing, partners.draft_queries), to)
        add_subscribers_to(to, partners.database, tables.events, tables.inbox, tables.subscriptions, [RATING])

    address = f"{settings.grpc_host}:{settings.grpc_port}"
    return GrpcServer(address, verifier, SERVICE_NAMES, register, tls)


def rating(partners: Partners, points: PointsLedger, bus: Bus, stream: Stream = POINTS) -> Subscriber:
    """The subscriber that rates what points tells."""
    subscription = Subscription(
        SUBSCRIBER, stream, points, PointsEvents(partners.rate_postings).apply, partners.programmes.slugs
    )
    return Subscriber(
        partners.database, bus, Inbox(tables.inbox, SUBSCRIBER, SOURCE), subscription, tables.subscriptions
    )


def scheduler(partners: Partners, settings: Settings) -> Scheduler:
    """The jobs: closing windows, bounding what partners may issue, following payments and points."""
    return Scheduler(partners.database, all_jobs(partners, settings))


async def serve() -> None:
    """Serves, rates and relays until SIGTERM or SIGINT: `coalition run partners`."""
    platform, settings = PlatformSettings(), Settings.model_validate({})
    process = Process(NAME, platform)
    database = Database.of(settings, NAME)
    process.at_stop(database.close)
    tls, bus = tls_of(platform), Bus.of(platform, NAME)
    process.at_stop(bus.close)
    channel = open_channel(platform.points_target, tls)
    process.at_stop(partial(channel.close, None))
    private_key = read_key(
        platform.principal_private_key.get_secret_value(), "COALITION_PRINCIPAL_PRIVATE_KEY"
    )
    points = points_ledger(database, channel, Signer(NAME, private_key))
    partners = build(settings, database, points)
    grpc_server = server(partners, settings, Verifier(platform.principal_public_keys), tls)
    await grpc_server.start()
    process.at_stop(partial(grpc_server.stop, settings.stop_grace_seconds))
    # The bus may come later than this service, and go: neither stops the registry.
    process.background(Relay(database, bus, PARTNERS).run(), "relay")
    process.background(rating(partners, points, bus).run(), "rating")
    process.background(scheduler(partners, settings).run(), "jobs")
    await process.run()
