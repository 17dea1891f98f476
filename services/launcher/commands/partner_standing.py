"""`coalition partner standing`: suspension and exit."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, standing
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Where a partner stands: active, suspended, exiting, exited.", no_args_is_help=True)


class Kind(StrEnum):
    """What a partner is to its programme."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXITING = "exiting"
    EXITED = "exited"


_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_KindArgument = Annotated[Kind, typer.Argument(help="What it is from then on.")]
_FromOption = Annotated[str, typer.Option("--from", help="Date or time from which on it holds.")]
_RunOffOption = Annotated[
    str, typer.Option("--run-off-until", help="Of one that leaves: burned at it until then, excluded.")
]
_ReturnsOption = Annotated[
    str,
    typer.Option("--returns-until", help="Of one that leaves: refunds and the like until then, excluded."),
]
_ReasonOption = Annotated[
    str, typer.Option(help="What the partner is told of why; of one that is suspended it has to be.")
]
_BuyOutOption = Annotated[
    int | None,
    typer.Option(
        "--buy-out",
        min=0,
        max=10_000,
        help="Of one that has left: buy out its points that are not used yet, at this redemption rate in basis points.",
    ),
]
_VERSIONS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("standing", field("standing")),
    ("from", field("valid_from")),
    ("run-off until", field("run_off_until")),
    ("returns until", field("returns_until")),
    ("reason", field("reason")),
    ("#buy-out bp", count("buy_out_bp")),
    ("draft", field("draft")),
)


@app.command("set")
def set_standing(
    partner: _PartnerArgument,
    kind: _KindArgument,
    programme: ProgrammeOption,
    valid_from: _FromOption,
    run_off_until: _RunOffOption = "",
    returns_until: _ReturnsOption = "",
    reason: _ReasonOption = "",
    buy_out: _BuyOutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set where a partner stands from a time on; in a test programme only.

    Examples: coalition partner standing set cinema suspended --from 2026-07-01 --reason "July is unpaid" -p plaza;
    coalition partner standing set cinema exiting --from 2026-09-01 --run-off-until 2026-12-01 --returns-until 2027-01-01 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = _wanted(kind, valid_from, run_off_until, returns_until, reason, buy_out, found.zone)
        made = await standing.set_standing(session, found, partner, wanted)
        return standing.version_document(made, found.zone)

    show(in_session(work), as_json, f"Where {partner} stands", *_VERSIONS)


@app.command()
def propose(
    partner: _PartnerArgument,
    kind: _KindArgument,
    programme: ProgrammeOption,
    valid_from: _FromOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters; for the approver.")],
    run_off_until: _RunOffOption = "",
    returns_until: _ReturnsOption = "",
    reason: _ReasonOption = "",
    buy_out: _BuyOutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose where a partner stands from a time on; another person approves it.

    Example: coalition partner standing propose cinema active --from 2026-07-20 --why "July is paid" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = _wanted(kind, valid_from, run_off_until, returns_until, reason, buy_out, found.zone)
        return approvals.draft_document(await standing.propose_standing(session, found, partner, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("show")
def show_standing(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show where a partner stands now, what is refused because of that, and all versions.

    Example: coalition partner standing show cinema -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return standing.standing_document(await standing.get_standing(session, found, partner), found.zone)

    found = in_session(work)
    show(found if as_json else found["versions"], as_json, f"Where {partner} stands", *_VERSIONS)
    if not as_json:
        refused = " ".join(found["refused"]) or "nothing"
        if found["bought_out"]:
            bought = found["bought_out"]
            typer.echo(
                f"bought out at {bought['redemption_bp']:,} basis points of {bought['outstanding_micros']:,} micros: "
                f"{bought['amount_micros']:,}, in window {bought['window']}"
            )
        typer.echo(f"{partner} is {found['standing']} now; refused: {refused}")


def _wanted(
    kind: Kind,
    valid_from: str,
    run_off_until: str,
    returns_until: str,
    reason: str,
    buy_out: int | None,
    zone: str,
) -> standing.Wanted:
    times = (read_time(each, zone) if each else 0 for each in (valid_from, run_off_until, returns_until))
    return standing.Wanted(kind.value, *times, reason=reason, buy_out_bp=buy_out)
