"""An unpark that does its work twice: what has become of a parked sale is posted once more, under a key of its own.

Nothing in the database speaks against it: the sale that was parked has one earn, and the other one is an earn as any.
"""

from __future__ import annotations

from services.points.domain import posting
from services.points.domain.books import Books
from services.points.domain.deciding.earn import beyond_floor, earn
from services.points.domain.deciding.park import unpark
from services.points.domain.movements import Unpark


def break_it() -> None:
    """From now on the job is eager."""
    posting.unpark = _twice


def _twice(books: Books, number: int, act: Unpark) -> int:
    ended, item = unpark(books, number, act), act.parked.item
    again = item._replace(key=f"{item.key}+", reference=f"{item.reference}+")
    if ended and beyond_floor(books, again) is None:
        earn(books, number, again)
    return ended
