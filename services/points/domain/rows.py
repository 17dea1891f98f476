"""What a decided batch writes, row by row, in the order that the door's types take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.points.domain.guarding import Count, Measure, Subject


class PostingRow(NamedTuple):
    """All that one posting writes: journal, lot, purchase, event. Fields as in the type door_posting.

    Its seq, time and position in the log follow from its place in the batch.
    """

    transaction_id: UUID
    kind: str
    wallet_no: int | None
    partner_no: int | None
    reference: str | None
    key: str | None
    item_no: int | None
    content_hash: bytes | None
    points: int
    balance_after: int
    occurred_at_us: int
    expires_at_us: int | None
    debit_no: int | None
    credit_no: int | None
    amount: int
    original_seq: int | None
    lot_no: int | None
    matures_us: int | None
    issuer_no: int | None
    store_id: UUID | None
    till: str | None
    business_date: str | None
    receipt_number: str | None
    channel: str | None
    entry_mode: str | None
    sale_minor: int | None
    lines_json: str | None
    tenders_json: str | None
    points_minor: int | None
    rate_points: int | None
    rate_per_minor: int | None
    rate_pending_days: int | None
    event_type: str
    event_partner_id: UUID | None
    partition: int
    partition_prev: int
    traceparent: str
    payload: bytes


class DecisionRow(NamedTuple):
    """What is remembered of an item that posted nothing. Fields as in the type door_decision."""

    partner_no: int
    key: str
    item_no: int
    content_hash: bytes
    seq: int | None
    refusal: str | None
    message: str | None
    metadata_json: str | None


class HoldRow(NamedTuple):
    """A hold that was opened. Fields as in the type door_hold."""

    seq: int
    points: int
    expires_at_us: int
    wallet_no: int
    partner_no: int


class HoldEndRow(NamedTuple):
    """A hold that was resolved. Fields as in the type door_hold_end."""

    hold_seq: int
    seq: int
    held: int
    captured: int


class ChildRow(NamedTuple):
    """A lot of points that were in another one before. Fields as in the type door_child.

    `origin_no` is the first lot of its line that this batch does not open as a child too: issuer and type are its own.
    """

    lot_no: int
    seq: int
    points: int
    earned_us: int
    expires_us: int | None
    wallet_no: int
    parent_no: int
    earned_seq: int
    origin_no: int


class RefundRow(NamedTuple):
    """A refund. Fields as in the type door_refund."""

    seq: int
    original_seq: int
    no: int
    whole: int
    given_before: int
    given: int
    returned: int
    clawed_back: int
    owed: int
    written_off: int
    money_minor: int
    tender_order: str
    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    channel: str
    lines_json: str


class DebtRow(NamedTuple):
    """A debt that was made. Fields as in the type door_debt."""

    seq: int
    original_seq: int
    points: int
    wallet_no: int
    partner_no: int


class FloorRow(NamedTuple):
    """A credit floor that was set. Fields as in the type door_floor."""

    seq: int
    partner_no: int
    floor: int | None
    parks: bool
    basis_seq: int
    set_by: str


class AdjustmentRow(NamedTuple):
    """Why points were put right. Fields as in the type door_adjustment."""

    seq: int
    points: int
    limit_points: int
    reason: str
    made_by: str
    note_id: UUID
    note: str
    proposal_id: UUID | None
    content_hash: bytes


class MergeRow(NamedTuple):
    """A wallet that was given up for another. Fields as in the type door_merge."""

    from_wallet: int
    into_wallet: int
    seq: int


class GrantRow(NamedTuple):
    """What a campaign granted on top of an earn. Fields as in the type door_grant."""

    seq: int
    earn_seq: int
    campaign_id: UUID
    version: int


class LoadRow(NamedTuple):
    """Points that a budget was loaded with. Fields as in the type door_load."""

    seq: int
    campaign_id: UUID
    points: int
    loaded_by: str


class WaitingRow(NamedTuple):
    """A refund that waits for its original. Fields as in the type door_waiting."""

    partner_no: int
    key: str
    item_no: int
    content_hash: bytes
    reference: str
    original_reference: str
    occurred_at_us: int
    amount_minor: int
    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    channel: str
    lines_json: str
    traceparent: str


class ParkedRow(NamedTuple):
    """A sale whose earn is parked. Fields as in the type door_parked."""

    seq: int
    partner_no: int
    key: str
    content_hash: bytes
    reference: str
    points: int
    amount_minor: int
    points_minor: int
    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    channel: str
    entry_mode: str
    lines_json: str
    tenders_json: str
    traceparent: str


class WorthRow(NamedTuple):
    """What points are worth that were burned or set aside. Fields as in the type door_worth."""

    seq: int
    points: int
    worth_minor: int
    basket_minor: int | None
    rule_version: int
    wallet_no: int
    partner_no: int
    day: date
    burned: bool


class FlagRow(NamedTuple):
    """An act beyond a guard's limit of the day, for somebody to look at. `asked_points`: of the act; times in microseconds UTC."""

    flag_id: UUID
    subject: Subject
    allowed: int
    member_id: UUID
    reference: str
    traceparent: str
    measure: Measure
    limit: int
    reached: int
    asked_points: int
    flagged_at_us: int


@dataclass(slots=True)
class Rows:
    """What a batch writes."""

    postings: list[PostingRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    # Account → what it is debited, credited, and what of it is reserved and released.
    deltas: dict[int, list[int]] = field(default_factory=dict)
    # Wallet → when it expires as a whole from now on; each of them is among the deltas.
    expires: dict[int, int] = field(default_factory=dict)
    # (seq, lot, points) that a posting took, and that a hold reserved.
    uses: list[tuple[int, int, int]] = field(default_factory=list)
    hold_lots: list[tuple[int, int, int]] = field(default_factory=list)
    holds: list[HoldRow] = field(default_factory=list)
    hold_ends: list[HoldEndRow] = field(default_factory=list)
    refunds: list[RefundRow] = field(default_factory=list)
    # (seq, lot, points) that a posting gave back or brought into the wallet, and (seq, debt, points) that it paid.
    returns: list[tuple[int, int, int]] = field(default_factory=list)
    matured: list[tuple[int, int, int]] = field(default_factory=list)
    paid: list[tuple[int, int, int]] = field(default_factory=list)
    children: list[ChildRow] = field(default_factory=list)
    origins: dict[int, int] = field(default_factory=dict)
    debts: list[DebtRow] = field(default_factory=list)
    floors: list[FloorRow] = field(default_factory=list)
    adjustments: list[AdjustmentRow] = field(default_factory=list)
    merges: list[MergeRow] = field(default_factory=list)
    grants: list[GrantRow] = field(default_factory=list)
    loads: list[LoadRow] = field(default_factory=list)
    # Refunds that wait from now on, and (partner, key) of those that no longer do.
    waiting: list[WaitingRow] = field(default_factory=list)
    waited: list[tuple[int, str]] = field(default_factory=list)
    # Earns that are parked from now on, and the postings that parked those that no longer are.
    parked: list[ParkedRow] = field(default_factory=list)
    unparked: list[int] = field(default_factory=list)
    worths: list[WorthRow] = field(default_factory=list)
    # What is counted to the day of those whom a guard counts, and what is beyond it.
    counted: dict[Subject, Count] = field(default_factory=dict)
    flags: list[FlagRow] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.postings or self.decisions or self.waiting)

    def delta(self, account: int) -> list[int]:
        """The growing sums of an account in this batch: debited, credited, reserved, released."""
        return self.deltas.setdefault(account, [0, 0, 0, 0])
