"""Adjusting: the operator gives points, which it has issued itself then, or takes some."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Decision, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.deciding.opening_lots import open_lot
from services.points.domain.expiry import expires_at_us
from services.points.domain.movements import LotTaken, Transaction
from services.points.domain.rows import AdjustmentRow
from services.points.domain.wallet_movements import Adjustment
from services.runtime.ids import new_id


def adjust(books: Books, number: int, item: Adjustment) -> Decision:
    """Moves points between a wallet and the programme's account of adjustments.

    More than one person may move alone is turned away unless another one has approved it.
    """
    limit = books.terms.limits.adjustment_points
    if abs(item.points) > limit and item.proposal_id is None:
        return TurnedAway(
            Reason.REASON_APPROVAL_NEEDED, f"more than {limit} points take a second person's approval",
            {"limit": str(limit), "required": str(abs(item.points))},
        )  # fmt: skip
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    if item.points > 0:
        return _give(books, number, item, wallet, limit)
    available = books.available(item.member_id, wallet)
    if -item.points > available:
        return books.refuse(
            number, item, Reason.REASON_INSUFFICIENT_POINTS,
            f"{available} points are available, {-item.points} are required",
            {"available": str(available), "required": str(-item.points)},
        )  # fmt: skip
    taken = at.lots[item.member_id].take(-item.points)
    legs = books.move(wallet, at.accounts.adjustment[PROGRAMME], -item.points)
    transaction = _posted(books, item, wallet, limit, 0)
    books.use(transaction.seq, taken)
    event = _event(books, transaction, item, 0, taken)
    books.write(transaction, wallet, legs, event, (number, item))
    return Accepted(transaction)


def _give(books: Books, number: int, item: Adjustment, wallet: int, limit: int) -> Accepted:
    lapses_us = expires_at_us(item.occurred_at_us, books.terms.expiry, books.rules.zone)
    lot_no = open_lot(books, item.member_id, PROGRAMME, item.points, item.occurred_at_us, lapses_us)
    legs = books.move(books.at.accounts.adjustment[PROGRAMME], wallet, item.points)
    transaction = _posted(books, item, wallet, limit, lapses_us)
    books.bring_alive(item.member_id, transaction.recorded_at_us)
    event = _event(books, transaction, item, lot_no, ())
    books.write(transaction, wallet, legs, event, (number, item), lot_no=lot_no)
    return Accepted(transaction)


def _posted(books: Books, item: Adjustment, wallet: int, limit: int, lapses_us: int) -> Transaction:
    """The posting at the next seq, with why it was made; what it moves is moved already."""
    seq, recorded_us = books.next()
    books.rows.adjustments.append(
        AdjustmentRow(
            seq, item.points, limit, item.reason, item.made_by, item.proposal_id or new_id(), item.note,
            item.proposal_id, item.content_hash,
        )
    )  # fmt: skip
    return Transaction(
        new_id(), seq, item.kind, item.member_id, None, None, item.points, books.at.balances[wallet],
        item.occurred_at_us, recorded_us, lapses_us,
    )  # fmt: skip


def _event(
    books: Books, transaction: Transaction, item: Adjustment, lot_no: int, taken: Sequence[LotTaken]
) -> tuple[str, bytes]:
    return "points.adjusted", books.tell.adjusted(transaction, item, lot_no, taken)
