"""Rates are rounded once; charts are files that other programs open, the same for the same figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from services.operations.amounts import Unreadable
from services.operations.insights import drawings
from services.operations.insights.charts import ROWS_MAX, Bar, Bars, Grid, chart_format, draw
from services.operations.insights.rates import average, percent, permille

BECAME = {"issued": 10, "reversed": 1, "redeemed": 4, "expired": 2, "taken": 0, "outstanding": 3}
CHARTS = [
    drawings.rates("Rates", [{"partner": "a", "x": 1, "y": 3}, {"partner": "b", "x": 0, "y": 0}], "x", "y"),
    drawings.baskets("Baskets", "EUR", [{"partner": "all", "net_minor": 1_005, "purchases": 2}]),
    drawings.active("Active", [{"partner": "all", "active": 7}]),
    drawings.became("Breakage", [{"month": "2026-01", **BECAME}], "month", lambda row: "20.00 %"),
    drawings.cohorts(
        "Cohorts", [{"starts_on": "2026-01-01", "buyers": [4, 2]}, {"starts_on": "2026-02-01", "buyers": [1]}]
    ),
    drawings.scores("Scores", [{"recency": 5, "frequency": 1, "money": 2, "members": 3}]),
    drawings.flow("Flow", [{"issuer": "a", "redeemer": "b", "points": 9}]),
    drawings.shared("Shared", [{"first": "a", "second": "b", "members": 2}]),
    Bars("Nothing", []),
    Grid("Nothing", "", [], []),
]


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(1, 3, "33.33 %"), (2, 3, "66.67 %"), (1, 20_000, "0.00 %"), (3, 20_000, "0.02 %"), (5, 4, "125.00 %"), (0, 0, ""), (7, 7, "100.00 %")],
)  # fmt: skip
def test_a_rate_is_rounded_half_to_even(part: int, whole: int, told: str):
    assert percent(part, whole) == told


def test_an_average_is_rounded_half_to_even():
    assert [average(total, 2) for total in (1, 3, 5, 6)] == [0, 2, 2, 3]
    assert (average(5, 0), permille(1, 3), permille(1, 0)) == (0, 333, 0)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.title)
def test_every_figure_is_drawn(chart: Any):
    svg = draw(chart, "svg")
    assert ET.fromstring(svg).tag.endswith("svg")
    assert draw(chart, "svg") == svg
    assert draw(chart, "png").startswith(b"\x89PNG\r\n")


def test_a_name_is_no_markup_and_many_rows_are_cut():
    named = Bars("#panic() <x> *b*", [Bar("$a_b$ #x", (1,), "\\ok")])
    assert ET.fromstring(draw(named, "svg")).tag.endswith("svg")
    rows = [Bar(str(number), (number,), "") for number in range(ROWS_MAX + 5)]
    assert draw(Bars("many", rows), "svg") == draw(Bars("many", rows[:ROWS_MAX]), "svg")


def test_a_file_is_what_its_name_says():
    assert [chart_format(Path(name)) for name in ("a.svg", "b.PNG")] == ["svg", "png"]
    with pytest.raises(Unreadable, match="is a file"):
        chart_format(Path("a.pdf"))


def test_a_cohort_that_has_no_such_age_yet_has_no_cell():
    chart = CHARTS[4]
    assert isinstance(chart, Grid)
    texts = [[cell and (cell.shade, cell.text) for cell in cells] for _, cells in chart.rows]
    assert texts == [[(1000, "100 %"), (500, "50 %")], [(1000, "100 %"), None]]
