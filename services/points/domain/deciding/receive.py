"""Receiving: points that have left one wallet go on to another, right after the posting that took them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.points.domain.accounts import PROGRAMME
from services.points.domain.books import Books
from services.points.domain.deciding.opening_lots import open_child
from services.points.domain.movements import LotTaken, MovementKind, Transaction


def receive(books: Books, member_id: UUID, given: Transaction, taken: Sequence[LotTaken]) -> None:
    """Brings what the posting `given` took of another member's lots, as lots with the same facts.

    `given` is the last posting: nothing stays in transit for longer than that.
    """
    at = books.at
    wallet = at.accounts.wallet[member_id]
    legs = books.move(at.accounts.transit[PROGRAMME], wallet, -given.points)
    own = books.own_act(MovementKind.RECEIVE, member_id, wallet, -given.points, given.partner_id)
    transaction = own._replace(
        occurred_at_us=given.occurred_at_us, original_seq=given.seq, original_id=given.transaction_id
    )
    parents = books.lots(given.member_id).touched
    children: list[LotTaken] = []
    for part in taken:
        parent = parents[part.lot_no]
        child = open_child(books, member_id, parent, own.seq, part.points, parent.expires_at_us)
        if not child.expires_at_us:
            books.bring_alive(member_id, own.recorded_at_us)
        children.append(part._replace(lot_no=child.lot_no))
    event = ("points.received", books.tell.received(transaction, given.member_id, children))
    partner_no = at.accounts.issuance[given.partner_id or PROGRAMME]
    books.write(transaction, wallet, legs, event, None, partner_no=partner_no)
