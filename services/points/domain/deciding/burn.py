"""What speaks against a burn: asked before it is posted, and before the sale that it belongs to is."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.barred import refuse_barred
from services.points.domain.deciding.burn_rule import refuse_by_rule
from services.points.domain.deciding.guard import refuse_too_many, turn_away_unauthorised
from services.points.domain.deciding.lapse import catch_up
from services.points.domain.movements import Capture, Hold, Purchase, Redemption, Void

SaleOf = tuple[int, UUID | None]
# Of a burn that belongs to no sale.
NO_SALE: Final[SaleOf] = (0, None)


def refuse_burn(
    books: Books, number: int, item: Redemption | Hold | Capture | Void, sale: Purchase | None = None
) -> Refused | TurnedAway | None:
    """Ends what is over in the wallet, then refuses what speaks against the burn.

    That is: what was shown will not do for it, the partner does not take it (be it for a sale), the wallet has not so much, or it is
    too much for a day.
    """
    wallet = books.at.accounts.wallet[item.member_id]
    catch_up(books, item.member_id, wallet)
    if isinstance(item, Capture | Void):
        return _refuse_resolving(books, number, item, sale)
    against = (
        refuse_barred(books, number, item)
        or turn_away_unauthorised(books, item)
        or refuse_by_rule(books, number, item, item.points, sale)
    )
    if against is not None:
        return against
    available = books.available(item.member_id, wallet)
    if item.points <= available:
        return refuse_too_many(books, number, item)
    return books.refuse(
        number,
        item,
        Reason.REASON_INSUFFICIENT_POINTS,
        f"{available} points are available, {item.points} are required",
        {"available": str(available), "required": str(item.points)},
    )


def _refuse_resolving(
    books: Books, number: int, item: Capture | Void, sale: Purchase | None
) -> Refused | TurnedAway | None:
    held = books.at.holds.get(item.hold_seq)
    if held is None:
        return books.refuse(
            number,
            item,
            Reason.REASON_HOLD_RESOLVED,
            "the hold was resolved before, or its time is over",
            {},
        )
    points = item.points if isinstance(item, Capture) else 0
    if points > held.points:
        return books.refuse(
            number,
            item,
            Reason.REASON_HOLD_TOO_SMALL,
            f"{held.points} points are held, {points} are required",
            {"held": str(held.points), "required": str(points)},
        )
    if isinstance(item, Capture):
        return refuse_by_rule(books, number, item, points or held.points, sale)
    return None
