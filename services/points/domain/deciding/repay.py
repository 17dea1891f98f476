"""Repaying: points that come free in the wallet of a member who owes some pay the debt first, the oldest first."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.books import Books
from services.points.domain.debts import DebtPaid
from services.points.domain.movements import MovementKind


def pay(books: Books, member_id: UUID, at_us: int) -> None:
    """Pays what is owed from what is free and has not expired by a time.

    After everything that frees points: so points are free only where nothing is owed.
    """
    debts = books.at.debts.get(member_id)
    if debts is None or not debts.open:
        return
    wallet = books.at.accounts.wallet[member_id]
    lots = books.lots(member_id)
    whole_us = books.at.expires.get(member_id, 0)
    points = min(lots.alive(at_us, whole_us), debts.points)
    if points <= 0:
        return
    taken = lots.take(points, at_us, whole_us)
    legs = books.move(wallet, debts.account_no, points)
    transaction = books.own_act(MovementKind.REPAY, member_id, wallet, -points)
    books.use(transaction.seq, taken)
    paid: list[DebtPaid] = []
    for debt in debts.open:
        part = min(points, debt.left)
        if not part:
            break
        points -= part
        debt.left -= part
        debts.touched[debt.seq] = debt
        paid.append(DebtPaid(debt.seq, debt.original_seq, debt.issuer_id, part))
    debts.open = [debt for debt in debts.open if debt.left]
    books.rows.paid.extend((transaction.seq, part.debt_seq, part.points) for part in paid)
    event = ("points.repaid", books.tell.repaid(transaction, paid, taken))
    books.write(transaction, wallet, legs, event, None)
