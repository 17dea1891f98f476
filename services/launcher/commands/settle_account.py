"""`coalition settle account`: the operator's own account, which partners pay to and are paid from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, payment_terms
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="The operator's account, which partners pay to and are paid from.", no_args_is_help=True
)

FromOption = Annotated[
    datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The date from which it holds.")
]
HolderOption = Annotated[str, typer.Option(help="Name of the holder of the account.")]
IbanOption = Annotated[str, typer.Option(help="IBAN of the account.")]
BicOption = Annotated[str, typer.Option(help="BIC of its bank, where it is known.")]
StreetOption = Annotated[str, typer.Option(help="Street of the holder, with its number.")]
TownOption = Annotated[str, typer.Option(help="Town of the holder.")]
PostcodeOption = Annotated[str, typer.Option(help="Postcode of the holder.")]
CountryOption = Annotated[str, typer.Option(help="Country of the holder, two letters.")]
WhyOption = Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")]
_CreditorOption = Annotated[
    str, typer.Option(help="SEPA creditor identifier; without one nothing is collected by direct debit.")
]
_ACCOUNTS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("from", field("valid_from")),
    ("holder", lambda each: each["account"]["holder"]),
    ("IBAN", lambda each: each["account"]["iban"]),
    ("BIC", lambda each: each["account"]["bic"] or ""),
    ("creditor identifier", field("creditor_id")),
    ("draft", field("draft")),
)


@app.command("set")
def set_account(
    programme: ProgrammeOption,
    valid_from: FromOption,
    holder: HolderOption,
    iban: IbanOption,
    town: TownOption,
    country: CountryOption,
    street: StreetOption = "",
    postcode: PostcodeOption = "",
    bic: BicOption = "",
    creditor_id: _CreditorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set the operator's account from a date on; in a test programme only.

    Example: coalition settle account set -p plaza --from 2026-03-01 --holder "Plaza B.V." --iban NL91ABNA0417164300 --town Utrecht
    --country NL
    """
    account = payment_terms.account_of(holder, iban, bic, street, town, postcode, country)

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = payment_terms.operator_of(account, creditor_id, valid_from.date())
        return payment_terms.operator_document(await payment_terms.set_account(session, found, wanted))

    show(in_session(work), as_json, f"The operator's account in {programme}", *_ACCOUNTS)


@app.command()
def propose(
    programme: ProgrammeOption,
    valid_from: FromOption,
    holder: HolderOption,
    iban: IbanOption,
    town: TownOption,
    country: CountryOption,
    why: WhyOption,
    street: StreetOption = "",
    postcode: PostcodeOption = "",
    bic: BicOption = "",
    creditor_id: _CreditorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Propose the operator's account from a date on; it counts once another person has approved it.

    Example: coalition settle account propose -p plaza --from 2026-03-01 --holder "Plaza B.V." --iban NL91ABNA0417164300 --town
    Utrecht --country NL --why "new bank"
    """
    account = payment_terms.account_of(holder, iban, bic, street, town, postcode, country)

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = payment_terms.operator_of(account, creditor_id, valid_from.date())
        return approvals.draft_document(await payment_terms.propose_account(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_accounts(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of the operator's account; on a day the highest counts that is valid by then.

    Example: coalition settle account list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [
            payment_terms.operator_document(each)
            for each in await payment_terms.list_accounts(session, found)
        ]

    show(in_session(work), as_json, f"The operator's account in {programme}", *_ACCOUNTS)
