"""`coalition partner burn-rules`: what a partner takes points for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.settle_rates import PartnerArgument
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import burn_rules
from services.operations.amounts import read_minor, read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="What a partner takes points for: worth, fewest, steps, share of a basket, limit a day. Dated, never edited.",
    no_args_is_help=True,
)


class Treatment(StrEnum):
    """What points are to the sale that they are burned for."""

    DISCOUNT = "discount"
    TENDER = "tender"


class Tender(StrEnum):
    """How a sale is paid otherwise."""

    CASH = "cash"
    CARD = "card"
    VOUCHER = "voucher"
    COUPON = "coupon"
    OTHER = "other"


_POINTS_MAX: Final = 1_000_000_000
_RULES: Final[tuple[Column, ...]] = (
    ("#points", count("points")),
    ("#minor units", count("worth_minor")),
    ("as", field("treatment")),
    ("#from points", count("minimum_points")),
    ("#in steps of", count("step_points")),
    ("#% of a basket", count("share_percent")),
    ("#a day", lambda rule: f"{rule['daily_points']:,}" if rule["daily_points"] else "no limit"),
    ("but for", lambda rule: " ".join([*rule["excluded_categories"], *rule["excluded_tenders"]])),
    ("valid from", field("valid_from")),
)


@app.command("set")
def set_rule(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    points: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many points …")],
    worth: Annotated[str, typer.Option(help="… are worth so much, in major units, e.g. 1.00; rounded down.")],
    valid_from: Annotated[
        str, typer.Option("--from", help="Date or time from which it holds, by the till's clock.")
    ],
    minimum: Annotated[
        int | None, typer.Option(min=1, max=_POINTS_MAX, help="Fewest points of a burn; left out: one step.")
    ] = None,
    step: Annotated[int, typer.Option(min=1, max=_POINTS_MAX, help="They are a multiple of this.")] = 1,
    share: Annotated[
        int, typer.Option(min=1, max=100, help="Largest share of a basket to be paid in points, per cent.")
    ] = 100,
    daily: Annotated[
        int, typer.Option(min=0, max=_POINTS_MAX, help="Most points a member and day; 0: no limit.")
    ] = 0,
    exclude_category: Annotated[
        list[str] | None,
        typer.Option(help="Category that does not count in the basket, as the till writes it; repeatable."),
    ] = None,
    exclude_tender: Annotated[
        list[Tender] | None, typer.Option(help="What is paid so does not count in the basket; repeatable.")
    ] = None,
    treatment: Annotated[
        Treatment,
        typer.Option(help="Points pay for the sale (tender), or lower its price (discount)."),
    ] = Treatment.TENDER,
    as_json: JsonOption = False,
) -> None:
    """Set what a partner takes points for from a time on; a hold is captured by the rule that it was opened by.

    Example: coalition partner burn-rules set cinema --points 100 --worth 1.00 --minimum 200 --step 10 --share 50
    --exclude-category tobacco --from 2026-03-02 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        rule = burn_rules.BurnRule(
            points, read_minor(worth), read_time(valid_from, found.zone), minimum or step, step, share, daily,
            exclude_category or (), [tender.value for tender in exclude_tender or ()],
        )  # fmt: skip
        added = await burn_rules.set_rule(session, found, partner, rule, treatment.value)
        return burn_rules.document(added, found.zone)

    show(in_session(work), as_json, f"What {partner} takes points for", *_RULES)


@app.command("list")
def list_rules(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List what a partner takes points for, by the time from which it holds; without a rule: any number of points.

    Example: coalition partner burn-rules list cinema -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        rules = await burn_rules.list_rules(session, found, partner)
        return [burn_rules.document(rule, found.zone) for rule in rules]

    show(in_session(work), as_json, f"What {partner} takes points for", *_RULES)
