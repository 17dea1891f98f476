"""`coalition events dead-letters`: what subscribers could not handle."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Final

import typer

from services.launcher.errors import LauncherError
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations.documents import Document
from services.operations.events.standing import Subscribers
from services.operations.session import Session

app = typer.Typer(
    help="Look at events that a subscriber could not handle, and replay them.", no_args_is_help=True
)
_POLL_SECONDS: Final = 0.3
_NameArgument = Annotated[
    str, typer.Argument(help="Name of the subscriber, as `coalition events lag` lists it.")
]
_LETTERS: Final[tuple[Column, ...]] = (
    ("#pos", lambda letter: f"{letter['event']['pos']:,}"),
    ("type", lambda letter: letter["event"]["type"]),
    ("state", field("state")),
    ("#tries", count("attempts")),
    ("key", field("key")),
    ("set aside", lambda letter: letter["parked_at"][:19]),
    ("error", lambda letter: (letter["error"] or "")[:80]),
)


@app.command("list")
def list_letters(
    name: _NameArgument,
    programme: ProgrammeOption,
    dead_only: Annotated[
        bool, typer.Option("--dead", help="Only dead ones, none that waits or is tried.")
    ] = False,
    after: Annotated[int, typer.Option(min=0, help="Only those after this position.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what a subscriber has set aside, in the order of positions: dead, tried again by itself, or waiting for one.

    Example: coalition events dead-letters list notifications -p plaza
    """  # fmt: skip

    async def work(session: Session) -> list[Document]:
        subscribers = Subscribers(session, await session.programme(programme))
        _, state = await subscribers.named(name)
        letters = await subscribers.letters(name, after, limit, dead_only=dead_only)
        return [subscribers.letter_document(state.source, each) for each in letters]

    show(in_session(work), as_json, f"Set aside by {name}", *_LETTERS)


@app.command("show")
def show_letter(
    name: _NameArgument,
    pos: Annotated[int, typer.Argument(min=1, help="Position of the event.")],
    programme: ProgrammeOption,
) -> None:
    """Show an event that is set aside, whole: what it says, and what the handler raised.

    Example: coalition events dead-letters show notifications 4711 -p plaza
    """

    async def work(session: Session) -> Document:
        subscribers = Subscribers(session, await session.programme(programme))
        _, state = await subscribers.named(name)
        found = await subscribers.letters(name, pos - 1, 1, dead_only=False)
        if not found or found[0].event.pos != pos:
            raise LauncherError(f"{name} has nothing set aside at position {pos:,}")
        return subscribers.letter_document(state.source, found[0])

    typer.echo(json.dumps(in_session(work), indent=2, ensure_ascii=False))


@app.command()
def replay(
    name: _NameArgument,
    programme: ProgrammeOption,
    pos: Annotated[int | None, typer.Argument(min=1, help="Position of the one to handle.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until they are handled, or dead again.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Have dead letters handled, once what was wrong is mended; exits with 1 where some are dead again.

    Examples: coalition events dead-letters replay notifications 4711 -p plaza; coalition events dead-letters replay
    notifications --all -p plaza
    """
    if (pos is None) != all_:
        raise typer.BadParameter("either a position or --all", param_hint="--all")

    async def work(session: Session) -> Document:
        subscribers = Subscribers(session, await session.programme(programme))
        handed = await subscribers.replay_letters(name, pos or 0)
        dead = await _wait_for(subscribers, name, hidden=as_json) if wait and handed else 0
        return {"name": name, "handed": handed, "dead": dead, "waited": wait}

    done = in_session(work)
    if as_json:
        typer.echo(json.dumps(done))
    else:
        typer.echo(f"{done['handed']:,} handed to {name}; {done['dead']:,} of its letters are dead")
    if all_ and done["dead"]:
        raise typer.Exit(1)


async def _wait_for(subscribers: Subscribers, name: str, *, hidden: bool) -> int:
    """Until nothing is being tried; answers how many are dead then."""
    _, state = await subscribers.named(name)
    left = state.trying + state.waiting
    with typer.progressbar(length=max(1, left), label=name, hidden=hidden) as bar:
        while state.trying:
            if state.paused:
                raise LauncherError(f"{name} is paused: it goes on once it is resumed")
            await asyncio.sleep(_POLL_SECONDS)
            _, state = await subscribers.named(name)
            bar.update(max(0, left - state.trying - state.waiting))
            left = min(left, state.trying + state.waiting)
    return state.dead
