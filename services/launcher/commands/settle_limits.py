"""`coalition settle limits`: how far partners may owe."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals
from services.operations.amounts import read_minor, write_micros, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="How far partners may owe: proposed by one person, approved by another.", no_args_is_help=True
)

PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_NONE: Final = "none"
_LIMITS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("#limit", lambda each: _NONE if each["limit_minor"] is None else write_minor(each["limit_minor"])),
    ("#guaranteed", lambda each: write_minor(each["prefunded_minor"])),
    ("beyond it", field("on_limit")),
    ("#warning at %", count("warning_percent")),
    ("known from", lambda each: each["known_from"][:19]),
    ("set by", field("set_by")),
    ("approved by", field("approved_by")),
)


_STANDINGS: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("#limit", lambda each: _NONE if each["limit_minor"] is None else write_minor(each["limit_minor"])),
    ("#guaranteed", lambda each: write_minor(each["prefunded_minor"])),
    ("#owes", lambda each: write_micros(each["owed_micros"], 2)),
    ("#may owe", lambda each: write_micros(each["potential_micros"], 2)),
    ("#is owed", lambda each: write_micros(each["reimbursed_micros"], 2)),
    ("#paid ahead", lambda each: write_micros(each["prefunding_micros"], 2)),
    ("#has paid", lambda each: write_micros(each["paid_micros"], 2)),
    (
        "#left",
        lambda each: _NONE if each["headroom_micros"] is None else write_micros(each["headroom_micros"], 2),
    ),
    ("warned", lambda each: "yes" if each["warned"] else ""),
    ("#as of seq", count("as_of_seq")),
)


class OnLimit(StrEnum):
    """What becomes of an earn beyond the limit."""

    REFUSE = "refuse"
    PARK = "park"


@app.command("list")
def list_limits(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of a partner's credit limit; the last one counts.

    Example: coalition settle limits list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await approvals.limits(session, found, partner)
        return [approvals.limit_document(each, found.zone) for each in listed]

    show(in_session(work), as_json, f"Credit limits of {partner}", *_LIMITS)


@app.command()
def propose(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    limit: Annotated[str, typer.Option(help="The most that it may owe, e.g. 5000.00; or none.")],
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    prefunded: Annotated[
        str, typer.Option(help="What is guaranteed elsewhere, by a bank, say; not what it pays ahead.")
    ] = "0",
    on_limit: Annotated[OnLimit, typer.Option(help="What becomes of an earn beyond it.")] = OnLimit.REFUSE,
    warning_percent: Annotated[
        int, typer.Option(min=1, max=100, help="Share of the limit from which it is warned.")
    ] = 80,
    as_json: JsonOption = False,
) -> None:
    """Propose a partner's credit limit; it counts once another person has approved it.

    Example: coalition settle limits propose grocer --limit 5000.00 --why "as agreed" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        terms = approvals.terms_of(
            None if limit == _NONE else read_minor(limit),
            read_minor(prefunded),
            on_limit.value,
            warning_percent,
        )
        return approvals.draft_document(await approvals.propose_limit(session, found, partner, terms, why))

    show_draft(in_session(work), as_json)


@app.command()
def status(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show what partners with a credit limit owe, may owe and are owed, and what is left; counted every second.

    Example: coalition settle limits status -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [approvals.standing_document(each) for each in await approvals.standings(session, found)]

    show(in_session(work), as_json, f"Credit of partners in {programme}", *_STANDINGS)
