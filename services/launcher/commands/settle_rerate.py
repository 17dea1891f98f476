"""`coalition settle rerate`: what was rated before a price was known, at that price."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import (
    Column,
    JsonOption,
    ProgrammeOption,
    console,
    count,
    field,
    in_session,
    show,
)
from services.operations import approvals, contracts
from services.operations.amounts import read_time, write_micros
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Rate again what was rated before a price was known: looked at first, then proposed and approved.",
    no_args_is_help=True,
)

PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
VersionOption = Annotated[
    int, typer.Option(min=1, help="Version of its prices that it is rated by, as `settle rates list` shows.")
]
FromOption = Annotated[
    str,
    typer.Option("--from", help="Only till times from this date or time on; else from the version's own."),
]
ToOption = Annotated[
    str, typer.Option("--to", help="Only till times before this date or time; else to the version's own end.")
]
_DIFFERENCES: Final[tuple[Column, ...]] = (
    ("kind", field("kind")),
    ("type", field("point_type")),
    ("#price", lambda each: write_micros(each["old_micros"])),
    ("#new price", lambda each: write_micros(each["new_micros"])),
    ("#entries", count("entries")),
    ("#points", count("points")),
    ("#difference (+ pays)", lambda each: write_micros(each["micros"], 2)),
)
_WINDOWS: Final[tuple[Column, ...]] = (
    ("#window", count("window")),
    ("#entries", count("entries")),
    ("#points", count("points")),
    ("#difference (+ pays)", lambda each: write_micros(each["micros"], 2)),
)
_RERATES: Final[tuple[Column, ...]] = (
    ("#number", count("number")),
    ("#version", count("version")),
    ("from", field("from")),
    ("to", field("to")),
    ("#entries", count("entries")),
    ("#points", count("points")),
    ("#difference (+ pays)", lambda each: write_micros(each["micros"], 2)),
    ("#booked in window", count("window")),
    ("#known from seq", count("known_from_seq")),
    ("draft", field("draft")),
)


@app.command()
def preview(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    version: VersionOption,
    from_time: FromOption = "",
    to_time: ToOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what entries would differ by, had a version of prices been known when they were rated; changes nothing.

    Examples: coalition settle rerate preview grocer --version 3 -p plaza;
    coalition settle rerate preview grocer --version 3 --from 2026-03-02 --to 2026-03-09 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        times = (
            read_time(from_time, found.zone) if from_time else 0,
            read_time(to_time, found.zone) if to_time else 0,
        )
        seen = await contracts.preview_rerate(session, found, partner, version, *times)
        return contracts.preview_document(seen, found.zone)

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    show(found["differences"], False, f"{partner}, rated again by version {version}", *_DIFFERENCES)
    show(found["windows"], False, "By the window that they lie in", *_WINDOWS)
    effect = found["effect"]
    console().print(
        f"of till times from {found['from']} to {found['to'] or 'any'}, rated to seq {found['as_of_seq']:,}\n"
        f"in all: {effect['entries']:,} entries, {effect['points']:,} points, "
        f"{write_micros(effect['micros'], 2)} ({_direction(effect['micros'])})",
        soft_wrap=True,
    )


def _direction(micros: int) -> str:
    if micros > 0:
        return "the partner owes more"
    return "the partner owes less" if micros else "the sum stays as it is"


@app.command()
def propose(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    version: VersionOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    from_time: FromOption = "",
    to_time: ToOption = "",
    as_json: JsonOption = False,
) -> None:
    """Propose to rate again; approved by another person, the differences are booked into the open window.

    Example: coalition settle rerate propose grocer --version 3 --why "price agreed for March" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        times = (
            read_time(from_time, found.zone) if from_time else 0,
            read_time(to_time, found.zone) if to_time else 0,
        )
        made = await contracts.propose_rerate(session, found, partner, version, *times, why)
        return approvals.draft_document(made)

    show_draft(in_session(work), as_json)


@app.command("list")
def list_rerates(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List what was rated again of a partner, oldest first.

    Example: coalition settle rerate list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await contracts.rerates(session, found, partner)
        return [contracts.rerate_document(each, found.zone) for each in listed]

    show(in_session(work), as_json, f"Rated again of {partner}", *_RERATES)
