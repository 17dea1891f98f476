"""How the ledger words what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.debts import DebtPaid
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    LotTaken,
    MovementKind,
    Redemption,
    Refund,
    Transaction,
)
from services.points.domain.rows import FlagRow
from services.points.domain.telling import Telling
from services.points.events.campaigns import budget_loaded, granted
from services.points.events.wallets import adjusted, assumed, imported, merged, received, transferred
from services.points.events.words import bytes_of, lots_of
from services.points.storage.proofs import Finding


def earned(transaction: Transaction, item: Earn, lot_no: int, currency: str) -> bytes:
    """The payload of `points.earned`."""
    purchase = item.purchase
    identity = transaction.transaction_id.bytes
    return pb.PointsEarned(
        transaction_id=identity,
        seq=transaction.seq,
        member_id=item.member_id.bytes,
        partner_id=item.partner_id.bytes,
        store_id=purchase.store_id.bytes if purchase.store_id else b"",
        channel=purchase.channel,
        purchase_id=identity,
        gross_minor=purchase.amount_minor,
        eligible_minor=purchase.amount_minor - purchase.points_minor,
        currency=currency,
        points=transaction.points + transaction.pending,
        lot_no=lot_no,
        expires_at_us=transaction.expires_at_us,
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        matures_at_us=transaction.matures_at_us,
        parked_seq=transaction.original_seq,
    ).SerializeToString()


def matured(transaction: Transaction, lots: Sequence[LotTaken]) -> bytes:
    """The payload of `points.matured`."""
    return pb.PointsMatured(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        points=transaction.points,
        lots=lots_of(lots),
        balance_after=transaction.balance_after,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def redeemed(transaction: Transaction, item: Redemption, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.redeemed`."""
    return pb.PointsRedeemed(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=item.member_id.bytes,
        partner_id=item.partner_id.bytes,
        store_id=item.store_id.bytes if item.store_id else b"",
        channel=item.channel,
        points=item.points,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        worth_minor=transaction.worth.amount_minor if transaction.worth else 0,
        burn_rule_version=transaction.worth.rule_version if transaction.worth else 0,
        shown=item.authority.shown.word,
    ).SerializeToString()


def held(transaction: Transaction, item: Hold) -> bytes:
    """The payload of `points.held`."""
    return pb.PointsHeld(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        points=transaction.held,
        expires_at_us=transaction.expires_at_us,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        shown=item.authority.shown.word,
    ).SerializeToString()


def captured(transaction: Transaction, item: Capture, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.redeemed` where a hold was captured."""
    return pb.PointsRedeemed(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=item.member_id.bytes,
        partner_id=item.partner_id.bytes,
        store_id=bytes_of(item.store_id),
        channel=item.channel,
        points=-transaction.points,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        hold_id=item.hold_id.bytes,
        worth_minor=transaction.worth.amount_minor if transaction.worth else 0,
        burn_rule_version=transaction.worth.rule_version if transaction.worth else 0,
    ).SerializeToString()


def released(transaction: Transaction) -> bytes:
    """The payload of `points.released`."""
    return pb.PointsReleased(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        hold_id=bytes_of(transaction.hold_id),
        points=-transaction.held,
        lapsed=transaction.kind is MovementKind.LAPSE,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def expired(transaction: Transaction, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.expired`."""
    return pb.PointsExpired(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        points=-transaction.points,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def returned(transaction: Transaction, back: Sequence[LotTaken]) -> bytes:
    """The payload of `points.returned`."""
    return pb.PointsReturned(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        original_seq=transaction.original_seq,
        points=transaction.points,
        lots=lots_of(back),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def clawed_back(transaction: Transaction, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.clawed_back`."""
    return pb.PointsClawedBack(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        original_seq=transaction.original_seq,
        points=-transaction.points - transaction.pending,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
        pending=transaction.pending != 0,
    ).SerializeToString()


def owed(transaction: Transaction, points: int) -> bytes:
    """The payload of `points.owed`."""
    return pb.PointsOwed(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        original_seq=transaction.original_seq,
        points=points,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def repaid(transaction: Transaction, paid: Sequence[DebtPaid], taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.repaid`."""
    return pb.PointsRepaid(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        points=-transaction.points,
        debts=[
            pb.DebtPaid(
                debt_seq=part.debt_seq,
                original_seq=part.original_seq,
                partner_id=part.issuer_id.bytes,
                points=part.points,
            )
            for part in paid
        ],
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def refunded(transaction: Transaction, item: Refund) -> bytes:
    """The payload of `points.refunded`."""
    figures = transaction.refund
    return pb.PointsRefunded(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        original_id=bytes_of(transaction.original_id),
        store_id=bytes_of(item.receipt.store_id),
        channel=item.receipt.channel,
        **(figures._asdict() if figures is not None else {}),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def floor_set(transaction: Transaction) -> bytes:
    """The payload of `points.floor_set`."""
    credit_floor = transaction.credit_floor
    return pb.PointsFloorSet(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        partner_id=bytes_of(transaction.partner_id),
        **(credit_floor._asdict() if credit_floor is not None else {}),
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def parked(transaction: Transaction, item: Earn, currency: str) -> bytes:
    """The payload of `points.parked`."""
    purchase, told = item.purchase, transaction.parked
    return pb.PointsParked(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=item.member_id.bytes,
        partner_id=item.partner_id.bytes,
        store_id=bytes_of(purchase.store_id),
        channel=purchase.channel,
        gross_minor=purchase.amount_minor,
        eligible_minor=purchase.amount_minor - purchase.points_minor,
        currency=currency,
        points=told.points if told is not None else 0,
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def unparked(transaction: Transaction, reason: Reason.ValueType) -> bytes:
    """The payload of `points.unparked`."""
    return pb.PointsUnparked(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        parked_seq=transaction.original_seq,
        reason=reason,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def expiring(member_id: UUID, points: int, expires_at_us: int, now_us: int) -> bytes:
    """The payload of `points.expiring`."""
    return pb.PointsExpiring(
        member_id=member_id.bytes, points=points, expires_at_us=expires_at_us, told_at_us=now_us
    ).SerializeToString()


def breached(as_of_seq: int, broken: Sequence[Finding], now_us: int) -> bytes:
    """The payload of `ledger.breached`."""
    return pb.LedgerBreached(
        as_of_seq=as_of_seq,
        broken=[
            pb.BrokenInvariant(invariant=finding.number, name=finding.name, breaches=finding.breaches)
            for finding in broken
        ],
        found_at_us=now_us,
    ).SerializeToString()


def clock_moved(offset_us: int, now_us: int) -> bytes:
    """The payload of `programme.clock_moved`."""
    return pb.ProgrammeClockMoved(offset_us=offset_us, now_us=now_us).SerializeToString()


def flagged(flag: FlagRow) -> bytes:
    """The payload of `points.flagged`."""
    subject = flag.subject
    return pb.PointsFlagged(
        flag_id=flag.flag_id.bytes,
        partner_id=subject.partner_id.bytes,
        member_id=flag.member_id.bytes,
        act=subject.act,
        scope=subject.scope,
        measure=flag.measure,
        limit=flag.limit,
        reached=flag.reached,
        points=flag.asked_points,
        flagged_at_us=flag.flagged_at_us,
    ).SerializeToString()


TELLING = Telling(
    earned=earned,
    matured=matured,
    redeemed=redeemed,
    expired=expired,
    held=held,
    captured=captured,
    released=released,
    returned=returned,
    clawed_back=clawed_back,
    owed=owed,
    repaid=repaid,
    refunded=refunded,
    floor_set=floor_set,
    parked=parked,
    unparked=unparked,
    transferred=transferred,
    received=received,
    merged=merged,
    assumed=assumed,
    adjusted=adjusted,
    imported=imported,
    granted=granted,
    budget_loaded=budget_loaded,
    flagged=flagged,
)
