"""What may speak against any movement, whatever its kind: its deadline, its time, its member."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.deciding.await_original import FUTURE_TOLERANCE_SECONDS
from services.points.domain.movements import Movement
from services.points.domain.wallet_movements import Merge, Opening, other_member
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from services.runtime.ids import to_text


def too_late(item: Movement, wall_now_us: int) -> TurnedAway | None:
    """Turns away what nobody waits for any more, by the wall clock."""
    if 0 < item.deadline_us <= wall_now_us:
        return TurnedAway(Reason.REASON_DEADLINE_EXCEEDED, "the deadline passed in the queue", {})
    return None


def untimely(books: Books, item: Movement) -> TurnedAway | None:
    """Turns away what a till's clock puts into the future, or too far back."""
    ahead_us = item.occurred_at_us - books.at.now_us
    if ahead_us > FUTURE_TOLERANCE_SECONDS * MICROS_PER_SECOND:
        return TurnedAway(
            Reason.REASON_OCCURRED_IN_FUTURE,
            "occurred_at is ahead of the programme's clock",
            {"field": "occurred_at", "tolerance_seconds": str(FUTURE_TOLERANCE_SECONDS)},
        )
    days = books.rules.backdate_days_max
    # (Opening balances are as old as they are.)
    if -ahead_us > days * MICROS_PER_DAY and not isinstance(item, Opening):
        return TurnedAway(
            Reason.REASON_OCCURRED_TOO_LONG_AGO,
            f"occurred_at is more than {days} days ago",
            {"field": "occurred_at", "limit_days": str(days)},
        )
    return None


def refuse_gone(books: Books, number: int, item: Movement) -> Refused | None:
    """Nothing is done for a member whose wallet was given up, or who was closed; what the latter left may be merged."""
    merged, closed = books.at.merged, books.at.closed
    for member in (item.member_id, other_member(item)):
        if member is None:
            continue
        if member in merged:
            named = {"member": to_text("mem", merged[member])}
            message = "the member's wallet was merged into another's"
            return books.refuse(number, item, Reason.REASON_MEMBER_MERGED, message, named)
        if member in closed and not (isinstance(item, Merge) and member == item.member_id):
            return books.refuse(number, item, Reason.REASON_MEMBER_CLOSED, "the member has been closed", {})
    return None
