"""Transferring: points that a member gives another, within the limits that the operator has set."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Decision, Refused
from services.points.domain.books import Books
from services.points.domain.deciding.lapse import catch_up, settle
from services.points.domain.deciding.receive import receive
from services.points.domain.movements import Transaction
from services.points.domain.wallet_movements import Transfer
from services.runtime.ids import new_id


def transfer(books: Books, number: int, item: Transfer) -> Decision:
    """Takes points from the giver's first lots on, and brings them to the other: two postings, one after the other."""
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    refusal = _refuse(books, number, item, wallet)
    if refusal is not None:
        return refusal
    # What is over there ends now: nothing may come between the two postings.
    catch_up(books, item.to_member_id, at.accounts.wallet[item.to_member_id])
    taken = at.lots[item.member_id].take(item.points)
    seq, recorded_us = books.next()
    books.use(seq, taken)
    legs = books.move(wallet, at.accounts.transit[PROGRAMME], item.points)
    transaction = Transaction(
        new_id(), seq, item.kind, item.member_id, item.partner_id, item.reference, -item.points,
        at.balances[wallet], item.occurred_at_us, recorded_us, 0,
    )  # fmt: skip
    event = ("points.transferred", books.tell.transferred(transaction, item, taken))
    books.write(transaction, wallet, legs, event, (number, item))
    at.given_today[item.member_id] += item.points
    receive(books, item.to_member_id, transaction, taken)
    settle(books, item.to_member_id)
    return Accepted(transaction)


def _refuse(books: Books, number: int, item: Transfer, wallet: int) -> Refused | None:
    limits = books.terms.limits
    left_today = max(0, limits.transfer_points_a_day - books.at.given_today[item.member_id])
    left = min(limits.transfer_points, left_today)
    if item.points > left:
        at_once = item.points > limits.transfer_points
        limit = limits.transfer_points if at_once else limits.transfer_points_a_day
        return books.refuse(
            number, item, Reason.REASON_TRANSFER_LIMIT,
            f"a member may give {limit} points {'at once' if at_once else 'in a day'}, and {left} now",
            {"limit": str(limit), "left": str(left)},
        )  # fmt: skip
    available = books.available(item.member_id, wallet)
    if item.points > available:
        return books.refuse(
            number, item, Reason.REASON_INSUFFICIENT_POINTS,
            f"{available} points are available, {item.points} are required",
            {"available": str(available), "required": str(item.points)},
        )  # fmt: skip
    return None
