"""Every difference is named; equal figures have none."""

from dataclasses import replace

import pytest

from services.demo.compare import Difference, compare
from services.demo.figures import Figures, FiguresError, figures_from_json

FIGURES = Figures(
    weeks=2,
    purchases=7_520,
    zero_point_purchases=342,
    burns=12,
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


def test_figures_survive_json() -> None:
    assert figures_from_json(FIGURES.to_json()) == FIGURES


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weeks": 1, "purchases": "x"}'])
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(FiguresError):
        figures_from_json(text)
