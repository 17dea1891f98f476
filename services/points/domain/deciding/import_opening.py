"""Importing: points from the books of an earlier programme, with their own dates."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.deciding.opening_lots import open_lot
from services.points.domain.expiry import expires_at_us
from services.points.domain.movements import Transaction
from services.points.domain.wallet_movements import Opening
from services.runtime.clock import from_micros
from services.runtime.ids import new_id


def import_opening(books: Books, number: int, item: Opening) -> Decision:
    """Moves points from the issuer's account of opening balances to the wallet, in a lot of their own."""
    at = books.at
    lapses_us = item.expires_at_us or expires_at_us(item.occurred_at_us, books.terms.expiry, books.rules.zone)
    if 0 < lapses_us <= at.now_us:
        # Not remembered: the line is mended, or the operator has put the wrong rule into the ledger.
        return TurnedAway(
            Reason.REASON_INVALID_REQUEST,
            f"expires_at: the points expired on {from_micros(lapses_us).isoformat()}",
            {"field": "expires_at"},
        )
    wallet = at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    lot_no = open_lot(books, item.member_id, item.issuer_id, item.points, item.occurred_at_us, lapses_us)
    seq, recorded_us = books.next()
    if not lapses_us:
        books.bring_alive(item.member_id, recorded_us)
    legs = books.move(at.accounts.opening[item.issuer_id], wallet, item.points)
    transaction = Transaction(
        new_id(), seq, item.kind, item.member_id, None, item.reference, item.points, at.balances[wallet],
        item.occurred_at_us, recorded_us, lapses_us,
    )  # fmt: skip
    event = ("points.imported", books.tell.imported(transaction, item, lot_no))
    issuer_no = at.accounts.issuance[item.issuer_id]
    books.write(transaction, wallet, legs, event, (number, item), lot_no=lot_no, issuer_no=issuer_no)
    return Accepted(transaction)
