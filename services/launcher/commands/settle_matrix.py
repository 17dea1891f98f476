"""`coalition settle matrix`: who owes whom for the use of whose points, and what comes to the operator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import documents, settlement
from services.operations.amounts import write_micros
from services.operations.documents import Document
from services.operations.session import Session

FirstOption = Annotated[int, typer.Option("--from", min=0, help="First window; 0: the first.")]
LastOption = Annotated[int, typer.Option("--to", min=0, help="Last window; 0: the last.")]

_OPERATOR: Final = "operator"
_CELLS: Final[tuple[Column, ...]] = (
    ("issuer", field("issuer")),
    ("redeemer", field("redeemer")),
    ("#points", count("points")),
    ("#reimbursed", lambda cell: write_micros(cell["micros"], 2)),
    ("#returned", count("points_returned")),
    ("#owed back", lambda cell: write_micros(cell["micros_returned"], 2)),
)


def matrix(
    programme: ProgrammeOption,
    first: FirstOption = 0,
    last: LastOption = 0,
    by_points: Annotated[
        bool, typer.Option("--points", help="A line a cell, with points, instead of the square of money.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who owes whom over windows: whose points were burned at whom, and all else in the operator's column.

    A row less its column is what a party owes over the windows, before rounding.

    Example: coalition settle matrix -p plaza --from 1 --to 4
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        answer = await settlement.matrix(session, found, first, last)
        return {
            "cells": [documents.cell(each) for each in answer.cells],
            "sides": [documents.matrix_side(each) for each in answer.sides],
        }

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif by_points:
        show(found["cells"], False, f"Points burned in {programme}", *_CELLS)
    else:
        rows, columns = _square(found)
        show(rows, False, f"Who owes whom in {programme}", *columns)


def _square(found: Document) -> tuple[list[Document], tuple[Column, ...]]:
    """A row a party, and a last one with the sums of columns; amounts as they are shown."""
    sides = {side["party"]: side for side in found["sides"]}
    # Whoever took part: an issuer that was never onboarded has a row and no net.
    names = [name for name in sides if name != _OPERATOR]
    owed = {
        (cell["issuer"], cell["redeemer"]): cell["micros"] - cell["micros_returned"]
        for cell in found["cells"]
    }
    rows: list[Document] = [
        {
            "party": name,
            **{other: _money(owed.get((name, other), 0)) for other in names},
            _OPERATOR: _money(side["operator_micros"]),
            "row": _money(side["row_micros"]),
            "net": _money(side["exact_micros"]),
        }
        for name, side in sides.items()
    ]
    rows.append({"party": "column", **{name: _money(side["column_micros"]) for name, side in sides.items()}})
    headings = [*names, _OPERATOR, "row", "net"]
    return rows, (
        ("owes ↓ to →", field("party")),
        *((f"#{heading}", _text(heading)) for heading in headings),
    )


def _money(micros: int) -> str:
    return write_micros(micros, 2) if micros else "·"


def _text(name: str) -> Any:
    def text(row: Mapping[str, Any]) -> str:
        return str(row.get(name, ""))

    return text
