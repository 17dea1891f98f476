"""`coalition settle rates`: prices of partners, by two people; and how prices are typed and shown anywhere."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, contracts, documents, registry
from services.operations.amounts import read_price, read_time, write_micros
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Prices of partners: proposed by one person, approved by another.", no_args_is_help=True
)

PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
IssueOption = Annotated[
    str, typer.Option("--issue", help="What the partner owes per point it issues, e.g. 0.0100.")
]
ReimbursementOption = Annotated[
    str, typer.Option("--reimbursement", help="What the partner is owed per point burned there, e.g. 0.0080.")
]
FromOption = Annotated[str, typer.Option("--from", help="Date or time from which they hold.")]
ToOption = Annotated[
    str, typer.Option("--to", help="Date or time until which they hold, excluded; else for ever.")
]
ShareOption = Annotated[
    int,
    typer.Option(
        "--issue-share",
        min=0,
        max=100,
        help="Per cent of the issue price that is due when a point is issued; the rest once it is used.",
    ),
]
FeeOption = Annotated[
    str, typer.Option("--fee", help="Owed by sale that earns and by redemption, e.g. 0.05.")
]
BonusIssueOption = Annotated[
    str, typer.Option("--bonus-issue", help="Issue price of bonus points, where it differs.")
]
BonusReimbursementOption = Annotated[
    str, typer.Option("--bonus-reimbursement", help="Reimbursement of bonus points, where it differs.")
]
WhyOption = Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")]

RATES: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("#issue", lambda version: write_micros(version["issue_micros"])),
    ("#reimbursement", lambda version: write_micros(version["reimbursement_micros"])),
    ("#% at issuance", count("issue_share_percent")),
    ("#fee", lambda version: write_micros(version["transaction_fee_micros"])),
    ("from", field("valid_from")),
    ("to", field("valid_to")),
    ("#known from seq", count("known_from_seq")),
    ("draft", field("draft")),
)


def prices_of(
    zone: str,
    issue: str,
    reimbursement: str,
    valid_from: str,
    valid_to: str,
    issue_share: int,
    fee: str,
    bonus_issue: str,
    bonus_reimbursement: str,
) -> registry.Prices:
    """Prices as they were typed. Raises Unreadable, BadParameter."""
    if bool(bonus_issue) != bool(bonus_reimbursement):
        raise typer.BadParameter("bonus points have both prices of their own, or neither")
    return registry.Prices(
        read_price(issue),
        read_price(reimbursement),
        read_time(valid_from, zone),
        read_time(valid_to, zone) if valid_to else 0,
        issue_share,
        read_price(fee),
        (read_price(bonus_issue), read_price(bonus_reimbursement)) if bonus_issue else None,
    )


def show_rates(partner: str, programme: str, as_json: bool) -> None:
    """Prints all versions of a partner's prices, oldest first."""

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        versions = await registry.list_rates(session, found, partner)
        return [documents.rates(each, found.zone) for each in versions]

    show(in_session(work), as_json, f"Prices of {partner}", *RATES)


@app.command()
def propose(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    issue: IssueOption,
    reimbursement: ReimbursementOption,
    valid_from: FromOption,
    why: WhyOption,
    valid_to: ToOption = "",
    issue_share: ShareOption = 100,
    fee: FeeOption = "0",
    bonus_issue: BonusIssueOption = "",
    bonus_reimbursement: BonusReimbursementOption = "",
    as_json: JsonOption = False,
) -> None:
    """Propose a partner's prices from a time on; once another person has approved them, they rate what is not rated by then.

    Example: coalition settle rates propose grocer --issue 0.0100 --reimbursement 0.0080 --from 2026-03-02 --why "contract of March" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        prices = prices_of(
            found.zone, issue, reimbursement, valid_from, valid_to, issue_share, fee, bonus_issue,
            bonus_reimbursement,
        )  # fmt: skip
        wanted = await registry.rates_of(session, found, partner, prices)
        return approvals.draft_document(await contracts.propose_rates(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_rates(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of a partner's prices, oldest first, with the drafts that they were approved by.

    Example: coalition settle rates list grocer -p plaza
    """
    show_rates(partner, programme, as_json)
