"""How rounds become a row."""

from __future__ import annotations

from tests.performance.cpu import per_operation
from tests.performance.plan import EARN, NOOP, ROWS, chains_for
from tests.performance.results import Drain, Measured, Round, Row


def test_the_ratio_is_the_median_of_the_rounds_ratios_not_the_ratio_of_the_medians():
    pairs = [(100, 50.0), (90, 90.0), (120, 40.0)]
    row = Row(NOOP, [Round(Measured(value, 1.0), reference) for value, reference in pairs])
    assert row.ratio == 2.0
    assert (row.value, row.reference_value) == (100, 50.0)


def test_a_row_that_failed_tells_no_figure():
    row = Row(NOOP, [Round(Measured(100, 1.0), 50.0)], failure="a line was refused")
    told = row.as_json()
    assert (told["value"], told["ratio"], told["failure"]) == (None, None, "a line was refused")


def test_a_backlog_may_take_a_fifth_of_the_run():
    assert Drain.after(10, 2.0).within
    assert not Drain.after(10, 2.1).within


def test_a_row_alone_runs_with_its_reference_which_is_then_compared_with_nothing():
    told = [[(row.name, row.reference) for row in chain] for chain in chains_for(EARN.name)]
    assert told == [[("http.noop", ""), ("http.earn_single", "http.noop")]]


def test_every_reference_is_measured_before_its_subject_in_the_same_round():
    for row in ROWS:
        names = [each.name for chain in chains_for("") for each in chain if row in chain]
        assert not row.reference or names.index(row.reference) < names.index(row.name)


def test_connections_of_postgresql_are_named_only_where_they_matter():
    before = {"points": 0, "postgres": 0, "postgres: points": 0, "postgres: idle": 0}
    after = {"points": 500, "postgres": 500, "postgres: points": 495, "postgres: idle": 5}
    assert per_operation(before, after, 10) == {"points": 50.0, "postgres": 50.0, "postgres: points": 49.5}
