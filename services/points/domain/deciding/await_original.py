"""Refunds that arrive before their originals: they wait, and are decided right after those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, TurnedAway, Waiting
from services.points.domain.books import Books
from services.points.domain.deciding.lapse import settle
from services.points.domain.deciding.refund import refund
from services.points.domain.movements import Earn, MovementKind, Refund, Sale
from services.points.domain.opened import LedgerRules
from services.points.domain.rows import WaitingRow
from services.points.domain.waits import WaitingRefund
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND

# How far a till's clock may be ahead of the ledger's.
FUTURE_TOLERANCE_SECONDS: Final = 300
# Of one original: all of them are decided in one batch, under the head's lock.
WAITING_MAX: Final = 20


def patience_us(rules: LedgerRules) -> int:
    """How long a refund waits: once it is over, its original could not be posted any more, unless it came after it."""
    return rules.backdate_days_max * MICROS_PER_DAY + FUTURE_TOLERANCE_SECONDS * MICROS_PER_SECOND


def await_original(books: Books, number: int, item: Refund) -> Waiting | TurnedAway:
    """Lets a refund wait that does not do so yet."""
    if item.taken_away:
        return TurnedAway(
            Reason.REASON_ORIGINAL_UNKNOWN,
            "the sale was parked, and was taken away",
            {"field": "original"},
        )
    if item.parked_seq and books.parks.by_seq(item.parked_seq) is None:
        # What has its reference from now on may be another sale.
        return TurnedAway(
            Reason.REASON_UNAVAILABLE, "its original was parked until this moment: ask again", {}, again=True
        )
    original = (item.partner_id, MovementKind.EARN, item.original_reference)
    if original in books.at.erased:
        # It has come, and is not found by it any more: waiting would be in vain.
        return TurnedAway(
            Reason.REASON_ORIGINAL_UNKNOWN,
            "the reference of the sale was erased: name it by its id",
            {"field": "original"},
        )
    if original in books.references or original in books.at.by_reference:
        return TurnedAway(
            Reason.REASON_UNAVAILABLE, "its original arrived at the same moment: ask again", {}, again=True
        )
    if len(books.waits.of_original(item.partner_id, item.original_reference)) >= WAITING_MAX:
        return TurnedAway(
            Reason.REASON_ORIGINAL_UNKNOWN,
            f"the sale has not arrived, and {WAITING_MAX} refunds wait for it",
            {"field": "original"},
        )
    at, receipt = books.at, item.receipt
    books.waits.add(WaitingRefund(item, at.now_us, at.batch_no, number))
    books.rows.waiting.append(
        WaitingRow(
            at.accounts.issuance[item.partner_id], item.key, number, item.content_hash, item.reference or "",
            item.original_reference, item.occurred_at_us, item.amount_minor, receipt.store_id, receipt.till,
            receipt.business_date, receipt.number, receipt.channel, receipt.lines_json, item.traceparent,
        )
    )  # fmt: skip
    return Waiting()


def end_waiting(books: Books, waiting: WaitingRefund) -> None:
    """Notes that a refund waits no more; its answer is kept under its key."""
    books.waits.end(waiting)
    item = waiting.item
    books.rows.waited.append((books.at.accounts.issuance[item.partner_id], item.key))


class Burned(NamedTuple):
    """The burn of a sale: its points, and the lots that they were taken from, in the order used."""

    seq: int
    points: int
    lots: Sequence[tuple[int, int]]

    @classmethod
    def just_now(cls, books: Books, burned: Accepted) -> Burned:
        """One that was posted in this batch."""
        seq = burned.transaction.seq
        lots = [(lot_no, points) for use_seq, lot_no, points in books.rows.uses if use_seq == seq]
        return cls(seq, -burned.transaction.points, lots)


NO_BURN: Final = Burned(0, 0, ())


def refund_awaited(books: Books, number: int, item: Earn, earned: Accepted, burned: Burned = NO_BURN) -> None:
    """Decides what waits for an earn that was posted just now, in the order of arrival, as if it arrived now."""
    if not books.waits:
        return
    for waiting in books.waits.of_original(item.partner_id, item.reference):
        end_waiting(books, waiting)
        sale = _sale(books, item, earned, burned)
        asked = waiting.item._replace(member_id=item.member_id, sale=sale)
        refund(books, number, asked, sale)
        settle(books, asked.member_id)


def give_up(books: Books) -> int:
    """Refuses for good what has waited too long; answers how many that were."""
    if not books.waits:
        return 0
    found = books.waits.arrived_before(books.at.now_us - patience_us(books.rules))
    # (While its sale is parked it waits for that.)
    over = [waiting for waiting in found if not waiting.of_parked]
    for waiting in over:
        end_waiting(books, waiting)
        books.refuse(
            0,
            waiting.item,
            Reason.REASON_ORIGINAL_UNKNOWN,
            "the sale has not arrived in the time in which it could be posted",
            {"field": "original"},
        )
    return len(over)


def sale_taken_away(books: Books, number: int, item: Earn) -> None:
    """Refuses for good what waits for an earn that was parked and now never will be posted."""
    for waiting in books.waits.of_original(item.partner_id, item.reference):
        end_waiting(books, waiting)
        books.refuse(
            number,
            waiting.item,
            Reason.REASON_ORIGINAL_UNKNOWN,
            "the sale was parked, and was taken away",
            {"field": "original"},
        )


def take_back(books: Books, number: int, waiting: WaitingRefund) -> None:
    """Reverses a refund that waits: under its key it never will be posted."""
    end_waiting(books, waiting)
    books.refuse(
        number,
        waiting.item,
        Reason.REASON_REVERSED_BEFORE_ARRIVAL,
        "it was reversed before its original arrived",
        {"key": waiting.item.key},
    )


def _sale(books: Books, item: Earn, earned: Accepted, burned: Burned) -> Sale:
    """The sale that was posted just now, as its refunds see it."""
    rate = books.terms.rates.at(item.partner_id, item.occurred_at_us)
    if rate is None:
        raise ArithmeticError("an earn without a rate was posted")
    transaction, purchase = earned.transaction, item.purchase
    return Sale(
        transaction.seq, transaction.transaction_id, purchase.amount_minor, purchase.points_minor, transaction.brought,
        rate.points, rate.per_minor, burned.seq, burned.points, burned.lots,
        tuple(books.granted.get(transaction.seq, ())),
    )  # fmt: skip
