"""`coalition settle billing`: how often a partner gets a statement."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, contracts, documents, settlement
from services.operations.amounts import read_minor, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="How often a partner gets a statement.", no_args_is_help=True)


class Cycle(StrEnum):
    """When a statement is due."""

    WINDOW = "window"
    MONTH = "month"


PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
CycleOption = Annotated[Cycle, typer.Option(help="With every window, or with the one in which a month ends.")]
FeeOption = Annotated[str, typer.Option(help="Owed with every statement, e.g. 25.00.")]
ObjectionOption = Annotated[
    int, typer.Option(min=1, max=366, help="Days after which silence accepts a statement.")
]
_BILLING: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("cycle", field("cycle")),
    ("#fee", lambda terms: write_minor(terms["cycle_fee_minor"])),
    ("#days to object", count("objection_days")),
    ("#from window", count("from_window")),
    ("draft", field("draft")),
)


@app.command("set")
def set_billing(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    cycle: CycleOption = Cycle.WINDOW,
    fee: FeeOption = "0",
    objection_days: ObjectionOption = 14,
    as_json: JsonOption = False,
) -> None:
    """Set how often a partner gets a statement, from the open window on; in a test programme only.

    Example: coalition settle billing set fuel -p plaza --cycle month --fee 25.00
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await settlement.billing_of(
            session, found, partner, cycle.value, read_minor(fee), objection_days
        )
        return documents.billing(await settlement.set_billing(session, found, wanted))

    show(in_session(work), as_json, f"Billing of {partner}", *_BILLING)


@app.command()
def propose(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    cycle: CycleOption = Cycle.WINDOW,
    fee: FeeOption = "0",
    objection_days: ObjectionOption = 14,
    as_json: JsonOption = False,
) -> None:
    """Propose how often a partner gets a statement; it holds from the window that is open when another person approves it.

    Example: coalition settle billing propose fuel --cycle month --fee 25.00 --why "contract of March" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await settlement.billing_of(
            session, found, partner, cycle.value, read_minor(fee), objection_days
        )
        return approvals.draft_document(await contracts.propose_billing(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_billing(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of a partner's billing; without one, statements come with every window and cost nothing.

    Example: coalition settle billing list fuel -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [documents.billing(each) for each in await settlement.list_billing(session, found, partner)]

    show(in_session(work), as_json, f"Billing of {partner}", *_BILLING)
