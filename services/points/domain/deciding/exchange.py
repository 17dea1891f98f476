"""Goods exchanged: a refund, and the sale of what is taken instead, both or neither.

The refund comes first, as it would in two calls; the sale is the same member's. They are bound to each other by their content
hashes (rpc/exchanges.py), so whoever finds one of them under its key or reference has asked for both.
"""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Accepted, Decision, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.await_original import refund_awaited
from services.points.domain.deciding.checks import refuse_gone, too_late, untimely
from services.points.domain.deciding.earlier import Found, found
from services.points.domain.deciding.earn import beyond_floor, earn, refuse_credit, turn_away
from services.points.domain.deciding.lapse import settle
from services.points.domain.deciding.linked import fall, replay_of
from services.points.domain.deciding.park import park
from services.points.domain.deciding.refund import freed_by, refund, refuse_refund
from services.points.domain.deciding.standing import turn_away_standing
from services.points.domain.movements import Earn, Refund


def exchange(books: Books, first: int, giving: Refund, taking: Earn, wall_now_us: int) -> list[Decision]:
    """Decides both; or answers what was decided of them before."""
    back, sale = found(books, giving), found(books, taking)
    if back is None and sale is None:
        return _new(books, first, giving, taking, wall_now_us)
    pair = (giving, taking)
    for place, earlier in enumerate((back, sale)):
        if earlier is not None and earlier.conflict is not None:
            return fall(books, first, pair, place, earlier.conflict)
    if back is None or sale is None:
        return _half(books, first, pair, back, sale)
    if back.refusal is not None and sale.refusal is not None:
        return [back.refusal._replace(replayed=True), sale.refusal._replace(replayed=True)]
    if back.refusal is not None or sale.refusal is not None:
        return _half(books, first, pair, back, sale)
    answers: list[Decision] = []
    for number, (item, earlier) in enumerate(zip(pair, (back, sale), strict=True)):
        if not earlier.by_key:
            books.remember(first + number, item, earlier.seq, None)
        answers.append(replay_of(books, earlier.seq, parked=earlier.parked))
    return answers


def _half(
    books: Books, first: int, pair: tuple[Refund, Earn], back: Found | None, sale: Found | None
) -> list[Decision]:
    """One of them was refused before, be it because it was reversed before it arrived; the other stands or is not known."""
    for place, earlier in enumerate((back, sale)):
        if earlier is not None and earlier.refusal is not None:
            return fall(books, first, pair, place, earlier.refusal._replace(replayed=True))
    message = "the refund and the sale were not posted together"
    place = 0 if back is not None else 1
    return fall(books, first, pair, place, TurnedAway(Reason.REASON_REFERENCE_REUSED, message, {}))


def _new(books: Books, first: int, giving: Refund, taking: Earn, wall_now_us: int) -> list[Decision]:
    """All that can speak against either is asked before anything is posted, so nothing ever has to be undone."""
    pair = (giving, taking)
    for place, item in enumerate(pair):
        away = too_late(item, wall_now_us) or turn_away_standing(books, item) or untimely(books, item)
        if away is not None:
            return fall(books, first, pair, place, away)
    given = giving.sale
    if given is None:
        unknown = TurnedAway(
            Reason.REASON_ORIGINAL_UNKNOWN, "the sale has not arrived", {"field": "original"}
        )
        return fall(books, first, pair, 0, unknown)
    if giving.member_id in books.at.merged:
        # The wallet was given up at the same moment: it is the other's sale now.
        moved = TurnedAway(Reason.REASON_UNAVAILABLE, "the member was merged meanwhile", {})
        return fall(books, first, pair, 0, moved)
    gone = refuse_gone(books, first + 1, taking)
    if gone is not None:
        return fall(books, first, pair, 1, gone)
    away = turn_away(books, taking)
    if away is not None:
        return fall(books, first, pair, 1, away)
    refused = refuse_refund(books, first, giving, given)
    if refused is not None:
        return fall(books, first, pair, 0, refused)
    # (What the refund takes back may be issued again at once.)
    beyond = beyond_floor(books, taking, freed_by(books, giving, given))
    if beyond is not None and not beyond.parks:
        return fall(books, first, pair, 1, refuse_credit(books, first + 1, taking, beyond))
    returned = refund(books, first, giving, given)
    settle(books, giving.member_id)
    if beyond is not None:
        # (More may have come back than was certain: what the wallet had, where the rest is written off.)
        beyond = beyond_floor(books, taking)
    earned = earn(books, first + 1, taking) if beyond is None else park(books, taking, beyond)
    settle(books, taking.member_id)
    if isinstance(earned, Accepted):
        refund_awaited(books, first + 1, taking, earned)
    return [returned, earned]


def of_one_exchange(giving: Refund, taking: Earn) -> bool:
    """Whether a sale can be what is taken for the goods of a refund: of the same partner and member, linked with nothing else.

    (A reversal, which has no reference, undoes what it names as a whole: nobody takes anything for it.)
    """
    if giving.reference is None:
        return False
    same = (giving.partner_id, giving.member_id) == (taking.partner_id, taking.member_id)
    return same and taking.in_exchange and not taking.linked
