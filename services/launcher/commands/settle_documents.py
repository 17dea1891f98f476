"""`coalition settle documents` and `settle trace`: what was issued, and what explains every account."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
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
from services.operations import runs
from services.operations.amounts import write_minor
from services.operations.documents import Document
from services.operations.session import Session

documents = typer.Typer(help="Invoices and credit notes.", no_args_is_help=True)

PartnerOption = Annotated[str, typer.Option(help="Slug of a partner; else of all.")]
_DOCUMENTS: Final[tuple[Column, ...]] = (
    ("number", field("number")),
    ("partner", field("partner")),
    ("#company", count("legal_entity")),
    ("#run", count("run")),
    ("issued", field("issued_on")),
    ("#net", lambda each: write_minor(each["net_minor"])),
    ("#tax", lambda each: write_minor(each["tax_minor"])),
    ("#due (+ pays)", lambda each: write_minor(each["due_minor"])),
)
_ACCOUNTS: Final[tuple[Column, ...]] = (
    ("account", lambda each: each["account"].replace("_", " ")),
    ("partner", field("partner")),
    ("#holds (+ debit)", lambda each: write_minor(each["balance_minor"])),
    ("#explained", lambda each: write_minor(each["explained_minor"])),
    ("#difference", lambda each: write_minor(each["difference_minor"])),
)
_AT_BANK: Final[tuple[Column, ...]] = (
    ("IBAN", field("iban")),
    ("statement", field("statement")),
    ("of", field("closed_on")),
    ("#opened with", lambda each: _told(each["opening_minor"])),
    ("#booked since", lambda each: write_minor(each["booked_minor"])),
    ("#closes with", lambda each: _told(each["closing_minor"])),
    ("#difference", lambda each: _told(each["difference_minor"])),
)
_MOVES: Final[tuple[Column, ...]] = (
    ("#journal", count("number")),
    ("at", lambda each: each["at"][:16]),
    ("kind", lambda each: each["kind"].replace("_", " ")),
    ("of", lambda each: each["document"] or each["payment"] or _break(each) or _run(each)),
    ("entries", lambda each: "; ".join(map(_entry, each["entries"]))),
    ("why", field("why")),
)


class Format(StrEnum):
    """What a document can be made into."""

    JSON = "json"
    CSV = "csv"
    PDF = "pdf"
    XML = "xml"


@documents.command("list")
def list_documents(
    programme: ProgrammeOption,
    partner: PartnerOption = "",
    run: Annotated[int, typer.Option(min=0, help="Number of a run; else of all.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List issued documents, newest first.

    Example: coalition settle documents list -p plaza --partner grocer
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        slugs = await runs.slugs_of(session, found)
        return [
            runs.summary_document(each, slugs) async for each in runs.documents(session, found, partner, run)
        ]

    show(in_session(work), as_json, f"Documents of {partner or programme}", *_DOCUMENTS)


@documents.command()
def get(
    numbers: Annotated[list[str], typer.Argument(help="Numbers of documents.")],
    programme: ProgrammeOption,
    made_into: Annotated[Format, typer.Option("--format", help="What to make of it.")] = Format.PDF,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
) -> None:
    """Write documents as files: as they are kept (json), for a spreadsheet (csv), for people (pdf), as e-invoice (xml).

    Example: coalition settle documents get 2026-380-000001 -p plaza --format xml
    """

    async def work(session: Session) -> None:
        found = await session.programme(programme)
        out.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            made = await runs.document_file(session, found, number, made_into.value)
            path = out / made.file_name
            path.write_bytes(made.body)
            console().print(f"Written: {path} ({len(made.body):,} bytes)")

    in_session(work)


def trace(
    programme: ProgrammeOption,
    partner: PartnerOption = "",
    account: Annotated[str, typer.Option(help="Name of an account: its journals.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show what every account of the clearing house holds and what explains it, and what the bank says that is there.

    With an account or a partner, every movement. Exits with 1 where anything is left unexplained.

    Example: coalition settle trace -p plaza --partner grocer
    """

    async def work(session: Session) -> tuple[Document, list[Document]]:
        found = await session.programme(programme)
        slugs = await runs.slugs_of(session, found)
        books = runs.books_document(await runs.books(session, found), slugs)
        if not partner and not account:
            return books, []
        moves = runs.journals(session, found, account, partner)
        return books, [runs.journal_document(each, slugs, found.zone) async for each in moves]

    books, moves = in_session(work)
    held, bank = books["accounts"], books["bank"]
    if as_json:
        show({**books, "journals": moves}, True, "")
    else:
        show(held, False, f"Accounts of {programme}", *_ACCOUNTS)
        _show_bank(books)
        if moves:
            show(moves, False, f"Movements of {partner or account}", *_MOVES)
        total = sum(each["balance_minor"] for each in held)
        console().print(f"All accounts together: {write_minor(total)}.")
    wrong = [each for each in held if each["difference_minor"]]
    if wrong or sum(each["balance_minor"] for each in held):
        raise LauncherError(f"{len(wrong)} accounts hold what nothing explains")
    if unlike := [each["iban"] for each in bank if each["difference_minor"]]:
        raise LauncherError(f"the bank says that another amount is on {', '.join(unlike)} than was booked")


def _show_bank(books: Document) -> None:
    if books["bank"]:
        show(books["bank"], False, "At the bank", *_AT_BANK)
    coming, going = (write_minor(books[name]) for name in ("coming_minor", "going_minor"))
    console().print(f"The bank was told of, and has not reported yet: {coming} to come, {going} to go.")


def _told(amount_minor: int | None) -> str:
    return "not told" if amount_minor is None else write_minor(amount_minor)


def _entry(entry: Document) -> str:
    whose = f" {entry['partner']}" if entry["partner"] else ""
    return f"{entry['account'].replace('_', ' ')}{whose} {write_minor(entry['amount_minor'])}"


def _break(move: Document) -> str:
    return f"break {move['break']}" if move["break"] else ""


def _run(move: Document) -> str:
    return f"run {move['run']}" if move["run"] else ""
