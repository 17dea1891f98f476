"""`coalition settle bank-in` and `settle breaks`: what the bank says, and what nothing explains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from services.launcher.errors import LauncherError
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import runs
from services.operations.amounts import write_minor
from services.operations.documents import Document
from services.operations.session import Session

breaks = typer.Typer(help="What the bank said and nothing explains.", no_args_is_help=True)

NumberArgument = Annotated[int, typer.Argument(min=1, help="Number of the break.")]
_ITEMS: Final[tuple[Column, ...]] = (
    ("#", count("item")),
    ("outcome", field("outcome")),
    ("#amount", lambda each: write_minor(each["amount_minor"])),
    ("#applied", lambda each: write_minor(each["applied_minor"])),
    ("#charge", lambda each: write_minor(each["charge_minor"])),
    ("booked", field("booked_on")),
    ("end-to-end id", field("end_to_end_id")),
    ("#break", count("break")),
    ("said", field("said")),
)
_BREAKS: Final[tuple[Column, ...]] = (
    ("#break", count("number")),
    ("type", lambda each: each["type"].replace("_", " ")),
    ("#in suspense", lambda each: write_minor(each["amount_minor"])),
    ("since", lambda each: each["opened_at"][:16]),
    ("owner", field("owner")),
    ("ended", field("ended")),
    ("said", field("said")),
)


def bank_in(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of the bank: pain.002, camt.053.")
    ],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Take files that the bank sent, in the order named, and match them with payments. The same file again changes nothing.

    Example: coalition settle bank-in statement.xml -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        taken: list[Document] = []
        for path in files:
            try:
                answer = await runs.receive(session, found, path)
            except OSError as error:
                raise LauncherError(f"{path}: {error.strerror}") from error
            taken.append(
                {
                    "file": str(path),
                    "kind": answer.kind,
                    "number": answer.number,
                    "known": answer.known,
                    "items": [runs.item_document(each) for each in answer.items],
                }
            )
        return taken

    taken = in_session(work)
    if as_json:
        show(taken, True, "")
        return
    for each in taken:
        known = ", taken before" if each["known"] else ""
        show(
            each["items"], False, f"{each['file']}: {each['kind']}, message {each['number']}{known}", *_ITEMS
        )


@breaks.command("list")
def list_breaks(
    programme: ProgrammeOption,
    with_ended: Annotated[bool, typer.Option("--all", help="Those that are ended as well.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    before: Annotated[int, typer.Option(min=0, help="Only breaks before this number.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List what the bank said and nothing explains, newest first.

    Example: coalition settle breaks list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await runs.breaks(session, found, limit, before, with_ended=with_ended)
        return [runs.break_document(each, found.zone) for each in listed]

    show(in_session(work), as_json, f"Breaks of {programme}", *_BREAKS)


@breaks.command()
def assign(
    number: NumberArgument,
    programme: ProgrammeOption,
    owner: Annotated[str, typer.Option(help="Who looks after it.")],
    as_json: JsonOption = False,
) -> None:
    """Say who looks after a break.

    Example: coalition settle breaks assign 3 --owner "Ada" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return runs.break_document(await runs.assign(session, found, number, owner), found.zone)

    show(in_session(work), as_json, f"Break {number}", *_BREAKS)


@breaks.command()
def end(
    number: NumberArgument,
    how: Annotated[str, typer.Argument(help="allocated, refunded, explained, written_off or bank_charge.")],
    programme: ProgrammeOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    partner: Annotated[str, typer.Option(help="Slug of the partner whose money it is; with allocated.")] = "",
    as_json: JsonOption = False,
) -> None:
    """End a break: what it holds goes to a partner's account, was sent back, is written off, or was the bank's charge.

    Example: coalition settle breaks end 3 allocated --partner grocer --why "paid twice" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        ended = await runs.end_break(session, found, number, how, partner, why)
        return runs.break_document(ended, found.zone)

    show(in_session(work), as_json, f"Break {number}", *_BREAKS)
