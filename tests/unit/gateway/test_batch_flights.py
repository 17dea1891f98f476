"""Which lines of a large batch go in one call, also after calls that failed."""

from __future__ import annotations

import pytest

from services.gateway.domain.large_batches.flights import WHOLE_TRIES, lines_a_call, rest_of, together
from services.gateway.domain.large_batches.runs import Flight, LineOutcome, StoredLine


def _line(number: int, *, sent: bool = False) -> StoredLine:
    return StoredLine(number, LineOutcome.RETRYING if sent else LineOutcome.QUEUED, 0, "{}", sent)


@pytest.mark.parametrize(
    ("failures", "lines"),
    [(0, 512), (WHOLE_TRIES - 1, 512), (WHOLE_TRIES, 256), (WHOLE_TRIES + 1, 128), (13, 1), (1_000, 1)],
)
def test_what_fails_goes_in_ever_smaller_calls(failures: int, lines: int) -> None:
    assert lines_a_call(Flight(1, 900, 0, failures), 512) == lines


def test_halves_are_those_of_what_is_on_its_way() -> None:
    assert lines_a_call(Flight(10, 12, 0, 0), 512) == 3
    assert lines_a_call(Flight(10, 12, 0, WHOLE_TRIES), 512) == 1


def test_a_line_that_failed_alone_goes_alone() -> None:
    usual, odd = [_line(1), _line(2)], _line(3, sent=True)
    assert together([*usual, odd, _line(4)]) == usual
    assert together([odd, _line(4)]) == [odd]
    assert together(usual) == usual
    assert together([]) == []


def test_the_rest_of_a_flight_starts_after_what_was_answered() -> None:
    flight = Flight(1, 8, 7, 6)
    assert rest_of(flight, [_line(1), _line(4)]) == Flight(5, 8, 7, 5)
    assert rest_of(flight, [_line(7), _line(8)]) is None
    assert rest_of(flight._replace(failures=0), [_line(1)]) == Flight(2, 8, 7, 0)
    assert rest_of(flight, []) is None
    assert rest_of(None, [_line(1)]) is None
