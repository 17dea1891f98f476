"""Where a partner stands: what it asks for may not be answered while it is suspended, is leaving or has left.

Programme time under the head's lock decides, not the till's clock: a sale of before that is told of during a suspension is
turned away. None of it is remembered, so the same request can be sent again once the partner takes part again; and what had
been decided before keeps its answer, since that is looked for first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.points.domain.answers import TurnedAway
from services.points.domain.books import Books
from services.points.domain.campaigns import CampaignVersion
from services.points.domain.movements import Capture, Earn, Hold, Movement, Redemption, Refund, Reversal, Void
from services.runtime.partner_standing import Operation, refusal_of

# What the operator moves itself (transfers, adjustments, opening balances) is asked for by no partner.
_OPERATIONS: Final[Mapping[type[Any], Operation]] = {
    Earn: Operation.EARN,
    Redemption: Operation.REDEEM,
    Hold: Operation.HOLD,
    Capture: Operation.CAPTURE,
    Void: Operation.VOID,
    Refund: Operation.REFUND,
    Reversal: Operation.REVERSE,
}


def turn_away_standing(books: Books, item: Movement) -> TurnedAway | None:
    """Why a movement is not answered now, by where its partner stands; None: it is."""
    operation = _OPERATIONS.get(type(item))
    standings, now_us = books.terms.standings, books.at.now_us
    if operation is None or standings.answers(operation, item.partner_id, now_us):
        return None
    refusal = refusal_of(operation, standings.at(item.partner_id, now_us))
    return TurnedAway(refusal.reason, refusal.message, refusal.metadata)


def gives(books: Books, version: CampaignVersion) -> bool:
    """Whether a campaign gives anything now: not while one of its funders would have to pay for what it is not answered."""
    standings, now_us = books.terms.standings, books.at.now_us
    return all(
        standings.answers(Operation.GRANT, funder.partner_id, now_us) for funder in version.terms.funders
    )
