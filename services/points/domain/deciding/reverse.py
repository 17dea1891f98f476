"""Reversing an item that was never posted: nobody posts it any more."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Decision, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.await_original import take_back
from services.points.domain.deciding.park import take_away
from services.points.domain.movements import Reversal

_NOTHING = "nothing was posted under the key, and nothing will be"


def reverse(books: Books, number: int, item: Reversal) -> Decision:
    """Leaves an answer under the key for whatever arrives late, and takes back what waits or is parked under it.

    What was posted is undone by its own kind, not here.
    """
    place = (item.partner_id, item.target_key)
    earlier = books.keys.get(place) or books.at.by_key.get(place)
    if earlier is not None and earlier.seq is not None:
        return TurnedAway(
            Reason.REASON_UNAVAILABLE, "it arrived at the same moment: ask again", {}, again=True
        )
    waiting, parked = books.waits.by_key(*place), books.parks.by_key(*place)
    if parked is not None:
        if parked.burn is not None or item.member_id == PROGRAMME or item.member_id in books.at.merged:
            # (Of no member it was not parked when it was looked for; with a burn it is taken away as that is refunded.)
            return TurnedAway(
                Reason.REASON_UNAVAILABLE, "it arrived at the same moment: ask again", {}, again=True
            )
        take_away(books, number, parked, item.member_id)
    elif waiting is not None:
        take_back(books, number, waiting)
    elif earlier is None:
        books.entomb(number, item)
    return books.refuse(number, item, Reason.REASON_NOTHING_TO_REVERSE, _NOTHING, {"key": item.target_key})
