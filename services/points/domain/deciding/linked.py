"""Items that stand or fall together: what both get to hear where one of them falls, or was posted before."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import (
    Accepted,
    Decision,
    ParkedAnswer,
    Refused,
    Replay,
    TurnedAway,
)
from services.points.domain.books import Books
from services.points.domain.movements import Movement
from services.runtime.errors import code_of

Pair = tuple[Movement, Movement]


def fall(books: Books, first: int, pair: Pair, fallen: int, why: Refused | TurnedAway) -> list[Decision]:
    """Neither is posted, since one (0 or 1) was not accepted; the other keeps an answer where that one does."""
    metadata = {"item": str(fallen), "code": code_of(why.reason).lower()}
    message = "what it is linked with was not accepted"
    number, other = 1 - fallen, pair[1 - fallen]
    key = (other.partner_id, other.key)
    failed: Decision = TurnedAway(Reason.REASON_LINKED_ITEM_FAILED, message, metadata)
    unseen = key not in books.keys and key not in books.at.by_key
    unseen = unseen and not books.waits.by_key(*key) and not books.parks.by_key(*key)
    if isinstance(why, Refused) and unseen:
        failed = books.refuse(first + number, other, Reason.REASON_LINKED_ITEM_FAILED, message, metadata)
    return [why, failed] if fallen == 0 else [failed, why]


def replay_of(books: Books, seq: int, *, parked: bool = False) -> Decision:
    """The answer of an earlier posting: from this batch, or to be read from the journal."""
    posted = books.posted.get(seq)
    if posted is None:
        return Replay(seq, parked)
    return ParkedAnswer(posted, replayed=True) if parked else Accepted(posted, replayed=True)
