"""How rounds become a row."""

from __future__ import annotations

from tests.performance.cpu import per_operation
from tests.performance.plan import (
    ALONE,
    BESIDE_BULK,
    BY_NAME,
    CHAINS,
    DISK,
    EARN,
    FULL,
    NOOP,
    QUICK,
    RUN_SECONDS_MAX,
    SPREAD,
    chains_for,
)
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
    for chain in (*CHAINS, BY_NAME):
        names = [row.name for row in chain]
        assert all(not row.reference or row.reference in names[: names.index(row.name)] for row in chain)


def test_connections_of_postgresql_are_named_only_where_they_matter():
    before = {"points": 0, "postgres": 0, "postgres: points": 0, "postgres: idle": 0}
    after = {"points": 500, "postgres": 500, "postgres: points": 495, "postgres: idle": 5}
    assert per_operation(before, after, 10) == {"points": 50.0, "postgres": 50.0, "postgres: points": 49.5}


def measured(figure: float) -> Measured:
    return Measured(1, 1.0, figure=figure)


def test_a_figure_that_is_no_speed_is_the_value():
    row = Row(DISK, [Round(Measured(50_000, 10.0, figure=980.0), None)])
    assert (row.value, row.ratio) == (980.0, None)


def test_a_row_is_held_to_its_ratio_and_to_its_value_where_it_has_no_reference():
    assert Row(NOOP, [Round(measured(50), 100.0)]).holds is True
    assert Row(NOOP, [Round(measured(49), 100.0)]).holds is False
    assert Row(DISK, [Round(measured(1_000), None)]).holds is True
    assert Row(DISK, [Round(measured(1_001), None)]).holds is False


def test_where_less_is_better_more_than_the_mark_misses_it():
    assert Row(BESIDE_BULK, [Round(measured(20), 10.0)]).holds is True
    assert Row(BESIDE_BULK, [Round(measured(21), 10.0)]).holds is False


def test_a_row_without_a_mark_without_a_figure_or_that_failed_is_not_judged():
    assert Row(SPREAD, [Round(measured(1), None)]).holds is None
    assert Row(NOOP).holds is None
    assert Row(NOOP, [Round(measured(50), 100.0)], failure="a line was refused").holds is None


def test_the_file_says_what_mark_a_row_has_and_whether_it_holds_it():
    told = Row(BESIDE_BULK, [Round(measured(15), 10.0)]).as_json()
    assert told["mark"] == {"limit": 2.0, "at_most": True, "aim": 0.0}
    assert told["holds"] is True


def test_a_row_says_itself_in_how_many_rounds_it_is_measured_but_never_in_more_than_the_scale_has():
    assert (FULL.rounds_of(NOOP), FULL.rounds_of(ALONE), FULL.rounds_of(DISK)) == (3, 1, 1)
    assert QUICK.rounds_of(ALONE) == 1


def test_all_rows_of_the_full_run_fit_into_its_time_with_a_third_left_for_the_books():
    assert sum(FULL.seconds_in_all(row) for chain in CHAINS for row in chain) < RUN_SECONDS_MAX * 3 / 4
