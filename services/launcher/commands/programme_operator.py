"""`coalition programme operator`: who the operator is on documents."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.commands.partner_tax import FileOption, FromOption
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, tax
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Who the operator is on documents: dated versions, never edited.", no_args_is_help=True
)

_VERSIONS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("from", field("valid_from")),
    ("name", lambda version: version["party"]["legal_name"]),
    ("VAT id", lambda version: version["party"]["vat_id"]),
    ("country", lambda version: version["party"]["country"]),
    ("draft", field("draft")),
)


@app.command("set")
def set_operator(
    programme: ProgrammeOption, file: FileOption, valid_from: FromOption, as_json: JsonOption = False
) -> None:
    """Set who the operator is from a time on; in a test programme only. The file has [party] alone.

    Example: coalition programme operator set -p plaza --file operator.toml --from 2026-03-02
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = tax.operator_data_of(file, read_time(valid_from, found.zone))
        return tax.operator_document(await tax.set_operator_data(session, found, wanted), found.zone)

    show(in_session(work), as_json, "Operator", *_VERSIONS)


@app.command()
def propose(
    programme: ProgrammeOption,
    file: FileOption,
    valid_from: FromOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    as_json: JsonOption = False,
) -> None:
    """Propose who the operator is from a time on; another person approves it.

    Example: coalition programme operator propose -p plaza --file operator.toml --from 2026-03-02 --why "we moved"
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = tax.operator_data_of(file, read_time(valid_from, found.zone))
        return approvals.draft_document(await tax.propose_operator_data(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_operator(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of who the operator is; without one no document can be made out.

    Example: coalition programme operator list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        versions = await tax.list_operator_data(session, found)
        return [tax.operator_document(each, found.zone) for each in versions]

    show(in_session(work), as_json, "Operator", *_VERSIONS)
