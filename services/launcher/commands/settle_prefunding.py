"""`coalition settle prefunding`: money that partners pay ahead, as security."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
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
from services.operations import approvals, prefunding
from services.operations.amounts import read_minor, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Money that partners pay ahead: asked for, given back or set off with the next run.",
    no_args_is_help=True,
)

PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
AmountArgument = Annotated[str, typer.Argument(help="How much, e.g. 5000.00.")]
WhyOption = Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")]
CompanyOption = Annotated[
    int, typer.Option(min=1, max=1_000, help="Number of the company whose money it is.")
]
_ORDERS: Final[tuple[Column, ...]] = (
    ("#", count("number")),
    ("what", field("turn")),
    ("#amount", lambda each: write_minor(each["amount_minor"])),
    ("#company", count("company")),
    ("ordered", lambda each: each["at"][:16]),
    ("by", field("by")),
    ("#run", lambda each: str(each["run"]) if each["run"] else "waits"),
    ("why", field("why")),
)
_HELD: Final[tuple[Column, ...]] = (
    ("#company", count("company")),
    ("#held", lambda each: write_minor(each["held_minor"])),
)


class TurnArgument(StrEnum):
    """What is done with it."""

    ASK = "ask"
    GIVE_BACK = "give-back"
    USE = "use"


@app.command()
def ask(
    partner: PartnerArgument,
    amount: AmountArgument,
    programme: ProgrammeOption,
    why: WhyOption,
    company: CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Ask a partner to pay money ahead, with the next run; in a test programme only.

    Example: coalition settle prefunding ask grocer 5000.00 --why "contract of March" -p plaza
    """
    _order(TurnArgument.ASK, partner, amount, programme, why, company, as_json)


@app.command("give-back")
def give_back(
    partner: PartnerArgument,
    amount: AmountArgument,
    programme: ProgrammeOption,
    why: WhyOption,
    company: CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Give a partner back, with the next run, what it has paid ahead; in a test programme only.

    Example: coalition settle prefunding give-back grocer 2000.00 --why "a lower limit" -p plaza
    """
    _order(TurnArgument.GIVE_BACK, partner, amount, programme, why, company, as_json)


@app.command()
def use(
    partner: PartnerArgument,
    amount: AmountArgument,
    programme: ProgrammeOption,
    why: WhyOption,
    company: CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Set off up to an amount of it against what the partner owes in the next run; in a test programme only.

    Example: coalition settle prefunding use grocer 1000.00 --why "January is unpaid" -p plaza
    """
    _order(TurnArgument.USE, partner, amount, programme, why, company, as_json)


@app.command()
def propose(
    turn: Annotated[TurnArgument, typer.Argument(help="What is to be done.")],
    partner: PartnerArgument,
    amount: AmountArgument,
    programme: ProgrammeOption,
    why: WhyOption,
    company: CompanyOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Propose it; it waits for a run once another person has approved it.

    Example: coalition settle prefunding propose ask grocer 5000.00 --why "contract of March" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await prefunding.order_of(
            session, found, turn.value, partner, read_minor(amount), company, why
        )
        return approvals.draft_document(await prefunding.propose(session, found, wanted))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_orders(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show what is held of a partner, and all that was asked for, given back and used, newest first.

    Example: coalition settle prefunding list grocer -p plaza
    """

    async def work(session: Session) -> Document:
        return await prefunding.whole(session, await session.programme(programme), partner)

    found = in_session(work)
    if as_json:
        show(found, True, "")
        return
    show(found["held"], False, f"Paid ahead by {partner}", *_HELD)
    console().print(f"of that, payments are waited for: {write_minor(found['unpaid_minor'])}")
    show(found["orders"], False, "Ordered", *_ORDERS)


def _order(
    turn: TurnArgument, partner: str, amount: str, programme: str, why: str, company: int, as_json: bool
) -> None:
    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await prefunding.order_of(
            session, found, turn.value, partner, read_minor(amount), company, why
        )
        return prefunding.order_document(await prefunding.order(session, found, wanted), found.zone)

    show(in_session(work), as_json, f"Prefunding of {partner}", *_ORDERS)
