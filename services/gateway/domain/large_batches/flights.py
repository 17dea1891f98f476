"""How the lines of a large batch are sent: which of them go in one call, also after calls that failed.

A call that fails leaves open what became of its lines, so that they are asked about again, under the same keys, before any other is
sent. What fails again and again goes in ever smaller calls, until only the lines fail that are to blame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.gateway.domain.large_batches.runs import Flight, StoredLine

#: Calls for the same lines that may fail before they are sent by halves.
WHOLE_TRIES: Final = 5


def lines_a_call(flight: Flight, most: int) -> int:
    """How many lines of a flight go in a call: up to so many, half of them after WHOLE_TRIES failures, a quarter after one more, at least 1."""
    lines = min(most, flight.last - flight.first + 1)
    return max(1, lines >> max(0, flight.failures - WHOLE_TRIES + 1))


def together(lines: Sequence[StoredLine]) -> Sequence[StoredLine]:
    """The first of them that go in one call: one that failed alone goes alone."""
    for place, line in enumerate(lines):
        if line.sent:
            return lines[: max(1, place)]
    return lines


def rest_of(flight: Flight | None, answered: Sequence[StoredLine]) -> Flight | None:
    """What is left of a flight after the first lines of it were answered; None where nothing is.

    The next call may take twice as many.
    """
    if flight is None or not answered or answered[-1].line >= flight.last:
        return None
    return flight._replace(first=answered[-1].line + 1, failures=max(0, flight.failures - 1))
