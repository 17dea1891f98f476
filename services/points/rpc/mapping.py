"""Answers, movements and journal records as protobuf."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson
from coalition.points.v1 import journal_pb2, points_pb2
from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.error_pb2 import ItemError

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Answer, ParkedAnswer, Refused, Waiting
from services.points.domain.burning import BurnRule, RuleVersion, Treatment, Worth
from services.points.domain.campaigns import Bonus
from services.points.domain.earning import EarnRate
from services.points.domain.expiry import PolicyVersion
from services.points.domain.movements import LotTaken, MovementKind, ParkedEarn, Purchase, Transaction
from services.points.domain.opened import FloorInForce
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from services.points.storage.proofs import Finding
from services.points.storage.records import PostingDetail
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import policy_message

_KINDS: Final = {
    MovementKind.EARN: pb.MOVEMENT_KIND_EARN,
    MovementKind.REDEEM: pb.MOVEMENT_KIND_REDEEM,
    MovementKind.EXPIRE: pb.MOVEMENT_KIND_EXPIRE,
    MovementKind.HOLD: pb.MOVEMENT_KIND_HOLD,
    MovementKind.CAPTURE: pb.MOVEMENT_KIND_CAPTURE,
    MovementKind.VOID: pb.MOVEMENT_KIND_VOID,
    MovementKind.LAPSE: pb.MOVEMENT_KIND_LAPSE,
    MovementKind.REFUND: pb.MOVEMENT_KIND_REFUND,
    MovementKind.RETURN: pb.MOVEMENT_KIND_RETURN,
    MovementKind.CLAWBACK: pb.MOVEMENT_KIND_CLAWBACK,
    MovementKind.OWE: pb.MOVEMENT_KIND_OWE,
    MovementKind.REPAY: pb.MOVEMENT_KIND_REPAY,
    MovementKind.MATURE: pb.MOVEMENT_KIND_MATURE,
    MovementKind.FLOOR: pb.MOVEMENT_KIND_FLOOR,
    MovementKind.GRANT: pb.MOVEMENT_KIND_GRANT,
    MovementKind.LOAD: pb.MOVEMENT_KIND_LOAD,
    MovementKind.PARK: pb.MOVEMENT_KIND_PARK,
    MovementKind.UNPARK: pb.MOVEMENT_KIND_UNPARK,
    MovementKind.TRANSFER: pb.MOVEMENT_KIND_TRANSFER,
    MovementKind.RECEIVE: pb.MOVEMENT_KIND_RECEIVE,
    MovementKind.MERGE: pb.MOVEMENT_KIND_MERGE,
    MovementKind.ASSUME: pb.MOVEMENT_KIND_ASSUME,
    MovementKind.ADJUST: pb.MOVEMENT_KIND_ADJUST,
    MovementKind.IMPORT: pb.MOVEMENT_KIND_IMPORT,
}
SHORTFALLS: Final = {
    points_pb2.SHORTFALL_ALLOW_NEGATIVE: Shortfall.ALLOW_NEGATIVE,
    points_pb2.SHORTFALL_WITHIN_BALANCE: Shortfall.WITHIN_BALANCE,
    points_pb2.SHORTFALL_PENDING_ONLY: Shortfall.PENDING_ONLY,
}
TENDER_ORDERS: Final = {
    points_pb2.TENDER_ORDER_PRO_RATA: TenderOrder.PRO_RATA,
    points_pb2.TENDER_ORDER_POINTS_FIRST: TenderOrder.POINTS_FIRST,
    points_pb2.TENDER_ORDER_MONEY_FIRST: TenderOrder.MONEY_FIRST,
}
TREATMENTS: Final = {
    pb.BURN_TREATMENT_DISCOUNT: Treatment.DISCOUNT,
    pb.BURN_TREATMENT_TENDER: Treatment.TENDER,
}
_TREATMENTS: Final = {treatment: wire for wire, treatment in TREATMENTS.items()}
_SHORTFALLS: Final = {rule: wire for wire, rule in SHORTFALLS.items()}
_TENDER_ORDERS: Final = {order: wire for wire, order in TENDER_ORDERS.items()}


def transaction_message(transaction: Transaction) -> pb.Transaction:
    """The wire form of a movement."""
    identity = transaction.transaction_id.bytes
    return pb.Transaction(
        transaction_id=identity,
        seq=transaction.seq,
        kind=_KINDS[transaction.kind],
        member_id=b"" if transaction.member_id == PROGRAMME else transaction.member_id.bytes,
        partner_id=transaction.partner_id.bytes if transaction.partner_id else b"",
        reference=transaction.reference or "",
        purchase_id=identity if transaction.kind is MovementKind.EARN else b"",
        points=transaction.points,
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        expires_at_us=transaction.expires_at_us,
        held=transaction.held,
        hold_id=transaction.hold_id.bytes if transaction.hold_id else b"",
        original_id=transaction.original_id.bytes if transaction.original_id else b"",
        original_seq=transaction.original_seq,
        refund=pb.RefundFigures(**transaction.refund._asdict()) if transaction.refund else None,
        pending=transaction.pending,
        matures_at_us=transaction.matures_at_us,
        credit_floor=pb.CreditFloor(**transaction.credit_floor._asdict())
        if transaction.credit_floor
        else None,
        bonuses=[_campaign_points(bonus) for bonus in transaction.bonuses],
        bonus_points=sum(bonus.points for bonus in transaction.bonuses),
        campaign=_campaign_points(transaction.campaign) if transaction.campaign else None,
        parked=pb.ParkedPoints(**transaction.parked._asdict()) if transaction.parked else None,
        worth=worth_message(transaction.worth) if transaction.worth else None,
        metadata=json.loads(transaction.metadata_json) if transaction.metadata_json else None,
    )


def tender_order_value(order: TenderOrder) -> points_pb2.TenderOrder.ValueType:
    """A tender order, as on the wire."""
    return _TENDER_ORDERS[order]


def worth_message(worth: Worth) -> pb.BurnWorth:
    """What points are worth, as on the wire."""
    return pb.BurnWorth(
        amount_minor=worth.amount_minor,
        rule_version=worth.rule_version,
        treatment=_TREATMENTS[worth.treatment],
    )


def _campaign_points(bonus: Bonus) -> pb.CampaignPoints:
    return pb.CampaignPoints(
        campaign_id=bonus.campaign_id.bytes,
        version=bonus.version,
        points=bonus.points,
        balance_after=bonus.balance_after,
    )


def result_message(answer: Answer) -> pb.Result:
    """The wire form of an answer."""
    if isinstance(answer, Accepted):
        return pb.Result(
            outcome=pb.OUTCOME_ACCEPTED,
            replayed=answer.replayed,
            transaction=transaction_message(answer.transaction),
        )
    if isinstance(answer, ParkedAnswer):
        return pb.Result(
            outcome=pb.OUTCOME_PARKED,
            replayed=answer.replayed,
            transaction=transaction_message(answer.transaction),
        )
    if isinstance(answer, Waiting):
        return pb.Result(outcome=pb.OUTCOME_WAITING, replayed=answer.replayed)
    error = ItemError(reason=answer.reason, message=answer.message, metadata=answer.metadata)
    if isinstance(answer, Refused):
        return pb.Result(outcome=pb.OUTCOME_REFUSED, replayed=answer.replayed, error=error)
    return pb.Result(outcome=pb.OUTCOME_TURNED_AWAY, error=error)


def _line_message(
    sku: str, category: str, quantity: str, amount: int, returned: bool = False, tax_rate: str = ""
) -> pb.SaleLine:
    """A line as the books have it: what was not told is left out at its end."""
    return pb.SaleLine(
        sku=sku,
        category=category,
        quantity=quantity,
        amount_minor=amount,
        returned=returned,
        tax_rate=tax_rate,
    )


def purchase_message(transaction: Transaction, purchase: Purchase, currency: str) -> pb.Purchase:
    """The wire form of a recorded purchase."""
    sale = pb.Sale(
        receipt=pb.Receipt(
            store_id=purchase.store_id.bytes if purchase.store_id else b"",
            till=purchase.till,
            business_date=purchase.business_date,
            number=purchase.receipt_number,
        ),
        occurred_at_us=transaction.occurred_at_us,
        channel=purchase.channel,
        entry_mode=purchase.entry_mode,
        amount_minor=purchase.amount_minor,
        currency=currency,
        lines=[_line_message(*line) for line in orjson.loads(purchase.lines_json)],
        tenders=[
            pb.Tender(kind=kind, amount_minor=amount) for kind, amount in orjson.loads(purchase.tenders_json)
        ],
    )
    return pb.Purchase(
        purchase_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        partner_id=transaction.partner_id.bytes if transaction.partner_id else b"",
        member_id=transaction.member_id.bytes,
        sale=sale,
        points=transaction.points + transaction.pending,
    )


def record_message(detail: PostingDetail) -> journal_pb2.JournalRecord:
    """The wire form of a posting with its legs and lots."""
    return journal_pb2.JournalRecord(
        transaction=transaction_message(detail.transaction),
        entries=[
            journal_pb2.Entry(
                account_no=entry.account_no,
                account_kind=entry.kind,
                owner_id=b"" if entry.owner_id == PROGRAMME else entry.owner_id.bytes,
                amount=entry.amount,
            )
            for entry in detail.entries
        ],
        lots_opened=[
            journal_pb2.LotOpened(
                lot_no=lot.lot_no,
                issuer_id=lot.issuer_id.bytes,
                point_type=lot.point_type,
                points=lot.points,
                expires_at_us=lot.expires_at_us,
                parent_lot_no=lot.parent_no,
                matures_at_us=lot.matures_at_us,
                earned_at_us=lot.earned_at_us,
                earned_seq=lot.earned_seq,
            )
            for lot in detail.opened
        ],
        lot_uses=_lot_uses(detail.used),
        lot_returns=_lot_uses(detail.given_back),
        lots_matured=_lot_uses(detail.matured),
        debts_paid=[
            journal_pb2.DebtPaid(
                debt_seq=paid.debt_seq,
                original_seq=paid.original_seq,
                partner_id=paid.issuer_id.bytes,
                points=paid.points,
            )
            for paid in detail.paid
        ],
    )


def _lot_uses(parts: Sequence[LotTaken]) -> list[journal_pb2.LotUse]:
    return [
        journal_pb2.LotUse(
            lot_no=part.lot_no, issuer_id=part.issuer_id.bytes, point_type=part.point_type, points=part.points
        )
        for part in parts
    ]


def rate_message(partner_id: UUID, rate: EarnRate) -> points_pb2.EarnRate:
    """The wire form of an earn rate."""
    return points_pb2.EarnRate(
        partner_id=partner_id.bytes,
        points=rate.points,
        per_minor=rate.per_minor,
        valid_from_us=rate.valid_from_us,
        pending_days=rate.pending_days,
    )


def rule_message(partner_id: UUID, rule: RefundRule) -> points_pb2.RefundRule:
    """The wire form of a refund rule."""
    return points_pb2.RefundRule(
        partner_id=partner_id.bytes,
        shortfall=_SHORTFALLS[rule.shortfall],
        tender_order=_TENDER_ORDERS[rule.tender_order],
    )


def burn_rule_message(found: RuleVersion) -> points_pb2.BurnRule:
    """The wire form of a burn rule."""
    rule = found.rule
    return points_pb2.BurnRule(
        partner_id=found.partner_id.bytes,
        valid_from_us=rule.valid_from_us,
        points=rule.points,
        worth_minor=rule.worth_minor,
        minimum_points=rule.minimum,
        step_points=rule.step,
        share_percent=rule.share_percent,
        daily_points=rule.daily,
        excluded_categories=sorted(rule.excluded_categories),
        excluded_tenders=sorted(rule.excluded_tenders),
        treatment=_TREATMENTS[rule.treatment],
        version=found.version,
    )


def burn_rule_of(message: points_pb2.BurnRule) -> BurnRule:
    """A burn rule as it is asked for. Raises InvalidRequest where it says not how it is treated."""
    treatment = TREATMENTS.get(message.treatment)
    if treatment is None:
        raise InvalidRequest("treatment: discount or tender", field="treatment")
    return BurnRule(
        message.valid_from_us,
        message.points,
        message.worth_minor,
        message.minimum_points,
        message.step_points,
        message.share_percent,
        message.daily_points,
        frozenset(message.excluded_categories),
        frozenset(message.excluded_tenders),
        treatment,
    )


def policy_version_message(version: PolicyVersion) -> points_pb2.ExpiryPolicyVersion:
    """The wire form of a version of the expiry policy."""
    return points_pb2.ExpiryPolicyVersion(
        version=version.version, from_seq=version.from_seq, policy=policy_message(version.policy)
    )


def floor_message(partner_id: UUID, floor: int | None, basis_seq: int, parks: bool) -> points_pb2.Floor:
    """The wire form of a credit floor."""
    return points_pb2.Floor(partner_id=partner_id.bytes, floor=floor, basis_seq=basis_seq, parks=parks)


def parked_message(parked: ParkedEarn) -> points_pb2.ParkedEarn:
    """The wire form of an earn that is parked."""
    item = parked.item
    return points_pb2.ParkedEarn(
        transaction_id=parked.transaction_id.bytes,
        seq=parked.seq,
        partner_id=item.partner_id.bytes,
        member_id=item.member_id.bytes,
        reference=item.reference,
        points=parked.points,
        occurred_at_us=item.occurred_at_us,
        parked_at_us=parked.parked_us,
    )


def standing_floor_message(found: FloorInForce) -> points_pb2.StandingFloor:
    """The wire form of a credit floor with the balance that it bounds."""
    return points_pb2.StandingFloor(
        floor=floor_message(found.partner_id, *found.floor),
        seq=found.seq,
        balance=found.balance,
        set_by=found.set_by,
    )


def finding_message(finding: Finding) -> points_pb2.Finding:
    """The wire form of what the checker found."""
    return points_pb2.Finding(
        invariant=finding.number,
        name=finding.name,
        figure=finding.figure,
        holds=finding.holds,
        breaches=finding.breaches,
    )
