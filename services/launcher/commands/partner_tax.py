"""`coalition partner tax`: who a partner's companies are on documents, and how each supply is taxed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, tax
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Tax data of a partner's companies: dated versions, never edited.", no_args_is_help=True
)

_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_CompanyOption = Annotated[int, typer.Option(min=1, max=1_000, help="Number of the company.")]
FileOption = Annotated[
    Path, typer.Option(help="TOML with [party], [rules] and [self_billing]; see docs/tax.md.", dir_okay=False)
]
FromOption = Annotated[str, typer.Option("--from", help="Date or time from which on it holds.")]


def _rules(version: Document) -> str:
    rules: dict[str, Any] = version["rules"]
    return ", ".join(
        f"{supply} {rule['category']}{' ' + rule['rate'] + ' %' if rule['category'] == 'S' else ''}"
        for supply, rule in rules.items()
    )


def _agreement(version: Document) -> str:
    agreement = version["self_billing"]
    return f"{agreement['reference']} of {agreement['agreed_on']}" if agreement else "none"


_VERSIONS: Final[tuple[Column, ...]] = (
    ("#company", count("company")),
    ("#version", count("version")),
    ("from", field("valid_from")),
    ("name", lambda version: version["party"]["legal_name"]),
    ("VAT id", lambda version: version["party"]["vat_id"]),
    ("rules", _rules),
    ("self-billing", _agreement),
    ("draft", field("draft")),
)


@app.command("set")
def set_tax(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    file: FileOption,
    valid_from: FromOption,
    company: _CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Set the tax data of a company from a time on; in a test programme only.

    Example: coalition partner tax set grocer -p plaza --file grocer.toml --from 2026-03-02
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        from_us = read_time(valid_from, found.zone)
        wanted = await tax.tax_data_of(session, found, partner, company, file, from_us)
        return tax.tax_document(await tax.set_tax_data(session, found, wanted), found.zone)

    show(in_session(work), as_json, f"Tax data of {partner}", *_VERSIONS)


@app.command()
def propose(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    file: FileOption,
    valid_from: FromOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    company: _CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Propose the tax data of a company from a time on; another person approves it.

    Example: coalition partner tax propose grocer --file grocer.toml --from 2026-03-02 --why "new VAT id" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        from_us = read_time(valid_from, found.zone)
        wanted = await tax.tax_data_of(session, found, partner, company, file, from_us)
        return approvals.draft_document(await tax.propose_tax_data(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_tax(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of the tax data of a partner's companies; without one no document can be made out.

    Example: coalition partner tax list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        versions = await tax.list_tax_data(session, found, partner)
        return [tax.tax_document(each, found.zone) for each in versions]

    show(in_session(work), as_json, f"Tax data of {partner}", *_VERSIONS)
