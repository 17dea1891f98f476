"""Lapsing: what is over ends before anything is decided, so that no job's timing changes an answer."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.accounts import PROGRAMME
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.hold_end import end
from services.points.domain.movements import MovementKind, Transaction
from services.runtime.ids import new_id


def release_due(books: Books, member_id: UUID, wallet: int) -> None:
    """Holds whose time is over end; what they had set aside is free."""
    for hold in books.due.pop(member_id, ()):
        seq, recorded_us = books.next()
        end(books, hold, wallet, seq, 0)
        transaction = Transaction(
            new_id(), seq, MovementKind.LAPSE, member_id, hold.partner_id, None, 0, books.at.balances[wallet],
            recorded_us, recorded_us, 0, -hold.points, hold.hold_id,
        )  # fmt: skip
        event = ("points.released", books.tell.released(transaction))
        books.write(transaction, wallet, NO_LEGS, event, None, partner_no=hold.partner_no)


def expire_overdue(books: Books, member_id: UUID, wallet: int) -> None:
    """Holds whose time is over end, and what is free in lots past their expiry lapses."""
    release_due(books, member_id, wallet)
    lots = books.at.lots.get(member_id)
    whole_us = books.at.expires.get(member_id, 0)
    taken = lots.take_overdue(books.at.now_us, whole_us) if lots is not None else []
    if not taken:
        return
    points = sum(part.points for part in taken)
    legs = books.move(wallet, books.at.accounts.expiry[PROGRAMME], points)
    transaction = books.own_act(MovementKind.EXPIRE, member_id, wallet, -points)
    books.use(transaction.seq, taken)
    books.write(transaction, wallet, legs, ("points.expired", books.tell.expired(transaction, taken)), None)
