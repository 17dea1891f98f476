"""Opening lots: of points that are new in the ledger, and of points that were in another lot before."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.books import Books
from services.points.domain.lots import Lot
from services.points.domain.movements import Earn
from services.points.domain.rows import ChildRow


def open_lot(
    books: Books, member_id: UUID, issuer_id: UUID, points: int, earned_us: int, lapses_us: int
) -> int:
    """A lot of the posting that comes next; answers its number. The posting's row writes it."""
    at = books.at
    at.last_lot_no += 1
    lot = Lot(at.last_lot_no, issuer_id, "base", points, 0, earned_us, lapses_us, books.seq + 1)
    books.lots(member_id).add(lot)
    return lot.lot_no


def open_earned(
    books: Books, item: Earn, points: int, lapses_us: int, matures_us: int, point_type: str = "base"
) -> int:
    """A lot of points that a sale brings by the posting that was begun last; answers its number."""
    at = books.at
    at.last_lot_no += 1
    lots = at.lots.get(item.member_id)
    if lots is None and (item.member_id in at.debts or 0 < lapses_us <= at.now_us):
        # It pays what the member owes; or, backdated beyond its own life, the wallet's next item finds it overdue, in
        # this batch as in another.
        lots = books.lots(item.member_id)
    if lots is not None:
        lots.add(
            Lot(
                at.last_lot_no, item.partner_id, point_type, points, 0, item.occurred_at_us, lapses_us, books.seq, matures_us,
                at.accounts.pending[item.member_id] if matures_us else 0,
            )
        )  # fmt: skip
    return at.last_lot_no


def open_child(books: Books, member_id: UUID, parent: Lot, seq: int, points: int, lapses_us: int) -> Lot:
    """A lot of points that the posting seq brings, which were in `parent` before: of the same issuer, type and earn."""
    at = books.at
    at.last_lot_no += 1
    child = Lot(
        at.last_lot_no, parent.issuer_id, parent.point_type, points, 0, parent.earned_at_us, lapses_us,
        parent.earned_seq,
    )  # fmt: skip
    books.lots(member_id).add(child)
    origin_no = books.rows.origins.get(parent.lot_no, parent.lot_no)
    books.rows.origins[child.lot_no] = origin_no
    books.rows.children.append(
        ChildRow(
            child.lot_no, seq, points, child.earned_at_us, lapses_us or None, at.accounts.wallet[member_id],
            parent.lot_no, child.earned_seq, origin_no,
        )
    )  # fmt: skip
    return child
