"""`coalition partner`: partners, their stores, API keys and prices."""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from services.launcher.commands import (
    partner_burn_rules,
    partner_entities,
    partner_guards,
    partner_keys,
    partner_quota,
    partner_roles,
    partner_standing,
    partner_tax,
    partner_version,
)
from services.launcher.commands.settle_rates import (
    RATES,
    BonusIssueOption,
    BonusReimbursementOption,
    FeeOption,
    FromOption,
    IssueOption,
    PartnerArgument,
    ReimbursementOption,
    ShareOption,
    ToOption,
    prices_of,
    show_rates,
)
from services.launcher.errors import LauncherError
from services.launcher.session import (
    Column,
    JsonOption,
    ProgrammeOption,
    count,
    field,
    in_session,
    show,
)
from services.operations import documents, registry
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Register and manage partners and their keys.", no_args_is_help=True)
rates = typer.Typer(help="Prices of a partner: dated versions, never edited.", no_args_is_help=True)
app.add_typer(partner_keys.app, name="key")
app.add_typer(partner_version.app, name="version")
app.add_typer(rates, name="rates")
earn_rates = typer.Typer(help="What a partner gives for money: dated, never edited.", no_args_is_help=True)
app.add_typer(earn_rates, name="earn-rates")
refund_rules = typer.Typer(help="What a partner's refunds do.", no_args_is_help=True)
app.add_typer(refund_rules, name="refund-rules")
app.add_typer(partner_burn_rules.app, name="burn-rules")
app.add_typer(partner_guards.app, name="guards")
app.add_typer(partner_entities.app, name="entity")
app.add_typer(partner_quota.app, name="quota")
app.add_typer(partner_roles.app, name="roles")
app.add_typer(partner_tax.app, name="tax")
app.add_typer(partner_standing.app, name="standing")

_PARTNERS: Final[tuple[Column, ...]] = tuple((name, field(name)) for name in ("slug", "name", "status", "id"))
_STORES: Final[tuple[Column, ...]] = tuple((name, field(name)) for name in ("code", "name", "id"))
_EARN_RATES: Final[tuple[Column, ...]] = (
    ("#points", count("points")),
    ("#per minor units", count("per_minor")),
    ("from", field("valid_from")),
    ("#days pending", count("pending_days")),
)
_REFUND_RULES: Final[tuple[Column, ...]] = (
    ("shortfall", field("shortfall")),
    ("tender order", field("tender_order")),
)


class Shortfall(StrEnum):
    """What a refund does where the wallet has not the points that are due back."""

    ALLOW_NEGATIVE = "allow_negative"
    WITHIN_BALANCE = "within_balance"
    PENDING_ONLY = "pending_only"


class TenderOrder(StrEnum):
    """What a refund gives back first of a sale that was paid in points and money."""

    PRO_RATA = "pro_rata"
    POINTS_FIRST = "points_first"
    MONEY_FIRST = "money_first"


@app.command()
def onboard(
    slug: Annotated[str, typer.Argument(help="2 to 32 lower-case letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="Name for people.")],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Take a partner into the programme.

    Example: coalition partner onboard grocer --name "The Grocer" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.partner(await registry.onboard(session, found, slug, name))

    show(in_session(work), as_json, "Partner", *_PARTNERS)


@app.command("list")
def list_all(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List the programme's partners.

    Example: coalition partner list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [documents.partner(each) for each in await registry.list_partners(session, found)]

    show(in_session(work), as_json, "Partners", *_PARTNERS)


@app.command()
def stores(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    add: Annotated[
        list[str] | None, typer.Option(help="CODE or CODE=NAME of a store to add; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="CSV with columns code and name, of stores to add.", dir_okay=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List a partner's stores, or add some; one that is there already stays as it is.

    Examples: coalition partner stores grocer -p plaza --add S367="High Street" --add S368;
    coalition partner stores grocer -p plaza --file stores.csv
    """
    wanted = [(code, name) for code, _, name in (text.partition("=") for text in add or ())]
    wanted += _read_stores(file) if file else []

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        asked = (
            registry.add_stores(session, found, partner, wanted)
            if wanted
            else registry.list_stores(session, found, partner)
        )
        return [documents.store(each) for each in await asked]

    show(in_session(work), as_json, f"Stores of {partner}", *_STORES)


def _read_stores(file: Path) -> list[tuple[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            return [(row["code"], row.get("name") or "") for row in csv.DictReader(lines)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise LauncherError(f"{file} cannot be read as CSV with a column `code`: {error!r}") from error


@rates.command("set")
def set_rates(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    issue: IssueOption,
    reimbursement: ReimbursementOption,
    valid_from: FromOption,
    valid_to: ToOption = "",
    issue_share: ShareOption = 100,
    fee: FeeOption = "0",
    bonus_issue: BonusIssueOption = "",
    bonus_reimbursement: BonusReimbursementOption = "",
    as_json: JsonOption = False,
) -> None:
    """Set a partner's prices from a time on, in a test programme; what is rated by now keeps its price.

    A live programme takes two people: see `coalition settle rates propose`.

    Examples: coalition partner rates set grocer -p plaza --issue 0.0100 --reimbursement 0.0080 --from 2026-03-02;
    coalition partner rates set fuel -p plaza --issue 0.0105 --reimbursement 0.0080 --from 2026-03-02 --issue-share 0
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        prices = prices_of(
            found.zone, issue, reimbursement, valid_from, valid_to, issue_share, fee, bonus_issue,
            bonus_reimbursement,
        )  # fmt: skip
        return documents.rates(await registry.set_rates(session, found, partner, prices), found.zone)

    show(in_session(work), as_json, f"Prices of {partner}", *RATES)


@rates.command("list")
def list_rates(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions of a partner's prices, oldest first.

    Example: coalition partner rates list grocer -p plaza
    """
    show_rates(partner, programme, as_json)


@earn_rates.command("set")
def set_earn_rate(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    points: Annotated[int, typer.Option(min=0, max=1_000_000, help="Points given …")],
    per_minor: Annotated[
        int, typer.Option(min=1, max=1_000_000_000, help="… for so many minor units, e.g. 100 for 1.00.")
    ],
    valid_from: Annotated[str, typer.Option("--from", help="Date or time from which it holds.")],
    pending_days: Annotated[
        int, typer.Option(min=0, max=366, help="Days after the sale from which on the points can be spent.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Set what a partner gives from a time on; the till's clock decides which rate counts.

    Example: coalition partner earn-rates set grocer -p plaza --points 1 --per-minor 100 --from 2026-03-02
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        valid_from_us = read_time(valid_from, found.zone)
        given = registry.EarnRate(points, per_minor, valid_from_us, pending_days)
        rate = await registry.set_earn_rate(session, found, partner, given)
        return documents.earn_rate(rate, found.zone)

    show(in_session(work), as_json, f"What {partner} gives", *_EARN_RATES)


@earn_rates.command("list")
def list_earn_rates(
    partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False
) -> None:
    """List what a partner gives, by the time from which it holds.

    Example: coalition partner earn-rates list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        given = await registry.list_earn_rates(session, found, partner)
        return [documents.earn_rate(each, found.zone) for each in given]

    show(in_session(work), as_json, f"What {partner} gives", *_EARN_RATES)


@refund_rules.command("set")
def set_refund_rule(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    shortfall: Annotated[
        Shortfall,
        typer.Option(
            help="Where the wallet has too few points to take back: the member owes the rest (allow_negative), or it is "
            "written off (within_balance). Or nothing is taken back but what is pending still (pending_only)."
        ),
    ],
    tender_order: Annotated[
        TenderOrder,
        typer.Option(
            help="What goes back first of a sale paid in points and money; pro_rata: both, in proportion."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Set what a partner's refunds do from now on; a sale keeps the tender order of its first refund.

    Example: coalition partner refund-rules set grocer -p plaza --shortfall within_balance --tender-order points_first
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        rule = await registry.set_refund_rule(session, found, partner, shortfall.value, tender_order.value)
        return documents.refund_rule(rule)

    show(in_session(work), as_json, f"Refunds of {partner}", *_REFUND_RULES)


@refund_rules.command("list")
def list_refund_rules(
    partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False
) -> None:
    """List what a partner's refunds do; without a rule of its own: allow_negative, pro_rata.

    Example: coalition partner refund-rules list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        rules = await registry.list_refund_rules(session, found, partner)
        return [documents.refund_rule(rule) for rule in rules]

    show(in_session(work), as_json, f"Refunds of {partner}", *_REFUND_RULES)
