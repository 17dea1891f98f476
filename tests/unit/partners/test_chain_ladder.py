"""The chain-ladder against figures that were published, and against truths that are known.

The triangle is that of Taylor and Ashe (1983), as in T. Mack, "Distribution-free calculation of the standard error of chain
ladder reserve estimates", ASTIN Bulletin 23 (1993), table 3: reserves and errors in thousands, errors also in per cent.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest

from services.partners.domain.liability.back_test import back_test
from services.partners.domain.liability.chain_ladder import AGES_MAX, develop
from services.partners.domain.liability.intervals import interval_of, normal_quantile

PUBLISHED: Final = (
    (357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463),
    (352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085),
    (290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315),
    (310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268),
    (443160, 1136350, 2128333, 2897821, 3402672, 3873311),
    (396132, 1333217, 2180715, 2985752, 3691712),
    (440832, 1288463, 2419861, 3483130),
    (359480, 1421128, 2864498),
    (376686, 1363294),
    (344014,),
)  # fmt: skip
RESERVES: Final = (0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626)
ERRORS_PERCENT: Final = (None, 80, 26, 19, 27, 29, 26, 22, 23, 29)
TRIALS: Final = 400


def test_factors_reserves_and_errors_are_those_that_mack_published():
    found = develop(PUBLISHED)
    factors = [round(each.factor, 3) for each in found.factors]
    assert factors == [
        Decimal(f) for f in ["3.491", "1.747", "1.457", "1.174", "1.104", "1.086", "1.054", "1.077", "1.018"]
    ]
    assert tuple(round(each.more / 1_000) for each in found.rows) == RESERVES
    errors = [round(100 * each.standard_error / each.more) if each.more else None for each in found.rows]
    assert tuple(errors) == ERRORS_PERCENT
    assert round(found.total.more) == 18_680_856
    assert round(found.total.standard_error) == 2_447_095
    assert round(100 * found.total.standard_error / found.total.more) == 13


def test_the_order_of_rows_and_rows_of_nothing_change_no_figure():
    straight, turned = develop(PUBLISHED), develop(PUBLISHED[::-1])
    with_zeros = develop([(0,) * 10, *PUBLISHED, (0, 0, 0)])
    for other in (turned, with_zeros):
        assert round(other.total.more, 20) == round(straight.total.more, 20)
        assert round(other.total.standard_error, 20) == round(straight.total.standard_error, 20)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], 0),
        ([(5,)], 5),
        ([(5, 7)], 7),
        ([(0, 0, 0), (0, 0), (0,)], 0),
        # Nobody has used anything, then somebody has: what was nothing stays nothing.
        ([(10, 0, 4), (10, 0), (10,)], 4),
        ([(10, 5), (20,)], 5 + 10),
    ],
)
def test_triangles_of_next_to_nothing_are_projected_without_a_fault(
    rows: list[tuple[int, ...]], expected: int
):
    assert develop(rows).total.expected == expected


@pytest.mark.parametrize("rows", [[()], [(1, -1)], [(1,) * (AGES_MAX + 1)]])
def test_what_is_no_triangle_is_refused(rows: list[tuple[int, ...]]):
    with pytest.raises(ValueError, match="1 to 600 figures, none below zero"):
        develop(rows)


def test_quantiles_are_those_of_the_normal_distribution():
    # Abramowitz and Stegun, table 26.5 and 26.6.
    assert round(normal_quantile(50), 10) == Decimal("0.6744897502")
    assert round(normal_quantile(80), 10) == Decimal("1.2815515655")
    assert round(normal_quantile(90), 10) == Decimal("1.6448536270")
    assert round(normal_quantile(95), 10) == Decimal("1.9599639845")
    assert round(normal_quantile(99), 10) == Decimal("2.5758293035")


def test_an_interval_is_wider_at_a_higher_level_and_a_point_where_nothing_is_to_come():
    total = develop(PUBLISHED).total
    narrow, wide = interval_of(total, 80), interval_of(total, 95)
    assert wide.low < narrow.low < total.more < narrow.high < wide.high
    nothing = interval_of(develop([(5, 7)]).total, 80)
    assert (nothing.low, nothing.high) == (0, 0)
    for level in (49, 100):
        with pytest.raises(ValueError, match="50 to 99"):
            interval_of(total, level)


def test_a_back_test_says_what_was_expected_of_the_months_held_out():
    tested = back_test(PUBLISHED, 1, 80)
    assert tested is not None
    # By hand: each cohort's figure before the newest diagonal, times a factor that rests on what was there by then.
    # (The first figure counts as what was issued: a cohort that shows nothing else was not there.)
    before = [row[:-1] for row in PUBLISHED[:8]]
    expected = 0.0
    for row in before[1:]:
        age = len(row) - 1
        shows = [other for other in before if len(other) > age + 1]
        expected += row[-1] * (sum(o[age + 1] for o in shows) / sum(o[age] for o in shows) - 1)
    assert tested.predicted == round(expected)
    assert tested.actual == sum(row[-1] - row[-2] for row in PUBLISHED[1:9] if len(row) > 2)
    assert (tested.cohorts, tested.error) == (7, tested.predicted - tested.actual)
    assert tested.holds == (tested.interval.low <= tested.actual <= tested.interval.high)


def test_a_back_test_needs_two_cohorts_that_were_there_before():
    assert back_test(PUBLISHED[7:9], 1, 80) is None
    assert back_test([], 3, 80) is None
    assert back_test(PUBLISHED, 8, 80) is None


def test_back_tests_of_cohorts_that_follow_the_model_hold_as_often_as_they_say():
    """Each square is cut as it would be at its end; then three months of it are held out."""
    source = random.Random(7)
    held = inside = cohorts = 0
    for _ in range(TRIALS):
        square = redeemed(source, 12)
        shown = [row[: 13 - place] for place, row in enumerate(square)]
        tested = back_test(shown, 3, 80)
        assert tested is not None
        held += tested.holds
        inside, cohorts = inside + tested.inside, cohorts + tested.cohorts
    spread = 3 * (TRIALS * 0.8 * 0.2) ** 0.5
    assert abs(held - 0.8 * TRIALS) <= spread, held
    # A single cohort's interval is too narrow where its ages rest on two or three rows: two in three, and no fewer.
    assert 0.65 < inside / cohorts < 0.85, (inside, cohorts)


@pytest.mark.parametrize("months", [0, 25])
def test_more_months_than_a_back_test_takes_are_refused(months: int):
    with pytest.raises(ValueError, match="1 to 24"):
        back_test(PUBLISHED, months, 80)


def simulated(source: random.Random, rows: int) -> list[list[int]]:
    """Squares by the model's own assumptions: each factor's mean is shared, its variance in proportion to what was there."""
    means = (1.9, 1.35, 1.18, 1.1, 1.05, 1.03, 1.015, 1.008, 1.004)
    square: list[list[int]] = []
    for _ in range(rows):
        row = [round(source.gauss(200_000, 20_000))]
        for mean in means[: rows - 1]:
            spread = (40 * (mean - 1) * row[-1] * 10) ** 0.5
            row.append(max(round(source.gauss(mean * row[-1], spread)), row[-1]))
        square.append(row)
    return square


def redeemed(source: random.Random, rows: int) -> list[list[int]]:
    """Squares of points issued and used: cohorts of different size, whose members use them sooner or later, and some never."""
    curve = (0.06, 0.11, 0.10, 0.08, 0.07, 0.055, 0.045, 0.035, 0.03, 0.02, 0.01, 0.005)
    square: list[list[int]] = []
    for _ in range(rows):
        issued = source.randint(300_000, 700_000)
        # A cohort's share that is ever used differs from that of others: seasons, campaigns, shops.
        level = source.gauss(1.0, 0.05)
        row = [issued, 0]
        for share in curve[:rows]:
            mean = issued * share * level
            used = max(round(source.gauss(mean, (mean * 60) ** 0.5)), 0)
            row.append(min(row[-1] + used, issued))
        del row[1]
        square.append(row)
    return square


def covered(squares: list[list[list[int]]], level: int, first: int) -> int:
    """How often the interval of what is still to come holds it; row i of n shows its first n - i ages and `first`."""
    held = 0
    for square in squares:
        size = len(square)
        shown = [row[: size - place + first] for place, row in enumerate(square)]
        truth = sum(row[-1] for row in square) - sum(row[-1] for row in shown)
        held += interval_of(develop(shown).total, level).holds(truth)
    return held


@pytest.mark.parametrize("level", [80, 90])
@pytest.mark.parametrize(("make", "first"), [(simulated, 0), (redeemed, 1)])
def test_an_interval_holds_the_truth_as_often_as_it_says(
    make: Callable[[random.Random, int], list[list[int]]], first: int, level: int
):
    """400 triangles whose future is known; within three standard deviations of the binomial distribution of a true rate."""
    source = random.Random(20_170_101)
    squares = [make(source, 10 if first == 0 else 12) for _ in range(TRIALS)]
    held = covered(squares, level, first)
    spread = 3 * (TRIALS * level / 100 * (1 - level / 100)) ** 0.5
    assert abs(held - TRIALS * level / 100) <= spread, f"{held} of {TRIALS} at {level} %"
