"""Redeeming: points spent in one step."""

from __future__ import annotations

from services.points.domain.answers import Accepted
from services.points.domain.books import Books
from services.points.domain.deciding.burn import SaleOf
from services.points.domain.deciding.burn_rule import note_worth
from services.points.domain.deciding.guard import count_burn
from services.points.domain.movements import MovementKind, Purchase, Redemption, Transaction
from services.runtime.ids import new_id


def redeem(
    books: Books, number: int, item: Redemption, sale: SaleOf, purchase: Purchase | None = None
) -> Accepted:
    """Takes points from the wallet's first lots on; `sale` is seq and id of the earn that it is linked with, `purchase` its sale.

    Nothing speaks against it: see refuse_burn.
    """
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    taken = at.lots[item.member_id].take(item.points)
    seq, recorded_us = books.next()
    books.use(seq, taken)
    count_burn(books, item)
    legs = books.move(wallet, at.accounts.redemption[item.partner_id], item.points)
    transaction = Transaction(
        new_id(), seq, MovementKind.REDEEM, item.member_id, item.partner_id, item.reference, -item.points,
        at.balances[wallet], item.occurred_at_us, recorded_us, 0, 0, None, *sale,
        worth=note_worth(books, seq, item, item.points, purchase),
    )  # fmt: skip
    event = ("points.redeemed", books.tell.redeemed(transaction, item, taken))
    books.write(transaction, wallet, legs, event, (number, item))
    return Accepted(transaction)
