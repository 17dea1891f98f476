"""An unpark that ends what is parked without posting it, once in a while: the sale is gone, and its key has no answer."""

from __future__ import annotations

from typing import Final

from services.points.domain import posting
from services.points.domain.books import Books
from services.points.domain.deciding.park import unpark
from services.points.domain.movements import Unpark

_OF: Final = 3


def break_it() -> None:
    """From now on the job is forgetful."""
    posting.unpark = _forgetful


def _forgetful(books: Books, number: int, act: Unpark) -> int:
    parked = books.parks.by_seq(act.parked.seq)
    if parked is None or parked.seq % _OF:
        return unpark(books, number, act)
    books.parks.end(parked)
    books.rows.unparked.append(parked.seq)
    return 1
