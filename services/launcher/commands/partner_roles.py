"""`coalition partner roles`: what a partner may do by its contract."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, contracts, documents
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="What a partner may do: let members earn, let them burn, fund campaigns.", no_args_is_help=True
)


class Role(StrEnum):
    """A part in the coalition."""

    EARN = "earn"
    BURN = "burn"
    FUND = "fund"


_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_RolesArgument = Annotated[
    list[Role] | None, typer.Argument(help="All that it may do; none: it takes no part any more.")
]
_FromOption = Annotated[str, typer.Option("--from", help="Date or time from which on they hold.")]
_ROLES: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("roles", lambda terms: " ".join(terms["roles"]) or "none"),
    ("from", field("valid_from")),
    ("draft", field("draft")),
)


@app.command("set")
def set_roles(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    valid_from: _FromOption,
    roles: _RolesArgument = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a partner may do from a time on; in a test programme only. Refunds are always taken.

    Example: coalition partner roles set cinema burn -p plaza --from 2026-07-01
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await contracts.roles_of(
            session, found, partner, roles or [], read_time(valid_from, found.zone)
        )
        return documents.partner_roles(await contracts.set_roles(session, found, wanted), found.zone)

    show(in_session(work), as_json, f"What {partner} may do", *_ROLES)


@app.command()
def propose(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    valid_from: _FromOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    roles: _RolesArgument = None,
    as_json: JsonOption = False,
) -> None:
    """Propose what a partner may do from a time on; another person approves it.

    Example: coalition partner roles propose cinema burn --from 2026-07-01 --why "burns only, from July" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await contracts.roles_of(
            session, found, partner, roles or [], read_time(valid_from, found.zone)
        )
        return approvals.draft_document(await contracts.propose_roles(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_roles(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of what a partner may do; without one it may do everything.

    Example: coalition partner roles list cinema -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        versions = await contracts.list_roles(session, found, partner)
        return [documents.partner_roles(each, found.zone) for each in versions]

    show(in_session(work), as_json, f"What {partner} may do", *_ROLES)
