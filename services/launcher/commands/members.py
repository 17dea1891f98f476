"""`coalition members`: card ranges, who seems to try card numbers out, staff cards, and how members want to be written to."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.commands import members_employment, members_preferences
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import members
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Issue card ranges; see who tries card numbers out; staff cards; how members want to be written to.",
    no_args_is_help=True,
)
ranges = typer.Typer(help="Cards that earn before anybody has enrolled them.", no_args_is_help=True)
app.add_typer(ranges, name="card-ranges")
app.add_typer(members_employment.app, name="employment")
app.add_typer(members_preferences.app)

PrefixArgument = Annotated[str, typer.Argument(help="First digits of the cards, 2 to 12.")]
DigitsArgument = Annotated[int, typer.Argument(help="Digits of a card with its check digit, 8 to 19.")]
FromOption = Annotated[str, typer.Option("--from", help="Date or time from which it holds; else now.")]
_RANGES: Final[tuple[Column, ...]] = (
    ("prefix", field("prefix")),
    ("#digits", count("digits")),
    ("issued to", lambda each: each["partner"] or "nobody any more"),
    ("from", lambda each: each["valid_from"][:19]),
    ("set by", field("set_by")),
)
_SUSPICIONS: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("API key", field("api_key")),
    ("store", field("store")),
    ("till", field("till")),
    ("#unknown", count("unknown")),
    ("#enrolled", count("enrolled")),
    ("#known", count("known")),
    ("in the window from", lambda each: each["window_start"][:19]),
    ("noted at", lambda each: each["suspected_at"][:19]),
)


@ranges.command("set")
def set_range(
    prefix: PrefixArgument,
    digits: DigitsArgument,
    partner: Annotated[str, typer.Option(help="Slug of the partner that hands the cards out.")],
    programme: ProgrammeOption,
    valid_from: FromOption = "",
    as_json: JsonOption = False,
) -> None:
    """Issue a range of card numbers to a partner: one of them that earns is a member without a name until it is claimed.

    Example: coalition members card-ranges set 603555 16 --partner grocer -p plaza
    """
    _set(prefix, digits, partner, programme, valid_from, as_json=as_json)


@ranges.command("end")
def end_range(
    prefix: PrefixArgument,
    digits: DigitsArgument,
    programme: ProgrammeOption,
    valid_from: FromOption = "",
    as_json: JsonOption = False,
) -> None:
    """End a range: cards of it that nobody has yet are unknown from then on; members stay members.

    Example: coalition members card-ranges end 603555 16 -p plaza
    """
    _set(prefix, digits, "", programme, valid_from, as_json=as_json)


@ranges.command("list")
def list_ranges(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all that was set of card ranges; of each the last one that holds already counts.

    Example: coalition members card-ranges list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await members.card_ranges(session, await session.programme(programme))

    show(in_session(work), as_json, f"Card ranges of {programme}", *_RANGES)


@app.command()
def suspicions(
    programme: ProgrammeOption,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List tills and API keys that asked for too many cards that nobody has, newest first.

    Example: coalition members suspicions -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await members.suspicions(session, await session.programme(programme), limit)

    show(in_session(work), as_json, f"Who seems to try card numbers out in {programme}", *_SUSPICIONS)


def _set(prefix: str, digits: int, partner: str, programme: str, valid_from: str, *, as_json: bool) -> None:
    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        valid_from_us = read_time(valid_from, found.zone) if valid_from else 0
        return await members.set_card_range(session, found, prefix, digits, partner, valid_from_us)

    show(in_session(work), as_json, f"Card range {prefix} of {programme}", *_RANGES)
