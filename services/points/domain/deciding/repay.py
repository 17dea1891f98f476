"""Repaying: points that come into the wallet of a member who owes some pay the debt first, the oldest first."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.books import Books
from services.points.domain.deciding.lapse import expire_overdue
from services.points.domain.movements import DebtPaid, MovementKind


def repay(books: Books, member_id: UUID) -> None:
    """Pays what is owed from what is free. After every movement: so points are free only where nothing is owed."""
    debts = books.at.debts.get(member_id)
    if debts is None or not debts.open:
        return
    wallet = books.at.accounts.wallet[member_id]
    # Points that are past their time pay nothing.
    expire_overdue(books, member_id, wallet)
    points = min(books.free(wallet), debts.points)
    if points <= 0:
        return
    taken = books.at.lots[member_id].take(points)
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
