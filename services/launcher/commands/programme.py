"""`coalition programme`: register and list programmes, say when points expire, move the clock of a test programme."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.commands import programme_operator
from services.launcher.session import Column, JsonOption, count, field, in_session, show
from services.operations import documents, ledger, registry
from services.operations.amounts import read_month_day, read_time, write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, ExpiryRule, policy_from

app = typer.Typer(
    help="Register and list programmes; say when points expire; move a test programme's clock.",
    no_args_is_help=True,
)

app.add_typer(programme_operator.app, name="operator")

_COLUMNS: Final[tuple[Column, ...]] = tuple(
    (name, field(name)) for name in ("slug", "ledger_id", "zone", "currency", "mode")
)
_POLICIES: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("rule", field("rule")),
    ("#months", count("months")),
    ("date", field("date")),
    ("#days of notice", count("notice_days")),
    ("#from seq", count("from_seq")),
)
_DATE_HELP: Final = "The day of every year for fixed_date, month first, e.g. 03-31; in the programme's zone."


@app.command()
def create(
    slug: Annotated[str, typer.Argument(help="2 to 32 lower-case letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="Name for people.")],
    zone: Annotated[str, typer.Option(help="IANA time zone that weeks are cut in, e.g. Europe/Vienna.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, with two decimals, e.g. EUR.")],
    live: Annotated[
        bool, typer.Option("--live/--test", help="Whether real money moves, or its clock can be moved.")
    ] = False,
    starts_at: Annotated[
        str, typer.Option(help="Date or time at which its first window starts; else now.")
    ] = "",
    expiry_rule: Annotated[
        ExpiryRule, typer.Option(help="What the time follows from at which points expire.")
    ] = DEFAULT_POLICY.rule,
    expiry_months: Annotated[
        int,
        typer.Option(
            help="Months after the month of the earn (0: never); full months from the earn to the fixed date."
        ),
    ] = DEFAULT_POLICY.months,
    expiry_date: Annotated[str, typer.Option(help=_DATE_HELP)] = "",
    expiry_notice_days: Annotated[
        int, typer.Option(help="How many days before they expire points are told to; 0: never.")
    ] = DEFAULT_POLICY.notice_days,
    as_json: JsonOption = False,
) -> None:
    """Register a programme; of it only when points expire can be changed later.

    Example: coalition programme create plaza --name "Plaza Points" --zone Europe/Vienna --currency EUR
    --test --starts-at 2026-03-02
    """

    async def work(session: Session) -> Document:
        starts_at_us = read_time(starts_at, zone) if starts_at else 0
        on = read_month_day(expiry_date) if expiry_date else (0, 0)
        created = await registry.create_programme(
            session, slug, name, zone, currency, starts_at_us, is_test=not live,
            expiry=ExpiryPolicy(expiry_rule, expiry_months, *on, expiry_notice_days),
        )  # fmt: skip
        return documents.programme(created)

    show(in_session(work), as_json, "Programme", *_COLUMNS)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all programmes.

    Example: coalition programme list --json
    """

    async def work(session: Session) -> list[Document]:
        return [documents.programme(each) for each in await registry.list_programmes(session)]

    show(in_session(work), as_json, "Programmes", *_COLUMNS)


@app.command()
def expiry(
    slug: Annotated[str, typer.Argument(help="Its slug.")],
    rule: Annotated[
        ExpiryRule | None, typer.Option(help="What the time follows from at which points expire.")
    ] = None,
    months: Annotated[
        int | None,
        typer.Option(
            help="Months after the month of the earn (0: never); full months from the earn to the fixed date."
        ),
    ] = None,
    date: Annotated[str, typer.Option(help=_DATE_HELP)] = "",
    notice_days: Annotated[
        int | None, typer.Option(help="How many days before they expire points are told to; 0: never.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the versions of a programme's expiry policy; with options, set those of it first for all points earned from now on.

    Example: coalition programme expiry plaza --rule fixed_date --date 03-31 --months 12
    """

    async def work(session: Session) -> list[Document]:
        programme = await session.programme(slug)
        if rule is not None or months is not None or date or notice_days is not None:
            standing = policy_from((await ledger.list_expiry_policies(session, programme))[-1].policy)
            wanted = standing._replace(
                rule=rule or standing.rule,
                months=standing.months if months is None else months,
                notice_days=standing.notice_days if notice_days is None else notice_days,
            )
            if wanted.rule is not ExpiryRule.FIXED_DATE:
                wanted = wanted._replace(month=0, day=0)
            if date:
                month, day = read_month_day(date)
                wanted = wanted._replace(month=month, day=day)
            await ledger.set_expiry_policy(session, programme, wanted)
        found = await ledger.list_expiry_policies(session, programme)
        return [documents.expiry_policy(version) for version in found]

    show(in_session(work), as_json, f"When points of {slug} expire", *_POLICIES)


@app.command()
def clock(
    slug: Annotated[str, typer.Argument(help="Its slug.")],
    to: Annotated[
        str,
        typer.Option(help="Date or time to move it forward to; without an offset, in the programme's zone."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell what time it is in a programme; with --to, move a test programme's clock forward first.

    Example: coalition programme clock plaza --to 2026-03-14T09:30
    """

    async def work(session: Session) -> Document:
        programme = await session.programme(slug)
        if to:
            await ledger.move_clock(session, programme, read_time(to, programme.zone))
        now_us = (await ledger.head(session, programme)).now_us
        return {"slug": slug, "now": write_time(now_us, programme.zone)}

    show(in_session(work), as_json, "Programme time", ("slug", field("slug")), ("now", field("now")))
