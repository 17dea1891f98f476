"""Contains all the data models used in inputs/outputs"""

from .app_token import AppToken
from .authorisation import Authorisation
from .authorisation_method import AuthorisationMethod
from .balance import Balance
from .basket import Basket
from .batch import Batch
from .batch_body import BatchBody
from .batch_line import BatchLine
from .batch_line_outcome import BatchLineOutcome
from .batch_line_type_type_0 import BatchLineTypeType0
from .batch_progress import BatchProgress
from .batch_status import BatchStatus
from .batch_summary import BatchSummary
from .batch_summary_status import BatchSummaryStatus
from .bonus import Bonus
from .bridge import Bridge
from .bridge_kind import BridgeKind
from .bridge_step import BridgeStep
from .bridge_step_step import BridgeStepStep
from .burn_ratio import BurnRatio
from .campaign import Campaign
from .capture import Capture
from .capture_body import CaptureBody
from .capture_body_channel import CaptureBodyChannel
from .capture_body_metadata import CaptureBodyMetadata
from .capture_metadata import CaptureMetadata
from .captured_hold import CapturedHold
from .counts import Counts
from .covers import Covers
from .difference_counts import DifferenceCounts
from .dispute import Dispute
from .dispute_body import DisputeBody
from .dispute_body_ground import DisputeBodyGround
from .dispute_body_mode import DisputeBodyMode
from .dispute_event import DisputeEvent
from .dispute_event_by import DisputeEventBy
from .dispute_ground import DisputeGround
from .dispute_mode import DisputeMode
from .dispute_state import DisputeState
from .document import Document
from .document_format import DocumentFormat
from .document_line import DocumentLine
from .document_line_supply import DocumentLineSupply
from .document_party import DocumentParty
from .document_payment import DocumentPayment
from .document_reference import DocumentReference
from .document_rule import DocumentRule
from .document_rule_category import DocumentRuleCategory
from .document_self_billing import DocumentSelfBilling
from .document_subtotal import DocumentSubtotal
from .document_summary import DocumentSummary
from .document_summary_type import DocumentSummaryType
from .document_type import DocumentType
from .earn import Earn
from .earn_body import EarnBody
from .earn_body_channel import EarnBodyChannel
from .earn_body_entry_mode_type_0 import EarnBodyEntryModeType0
from .earn_body_metadata import EarnBodyMetadata
from .earn_line import EarnLine
from .earn_line_channel import EarnLineChannel
from .earn_line_entry_mode_type_0 import EarnLineEntryModeType0
from .earn_line_metadata import EarnLineMetadata
from .earn_metadata import EarnMetadata
from .earn_rate import EarnRate
from .earn_receipt import EarnReceipt
from .enrol_body import EnrolBody
from .escalation_body import EscalationBody
from .evidence_body import EvidenceBody
from .exchange_body import ExchangeBody
from .expiration import Expiration
from .expiry import Expiry
from .explained_burn import ExplainedBurn
from .explained_campaign import ExplainedCampaign
from .explained_campaign_outcome import ExplainedCampaignOutcome
from .explained_earn import ExplainedEarn
from .explained_lots import ExplainedLots
from .explained_lots_act import ExplainedLotsAct
from .explained_lots_issuer import ExplainedLotsIssuer
from .explained_lots_point_type import ExplainedLotsPointType
from .explained_refund import ExplainedRefund
from .explained_refund_tender_order import ExplainedRefundTenderOrder
from .explanation import Explanation
from .file_end import FileEnd
from .file_end_status import FileEndStatus
from .file_line import FileLine
from .file_line_kind import FileLineKind
from .file_total import FileTotal
from .file_total_kind import FileTotalKind
from .get_reconciliation_day_format_type_0 import GetReconciliationDayFormatType0
from .get_statement_format_type_0 import GetStatementFormatType0
from .health import Health
from .hold import Hold
from .hold_body import HoldBody
from .hold_body_metadata import HoldBodyMetadata
from .hold_metadata import HoldMetadata
from .kind_total import KindTotal
from .kind_total_kind import KindTotalKind
from .legal_entity import LegalEntity
from .line_counts import LineCounts
from .line_error import LineError
from .line_movement import LineMovement
from .line_result import LineResult
from .line_result_outcome import LineResultOutcome
from .line_result_type_type_0 import LineResultTypeType0
from .list_batch_lines_outcome_type_0 import ListBatchLinesOutcomeType0
from .list_of_batch_line import ListOfBatchLine
from .list_of_batch_summary import ListOfBatchSummary
from .list_of_dispute import ListOfDispute
from .list_of_document_summary import ListOfDocumentSummary
from .list_of_expiration import ListOfExpiration
from .list_of_payment_terms import ListOfPaymentTerms
from .list_of_rate import ListOfRate
from .list_of_reconciliation_day import ListOfReconciliationDay
from .list_of_reconciliation_difference import ListOfReconciliationDifference
from .list_of_reconciliation_upload import ListOfReconciliationUpload
from .list_of_statement_summary import ListOfStatementSummary
from .list_of_store import ListOfStore
from .list_of_transaction import ListOfTransaction
from .list_reconciliation_differences_type_type_0 import ListReconciliationDifferencesTypeType0
from .lookup_body import LookupBody
from .maturity import Maturity
from .me import Me
from .me_roles_item import MeRolesItem
from .me_standing import MeStanding
from .member import Member
from .member_match import MemberMatch
from .member_match_status import MemberMatchStatus
from .member_reference import MemberReference
from .member_status import MemberStatus
from .money import Money
from .money_to_pay import MoneyToPay
from .net import Net
from .net_direction import NetDirection
from .one_time_code import OneTimeCode
from .original import Original
from .our_figures import OurFigures
from .parked_earn import ParkedEarn
from .parked_earn_metadata import ParkedEarnMetadata
from .parked_points import ParkedPoints
from .parked_points_status import ParkedPointsStatus
from .parked_purchase import ParkedPurchase
from .parked_purchase_metadata import ParkedPurchaseMetadata
from .parked_purchase_receipt import ParkedPurchaseReceipt
from .parked_receipt import ParkedReceipt
from .partner_summary import PartnerSummary
from .payment_account import PaymentAccount
from .payment_mandate import PaymentMandate
from .payment_mandate_scheme import PaymentMandateScheme
from .payment_terms import PaymentTerms
from .payment_terms_method import PaymentTermsMethod
from .personal import Personal
from .personal_body import PersonalBody
from .personal_patch import PersonalPatch
from .pin import Pin
from .pin_body import PinBody
from .ping import Ping
from .present_member import PresentMember
from .problem import Problem
from .problem_error import ProblemError
from .programme_summary import ProgrammeSummary
from .programme_summary_mode import ProgrammeSummaryMode
from .proved_statement import ProvedStatement
from .proved_window import ProvedWindow
from .purchase import Purchase
from .purchase_body import PurchaseBody
from .purchase_body_channel import PurchaseBodyChannel
from .purchase_body_entry_mode_type_0 import PurchaseBodyEntryModeType0
from .purchase_body_metadata import PurchaseBodyMetadata
from .purchase_metadata import PurchaseMetadata
from .purchase_receipt import PurchaseReceipt
from .quote import Quote
from .quote_body import QuoteBody
from .quote_body_channel import QuoteBodyChannel
from .quoted_bonus import QuotedBonus
from .quoted_burn import QuotedBurn
from .quoted_burn_authorisation_type_0 import QuotedBurnAuthorisationType0
from .quoted_campaign import QuotedCampaign
from .quoted_earn import QuotedEarn
from .quoted_earn_status import QuotedEarnStatus
from .quoted_refund_body import QuotedRefundBody
from .rate import Rate
from .readiness import Readiness
from .readiness_checks import ReadinessChecks
from .receipt import Receipt
from .reconciliation_day import ReconciliationDay
from .reconciliation_day_status import ReconciliationDayStatus
from .reconciliation_difference import ReconciliationDifference
from .reconciliation_difference_fields_item import ReconciliationDifferenceFieldsItem
from .reconciliation_difference_kind_type_0 import ReconciliationDifferenceKindType0
from .reconciliation_difference_type import ReconciliationDifferenceType
from .reconciliation_upload import ReconciliationUpload
from .reconciliation_upload_kinds_item import ReconciliationUploadKindsItem
from .reconciliation_upload_status import ReconciliationUploadStatus
from .redeemed_points import RedeemedPoints
from .redemption import Redemption
from .redemption_body import RedemptionBody
from .redemption_body_channel import RedemptionBodyChannel
from .redemption_body_metadata import RedemptionBodyMetadata
from .redemption_line import RedemptionLine
from .redemption_line_channel import RedemptionLineChannel
from .redemption_line_metadata import RedemptionLineMetadata
from .redemption_metadata import RedemptionMetadata
from .redemption_receipt import RedemptionReceipt
from .refund import Refund
from .refund_figures import RefundFigures
from .refund_line import RefundLine
from .refund_line_channel import RefundLineChannel
from .refund_line_metadata import RefundLineMetadata
from .refund_metadata import RefundMetadata
from .refund_or_exchange_body import RefundOrExchangeBody
from .refund_or_exchange_body_channel import RefundOrExchangeBodyChannel
from .refund_or_exchange_body_metadata import RefundOrExchangeBodyMetadata
from .refund_receipt import RefundReceipt
from .refund_sums import RefundSums
from .refusal import Refusal
from .reversal import Reversal
from .reversal_body import ReversalBody
from .reversal_receipt import ReversalReceipt
from .reversal_status import ReversalStatus
from .sale_line import SaleLine
from .statement import Statement
from .statement_file import StatementFile
from .statement_line import StatementLine
from .statement_line_point_type_type_0 import StatementLinePointTypeType0
from .statement_line_type import StatementLineType
from .statement_standing import StatementStanding
from .statement_summary import StatementSummary
from .statement_summary_standing import StatementSummaryStanding
from .statement_window import StatementWindow
from .store import Store
from .tender import Tender
from .tender_kind import TenderKind
from .their_figures import TheirFigures
from .transaction import Transaction
from .transaction_metadata import TransactionMetadata
from .transaction_type import TransactionType
from .type_prices import TypePrices
from .unreadable import Unreadable
from .update_body import UpdateBody
from .void import Void
from .void_body import VoidBody
from .void_metadata import VoidMetadata
from .waiting_refund import WaitingRefund
from .window_record import WindowRecord
from .worth import Worth
from .worth_treatment import WorthTreatment

__all__ = (
    "AppToken",
    "Authorisation",
    "AuthorisationMethod",
    "Balance",
    "Basket",
    "Batch",
    "BatchBody",
    "BatchLine",
    "BatchLineOutcome",
    "BatchLineTypeType0",
    "BatchProgress",
    "BatchStatus",
    "BatchSummary",
    "BatchSummaryStatus",
    "Bonus",
    "Bridge",
    "BridgeKind",
    "BridgeStep",
    "BridgeStepStep",
    "BurnRatio",
    "Campaign",
    "Capture",
    "CaptureBody",
    "CaptureBodyChannel",
    "CaptureBodyMetadata",
    "CapturedHold",
    "CaptureMetadata",
    "Counts",
    "Covers",
    "DifferenceCounts",
    "Dispute",
    "DisputeBody",
    "DisputeBodyGround",
    "DisputeBodyMode",
    "DisputeEvent",
    "DisputeEventBy",
    "DisputeGround",
    "DisputeMode",
    "DisputeState",
    "Document",
    "DocumentFormat",
    "DocumentLine",
    "DocumentLineSupply",
    "DocumentParty",
    "DocumentPayment",
    "DocumentReference",
    "DocumentRule",
    "DocumentRuleCategory",
    "DocumentSelfBilling",
    "DocumentSubtotal",
    "DocumentSummary",
    "DocumentSummaryType",
    "DocumentType",
    "Earn",
    "EarnBody",
    "EarnBodyChannel",
    "EarnBodyEntryModeType0",
    "EarnBodyMetadata",
    "EarnLine",
    "EarnLineChannel",
    "EarnLineEntryModeType0",
    "EarnLineMetadata",
    "EarnMetadata",
    "EarnRate",
    "EarnReceipt",
    "EnrolBody",
    "EscalationBody",
    "EvidenceBody",
    "ExchangeBody",
    "Expiration",
    "Expiry",
    "ExplainedBurn",
    "ExplainedCampaign",
    "ExplainedCampaignOutcome",
    "ExplainedEarn",
    "ExplainedLots",
    "ExplainedLotsAct",
    "ExplainedLotsIssuer",
    "ExplainedLotsPointType",
    "ExplainedRefund",
    "ExplainedRefundTenderOrder",
    "Explanation",
    "FileEnd",
    "FileEndStatus",
    "FileLine",
    "FileLineKind",
    "FileTotal",
    "FileTotalKind",
    "GetReconciliationDayFormatType0",
    "GetStatementFormatType0",
    "Health",
    "Hold",
    "HoldBody",
    "HoldBodyMetadata",
    "HoldMetadata",
    "KindTotal",
    "KindTotalKind",
    "LegalEntity",
    "LineCounts",
    "LineError",
    "LineMovement",
    "LineResult",
    "LineResultOutcome",
    "LineResultTypeType0",
    "ListBatchLinesOutcomeType0",
    "ListOfBatchLine",
    "ListOfBatchSummary",
    "ListOfDispute",
    "ListOfDocumentSummary",
    "ListOfExpiration",
    "ListOfPaymentTerms",
    "ListOfRate",
    "ListOfReconciliationDay",
    "ListOfReconciliationDifference",
    "ListOfReconciliationUpload",
    "ListOfStatementSummary",
    "ListOfStore",
    "ListOfTransaction",
    "ListReconciliationDifferencesTypeType0",
    "LookupBody",
    "Maturity",
    "Me",
    "Member",
    "MemberMatch",
    "MemberMatchStatus",
    "MemberReference",
    "MemberStatus",
    "MeRolesItem",
    "MeStanding",
    "Money",
    "MoneyToPay",
    "Net",
    "NetDirection",
    "OneTimeCode",
    "Original",
    "OurFigures",
    "ParkedEarn",
    "ParkedEarnMetadata",
    "ParkedPoints",
    "ParkedPointsStatus",
    "ParkedPurchase",
    "ParkedPurchaseMetadata",
    "ParkedPurchaseReceipt",
    "ParkedReceipt",
    "PartnerSummary",
    "PaymentAccount",
    "PaymentMandate",
    "PaymentMandateScheme",
    "PaymentTerms",
    "PaymentTermsMethod",
    "Personal",
    "PersonalBody",
    "PersonalPatch",
    "Pin",
    "PinBody",
    "Ping",
    "PresentMember",
    "Problem",
    "ProblemError",
    "ProgrammeSummary",
    "ProgrammeSummaryMode",
    "ProvedStatement",
    "ProvedWindow",
    "Purchase",
    "PurchaseBody",
    "PurchaseBodyChannel",
    "PurchaseBodyEntryModeType0",
    "PurchaseBodyMetadata",
    "PurchaseMetadata",
    "PurchaseReceipt",
    "Quote",
    "QuoteBody",
    "QuoteBodyChannel",
    "QuotedBonus",
    "QuotedBurn",
    "QuotedBurnAuthorisationType0",
    "QuotedCampaign",
    "QuotedEarn",
    "QuotedEarnStatus",
    "QuotedRefundBody",
    "Rate",
    "Readiness",
    "ReadinessChecks",
    "Receipt",
    "ReconciliationDay",
    "ReconciliationDayStatus",
    "ReconciliationDifference",
    "ReconciliationDifferenceFieldsItem",
    "ReconciliationDifferenceKindType0",
    "ReconciliationDifferenceType",
    "ReconciliationUpload",
    "ReconciliationUploadKindsItem",
    "ReconciliationUploadStatus",
    "RedeemedPoints",
    "Redemption",
    "RedemptionBody",
    "RedemptionBodyChannel",
    "RedemptionBodyMetadata",
    "RedemptionLine",
    "RedemptionLineChannel",
    "RedemptionLineMetadata",
    "RedemptionMetadata",
    "RedemptionReceipt",
    "Refund",
    "RefundFigures",
    "RefundLine",
    "RefundLineChannel",
    "RefundLineMetadata",
    "RefundMetadata",
    "RefundOrExchangeBody",
    "RefundOrExchangeBodyChannel",
    "RefundOrExchangeBodyMetadata",
    "RefundReceipt",
    "RefundSums",
    "Refusal",
    "Reversal",
    "ReversalBody",
    "ReversalReceipt",
    "ReversalStatus",
    "SaleLine",
    "Statement",
    "StatementFile",
    "StatementLine",
    "StatementLinePointTypeType0",
    "StatementLineType",
    "StatementStanding",
    "StatementSummary",
    "StatementSummaryStanding",
    "StatementWindow",
    "Store",
    "Tender",
    "TenderKind",
    "TheirFigures",
    "Transaction",
    "TransactionMetadata",
    "TransactionType",
    "TypePrices",
    "Unreadable",
    "UpdateBody",
    "Void",
    "VoidBody",
    "VoidMetadata",
    "WaitingRefund",
    "WindowRecord",
    "Worth",
    "WorthTreatment",
)
