"""`coalition notifications`: what members are written, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.errors import LauncherError
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import notifications
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="See and set what members are written.", no_args_is_help=True)


class FormName(StrEnum):
    """In what form something is said."""

    EMAIL = "email"
    SHORT = "short"


KindArgument = Annotated[str, typer.Argument(help="The kind, such as points_expiring.")]
LanguageOption = Annotated[
    str, typer.Option("--language", "-l", help="bg, de, en, es, fr, it, nl, pl or pt.")
]
_DELIVERIES: Final[tuple[Column, ...]] = (
    ("notice", field("notice")),
    ("kind", field("kind")),
    ("state", field("state")),
    ("why", field("why")),
    ("channel", field("channel")),
    ("#tries", count("attempts")),
    ("event of", lambda each: each["recorded_at"][:19]),
    ("due", lambda each: (each["due_at"] or "")[:19]),
    ("over", lambda each: (each["ended_at"] or "")[:19]),
)
_STATS: Final[tuple[Column, ...]] = (
    ("kind", field("kind")),
    ("channel", field("channel")),
    ("state", field("state")),
    ("why", field("why")),
    ("#notices", count("notices")),
)


@app.command()
def deliveries(
    programme: ProgrammeOption,
    member: Annotated[str, typer.Option(help="Id of the member, mem_….")],
    before: Annotated[str, typer.Option(help="Only those before this notice, ntc_….")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List what a member was written about, newest first; with --json each thing that happened.

    Example: coalition notifications deliveries --member mem_01k… -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return await notifications.deliveries(session, found, member, before, limit)

    show(in_session(work), as_json, f"What {member} was written about", *_DELIVERIES)


@app.command()
def stats(
    programme: ProgrammeOption,
    days: Annotated[int, typer.Option(min=1, max=400, help="Of so many days.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Count what notices came to, by kind, channel and reason.

    Example: coalition notifications stats --days 1 -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await notifications.stats(session, await session.programme(programme), days)

    show(in_session(work), as_json, f"Notices of {days} days in {programme}", *_STATS)


@app.command()
def templates(
    programme: ProgrammeOption, language: LanguageOption = "en", as_json: JsonOption = False
) -> None:
    """List kinds, whether each is on, and what is said in a language.

    Example: coalition notifications templates -l de -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await notifications.templates(session, await session.programme(programme), language)

    found = in_session(work)
    rows = found if as_json else [kind | text for kind in found for text in kind["texts"]]
    show(
        rows, as_json, f"What members of {programme} are written",
        ("kind", field("kind")), ("on", _yes("on")), ("consent", _yes("needs_consent")), ("#hours", count("shelf_hours")),
        ("form", field("form")), ("own", _yes("own")), ("subject", field("subject")), ("text", field("body")),
    )  # fmt: skip


@app.command("set")
def set_text(
    kind: KindArgument,
    programme: ProgrammeOption,
    language: LanguageOption,
    form: Annotated[FormName, typer.Option(help="Of an e-mail, or the short text.")] = FormName.EMAIL,
    subject: Annotated[str, typer.Option(help="Subject of an e-mail.")] = "",
    body: Annotated[str, typer.Option(help="The text, with placeholders in braces.")] = "",
    standard: Annotated[bool, typer.Option("--standard", help="The platform's text again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say a text of a kind in the programme's own words from now on.

    Example: coalition notifications set points_expired -l en --form short --body "{points} points are gone" -p plaza
    """
    if standard is bool(subject or body):
        raise LauncherError("say --body (and --subject of an e-mail), or --standard")

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return await notifications.set_template(session, found, kind, form, language, subject, body)

    show(
        in_session(work), as_json, f"{kind} of {programme}",
        ("language", field("language")), ("form", field("form")), ("own", _yes("own")), ("subject", field("subject")),
        ("text", field("body")),
    )  # fmt: skip


@app.command("on")
def turn_on(kind: KindArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Write to members about events of a kind from now on.

    Example: coalition notifications on points_earned -p plaza
    """
    _switch(kind, programme, on=True, as_json=as_json)


@app.command("off")
def turn_off(kind: KindArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Write nothing of a kind from now on, nor what waits.

    Example: coalition notifications off points_redeemed -p plaza
    """
    _switch(kind, programme, on=False, as_json=as_json)


def _switch(kind: str, programme: str, *, on: bool, as_json: bool) -> None:
    async def work(session: Session) -> Document:
        return await notifications.switch(session, await session.programme(programme), kind, on=on)

    show(
        in_session(work), as_json, f"{kind} of {programme}",
        ("kind", field("kind")), ("on", _yes("on")), ("changed", _yes("changed")),
    )  # fmt: skip


def _yes(name: str) -> Callable[[Document], str]:
    def cell(document: Document) -> str:
        return "yes" if document[name] else "no"

    return cell
