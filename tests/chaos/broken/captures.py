"""A capture that does not look whether its hold is still open: one that is over, and not ended yet, is spent all the same.

Nothing in the database speaks against it: the hold was open, it is resolved once, and for no more than it held.
"""

from __future__ import annotations

from services.points.domain import posting
from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding import hold
from services.points.domain.deciding.burn import refuse_burn
from services.points.domain.movements import Capture, Hold, Purchase, Redemption, Void


def break_it() -> None:
    """From now on captures are careless."""
    hold.refuse_burn = _careless
    posting.refuse_burn = _careless


def _careless(
    books: Books, number: int, item: Redemption | Hold | Capture | Void, sale: Purchase | None = None
) -> Refused | TurnedAway | None:
    if isinstance(item, Capture):
        due = books.due.get(item.member_id, [])
        books.due[item.member_id] = [each for each in due if each.seq != item.hold_seq]
    return refuse_burn(books, number, item, sale)
