"""How the ledger words what happens to wallets beside sales: points passed on, and what staff did."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb

from services.points.domain.movements import LotTaken, Transaction
from services.points.domain.wallet_movements import Adjustment, Merge, Opening, Transfer
from services.points.events.words import bytes_of, lots_of


def transferred(transaction: Transaction, item: Transfer, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.transferred`."""
    return pb.PointsTransferred(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        to_member_id=item.to_member_id.bytes,
        points=-transaction.points,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def received(transaction: Transaction, from_member: UUID, lots: Sequence[LotTaken]) -> bytes:
    """The payload of `points.received`."""
    return pb.PointsReceived(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        partner_id=bytes_of(transaction.partner_id),
        from_member_id=from_member.bytes,
        original_seq=transaction.original_seq,
        points=transaction.points,
        lots=lots_of(lots),
        balance_after=transaction.balance_after,
        occurred_at_us=transaction.occurred_at_us,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def merged(transaction: Transaction, item: Merge, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.merged`."""
    return pb.PointsMerged(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        into_member_id=item.into_member_id.bytes,
        points=-transaction.points,
        lots=lots_of(taken),
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def assumed(transaction: Transaction, from_member: UUID, debt_seq: int, points: int) -> bytes:
    """The payload of `points.assumed`."""
    return pb.PointsAssumed(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        from_member_id=from_member.bytes,
        debt_seq=debt_seq,
        original_seq=transaction.original_seq,
        partner_id=bytes_of(transaction.partner_id),
        points=points,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def adjusted(transaction: Transaction, item: Adjustment, lot_no: int, taken: Sequence[LotTaken]) -> bytes:
    """The payload of `points.adjusted`. What somebody wrote to it is not told."""
    return pb.PointsAdjusted(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        points=transaction.points,
        reason=item.reason.value,
        lot_no=lot_no,
        expires_at_us=transaction.expires_at_us,
        lots=lots_of(taken),
        balance_after=transaction.balance_after,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()


def imported(transaction: Transaction, item: Opening, lot_no: int) -> bytes:
    """The payload of `points.imported`."""
    return pb.PointsImported(
        transaction_id=transaction.transaction_id.bytes,
        seq=transaction.seq,
        member_id=transaction.member_id.bytes,
        issuer_id=item.issuer_id.bytes,
        points=transaction.points,
        lot_no=lot_no,
        earned_at_us=transaction.occurred_at_us,
        expires_at_us=transaction.expires_at_us,
        balance_after=transaction.balance_after,
        recorded_at_us=transaction.recorded_at_us,
    ).SerializeToString()
