"""Every difference is named; equal figures have none."""

from dataclasses import replace

import pytest

from services.demo.compare import Difference, compare
from services.demo.figures import Figures, FiguresError, Stated, figures_from_json

FIGURES = Figures(
    weeks=2,
    purchases=7_520,
    zero_point_purchases=342,
    burns=12,
    grants=3,
    granted_points=21,
    loaded_points=100,
    statements=3,
    issued={"grocer": {1: 5_641, 2: 49_325}, "fuel": {1: 293, 2: 4_946}},
    burned={"fuel": {2: 300}},
    matrix={"grocer": {"fuel": 149}, "fuel": {"fuel": 151}},
    nets={"grocer": {1: 5_641, 2: 49_005}, "operator": {1: -5_641, 2: -49_005}},
    carries={"grocer": {1: 0, 2: -250}},
)


def test_equal_figures_have_no_difference_and_zero_is_nothing() -> None:
    assert compare(FIGURES, FIGURES) == ()
    assert compare(FIGURES, replace(FIGURES, burned={"fuel": {1: 0, 2: 300}, "grocer": {1: 0}})) == ()
    assert compare(FIGURES, replace(FIGURES, carries=None)) == ()


def test_each_difference_says_what_who_when_and_how_much() -> None:
    got = replace(
        FIGURES,
        purchases=7_519,
        issued={"grocer": {1: 5_641, 2: 49_324}, "fuel": {1: 293, 2: 4_946}},
        burned={"fuel": {2: 300}, "casino": {2: 50}},
        matrix={"grocer": {"fuel": 300}},
        nets={"grocer": {1: 5_641, 2: 49_005}},
        carries={"grocer": {1: 0, 2: 250}},
    )
    assert compare(FIGURES, got) == (
        Difference("purchases", "", "", None, 7_520, 7_519),
        Difference("issued", "grocer", "", 2, 49_325, 49_324),
        Difference("burned", "casino", "", 2, 0, 50),
        Difference("matrix", "fuel", "fuel", None, 151, 0),
        Difference("matrix", "grocer", "fuel", None, 149, 300),
        Difference("nets", "operator", "", 1, -5_641, 0),
        Difference("nets", "operator", "", 2, -49_005, 0),
        Difference("carries", "grocer", "", 2, -250, 250),
    )
    assert [str(each) for each in compare(FIGURES, got)][:4] == [
        "purchases: expected 7,520, got 7,519",
        "issued, grocer, week 2: expected 49,325, got 49,324",
        "burned, casino, week 2: expected 0, got 50",
        "matrix, fuel → fuel: expected 151, got 0",
    ]


EXPECTED = replace(
    FIGURES,
    weeks=4,
    nets={"fuel": {1: 5, 2: 7, 4: -2}, "grocer": {3: 90}},
    charged={"fuel": {2: 70_000, 4: 1}, "grocer": {1: 10, 2: 20, 3: 30}},
    fees={"grocer": {3: 25_000_000, 4: 9}},
)
STATED = {
    "fuel": {
        1: Stated(1, 0, 5, 5, 0, 0),
        2: Stated(2, 5, 7, 12, 70_000, 0),
        3: Stated(3, 12, 0, 12, 0, 0),
        4: Stated(4, 12, -2, 10, 1, 0),
    },
    "grocer": {3: Stated(1, 0, 90, 90, 60, 25_000_000)},
}


def test_a_statement_is_what_the_weeks_that_it_covers_come_to() -> None:
    assert compare(EXPECTED, replace(EXPECTED, stated=STATED)) == ()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (Stated(2, 0, 90, 90, 60, 25_000_000), "first_week: expected 1, got 2"),
        (Stated(1, 1, 90, 90, 60, 25_000_000), "opening: expected 0, got 1"),
        (Stated(1, 0, 91, 90, 60, 25_000_000), "net: expected 90, got 91"),
        (Stated(1, 0, 90, 91, 60, 25_000_000), "closing: expected 90, got 91"),
        (Stated(1, 0, 90, 90, 30, 25_000_000), "charged: expected 60, got 30"),
        (Stated(1, 0, 90, 90, 60, 0), "fees: expected 25,000,000, got 0"),
    ],
)
def test_each_figure_of_a_statement_that_differs_is_named(changed: Stated, what: str) -> None:
    got = replace(EXPECTED, stated={**STATED, "grocer": {3: changed}})
    name, _, rest = what.partition(":")
    assert [str(each) for each in compare(EXPECTED, got)] == [f"statement's {name}, grocer, week 3:{rest}"]


def test_a_campaign_that_gave_something_twice_is_named() -> None:
    got = replace(FIGURES, grants=4, granted_points=28, loaded_points=200, statements=2)
    assert [str(each) for each in compare(FIGURES, got)] == [
        "grants: expected 3, got 4",
        "granted_points: expected 21, got 28",
        "loaded_points: expected 100, got 200",
        "statements: expected 3, got 2",
    ]


@pytest.mark.parametrize("figures", [FIGURES, EXPECTED, replace(FIGURES, stated=STATED)])
def test_figures_survive_json(figures: Figures) -> None:
    assert figures_from_json(figures.to_json()) == figures


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weeks": 1, "purchases": "x"}'])
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(FiguresError):
        figures_from_json(text)
