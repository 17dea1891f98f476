"""Loading: points for a campaign's budget, which is all that the campaign can give."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Accepted, Decision, TurnedAway
from services.points.domain.books import Books
from services.points.domain.campaigns import Bonus
from services.points.domain.movements import Transaction
from services.points.domain.rows import LoadRow
from services.points.domain.wallet_movements import Load
from services.runtime.ids import new_id

# Most points that a budget may have: what clearing still counts, at up to 9.00 a point.
BUDGET_POINTS_MAX: Final = 10**12


def load(books: Books, number: int, item: Load) -> Decision:
    """Moves points from the programme's account of funding into the budget."""
    at = books.at
    if item.campaign_id not in books.terms.campaigns:
        # Not remembered: it may be set later.
        return TurnedAway(Reason.REASON_CAMPAIGN_UNKNOWN, "no campaign has this id", {"field": "campaign"})
    budget = at.accounts.budget[item.campaign_id]
    if at.balances[budget] + item.points > BUDGET_POINTS_MAX:
        return TurnedAway(
            Reason.REASON_INVALID_REQUEST,
            f"points: a budget has {BUDGET_POINTS_MAX} at most",
            {"field": "points", "limit_points": str(BUDGET_POINTS_MAX)},
        )
    seq, recorded_us = books.next()
    legs = books.move(at.accounts.funding[PROGRAMME], budget, item.points)
    transaction = Transaction(
        new_id(), seq, item.kind, PROGRAMME, None, None, 0, 0, item.occurred_at_us, recorded_us, 0,
        campaign=Bonus(item.campaign_id, 0, item.points),
    )  # fmt: skip
    books.rows.loads.append(LoadRow(seq, item.campaign_id, item.points, item.loaded_by))
    event = ("points.budget_loaded", books.tell.budget_loaded(transaction, at.balances[budget]))
    books.write(transaction, None, legs, event, (number, item))
    return Accepted(transaction)
