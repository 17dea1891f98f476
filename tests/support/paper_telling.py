"""The events that a decision on paper words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.campaigns import CampaignVersion
from services.points.domain.debts import DebtPaid
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    LotTaken,
    Redemption,
    Refund,
    Transaction,
)
from services.points.domain.rows import FlagRow
from services.points.domain.telling import Telling
from services.points.domain.wallet_movements import Adjustment, Merge, Opening, Transfer


@dataclass
class Told:
    """An event that the decision worded."""

    kind: str
    transaction: Transaction
    lot_no: int = 0
    taken: Sequence[LotTaken] = ()
    paid: Sequence[DebtPaid] = ()


def _alone(told: list[Told], kind: str) -> Callable[[Transaction], bytes]:
    def tell(transaction: Transaction) -> bytes:
        told.append(Told(kind, transaction))
        return kind.encode()

    return tell


def _with_lots(told: list[Told], kind: str) -> Callable[[Transaction, Sequence[LotTaken]], bytes]:
    def tell(transaction: Transaction, taken: Sequence[LotTaken]) -> bytes:
        told.append(Told(kind, transaction, taken=taken))
        return kind.encode()

    return tell


def _floor_set(told: list[Told]) -> Callable[[Transaction], bytes]:
    def floor_set(transaction: Transaction) -> bytes:
        assert transaction.credit_floor is not None
        told.append(Told("floor set", transaction))
        return b"floor set"

    return floor_set


def _parked(told: list[Told]) -> Callable[[Transaction, Earn, str], bytes]:
    def parked(transaction: Transaction, item: Earn, currency: str) -> bytes:
        assert transaction.parked is not None
        assert (transaction.parked.open, item.member_id) == (True, transaction.member_id)
        assert currency
        told.append(Told("parked", transaction))
        return b"parked"

    return parked


def _unparked(told: list[Told]) -> Callable[[Transaction, Reason.ValueType], bytes]:
    def unparked(transaction: Transaction, reason: Reason.ValueType) -> bytes:
        assert reason
        told.append(Told("unparked", transaction))
        return b"unparked"

    return unparked


def telling(told: list[Told]) -> Telling:
    """Wordings that note what they are asked to tell."""

    def earned(transaction: Transaction, item: Earn, lot_no: int, currency: str) -> bytes:
        assert (item.reference, currency) == (transaction.reference, "USD")
        told.append(Told("earned", transaction, lot_no))
        return b"earned"

    def matured(transaction: Transaction, lots: Sequence[LotTaken]) -> bytes:
        assert sum(part.points for part in lots) == transaction.points == -transaction.pending
        told.append(Told("matured", transaction, taken=lots))
        return b"matured"

    def redeemed(transaction: Transaction, item: Redemption, taken: Sequence[LotTaken]) -> bytes:
        assert item.points == -transaction.points
        told.append(Told("redeemed", transaction, taken=taken))
        return b"redeemed"

    def captured(transaction: Transaction, item: Capture, taken: Sequence[LotTaken]) -> bytes:
        assert -transaction.points == (item.points or -transaction.held)
        told.append(Told("captured", transaction, taken=taken))
        return b"captured"

    def returned(transaction: Transaction, back: Sequence[LotTaken]) -> bytes:
        assert sum(part.points for part in back) == transaction.points
        told.append(Told("returned", transaction, taken=back))
        return b"returned"

    def owed(transaction: Transaction, points: int) -> bytes:
        assert points > 0
        told.append(Told("owed", transaction))
        return b"owed"

    def repaid(transaction: Transaction, paid: Sequence[DebtPaid], taken: Sequence[LotTaken]) -> bytes:
        assert sum(part.points for part in paid) == -transaction.points
        told.append(Told("repaid", transaction, taken=taken, paid=paid))
        return b"repaid"

    def refunded(transaction: Transaction, item: Refund) -> bytes:
        assert item.reference == transaction.reference
        told.append(Told("refunded", transaction))
        return b"refunded"

    def held(transaction: Transaction, item: Hold) -> bytes:
        assert item.points == transaction.held
        told.append(Told("held", transaction))
        return b"held"

    def flagged(flag: FlagRow) -> bytes:
        raise AssertionError(f"nobody set a guard that flags: {flag}")

    return Telling(
        earned, matured, redeemed, _with_lots(told, "expired"), held, captured, _alone(told, "released"), returned,
        _with_lots(told, "clawed back"), owed, repaid, refunded, _floor_set(told), _parked(told), _unparked(told), *_of_wallets(told), flagged=flagged,
    )  # fmt: skip


def _of_wallets(told: list[Told]) -> tuple[Any, ...]:
    def transferred(transaction: Transaction, item: Transfer, taken: Sequence[LotTaken]) -> bytes:
        assert item.points == -transaction.points == sum(part.points for part in taken)
        told.append(Told("transferred", transaction, taken=taken))
        return b"transferred"

    def received(transaction: Transaction, from_member: UUID, lots: Sequence[LotTaken]) -> bytes:
        assert from_member != transaction.member_id
        assert sum(part.points for part in lots) == transaction.points
        told.append(Told("received", transaction))
        return b"received"

    def merged(transaction: Transaction, item: Merge, taken: Sequence[LotTaken]) -> bytes:
        assert item.member_id == transaction.member_id
        told.append(Told("merged", transaction, taken=taken))
        return b"merged"

    def assumed(transaction: Transaction, from_member: UUID, debt_seq: int, points: int) -> bytes:
        assert from_member != transaction.member_id
        paid = DebtPaid(debt_seq, transaction.original_seq, transaction.partner_id or UUID(int=0), points)
        told.append(Told("assumed", transaction, paid=[paid]))
        return b"assumed"

    def adjusted(transaction: Transaction, item: Adjustment, lot_no: int, taken: Sequence[LotTaken]) -> bytes:
        assert item.points == transaction.points
        told.append(Told("adjusted", transaction, lot_no, taken))
        return b"adjusted"

    def imported(transaction: Transaction, item: Opening, lot_no: int) -> bytes:
        assert item.points == transaction.points
        told.append(Told("imported", transaction, lot_no))
        return b"imported"

    def granted(transaction: Transaction, version: CampaignVersion, lot_no: int) -> bytes:
        given = (version.terms.campaign_id, version.version, transaction.brought, transaction.balance_after)
        assert transaction.campaign == given
        told.append(Told("granted", transaction, lot_no))
        return b"granted"

    def budget_loaded(transaction: Transaction, left: int) -> bytes:
        assert transaction.campaign is not None
        assert 0 < transaction.campaign.points <= left
        told.append(Told("budget loaded", transaction))
        return b"budget loaded"

    return transferred, received, merged, assumed, adjusted, imported, granted, budget_loaded
