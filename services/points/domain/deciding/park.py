"""Parking: an earn beyond its partner's credit floor is kept, and posted as soon as there is headroom for it."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import ParkedAnswer
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.await_original import NO_BURN, Burned, refund_awaited, sale_taken_away
from services.points.domain.deciding.earn import Beyond, beyond_floor, earn, turn_away
from services.points.domain.deciding.lapse import catch_up, settle
from services.points.domain.movements import (
    Earn,
    MovementKind,
    Parked,
    ParkedEarn,
    Transaction,
    Unpark,
)
from services.points.domain.rows import ParkedRow
from services.runtime.ids import new_id
from services.runtime.partner_standing import Operation


def park(books: Books, item: Earn, beyond: Beyond) -> ParkedAnswer:
    """Records the purchase without points. Its key is answered by what becomes of it: till then it is found by what is parked."""
    at, purchase = books.at, item.purchase
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    seq, recorded_us = books.next()
    transaction = Transaction(
        new_id(), seq, MovementKind.PARK, item.member_id, item.partner_id, item.reference, 0, at.balances[wallet],
        item.occurred_at_us, recorded_us, 0, parked=Parked(beyond.points, open=True),
    )  # fmt: skip
    partner_no = at.accounts.issuance[item.partner_id]
    event = ("points.parked", books.tell.parked(transaction, item, books.currency))
    # (Key and reference are the posted earn's: the words of this one stand with what is parked.)
    kept = transaction._replace(reference=None)
    books.write(kept, wallet, NO_LEGS, event, None, partner_no=partner_no)
    books.posted[seq] = transaction
    books.parks.add(ParkedEarn(seq, transaction.transaction_id, item, beyond.points, recorded_us))
    books.rows.parked.append(
        ParkedRow(
            seq, partner_no, item.key, item.content_hash, item.reference, beyond.points, purchase.amount_minor,
            purchase.points_minor, purchase.store_id, purchase.till, purchase.business_date, purchase.receipt_number,
            purchase.channel, purchase.entry_mode, purchase.lines_json, purchase.tenders_json, item.traceparent,
        )
    )  # fmt: skip
    return ParkedAnswer(transaction)


def unpark(books: Books, number: int, act: Unpark) -> int:
    """Posts an earn that is parked if there is headroom for it now, or refuses it for good; answers how many that were, 0 or 1.

    Whoever asks had found it without the lock: so it may have ended, or its member may have been merged, meanwhile.
    """
    at, parked = books.at, books.parks.by_seq(act.parked.seq)
    item = act.parked.item
    if parked is None or item.member_id in at.merged:
        return 0
    if item.member_id in at.closed:
        books.refuse(number, item, Reason.REASON_MEMBER_CLOSED, "the member has been closed", {})
        end_parked(books, number, parked, item.member_id, Reason.REASON_MEMBER_CLOSED)
        return 1
    if not books.terms.standings.answers(Operation.EARN_PARKED, item.partner_id, at.now_us):
        return 0
    if turn_away(books, item) is not None or beyond_floor(books, item) is not None:
        return 0
    books.parks.end(parked)
    books.rows.unparked.append(parked.seq)
    earned = earn(books, number, item, parked)
    burned = NO_BURN
    if parked.burn is not None:
        burned = Burned(parked.burn.seq, parked.burn.points, parked.burn.lots)
        books.linked[earned.transaction.seq] = (parked.burn.seq, parked.burn.content_hash)
    settle(books, item.member_id)
    refund_awaited(books, number, item, earned, burned)
    return 1


def take_away(books: Books, number: int, parked: ParkedEarn, member_id: UUID) -> None:
    """Reverses an earn that is parked: under its key it never will be posted. `member_id`: whose wallet it is for now."""
    books.refuse(
        number,
        parked.item,
        Reason.REASON_REVERSED_BEFORE_ARRIVAL,
        "it was reversed while it was parked",
        {"key": parked.item.key},
    )
    end_parked(books, number, parked, member_id, Reason.REASON_REVERSED_BEFORE_ARRIVAL)


def end_parked(
    books: Books, number: int, parked: ParkedEarn, member_id: UUID, reason: Reason.ValueType
) -> None:
    """Records that an earn is parked no more and was not posted. Its answer is kept under its key by the caller.

    What waits for it is refused along with it: its reference is free from now on, and the next that has it is another sale.
    """
    books.parks.end(parked)
    books.rows.unparked.append(parked.seq)
    wallet = books.at.accounts.wallet[member_id]
    own = books.own_act(MovementKind.UNPARK, member_id, wallet, 0, parked.item.partner_id)
    transaction = own._replace(
        occurred_at_us=parked.item.occurred_at_us, original_seq=parked.seq, original_id=parked.transaction_id,
        parked=Parked(parked.points, open=False),
    )  # fmt: skip
    event = ("points.unparked", books.tell.unparked(transaction, reason))
    partner_no = books.at.accounts.issuance[parked.item.partner_id]
    books.write(transaction, wallet, NO_LEGS, event, None, partner_no=partner_no)
    sale_taken_away(books, number, parked.item)
