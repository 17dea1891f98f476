"""What commands that talk to the platform share: where it runs, who acts, how errors and answers are printed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from services.launcher.errors import LauncherError
from services.launcher.reach import platform_environment
from services.operations.amounts import Unreadable
from services.operations.documents import Document
from services.operations.session import STAFF_TOKEN, Session, open_session
from services.runtime.certificates import Misconfigured
from services.runtime.errors import CoalitionError
from services.runtime.ids import MalformedId

T = TypeVar("T")

ProgrammeOption = Annotated[
    str, typer.Option("--programme", "-p", envvar="COALITION_PROGRAMME", help="Slug of the programme.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
#: How a column of a table is made of a document: its heading, and the cell's text.
Column = tuple[str, Callable[[Document], str]]
_NUMERIC: Final = "right"


def in_session(work: Callable[[Session], Awaitable[T]]) -> T:
    """Does work in a session with the platform; what it refuses becomes one message. Raises LauncherError."""
    environment = platform_environment()

    async def run() -> T:
        async with open_session(environment, os.environ.get(STAFF_TOKEN, "")) as session:
            return await work(session)

    try:
        return to_end(run())
    except CoalitionError as error:
        facts = ", ".join(f"{name}: {value}" for name, value in sorted(error.metadata.items()))
        raise LauncherError(f"{error}{f' ({facts})' if facts else ''}") from error
    except (Unreadable, MalformedId, Misconfigured) as error:
        raise LauncherError(str(error)) from error


def to_end(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end."""
    return asyncio.run(work)


def show(answer: Document | Sequence[Document], as_json: bool, title: str, *columns: Column) -> None:
    """Prints documents as JSON or as a table. A heading that starts with `#` is a column of numbers."""
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    rows = [answer] if isinstance(answer, dict) else answer
    table = Table(title=title, title_justify="left")
    for heading, _ in columns:
        table.add_column(heading.lstrip("#"), justify=_NUMERIC if heading.startswith("#") else "left")
    for row in rows:
        table.add_row(*(cell(row) for _, cell in columns))
    console().print(table)


def console() -> Console:
    """Standard output; as wide as it takes where it is no terminal, so that no cell is cut.

    Names and labels are the operator's own words: nothing in them is markup.
    """
    found = Console(markup=False)
    return found if found.is_terminal else Console(markup=False, width=200)


def field(name: str) -> Callable[[Document], str]:
    """A cell with a field as it stands; empty where it is None."""

    def cell(document: Document) -> str:
        value = document[name]
        return "" if value is None else str(value)

    return cell


def count(name: str) -> Callable[[Document], str]:
    """A cell with a whole number, grouped by thousands; empty where it is None."""

    def cell(document: Document) -> str:
        value = document[name]
        return "" if value is None else f"{value:,}"

    return cell
