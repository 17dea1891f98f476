"""The credit gate's floor: how far a partner's issuance balance may fall, kept in the journal's order."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import FloorSet, TurnedAway
from services.points.domain.books import NO_LEGS, Books
from services.points.domain.movements import CreditFloor, FloorChange, MovementKind, Transaction
from services.points.domain.opened import StandingFloor
from services.points.domain.rows import FloorRow
from services.runtime.ids import new_id


def set_floor(books: Books, item: FloorChange) -> FloorSet | TurnedAway:
    """Records a floor; every earn after it is decided by it. One that stands, or that is older, changes nothing.

    What was based on more of the journal knows more: a floor that arrives late must not undo one that came of later sums.
    """
    at, asked = books.at, item.asked
    if asked.basis_seq > books.seq:
        return TurnedAway(
            Reason.REASON_INVALID_REQUEST,
            f"basis_seq: the journal ends at {books.seq}",
            {"field": "basis_seq"},
        )
    standing = at.standing_floors.get(item.partner_id)
    if standing is not None and (
        asked.basis_seq < standing.basis_seq or asked == (standing.floor, standing.basis_seq, standing.parks)
    ):
        return FloorSet(standing.floor, standing.basis_seq, standing.seq, applied=False, parks=standing.parks)
    partner_no = at.accounts.issuance[item.partner_id]
    seq, recorded_us = books.next()
    transaction = Transaction(
        new_id(), seq, MovementKind.FLOOR, PROGRAMME, item.partner_id, None, 0, 0, recorded_us, recorded_us, 0,
        credit_floor=CreditFloor(*asked),
    )  # fmt: skip
    books.rows.floors.append(
        FloorRow(seq, partner_no, asked.floor, asked.parks, asked.basis_seq, item.set_by)
    )
    at.standing_floors[item.partner_id] = StandingFloor(asked.floor, asked.basis_seq, seq, asked.parks)
    if asked.floor is None:
        at.credit_floors.pop(partner_no, None)
    else:
        at.credit_floors[partner_no] = asked.floor
    if asked.parks:
        at.parking.add(partner_no)
    else:
        at.parking.discard(partner_no)
    event = ("points.floor_set", books.tell.floor_set(transaction))
    books.write(transaction, None, NO_LEGS, event, None, partner_no=partner_no)
    return FloorSet(asked.floor, asked.basis_seq, seq, applied=True, parks=asked.parks)
