"""Which refusals pass by themselves, and how long to wait for that."""

from __future__ import annotations

from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.large_batches.runs import LineOutcome
from services.gateway.domain.movements import Accepted, Awaited, Decision, Declined, Parked

#: What another line, another batch, the partner's books or time may mend, where the ledger does not remember the refusal.
RECOVERABLE: Final = frozenset(
    {
        Reason.REASON_ORIGINAL_UNKNOWN,
        Reason.REASON_HOLD_UNKNOWN,
        Reason.REASON_STORE_UNKNOWN,
        Reason.REASON_EARN_RATE_MISSING,
        Reason.REASON_CREDIT_LIMIT,
        Reason.REASON_LOOKUP_LIMITED,
        Reason.REASON_OVERLOADED,
        Reason.REASON_DEADLINE_EXCEEDED,
        Reason.REASON_UNAVAILABLE,
    }
)
_DOUBLINGS_MAX: Final = 30


class Patience(NamedTuple):
    """How often a line is tried: after a first pause that doubles up to a longest one, until so long after it came. Microseconds."""

    first_us: int
    longest_us: int
    give_up_us: int

    def pause_us(self, attempts: int) -> int:
        """How long to wait after so many attempts, from 1."""
        return min(self.first_us * 2 ** min(attempts - 1, _DOUBLINGS_MAX), self.longest_us)

    def next_us(self, received_at_us: int, now_us: int, attempts: int) -> int:
        """When to try again, the last time at the very end; 0: not any more."""
        end_us = received_at_us + self.give_up_us
        return min(now_us + self.pause_us(attempts), end_us) if now_us < end_us else 0


def outcome_of(decision: Decision) -> LineOutcome:
    """Where a line stands after a decision, if there is time to try it again."""
    if isinstance(decision, Accepted):
        return LineOutcome.REPLAYED if decision.replayed else LineOutcome.ACCEPTED
    if isinstance(decision, Awaited):
        return LineOutcome.WAITING
    if isinstance(decision, Parked):
        return LineOutcome.PARKED
    return LineOutcome.RETRYING if _recoverable(decision) else LineOutcome.REFUSED


def _recoverable(decision: Declined) -> bool:
    return not decision.remembered and decision.error.reason in RECOVERABLE


def is_open(outcome: LineOutcome) -> bool:
    """Whether a line that stands there is looked at again."""
    return outcome in (LineOutcome.RETRYING, LineOutcome.WAITING, LineOutcome.PARKED)
