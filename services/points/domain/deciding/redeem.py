"""Redeeming: points spent in one step."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision, Refused
from services.points.domain.books import Books
from services.points.domain.deciding.lapse import expire_overdue
from services.points.domain.movements import Hold, MovementKind, Redemption, Transaction
from services.runtime.ids import new_id


def redeem(books: Books, number: int, item: Redemption, sale: tuple[int, UUID | None]) -> Decision:
    """Takes points from the wallet's first lots on; `sale` is seq and id of the earn that it is linked with, if any."""
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    refusal = refuse_beyond(books, number, item, wallet)
    if refusal is not None:
        return refusal
    taken = at.lots[item.member_id].take(item.points)
    seq, recorded_us = books.next()
    books.use(seq, taken)
    legs = books.move(wallet, at.accounts.redemption[item.partner_id], item.points)
    transaction = Transaction(
        new_id(), seq, MovementKind.REDEEM, item.member_id, item.partner_id, item.reference, -item.points,
        at.balances[wallet], item.occurred_at_us, recorded_us, 0, 0, None, *sale,
    )  # fmt: skip
    event = ("points.redeemed", books.tell.redeemed(transaction, item, taken))
    books.write(transaction, wallet, legs, event, (number, item))
    return Accepted(transaction)


def refuse_beyond(books: Books, number: int, item: Redemption | Hold, wallet: int) -> Refused | None:
    """Frees and lapses what is due, then refuses what the wallet has not."""
    expire_overdue(books, item.member_id, wallet)
    available = books.available(item.member_id, wallet)
    if item.points <= available:
        return None
    return books.refuse(
        number,
        item,
        Reason.REASON_INSUFFICIENT_POINTS,
        f"{available} points are available, {item.points} are required",
        {"available": str(available), "required": str(item.points)},
    )
