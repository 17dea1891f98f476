"""`coalition programme`: register and list programmes, move the clock of a test programme."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, field, in_session, show
from services.operations import documents, ledger, registry
from services.operations.amounts import read_time, write_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Register and list programmes; move a test programme's clock.", no_args_is_help=True)

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


@app.command()
def clock(
    slug: Annotated[str, typer.Argument(help="Its slug.")],
    to: Annotated[
        str,
        typer.Option(help="Date or time to move it forward to; without an offset, in the programme's zone."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell what time it is in a programme; with --to, move a test programme's clock forward first.

    Example: coalition programme clock plaza --to 2026-03-14T09:30
    """

    async def work(session: Session) -> Document:
        programme = await session.programme(slug)
        if to:
            await ledger.move_clock(session, programme, read_time(to, programme.zone))
        now_us = (await ledger.head(session, programme)).now_us
        return {"slug": slug, "now": write_time(now_us, programme.zone)}

    show(in_session(work), as_json, "Programme time", ("slug", field("slug")), ("now", field("now")))
