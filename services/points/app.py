"""The table of contents: every command and query of the ledger, by name."""

from __future__ import annotations

from dataclasses import dataclass

from services.points.commands.adjustments import Adjustments
from services.points.commands.check_ledgers import CheckLedgers
from services.points.commands.cut_at import CutAt
from services.points.commands.erase_words import EraseWords
from services.points.commands.find_span import FindSpan
from services.points.commands.forget_counts import ForgetCounts
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
from services.points.queries.check_ledger import CheckLedger
from services.points.queries.explain import Explain
from services.points.queries.flags import Flags
from services.points.queries.operations import Operations
from services.points.queries.reads import Reads
from services.runtime.event_log import ReadEvents


@dataclass(frozen=True, slots=True)
class Points:
    """What the service can do."""

    doors: Doors
    post: PostMovements
    quote: QuoteMovements
    set_earn_rate: SetEarnRate
    set_refund_rule: SetRefundRule
    set_burn_rule: SetBurnRule
    set_guard: SetGuard
    review_flag: ReviewFlag
    forget_counts: ForgetCounts
    set_expiry_policy: SetExpiryPolicy
    set_floor: SetFloor
    set_limits: SetLimits
    adjustments: Adjustments
    set_campaign: SetCampaign
    load_budget: LoadBudget
    lapse_overdue: LapseOverdue
    unpark_earns: UnparkEarns
    tell_expiring: TellExpiring
    move_clock: MoveClock
    cut_at: CutAt
    find_span: FindSpan
    erase_words: EraseWords
    reads: Reads
    flags: Flags
    operations: Operations
    explain: Explain
    check_ledger: CheckLedger
    check_ledgers: CheckLedgers
    events: ReadEvents
