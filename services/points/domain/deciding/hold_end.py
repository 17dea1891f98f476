"""The end of a hold, whatever ends it."""

from __future__ import annotations

from collections.abc import Sequence

from services.points.domain.books import Books
from services.points.domain.movements import LotTaken
from services.points.domain.opened import OpenHold
from services.points.domain.rows import HoldEndRow


def end(books: Books, hold: OpenHold, wallet: int, seq: int, points: int) -> Sequence[LotTaken]:
    """Resolves a hold: `points` of its lots are taken, the rest of them is free."""
    at = books.at
    del at.holds[hold.seq]
    books.rows.hold_ends.append(HoldEndRow(hold.seq, seq, hold.points, points))
    books.rows.delta(wallet)[3] += hold.points
    at.open_holds[hold.member_id] -= 1
    at.held[wallet] -= hold.points
    books.burn_more(hold.member_id, hold.partner_id, -hold.points)
    return at.lots[hold.member_id].resolve(hold.lots, points)
