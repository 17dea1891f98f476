"""Members who may not burn: cards that nobody has enrolled by name, and staff where it works."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Refused
from services.points.domain.books import Books
from services.points.domain.movements import Hold, Movement, Redemption
from services.points.domain.wallet_movements import Transfer


def refuse_barred(books: Books, number: int, item: Movement) -> Refused | None:
    """Why points do not leave the member's wallet so; None: they may. Earns, captures and refunds always may."""
    at = books.at
    if not at.barred or not isinstance(item, Redemption | Hold | Transfer):
        return None
    if (item.member_id, PROGRAMME) in at.barred:
        message = "nobody has enrolled this card by name yet: it earns only"
        return books.refuse(number, item, Reason.REASON_MEMBER_ANONYMOUS, message, {})
    if not isinstance(item, Transfer) and (item.member_id, item.partner_id) in at.barred:
        message = "the member works for the partner, and spends no points there"
        return books.refuse(number, item, Reason.REASON_STAFF_CARD, message, {})
    return None
