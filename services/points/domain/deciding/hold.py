"""Holding: points set aside, then captured or given up."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.deciding.burn import SaleOf, refuse_burn
from services.points.domain.deciding.burn_rule import note_worth, refuse_money
from services.points.domain.deciding.guard import count_burn
from services.points.domain.deciding.hold_end import end
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.movements import Capture, Hold, MovementKind, Purchase, Transaction, Void
from services.points.domain.rows import HoldRow
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.ids import new_id

# Of one wallet, of all partners together. Those whose time is over all end in the next batch that comes to the
# wallet, under the head's lock: thousands of them would stop every till of the programme.
OPEN_HOLDS_MAX: Final = 20


def hold(books: Books, number: int, item: Hold) -> Decision:
    """Reserves the wallet's first lots on."""
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    refusal = refuse_money(books, number, item) or refuse_burn(books, number, item)
    if refusal is not None:
        return refusal
    if at.open_holds[item.member_id] >= OPEN_HOLDS_MAX:
        return books.refuse(
            number, item, Reason.REASON_TOO_MANY_HOLDS, f"{OPEN_HOLDS_MAX} holds are open on the wallet",
            {"limit": str(OPEN_HOLDS_MAX)},
        )  # fmt: skip
    reserved = at.lots[item.member_id].reserve(item.points)
    seq, recorded_us = books.next()
    ends_us = recorded_us + item.seconds * MICROS_PER_SECOND
    books.rows.holds.append(HoldRow(seq, item.points, ends_us, wallet, at.accounts.issuance[item.partner_id]))
    books.rows.hold_lots.extend((seq, part.lot_no, part.points) for part in reserved)
    books.rows.delta(wallet)[2] += item.points
    at.open_holds[item.member_id] += 1
    at.held[wallet] += item.points
    count_burn(books, item)
    transaction = Transaction(
        new_id(), seq, MovementKind.HOLD, item.member_id, item.partner_id, item.reference, 0,
        at.balances[wallet], item.occurred_at_us, recorded_us, ends_us, item.points,
        worth=note_worth(books, seq, item, item.points, None),
    )  # fmt: skip
    event = ("points.held", books.tell.held(transaction, item))
    books.write(transaction, wallet, NO_LEGS, event, (number, item))
    return Accepted(transaction)


def resolve(
    books: Books, number: int, item: Capture | Void, sale: SaleOf, purchase: Purchase | None = None
) -> Decision:
    """Captures a hold or gives it up; either way what is not taken is free again, and lapses where it is overdue.

    `sale` is seq and id of the earn that a capture is linked with, if any, `purchase` its sale.
    """
    refusal = refuse_burn(books, number, item, purchase)
    if refusal is not None:
        return refusal
    at = books.at
    wallet = at.accounts.wallet[item.member_id]
    held = at.holds[item.hold_seq]
    points = (item.points or held.points) if isinstance(item, Capture) else 0
    seq, recorded_us = books.next()
    taken = end(books, held, wallet, seq, points)
    books.use(seq, taken)
    legs, worth = NO_LEGS, None
    if isinstance(item, Capture):
        legs = books.move(wallet, at.accounts.redemption[item.partner_id], points)
        worth = note_worth(books, seq, item, points, purchase)
    transaction = Transaction(
        new_id(), seq, item.kind, item.member_id, item.partner_id, None, -points, at.balances[wallet],
        item.occurred_at_us, recorded_us, 0, -held.points, held.hold_id,
        *(sale if isinstance(item, Capture) else (0, None)), worth=worth,
    )  # fmt: skip
    event = ("points.released", books.tell.released(transaction))
    if isinstance(item, Capture):
        event = ("points.redeemed", books.tell.captured(transaction, item, taken))
    books.write(transaction, wallet, legs, event, (number, item))
    catch_up(books, item.member_id, wallet)
    return Accepted(transaction)
