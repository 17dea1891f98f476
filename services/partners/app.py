"""The table of contents: everything that this service can do, by name."""

from __future__ import annotations

from dataclasses import dataclass

from services.partners.commands.accept_statement import AcceptStatement
from services.partners.commands.add_staff import AddStaff
from services.partners.commands.add_stores import AddStores
from services.partners.commands.api_keys import IssueApiKey, RevokeApiKey
from services.partners.commands.close_windows import CloseWindows
from services.partners.commands.contract_terms import ProposeTerm, SetTerm
from services.partners.commands.credit_limits import ProposeCreditLimit
from services.partners.commands.disputes.add_evidence import AddEvidence, AskForEvidence
from services.partners.commands.disputes.decide_dispute import DecideDispute
from services.partners.commands.disputes.escalate_dispute import EscalateDispute
from services.partners.commands.disputes.follow_disputes import FollowDisputes
from services.partners.commands.disputes.open_dispute import OpenDispute
from services.partners.commands.drafts import Drafts
from services.partners.commands.legal_entities import AddLegalEntity, AssignStores
from services.partners.commands.liability.follow_lots import FollowLots
from services.partners.commands.onboard_partner import OnboardPartner
from services.partners.commands.pin_api_version import PinApiVersion
from services.partners.commands.rate_postings import RatePostings
from services.partners.commands.register_programme import RegisterProgramme
from services.partners.commands.rerate import ProposeRerate
from services.partners.commands.roll_api_key import RollApiKey
from services.partners.commands.set_floors import SetFloors
from services.partners.commands.set_key_addresses import SetKeyAddresses
from services.partners.commands.set_quotas import SetQuotas
from services.partners.commands.set_staff_roles import SetStaffRoles
from services.partners.commands.settlement.abort_run import AbortRun
from services.partners.commands.settlement.breaks import AssignBreak, EndBreak
from services.partners.commands.settlement.cancel_payment import CancelPayment
from services.partners.commands.settlement.draft_run import DraftRun
from services.partners.commands.settlement.instruct_run import InstructRun
from services.partners.commands.settlement.receive_bank_message import ReceiveBankMessage
from services.partners.commands.settlement.run_states import FollowRuns
from services.partners.commands.settlement.suspend_late import SuspendLate
from services.partners.commands.staff_tokens import IssueStaffToken, RevokeStaffToken
from services.partners.domain.billing import BillingVersion, Terms
from services.partners.domain.disputes.terms import DisputeTerms, DisputeTermsVersion
from services.partners.domain.documents.tax import OperatorData, OperatorVersion, TaxData, TaxVersion
from services.partners.domain.partner_roles import RoleTerms, RoleVersion
from services.partners.domain.payments.accounts import OperatorAccount, OperatorAccountVersion
from services.partners.domain.payments.terms import PaymentTerms, PaymentTermsVersion
from services.partners.domain.rates import Rates, RateVersion
from services.partners.domain.settlement.prefunding import Order, Ordered
from services.partners.domain.standing.terms import StandingTerms, StandingVersion
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
from services.partners.queries.proof_keys import ProofKey
from services.partners.queries.rerates import Rerates
from services.partners.queries.settlement.accounts import Accounts
from services.partners.queries.settlement.documents import Documents
from services.partners.queries.settlement.prefunding import Prefunding
from services.partners.queries.settlement.runs import Runs
from services.partners.queries.standings import Standings
from services.partners.queries.statement_files import StatementFiles
from services.partners.queries.statements import Statements
from services.runtime.database import Database
from services.runtime.event_log import ReadEvents


@dataclass(frozen=True, slots=True)
class Settlement:
    """Commands and queries of settlement: runs, documents, the bank, accounts."""

    draft_run: DraftRun
    instruct_run: InstructRun
    abort_run: AbortRun
    cancel_payment: CancelPayment
    follow_runs: FollowRuns
    suspend_late: SuspendLate
    receive_bank_message: ReceiveBankMessage
    order_prefunding: SetTerm[Order, Ordered]
    propose_prefunding: ProposeTerm[Order, Ordered]
    assign_break: AssignBreak
    end_break: EndBreak
    runs: Runs
    documents: Documents
    accounts: Accounts
    prefunding: Prefunding


@dataclass(frozen=True, slots=True)
class Disputing:
    """Commands and queries of disputes, and their terms."""

    open_dispute: OpenDispute
    add_evidence: AddEvidence
    ask_for_evidence: AskForEvidence
    decide_dispute: DecideDispute
    escalate_dispute: EscalateDispute
    follow_disputes: FollowDisputes
    set_dispute_terms: SetTerm[DisputeTerms, DisputeTermsVersion]
    propose_dispute_terms: ProposeTerm[DisputeTerms, DisputeTermsVersion]
    disputes: Disputes


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Commands and queries of how partners reach the public API."""

    roll_api_key: RollApiKey
    set_key_addresses: SetKeyAddresses
    pin_api_version: PinApiVersion
    credentials: Credentials

    @classmethod
    def on(cls, database: Database) -> ApiAccess:
        """All of it on one database."""
        return cls(
            RollApiKey(database), SetKeyAddresses(database), PinApiVersion(database), Credentials(database)
        )


@dataclass(frozen=True, slots=True)
class Partners:
    """Commands and queries of the partners service, on one database."""

    # commands of the registry
    register_programme: RegisterProgramme
    onboard_partner: OnboardPartner
    add_stores: AddStores
    issue_api_key: IssueApiKey
    revoke_api_key: RevokeApiKey
    set_quotas: SetQuotas
    add_staff: AddStaff
    issue_staff_token: IssueStaffToken
    revoke_staff_token: RevokeStaffToken
    set_staff_roles: SetStaffRoles
    set_rates: SetTerm[Rates, RateVersion]
    set_partner_roles: SetTerm[RoleTerms, RoleVersion]
    set_payment_terms: SetTerm[PaymentTerms, PaymentTermsVersion]
    set_operator_account: SetTerm[OperatorAccount, OperatorAccountVersion]
    set_tax_data: SetTerm[TaxData, TaxVersion]
    set_operator_data: SetTerm[OperatorData, OperatorVersion]
    set_standing: SetTerm[StandingTerms, StandingVersion]
    add_legal_entity: AddLegalEntity
    assign_stores: AssignStores
    # commands of what takes two people; `drafts` decides them all
    drafts: Drafts
    propose_credit_limit: ProposeCreditLimit
    propose_rates: ProposeTerm[Rates, RateVersion]
    propose_billing: ProposeTerm[Terms, BillingVersion]
    propose_partner_roles: ProposeTerm[RoleTerms, RoleVersion]
    propose_payment_terms: ProposeTerm[PaymentTerms, PaymentTermsVersion]
    propose_operator_account: ProposeTerm[OperatorAccount, OperatorAccountVersion]
    propose_tax_data: ProposeTerm[TaxData, TaxVersion]
    propose_operator_data: ProposeTerm[OperatorData, OperatorVersion]
    propose_standing: ProposeTerm[StandingTerms, StandingVersion]
    propose_rerate: ProposeRerate
    # commands of clearing
    rate_postings: RatePostings
    close_windows: CloseWindows
    set_billing: SetTerm[Terms, BillingVersion]
    set_floors: SetFloors
    accept_statement: AcceptStatement
    follow_lots: FollowLots
    # queries
    programmes: Programmes
    partners: PartnerQueries
    credentials: Credentials
    events: ReadEvents
    clearing: Clearing
    positions: Positions
    statements: Statements
    check_clearing: CheckClearing
    statement_files: StatementFiles
    proof_key: ProofKey
    staff_tokens: StaffTokens
    draft_queries: DraftQueries
    credit_limits: CreditLimits
    rerates: Rerates
    standings: Standings
    legal_entities: LegalEntities
    payment_terms: PaymentTermsQueries
    tax: TaxQueries
    liability: Liability
    audit: AuditLog
    settlement: Settlement
    disputing: Disputing
    api_access: ApiAccess

    database: Database
