"""`coalition programme`: register and list programmes."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, field, in_session, show
from services.operations import documents, registry
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Register and list programmes.", no_args_is_help=True)

_COLUMNS: Final[tuple[Column, ...]] = tuple(
    (name, field(name)) for name in ("slug", "ledger_id", "zone", "currency", "mode")
)


@app.command()
def create(
    slug: Annotated[str, typer.Argument(help="2 to 32 lower-case letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="Name for people.")],
    zone: Annotated[str, typer.Option(help="IANA time zone that weeks are cut in, e.g. Europe/Vienna.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, with two decimals, e.g. EUR.")],
    live: Annotated[
        bool, typer.Option("--live/--test", help="Whether real money moves, or its clock can be moved.")
    ] = False,
    starts_at: Annotated[
        str, typer.Option(help="Date or time at which its first window starts; else now.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Register a programme; nothing of it changes later.

    Example: coalition programme create plaza --name "Plaza Points" --zone Europe/Vienna --currency EUR
    --test --starts-at 2026-03-02
    """

    async def work(session: Session) -> Document:
        starts_at_us = read_time(starts_at, zone) if starts_at else 0
        created = await registry.create_programme(
            session, slug, name, zone, currency, starts_at_us, is_test=not live
        )
        return documents.programme(created)

    show(in_session(work), as_json, "Programme", *_COLUMNS)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all programmes.

    Example: coalition programme list --json
    """

    async def work(session: Session) -> list[Document]:
        return [documents.programme(each) for each in await registry.list_programmes(session)]

    show(in_session(work), as_json, "Programmes", *_COLUMNS)
