"""`coalition approvals`: what one person has drafted and another decides."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from services.launcher.session import (
    Column,
    JsonOption,
    ProgrammeOption,
    console,
    field,
    in_session,
    show,
)
from services.operations import approvals
from services.operations.approvals import draft_document
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Look at what waits for a second person, and decide it.", no_args_is_help=True)

DraftArgument = Annotated[str, typer.Argument(metavar="DRAFT", help="Id of the draft, drf_….")]
WhyOption = Annotated[str, typer.Option(help="Why, in up to 500 characters.")]

DRAFTS: Final[tuple[Column, ...]] = (
    ("draft", field("id")),
    ("kind", field("kind")),
    ("state", field("state")),
    ("made by", field("made_by")),
    ("made", lambda draft: draft["made_at"][:19]),
    ("why", field("why")),
    ("decided by", field("decided_by")),
)


def show_draft(found: Document, as_json: bool) -> None:
    """Prints a draft with all that it says, and what a checker has to name."""
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    show(found, False, f"Draft {found['id']}", *DRAFTS[1:])
    lines = [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in found["body"].items()]
    told = [f"it says\n{chr(10).join(lines)}", f"hash: {found['hash']}"]
    if found["decided_by"]:
        told.append(f"decided: {found['decided_at']} {found['decided_why']}".rstrip())
    else:
        told.append(f"can be approved until {found['expires_at']}")
    console().print("\n".join(told), soft_wrap=True)


@app.command("list")
def list_drafts(
    programme: ProgrammeOption,
    only_open: Annotated[bool, typer.Option("--open", help="Only what nobody has decided.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List drafts, newest first.

    Example: coalition approvals list -p plaza --open
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await approvals.drafts(session, found, limit, only_open=only_open)
        return [draft_document(each) for each in listed]

    show(in_session(work), as_json, f"Drafts of {programme}", *DRAFTS)


@app.command("show")
def show_one(draft: DraftArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show what a draft says, and its hash.

    Example: coalition approvals show drf_01k… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return draft_document(await approvals.draft(session, found, draft))

    show_draft(in_session(work), as_json)


@app.command()
def approve(
    draft: DraftArgument,
    programme: ProgrammeOption,
    seen: Annotated[str, typer.Option("--hash", help="Its hash, as `show` printed it.")],
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Approve a draft of somebody else; what it says is done at once.

    Example: coalition approvals approve drf_01k… --hash 5d0c… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return draft_document(await approvals.approve(session, found, draft, seen, why))

    show_draft(in_session(work), as_json)


@app.command()
def reject(
    draft: DraftArgument, programme: ProgrammeOption, why: WhyOption = "", as_json: JsonOption = False
) -> None:
    """Reject a draft of somebody else.

    Example: coalition approvals reject drf_01k… --why "too much" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return draft_document(await approvals.reject(session, found, draft, why))

    show_draft(in_session(work), as_json)


@app.command()
def withdraw(
    draft: DraftArgument, programme: ProgrammeOption, why: WhyOption = "", as_json: JsonOption = False
) -> None:
    """Take back a draft of your own.

    Example: coalition approvals withdraw drf_01k… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return draft_document(await approvals.withdraw(session, found, draft, why))

    show_draft(in_session(work), as_json)
