"""`coalition staff`: the operator's people and their roles."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, field, in_session, show
from services.operations import documents, registry
from services.operations.documents import Document
from services.operations.session import STAFF_TOKEN, Session

app = typer.Typer(help="Manage the operator's people and their roles.", no_args_is_help=True)

_COLUMNS: Final[tuple[Column, ...]] = (
    ("name", field("name")),
    ("roles", lambda person: ", ".join(person["roles"])),
    ("id", field("id")),
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the person, unique.")],
    role: Annotated[
        list[str],
        typer.Option(help="admin, pricing, maker, checker, service_desk or auditor; may be repeated."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Take on a person; prints a token that is never shown again.

    Example: coalition staff add "Ada Byron" --role pricing --role auditor
    """

    async def work(session: Session) -> Document:
        return documents.added_staff(await registry.add_staff(session, name, role))

    added = in_session(work)
    show(added, as_json, "Staff", *_COLUMNS)
    if not as_json:
        typer.echo(f"token: {added['token']}\nIt is not shown again. Commands use it from {STAFF_TOKEN}.")


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all staff with the roles they have now.

    Example: coalition staff list
    """

    async def work(session: Session) -> list[Document]:
        return [documents.staff(each) for each in await registry.list_staff(session)]

    show(in_session(work), as_json, "Staff", *_COLUMNS)
