"""`coalition events`: what services have told, who is behind, and what is done about it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, closing, suppress
from typing import Annotated, Final

import typer

from services.launcher.commands import events_dead_letters
from services.launcher.errors import LauncherError
from services.launcher.reach import platform_environment
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
from services.operations.documents import Document
from services.operations.events import describing
from services.operations.events.auditing import Audit, Range, audit
from services.operations.events.logs import STREAM_OF, Log, event_document
from services.operations.events.standing import Subscribers
from services.operations.events.tailing import Told, filter_of, split_by_right, tail
from services.operations.session import Session
from services.runtime import logging
from services.runtime.bus import Bus, BusError, Stream
from services.runtime.certificates import Misconfigured
from services.runtime.errors import CoalitionError
from services.runtime.settings import BusSettings, settings_in

app = typer.Typer(help="Look at what the services have published, and at who reads it.", no_args_is_help=True)
app.add_typer(events_dead_letters.app, name="dead-letters")
_CONNECT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.3
_LAG: Final[tuple[Column, ...]] = (
    ("name", field("name")),
    ("reads", field("source")),
    ("#pos", count("pos")),
    ("#of", count("last_pos")),
    ("#behind", count("behind_events")),
    ("#seconds", count("behind_seconds")),
    ("state", field("state")),
    ("order", field("order")),
    ("#trying", count("trying")),
    ("#dead", count("dead")),
    ("#waiting", count("waiting")),
    ("takes", lambda row: ", ".join(row["takes"])),
)
_AUDIT: Final[tuple[Column, ...]] = (
    ("service", field("service")),
    ("#from", count("first")),
    ("#to", count("last")),
    ("#events", count("events")),
    ("#doubles", count("doubles")),
    ("#missing", count("missing")),
    ("#differing", count("differing")),
    ("#mended", count("mended")),
    ("first missing", lambda row: ", ".join(f"{pos:,}" for pos in row["positions"][:5])),
    ("holds", lambda row: "yes" if row["holds"] else "NO"),
)
NameArgument = Annotated[str, typer.Argument(help="Name of the subscriber, as `coalition events lag` lists it.")]  # fmt: skip
ServiceOption = Annotated[list[str] | None, typer.Option("--service", help="members, points or partners; none: all.")]  # fmt: skip


@asynccontextmanager
async def _bus() -> AsyncGenerator[Bus]:
    """A connection to the platform's NATS. Raises LauncherError where it cannot be reached."""
    environment = platform_environment()
    if not environment.get("NATS_URL"):
        raise LauncherError("set NATS_URL to the platform's NATS: this looks at what is on it")
    try:
        bus = Bus.of(settings_in(BusSettings, environment), "events")
    except Misconfigured as error:
        raise LauncherError(str(error)) from error
    # What goes wrong with the connection is told as this command's own error.
    logging.configure("events", "ERROR")
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await bus.connect()
        yield bus
    except TimeoutError:
        raise LauncherError(f"NATS did not answer within {_CONNECT_SECONDS:.0f} s") from None
    except BusError as error:
        raise LauncherError(f"NATS: {error}") from error
    finally:
        await bus.close()


def _services(wanted: list[str] | None) -> list[str]:
    unknown = sorted(set(wanted or ()) - set(STREAM_OF))
    if unknown:
        raise typer.BadParameter(f"no service is named {', '.join(unknown)}; there are {', '.join(STREAM_OF)}", param_hint="--service")  # fmt: skip
    return [name for name in STREAM_OF if not wanted or name in wanted]


@app.command("tail")
def tail_events(
    programme: Annotated[
        str,
        typer.Option(
            "--programme", "-p", envvar="COALITION_PROGRAMME", help="Slug of the programme; none: all."
        ),
    ] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type, e.g. points.earned; may be repeated.")
    ] = None,
    partner: Annotated[
        str, typer.Option(help="Only of this partner: its slug (with a programme) or ptr_….")
    ] = "",
    member: Annotated[str, typer.Option(help="Only of this member: mem_….")] = "",
    from_: Annotated[
        str,
        typer.Option(
            "--from", metavar="POS|TIME", help="First what the log has from here on, of one programme."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="End after so many; 0: at Ctrl-C.")] = 0,
    follow: Annotated[bool, typer.Option(help="Go on with what comes; or end with the log.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document a line.")] = False,
) -> None:
    """Print events as they come, decoded, until Ctrl-C. What the bus loses meanwhile is not seen: this is for looking.

    Examples: coalition events tail -p plaza --type points.earned; coalition events tail -p plaza --from 2026-03-01 --json
    """  # fmt: skip
    if not follow and not from_:
        raise typer.BadParameter("without what comes there is only what the log has: say --from", param_hint="--no-follow")  # fmt: skip

    async def work(session: Session) -> None:
        found = await session.programme(programme) if programme else None
        wanted = await filter_of(session, found, types or [], partner, member)
        streams: Sequence[Stream] = ()
        if found is not None:
            streams, left_out = await split_by_right(session, wanted, found)
            if left_out:
                names = ", ".join(stream.service for stream in left_out)
                typer.echo(f"left out, since your role may not read their events: {names}", err=True)
        async with _bus() as bus:
            printed = 0
            async with aclosing(
                tail(session, bus, wanted, found, from_, follow=follow, streams=streams)
            ) as events:
                async for told in events:
                    _print(told, found.zone if found is not None else "UTC", as_json=as_json)
                    printed += 1
                    if printed == limit:
                        return

    in_session(_until_interrupted(work))


def _until_interrupted(work: Callable[[Session], Awaitable[None]]) -> Callable[[Session], Awaitable[None]]:
    """Ends work at Ctrl-C or SIGTERM as if it had come to its end."""

    async def run(session: Session) -> None:
        task, loop = asyncio.ensure_future(work(session)), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    return run


def _print(told: Told, zone: str, *, as_json: bool) -> None:
    document = event_document(told.programme, told.service, told.record, zone)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    data = document["data"] if document["data"] is not None else {"payload": document["payload"]}
    said = " ".join(f"{name}={_short(value)}" for name, value in data.items() if value not in (None, [], ""))
    typer.echo(
        f"{document['recorded_at'][:19]} {told.programme} {told.service} {document['pos']} {document['type']} {said}"
    )


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@app.command()
def describe(
    type_: Annotated[str, typer.Argument(metavar="[TYPE]", help="E.g. points.earned; none: list all.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Describe a type of event: when it is told, its subject, fields and headers, and an example.

    Example: coalition events describe points.earned
    """
    if not type_:
        rows = [
            {name: each[name] for name in ("type", "stream", "summary")}
            for each in describing.catalogue().values()
        ]
        show(rows, as_json, "Events", ("type", field("type")), ("stream", field("stream")), ("told when", field("summary")))  # fmt: skip
        return
    try:
        found = describing.described(type_)
    except CoalitionError as error:
        raise LauncherError(str(error)) from error
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    example = found["example"]
    out = console()
    out.print(f"{found['type']} ({found['message']}, stream {found['stream']})\n{found['summary']}\n")
    out.print(f"Subject  {found['subject']}\n         {example['subject']}\n")
    show(found["fields"], False, "Fields", ("field", field("name")), ("type", field("type")), ("what it is", field("comment")))  # fmt: skip
    headers = [{"header": name, "value": value} for name, value in example["headers"].items()]
    show(headers, False, "Headers", ("header", field("header")), ("example", field("value")))
    out.print("Example, decoded")
    typer.echo(json.dumps(example["data"], indent=2, ensure_ascii=False))


@app.command()
def lag(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show how far relays and subscribers are, and what they have set aside. Seconds are programme time.

    Example: coalition events lag -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await Subscribers(session, await session.programme(programme)).lag()

    show(in_session(work), as_json, f"Events of {programme}", *_LAG)


@app.command()
def pause(
    name: NameArgument,
    programme: ProgrammeOption,
    note: Annotated[str, typer.Option(help="Why, in up to 500 characters.")],
) -> None:
    """Have a subscriber handle nothing, in all programmes, until it is resumed. What comes meanwhile waits.

    Example: coalition events pause notifications --note "the mail server is being moved" -p plaza
    """

    async def work(session: Session) -> None:
        await Subscribers(session, await session.programme(programme)).pause(name, note)

    in_session(work)
    typer.echo(f"{name} is paused")


@app.command()
def resume(name: NameArgument, programme: ProgrammeOption) -> None:
    """Let a subscriber go on.

    Example: coalition events resume notifications -p plaza
    """

    async def work(session: Session) -> None:
        await Subscribers(session, await session.programme(programme)).resume(name)

    in_session(work)
    typer.echo(f"{name} goes on")


@app.command()
def replay(
    name: NameArgument,
    programme: ProgrammeOption,
    from_: Annotated[
        str, typer.Option("--from", metavar="POS|TIME", help="The first event to handle again.")
    ] = "",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget all of the programme, and start from nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is where it was.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Have a subscriber handle events again, or rebuild what it made of them. One that might send something refuses.

    Examples: coalition events replay insights --from 2026-03-01 -p plaza; coalition events replay insights --rebuild -p plaza
    """  # fmt: skip
    if bool(from_) == rebuild:
        raise typer.BadParameter("either from where, or --rebuild", param_hint="--from")

    async def work(session: Session) -> Document:
        subscribers = Subscribers(session, await session.programme(programme))
        first, last = await (subscribers.rebuild(name) if rebuild else subscribers.replay(name, from_))
        if wait and first <= last:
            await _wait_for(subscribers, name, first, last, hidden=as_json)
        return {"name": name, "from": first, "to": last, "rebuild": rebuild, "waited": wait}

    done = in_session(work)
    if as_json:
        typer.echo(json.dumps(done))
    elif done["from"] > done["to"]:
        typer.echo(f"{name} is at {done['to']:,}: there is nothing to handle again from {done['from']:,} on")
    else:
        what = "rebuilt" if rebuild else "handled again"
        typer.echo(f"{done['from']:,} to {done['to']:,} {what if wait else 'ordered'}")


async def _wait_for(subscribers: Subscribers, name: str, first: int, last: int, *, hidden: bool) -> None:
    with typer.progressbar(length=last - first + 1, label=name, hidden=hidden) as bar:
        done = 0
        while True:
            _, state = await subscribers.named(name)
            if state.paused:
                raise LauncherError(f"{name} is paused: it goes on once it is resumed")
            reached = 0 if state.rebuild_ordered else min(state.pos, last) - first + 1
            bar.update(max(0, reached - done))
            done = max(done, reached)
            if not state.rebuild_ordered and state.pos >= last:
                return
            await asyncio.sleep(_POLL_SECONDS)


@app.command("audit")
def audit_streams(
    programme: ProgrammeOption,
    services: ServiceOption = None,
    first: Annotated[int, typer.Option("--from", min=1, help="First position.")] = 1,
    last: Annotated[int, typer.Option("--to", min=0, help="Last position; 0: to where the relay is.")] = 0,
    mend: Annotated[bool, typer.Option("--mend", help="Publish again what the stream has lost.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare streams with the logs that they copy, event by event; exits with 1 where one does not hold.

    Example: coalition events audit -p plaza --mend
    """
    names = _services(services)

    async def work(session: Session) -> list[Audit]:
        if mend:
            session.require_role("admin")
        found, made = await session.programme(programme), list[Audit]()
        async with _bus() as bus:
            for service in names:
                with closing(_Progress(service, hidden=as_json)) as progress:
                    log = Log(session, found, STREAM_OF[service])
                    made.append(await audit(log, bus, Range(first, last), mend=mend, progress=progress.tell))
        return made

    found = in_session(work)
    rows: list[Document] = [_audit_document(each) for each in found]
    show(rows, as_json, f"Streams of {programme}", *_AUDIT)
    if not all(each.holds for each in found):
        raise typer.Exit(1)


def _audit_document(found: Audit) -> Document:
    names = (
        "service",
        "first",
        "last",
        "events",
        "doubles",
        "missing",
        "differing",
        "mended",
        "positions",
        "holds",
    )
    return {name: getattr(found, name) for name in names}


class _Progress:
    """A line on standard error that says how far an audit is; nothing where that is no terminal."""

    def __init__(self, service: str, *, hidden: bool) -> None:
        self._service = service
        self._hidden = hidden or not typer.get_text_stream("stderr").isatty()

    def tell(self, what: str, done: int, of: int) -> None:
        if not self._hidden:
            typer.echo(
                f"\r{self._service}: {what} {done:,}{f' of {of:,}' if of else ''}   ", err=True, nl=False
            )

    def close(self) -> None:
        if not self._hidden:
            typer.echo("", err=True)
