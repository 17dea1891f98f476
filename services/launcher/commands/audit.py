"""`coalition audit`: who changed what, when and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer

from services.launcher.errors import LauncherError
from services.launcher.session import Column, JsonOption, console, count, field, in_session, show
from services.operations.audit import row_document, rows, write_line
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.audit import AuditHead, AuditRow
from services.runtime.principal import Programme

app = typer.Typer(help="See who changed what, when and why; export it.", no_args_is_help=True)

OptionalProgramme = Annotated[
    str, typer.Option("--programme", "-p", envvar="COALITION_PROGRAMME", help="Slug of the programme.")
]
HostOption = Annotated[
    bool, typer.Option("--host", help="What concerns the whole host instead: staff, their roles and tokens.")
]


def _changed(row: Document) -> str:
    """What is other than before, in short."""
    before: Document = row["before"] or {}
    after: Document = row["after"] or {}
    names = sorted({*before, *after})
    return "\n".join(
        f"{name}: {_told(before, name)}{' → ' if name in before and name in after else ''}{_told(after, name)}"
        for name in names
        if name not in before or name not in after or before[name] != after[name]
    )


def _told(document: Document, name: str) -> str:
    if name not in document:
        return ""
    value = document[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_ROWS: Final[tuple[Column, ...]] = (
    ("#row", count("number")),
    ("at", lambda row: row["at"][:19]),
    ("by", field("by")),
    ("what", field("what")),
    ("subject", field("subject")),
    ("changed", _changed),
    ("why", field("why")),
)


async def chain_of(session: Session, programme: str, *, host: bool) -> Programme | None:
    """The programme whose chain is meant; None: the host's. Raises LauncherError where neither is named."""
    if host:
        return None
    if not programme:
        raise LauncherError("name a programme with --programme, or --host")
    return await session.programme(programme)


@app.command("list")
def list_rows(
    programme: OptionalProgramme = "",
    host: HostOption = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 20,
    from_row: Annotated[int, typer.Option("--from", min=0, help="From this row on; 0: the newest.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List what was changed, in the order that it was.

    Examples: coalition audit list -p plaza --limit 5; coalition audit list --host --from 1
    """

    async def work(session: Session) -> list[Document]:
        chain = await chain_of(session, programme, host=host)
        found = rows(session, chain, from_row, limit if from_row else 0, 0 if from_row else limit)
        return [row_document(each) async for each in found if isinstance(each, AuditRow)]

    title = "Audit log of the host" if host else f"Audit log of {programme}"
    show(in_session(work), as_json, title, *_ROWS)


@app.command()
def export(
    programme: OptionalProgramme = "",
    host: HostOption = False,
    file: Annotated[
        Path | None, typer.Option(help="Where to; else to standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Write the whole log as JSON lines, which `coalition verify audit FILE` checks without the platform.

    Example: coalition audit export -p plaza --file plaza-audit.jsonl
    """

    async def work(session: Session, to: TextIO) -> AuditHead | None:
        head: AuditHead | None = None
        async for each in rows(session, await chain_of(session, programme, host=host)):
            to.write(f"{write_line(each)}\n")
            head = each if isinstance(each, AuditHead) else head
        return head

    if file is None:
        in_session(lambda session: work(session, sys.stdout))
        return
    try:
        with file.open("w", encoding="utf-8") as to:
            head = in_session(lambda session: work(session, to))
    except OSError as error:
        raise LauncherError(f"{file} cannot be written: {error}") from error
    if head is not None:
        console().print(f"{head.number:,} rows; note down {head.number}:{head.hash.hex()}")
