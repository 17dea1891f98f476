"""`coalition settle terms`: how a partner pays what it owes and is paid what it is owed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.commands.settle_account import (
    BicOption,
    CountryOption,
    FromOption,
    HolderOption,
    IbanOption,
    PostcodeOption,
    StreetOption,
    TownOption,
    WhyOption,
)
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, payment_terms
from services.operations.amounts import read_minor, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="How partners pay and are paid.", no_args_is_help=True)


class Scheme(StrEnum):
    """Which rules a mandate is under."""

    CORE = "core"
    B2B = "b2b"


_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_MandateOption = Annotated[
    str, typer.Option(help="Id of its mandate: it is collected by direct debit. Without: it pays by invoice.")
]
_SignedOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When the mandate was signed.")
]
_SchemeOption = Annotated[Scheme, typer.Option(help="Which rules the mandate is under.")]
_PrenotificationOption = Annotated[
    int, typer.Option(min=1, max=366, help="It is told of a debit so many days before.")
]
_DueOption = Annotated[int, typer.Option(min=0, max=366, help="Days that it has to pay an invoice.")]
_LeastOption = Annotated[str, typer.Option(help="Less is not paid out but carried forward, e.g. 10.00.")]
_ReminderOption = Annotated[
    int, typer.Option(min=1, max=366, help="Days to the first reminder, and to each next.")
]
_RemindersOption = Annotated[int, typer.Option(min=0, max=10, help="How many reminders at most.")]
_InterestOption = Annotated[
    int, typer.Option(min=0, max=10_000, help="Interest on what is late, hundredths of a per cent a year.")
]
_FeeOption = Annotated[str, typer.Option(help="Owed for a debit that came back, e.g. 7.50.")]
_SuspendOption = Annotated[
    int, typer.Option(min=0, max=366, help="Suspended so many days after the due date; 0: never.")
]


def _pays_by(terms: Document) -> str:
    if terms["mandate"]:
        told = terms["prenotification_days"]
        return f"direct debit, {terms['mandate']['scheme']} {terms['mandate']['id']}, told {told} days before"
    return f"invoice, within {terms['due_days']} days"


def _when_late(terms: Document) -> str:
    said = [f"{terms['reminders_max']} reminders, each {terms['reminder_days']} days"]
    if terms["late_interest_bp"]:
        said.append(f"{write_minor(terms['late_interest_bp'])} % a year")
    if terms["suspend_after_days"]:
        said.append(f"suspended after {terms['suspend_after_days']} days")
    return ", ".join(said)


_TERMS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("from", field("valid_from")),
    ("pays by", _pays_by),
    ("account", lambda each: each["account"]["iban"]),
    ("#least payout", lambda each: write_minor(each["least_payout_minor"])),
    ("when late", _when_late),
    ("#returned fee", lambda each: write_minor(each["returned_fee_minor"])),
    ("draft", field("draft")),
)


@app.command("set")
def set_terms(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    valid_from: FromOption,
    holder: HolderOption,
    iban: IbanOption,
    town: TownOption,
    country: CountryOption,
    street: StreetOption = "",
    postcode: PostcodeOption = "",
    bic: BicOption = "",
    mandate: _MandateOption = "",
    mandate_signed: _SignedOption = None,
    mandate_scheme: _SchemeOption = Scheme.CORE,
    prenotification_days: _PrenotificationOption = 14,
    due_days: _DueOption = 14,
    least_payout: _LeastOption = "0",
    reminder_days: _ReminderOption = 7,
    reminders_max: _RemindersOption = 3,
    late_interest_bp: _InterestOption = 0,
    returned_fee: _FeeOption = "0",
    suspend_after_days: _SuspendOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Set how a partner pays and is paid from a date on; in a test programme only.

    Example: coalition settle terms set grocer -p plaza --from 2026-03-01 --holder "Grocer GmbH" --iban DE89370400440532013000
    --town Berlin --country DE --mandate M-17 --mandate-signed 2026-02-20
    """
    account = payment_terms.account_of(holder, iban, bic, street, town, postcode, country)

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await payment_terms.terms_of(
            session, found, partner, account, valid_from.date(),
            payment_terms.mandate_of(mandate, mandate_signed, mandate_scheme.value),
            prenotification_days=prenotification_days,
            due_days=due_days,
            least_payout_minor=read_minor(least_payout),
            reminder_days=reminder_days,
            reminders_max=reminders_max,
            late_interest_bp=late_interest_bp,
            returned_fee_minor=read_minor(returned_fee),
            suspend_after_days=suspend_after_days,
        )  # fmt: skip
        return payment_terms.terms_document(await payment_terms.set_terms(session, found, wanted))

    show(in_session(work), as_json, f"Payment terms of {partner}", *_TERMS)


@app.command()
def propose(
    partner: _PartnerArgument,
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
    mandate: _MandateOption = "",
    mandate_signed: _SignedOption = None,
    mandate_scheme: _SchemeOption = Scheme.CORE,
    prenotification_days: _PrenotificationOption = 14,
    due_days: _DueOption = 14,
    least_payout: _LeastOption = "0",
    reminder_days: _ReminderOption = 7,
    reminders_max: _RemindersOption = 3,
    late_interest_bp: _InterestOption = 0,
    returned_fee: _FeeOption = "0",
    suspend_after_days: _SuspendOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Propose how a partner pays and is paid from a date on; it counts once another person has approved it.

    Example: coalition settle terms propose grocer -p plaza --from 2026-03-01 --holder "Grocer GmbH" --iban DE89370400440532013000
    --town Berlin --country DE --due-days 30 --why "contract of March"
    """
    account = payment_terms.account_of(holder, iban, bic, street, town, postcode, country)

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = await payment_terms.terms_of(
            session, found, partner, account, valid_from.date(),
            payment_terms.mandate_of(mandate, mandate_signed, mandate_scheme.value),
            prenotification_days=prenotification_days,
            due_days=due_days,
            least_payout_minor=read_minor(least_payout),
            reminder_days=reminder_days,
            reminders_max=reminders_max,
            late_interest_bp=late_interest_bp,
            returned_fee_minor=read_minor(returned_fee),
            suspend_after_days=suspend_after_days,
        )  # fmt: skip
        return approvals.draft_document(await payment_terms.propose_terms(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@app.command("list")
def list_terms(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of a partner's payment terms; on a day the highest counts that is valid by then.

    Example: coalition settle terms list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await payment_terms.list_terms(session, found, partner)
        return [payment_terms.terms_document(each) for each in listed]

    show(in_session(work), as_json, f"Payment terms of {partner}", *_TERMS)
