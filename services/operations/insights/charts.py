"""Charts as SVG or PNG, set by typst: bars in parts, or a grid whose cells are the darker the more they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import typst

from services.operations.amounts import Unreadable
from services.operations.insights.rates import permille

_TEMPLATE: Final = Path(__file__).with_name("chart.typ")
_PIXELS_PER_INCH: Final = 144.0
#: More would be a wall of ink.
ROWS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of one part or several, as long as they are; `text` stands at its end."""

    label: str
    parts: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid: how dark it is, 0 to 1,000, and what stands in it."""

    shade: int
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other; `legend` names their parts, where there are several."""

    title: str
    bars: Sequence[Bar]
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid with names of its rows and columns; None is a cell that there cannot be."""

    title: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell | None]]]


Chart = Bars | Grid


def chart_format(path: Path) -> Literal["svg", "png"]:
    """What a file is to be by its name. Raises Unreadable."""
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise Unreadable(f"{path}: a chart is a file .svg or .png")
    return "svg" if suffix == ".svg" else "png"


def draw(chart: Chart, format_: Literal["svg", "png"]) -> bytes:
    """The file's bytes: the same for the same chart, whatever fonts the machine has. What is beyond 60 rows is left out."""
    return typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        format=format_,
        ppi=_PIXELS_PER_INCH,
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_data(chart), ensure_ascii=False)},
    )


def _data(chart: Chart) -> dict[str, object]:
    if isinstance(chart, Grid):
        cells = [
            {"label": label, "cells": [asdict(cell) if cell else None for cell in row]}
            for label, row in chart.rows[:ROWS_MAX]
        ]
        columns = list(chart.columns)
        return {
            "kind": "grid",
            "title": chart.title,
            "corner": chart.corner,
            "columns": columns,
            "rows": cells,
        }
    bars = chart.bars[:ROWS_MAX]
    longest = max((sum(bar.parts) for bar in bars), default=0)
    drawn = [
        {"label": bar.label, "parts": [permille(part, longest) for part in bar.parts], "text": bar.text}
        for bar in bars
    ]
    return {"kind": "bars", "title": chart.title, "legend": list(chart.legend), "bars": drawn}
