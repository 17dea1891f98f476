"""What is due in a wallet, worked off before anything is decided, so that no job's timing changes an answer.

Holds run out and pending points mature in the order of their times, and what becomes free pays what the member owes as it
would have at that moment: with lots that had not expired then. Whatever has expired by now lapses at the end.
"""

from __future__ import annotations

from uuid import UUID

from services.points.domain.accounts import PROGRAMME
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.hold_end import end
from services.points.domain.deciding.repay import pay
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.movements import LotTaken, MovementKind, Transaction
from services.points.domain.opened import OpenHold
from services.runtime.ids import new_id


def catch_up(books: Books, member_id: UUID, wallet: int) -> None:
    """Brings a wallet up to the time of the batch."""
    lots = books.at.lots.get(member_id)
    due = books.due.pop(member_id, [])
    if lots is None:
        # A hold that is open has its lots with it.
        return
    while due or lots.pending:
        next_us = due[0].expires_at_us if due else books.at.now_us
        matured_us, matured = lots.mature(next_us)
        if matured:
            _mature(books, member_id, wallet, matured)
        elif due:
            _release(books, due.pop(0), wallet)
        else:
            break
        pay(books, member_id, matured_us or next_us)
    _expire(books, member_id, wallet, lots)


def settle(books: Books, member_id: UUID) -> None:
    """What has come free pays what the member owes; what is past its time pays nothing."""
    debts = books.at.debts.get(member_id)
    if debts is not None and debts.open:
        catch_up(books, member_id, books.at.accounts.wallet[member_id])
        pay(books, member_id, books.at.now_us)


def _mature(books: Books, member_id: UUID, wallet: int, lots: list[Lot]) -> None:
    points = sum(lot.remaining for lot in lots)
    # All of a member's are in one account.
    legs = books.move(lots[0].pending_no, wallet, points)
    transaction = books.own_act(MovementKind.MATURE, member_id, wallet, points)._replace(pending=-points)
    matured = [
        LotTaken(lot.lot_no, lot.issuer_id, lot.point_type, lot.remaining, lot.earned_seq) for lot in lots
    ]
    books.rows.matured.extend((transaction.seq, part.lot_no, part.points) for part in matured)
    books.write(transaction, wallet, legs, ("points.matured", books.tell.matured(transaction, matured)), None)


def _release(books: Books, hold: OpenHold, wallet: int) -> None:
    seq, recorded_us = books.next()
    end(books, hold, wallet, seq, 0)
    transaction = Transaction(
        new_id(), seq, MovementKind.LAPSE, hold.member_id, hold.partner_id, None, 0, books.at.balances[wallet],
        recorded_us, recorded_us, 0, -hold.points, hold.hold_id,
    )  # fmt: skip
    event = ("points.released", books.tell.released(transaction))
    books.write(transaction, wallet, NO_LEGS, event, None, partner_no=hold.partner_no)


def _expire(books: Books, member_id: UUID, wallet: int, lots: OpenLots) -> None:
    taken = lots.take_overdue(books.at.now_us, books.at.expires.get(member_id, 0))
    if not taken:
        return
    points = sum(part.points for part in taken)
    legs = books.move(wallet, books.at.accounts.expiry[PROGRAMME], points)
    transaction = books.own_act(MovementKind.EXPIRE, member_id, wallet, -points)
    books.use(transaction.seq, taken)
    books.write(transaction, wallet, legs, ("points.expired", books.tell.expired(transaction, taken)), None)
