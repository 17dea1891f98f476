"""Merging: a wallet is given up, and another takes over what is in it and what is owed."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Decision
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.lapse import catch_up, settle
from services.points.domain.deciding.receive import receive
from services.points.domain.movements import LotTaken, MovementKind, Transaction
from services.points.domain.opened import Debts, OpenDebt
from services.points.domain.rows import DebtRow, MergeRow
from services.points.domain.wallet_movements import Merge
from services.runtime.ids import new_id


def merge(books: Books, number: int, item: Merge) -> Decision:
    """Moves all points, then all debts. Neither held nor pending ones: they wait for the partner that they came from."""
    at, from_member, into = books.at, item.member_id, item.into_member_id
    wallet = at.accounts.wallet[from_member]
    catch_up(books, from_member, wallet)
    if at.held[wallet]:
        # A hold is captured where it was made, by whoever made it.
        count = str(at.open_holds[from_member])
        return books.refuse(
            number, item, Reason.REASON_HOLDS_OPEN, f"open holds on the wallet: {count}", {"count": count}
        )
    if books.lots(from_member).pending:
        return books.refuse(
            number, item, Reason.REASON_POINTS_PENDING, "points of the wallet are pending still", {}
        )
    catch_up(books, into, at.accounts.wallet[into])
    points = at.balances[wallet]
    taken: list[LotTaken] = []
    legs = NO_LEGS
    if points:
        taken = books.lots(from_member).take(points)
        legs = books.move(wallet, at.accounts.transit[PROGRAMME], points)
    seq, recorded_us = books.next()
    books.use(seq, taken)
    books.rows.merges.append(MergeRow(wallet, at.accounts.wallet[into], seq))
    transaction = Transaction(
        new_id(), seq, item.kind, from_member, None, None, -points, at.balances[wallet],
        item.occurred_at_us, recorded_us, 0,
    )  # fmt: skip
    event = ("points.merged", books.tell.merged(transaction, item, taken))
    books.write(transaction, wallet, legs, event, (number, item))
    at.merged[from_member] = into
    # What one has done the other has, too.
    books.live_until(into, at.expires.get(from_member, 0))
    if points:
        receive(books, into, transaction, taken)
    _assume(books, from_member, into)
    settle(books, into)
    return Accepted(transaction)


def _assume(books: Books, from_member: UUID, into: UUID) -> None:
    """Each debt of the one becomes one of the other, of the same earn and issuer: who is owed stays who was."""
    at = books.at
    debts = at.debts.get(from_member)
    if debts is None:
        return
    wallet = at.accounts.wallet[into]
    owing = at.debts.setdefault(into, Debts(at.accounts.debt[into]))
    for debt in debts.open:
        legs = books.move(owing.account_no, debts.account_no, debt.left)
        own = books.own_act(MovementKind.ASSUME, into, wallet, 0, debt.issuer_id)
        transaction = own._replace(original_seq=debt.original_seq)
        books.rows.debts.append(DebtRow(own.seq, debt.original_seq, debt.left, wallet, debt.partner_no))
        books.rows.paid.append((own.seq, debt.seq, debt.left))
        event = ("points.assumed", books.tell.assumed(transaction, from_member, debt.seq, debt.left))
        books.write(transaction, wallet, legs, event, None, partner_no=debt.partner_no)
        owing.open.append(OpenDebt(own.seq, debt.issuer_id, debt.original_seq, debt.left, debt.partner_no))
        debt.left = 0
        debts.touched[debt.seq] = debt
    debts.open = []
