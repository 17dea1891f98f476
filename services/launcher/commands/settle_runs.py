"""`coalition settle draft`, `approve`, `instruct`, `abort`, `runs`, `run`: settlement runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

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
from services.operations import approvals, runs
from services.operations.amounts import write_minor
from services.operations.documents import Document
from services.operations.session import Session


def _windows(position: Document) -> str:
    first, last = position["first_window"], position["last_window"]
    if first is None:
        return ""
    return str(first) if first == last else f"{first}–{last}"


NumberArgument = Annotated[int, typer.Argument(min=1, help="Number of the run.")]
_RUNS: Final[tuple[Column, ...]] = (
    ("#run", count("number")),
    ("state", field("state")),
    ("#to window", count("until_window")),
    ("drafted", lambda each: each["drafted_at"][:19]),
    ("by", field("drafted_by")),
    ("draft", field("draft")),
)
_POSITIONS: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("windows", _windows),
    ("#statements", lambda each: write_minor(each["statements_minor"])),
    ("#rounding", lambda each: write_minor(each["rounding_minor"])),
    ("#tax", lambda each: write_minor(each["tax_minor"])),
    ("#brought forward", lambda each: write_minor(each["brought_forward_minor"])),
    ("#paid ahead", lambda each: write_minor(each["prefunding_minor"])),
    ("#set off", lambda each: write_minor(-each["set_off_minor"])),
    ("#due (+ pays)", lambda each: write_minor(each["due_minor"])),
    ("outcome", lambda each: each["outcome"].replace("_", " ")),
    ("why", field("why")),
)
_PAYMENTS: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("how", lambda each: each["method"].replace("_", " ")),
    ("#amount", lambda each: write_minor(each["amount_minor"])),
    ("#paid", lambda each: write_minor(each["paid_minor"])),
    ("state", field("state")),
    ("reason", field("reason")),
    ("due", field("due_on")),
    ("end-to-end id", field("end_to_end_id")),
    ("reference", field("reference")),
)
_FILES: Final[tuple[Column, ...]] = (
    ("#file", count("number")),
    ("kind", field("kind")),
    ("message id", field("message_id")),
    ("#payments", count("payments")),
    ("#sum", lambda each: write_minor(each["total_minor"])),
)


def draft(
    programme: ProgrammeOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    until: Annotated[
        int, typer.Option(min=0, help="Last window to settle; else the last that is stated.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Propose a settlement run over all statements that none has settled; another person approves it.

    Example: coalition settle draft -p plaza --until 5 --why "January"
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        made = await runs.draft(session, found, until, why)
        return await runs.whole(session, found, made.run.number)

    _show_run(in_session(work), as_json, programme)


def approve(
    number: NumberArgument,
    programme: ProgrammeOption,
    seen: Annotated[str, typer.Option("--hash", help="The hash of its draft, as `settle run` printed it.")],
    why: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Approve a run that somebody else has drafted: just what its hash is over.

    Example: coalition settle approve 1 --hash 5d0c… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        made = await runs.whole(session, found, number)
        await approvals.approve(session, found, made["draft"], seen, why)
        return await runs.whole(session, found, number)

    _show_run(in_session(work), as_json, programme)


def instruct(
    number: NumberArgument,
    programme: ProgrammeOption,
    out: Annotated[Path | None, typer.Option(help="Folder to write the bank's files to.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Issue the documents of an approved run, and make its payments and the files for the bank. Safe to repeat.

    Example: coalition settle instruct 1 -p plaza --out to-bank
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        await runs.instruct(session, found, number)
        made = await runs.whole(session, found, number)
        if out is not None:
            made["written"] = [str(each) for each in await runs.write_files(session, found, number, out)]
        return made

    _show_run(in_session(work), as_json, programme)


def abort(
    number: NumberArgument,
    programme: ProgrammeOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    as_json: JsonOption = False,
) -> None:
    """Give up a run that is not instructed: its statements wait for another.

    Example: coalition settle abort 1 -p plaza --why "wrong price"
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return runs.run_document(await runs.abort(session, found, number, why), found.zone)

    show(in_session(work), as_json, f"Run {number}", *_RUNS)


def cancel_payment(
    payment: Annotated[str, typer.Argument(help="Its end-to-end id, as `settle run` shows it.")],
    programme: ProgrammeOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    as_json: JsonOption = False,
) -> None:
    """Give up a payment that is open: nobody waits for it any more, and the next run settles what is left of it.

    Example: coalition settle cancel-payment R1-SAH5KM84XA5S-1 -p plaza --why "the bank never had the file"
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        left = await runs.cancel_payment(session, found, payment, why)
        return {"end_to_end_id": payment, "left_minor": left}

    columns: tuple[Column, ...] = (
        ("payment", field("end_to_end_id")),
        ("#left", lambda each: write_minor(each["left_minor"])),
    )
    show(in_session(work), as_json, "Given up", *columns)


def list_runs(
    programme: ProgrammeOption,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    before: Annotated[int, typer.Option(min=0, help="Only runs before this number.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List settlement runs, newest first.

    Example: coalition settle runs -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [
            runs.run_document(each, found.zone) for each in await runs.runs(session, found, limit, before)
        ]

    show(in_session(work), as_json, f"Settlement runs of {programme}", *_RUNS)


def show_run(number: NumberArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show a run: positions, payments, files, and how it came to where it stands.

    Example: coalition settle run 1 -p plaza
    """

    async def work(session: Session) -> Document:
        return await runs.whole(session, await session.programme(programme), number)

    _show_run(in_session(work), as_json, programme)


def _show_run(made: Document, as_json: bool, programme: str) -> None:
    if as_json:
        show(made, True, "")
        return
    show(made["positions"], False, f"Run {made['number']} of {programme}: {made['state']}", *_POSITIONS)
    pays = sum(max(0, each["due_minor"]) for each in made["positions"] if each["outcome"] != "left_out")
    gets = sum(max(0, -each["due_minor"]) for each in made["positions"] if each["outcome"] == "pay")
    out = console()
    out.print(f"To come {write_minor(pays)}, to go {write_minor(gets)}.")
    if made["payments"]:
        show(made["payments"], False, "Payments", *_PAYMENTS)
    if made["files"]:
        show(made["files"], False, "Files for the bank", *_FILES)
    out.print(f"{len(made['documents'])} documents. Draft {made['draft']}, hash {made['hash']}")
    out.print(" → ".join(f"{each['state']} {each['at'][:16]}" for each in made["steps"]))
    for path in made.get("written", ()):
        out.print(f"Written: {path}")
