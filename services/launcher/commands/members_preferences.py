"""`coalition members consent, contact, channels, quiet-hours, preferences, readings`: how members want to be written to."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.errors import LauncherError
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
from services.operations import member_preferences
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme

app = typer.Typer(no_args_is_help=True)


class Channel(StrEnum):
    """By what means a member is written to."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CHAT = "chat"


class Kept(StrEnum):
    """Channels whose address is no personal field."""

    PUSH = "push"
    CHAT = "chat"


MemberArgument = Annotated[str, typer.Argument(help="Id of the member, mem_…, or a card number.")]
KeyOption = Annotated[
    str, typer.Option(help="Idempotency key: the same one again does it only once. Else a new one.")
]
_CONSENTS: Final[tuple[Column, ...]] = (
    ("#no", count("number")),
    ("purpose", field("purpose")),
    ("said", lambda consent: "yes" if consent["given"] else "no"),
    ("to the wording", field("wording")),
    ("where", field("source")),
    ("at", lambda consent: consent["said_at"][:19]),
    ("through", lambda consent: consent["partner"] or consent["actor"]),
    ("receipt", field("receipt")),
)
_CONTACTS: Final[tuple[Column, ...]] = (
    ("channel", field("channel")),
    ("address", lambda contact: contact["address"] or "(not shown to the host)"),
)
_READINGS: Final[tuple[Column, ...]] = (
    ("reading", field("id")),
    ("member", field("member")),
    ("purpose", field("purpose")),
    ("for", field("reason")),
    ("at", lambda reading: reading["read_at"][:19]),
    ("not told, since", field("why_not")),
)


@app.command()
def consent(
    member: MemberArgument,
    programme: ProgrammeOption,
    given: Annotated[bool, typer.Option("--given/--withdrawn", help="What the member says.")],
    source: Annotated[str, typer.Option(help="Where the member said it, such as phone.")],
    wording: Annotated[str, typer.Option(help="Version of the wording that was shown; for --given.")] = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Keep that a member agrees to be written to about offers, or does not, or not any more.

    Example: coalition members consent 7700000000019 --withdrawn --source phone -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return await member_preferences.set_consent(
            session, found, _key(key), member, given=given, wording=wording, source=source
        )

    show(in_session(work), as_json, f"What {member} says", *_CONSENTS)


@app.command()
def contact(
    member: MemberArgument,
    channel: Annotated[Kept, typer.Argument(help="E-mail and phone are personal fields of the member.")],
    programme: ProgrammeOption,
    address: Annotated[str, typer.Option(help="Device token or chat id; without it there is none.")] = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set where a member is reached by push or chat, or that it is not any more.

    Example: coalition members contact 7700000000019 push -p plaza
    """

    async def change(session: Session, found: Programme) -> None:
        await member_preferences.set_contact(session, found, _key(key), member, channel.value, address)

    _change(member, programme, change, as_json=as_json)


@app.command()
def channels(
    member: MemberArgument,
    programme: ProgrammeOption,
    order: Annotated[list[Channel] | None, typer.Argument(help="The preferred one first.")] = None,
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set by what a member is written to first; the others come after. Without any: as it comes.

    Example: coalition members channels 7700000000019 push email -p plaza
    """

    async def change(session: Session, found: Programme) -> None:
        names = [each.value for each in order or ()]
        await member_preferences.set_channels(session, found, _key(key), member, names)

    _change(member, programme, change, as_json=as_json)


@app.command("quiet-hours")
def quiet_hours(
    member: MemberArgument,
    programme: ProgrammeOption,
    begin: Annotated[str, typer.Option("--from", help="Time of day such as 22:00.")] = "",
    end: Annotated[
        str, typer.Option("--to", help="Time of day such as 07:00, which is not quiet any more.")
    ] = "",
    zone: Annotated[str, typer.Option(help="IANA zone; else the programme's.")] = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set when a member is not written to; without --from and --to never.

    Example: coalition members quiet-hours 7700000000019 --from 22:00 --to 07:00 -p plaza
    """
    if bool(begin) != bool(end):
        raise LauncherError("quiet hours have --from and --to, or neither")

    async def change(session: Session, found: Programme) -> None:
        first, last = (member_preferences.read_minute(each) if each else 0 for each in (begin, end))
        await member_preferences.set_quiet_hours(session, found, _key(key), member, first, last, zone)

    _change(member, programme, change, as_json=as_json)


@app.command()
def preferences(
    member: MemberArgument,
    programme: ProgrammeOption,
    before: Annotated[int, typer.Option(min=0, help="Of the history only what has a lower number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How much of the history.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show where and when a member is written to, and all that it said to being written to about offers.

    Example: coalition members preferences 7700000000019 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return await member_preferences.preferences(session, found, member, before, limit)

    _show(in_session(work), as_json)


@app.command()
def readings(
    programme: ProgrammeOption,
    member: Annotated[str, typer.Option(help="Of one member: mem_…, or a card number.")] = "",
    before: Annotated[str, typer.Option(help="Only those before a reading, rdg_….")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List when notifications was told how a member is written to, or why it may not be, newest first.

    Example: coalition members readings --member 7700000000019 -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return await member_preferences.readings(session, found, member, before, limit)

    show(in_session(work), as_json, f"Who was told how to write to members of {programme}", *_READINGS)


def _change(
    member: str,
    programme: str,
    change: Callable[[Session, Programme], Awaitable[None]],
    *,
    as_json: bool,
) -> None:
    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        await change(session, found)
        return await member_preferences.preferences(session, found, member)

    _show(in_session(work), as_json)


def _show(found: Document, as_json: bool) -> None:
    if as_json:
        show(found, as_json, "")
        return
    quiet = found["quiet_hours"]
    hours = f"{quiet['from']} to {quiet['to']} {quiet['zone']}" if quiet else "none"
    show(found["contacts"], False, f"Where {found['member']} is reached", *_CONTACTS)
    console().print(f"Quiet hours: {hours}")
    show(found["history"], False, "What it said", *_CONSENTS)
    if found["next_before"]:
        console().print(f"More: --before {found['next_before']}")


def _key(given: str) -> str:
    return given or secrets.token_hex(16)
