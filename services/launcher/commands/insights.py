"""`coalition insights`: figures of a programme as tables, JSON, CSV, and drawn."""

from __future__ import annotations

import csv
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from services.launcher.errors import LauncherError
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
from services.operations.amounts import Unreadable, write_minor
from services.operations.documents import Document
from services.operations.insights import drawings
from services.operations.insights.asking import Figures, Wanted
from services.operations.insights.charts import Chart, chart_format, draw
from services.operations.insights.rates import average, percent
from services.operations.session import Session

app = typer.Typer(
    help="Figures of a programme: who comes back, what is bought, what becomes of points.",
    no_args_is_help=True,
)

T = TypeVar("T")
FirstOption = Annotated[str, typer.Option("--from", help="The first day, e.g. 2026-01-01.")]
LastOption = Annotated[str, typer.Option("--to", help="The last day, which counts.")]
PartnerOption = Annotated[str, typer.Option("--partner", help="Slug of a partner; empty: all.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]
ChartOption = Annotated[
    Path | None,
    typer.Option("--chart", help="Draw it in this file as well, .svg or .png, which must not exist yet."),
]
_BECAME: Final[tuple[Column, ...]] = (
    ("#issued", count("issued")),
    ("#reversed", count("reversed")),
    ("#redeemed", count("redeemed")),
    ("#expired", count("expired")),
    ("#taken", count("taken")),
    ("#outstanding", count("outstanding")),
)
_SCORED: Final[tuple[Column, ...]] = (
    ("#recency", count("recency")),
    ("#frequency", count("frequency")),
    ("#money", count("money")),
)


@dataclass(frozen=True, slots=True)
class _Output:
    """How somebody wants a figure."""

    as_json: bool
    as_csv: bool
    chart: Path | None

    def __post_init__(self) -> None:
        if self.as_json and self.as_csv:
            raise typer.BadParameter("either --json or --csv", param_hint="--csv")
        if self.chart is not None:
            try:
                chart_format(self.chart)
            except Unreadable as error:
                raise typer.BadParameter(str(error), param_hint="--chart") from error

    def give(
        self, rows: Sequence[Document], drawn: Callable[[str], Chart], title: str, *columns: Column
    ) -> None:
        """Prints rows; draws them first, so that a file that is there already stops it."""
        if self.chart is not None:
            _write(self.chart, drawn(title))
        if self.as_csv:
            _write_csv(rows)
        else:
            show(rows, self.as_json, title, *columns)


def _ask(programme: str, wanted: Wanted, ask: Callable[[Figures], Awaitable[T]]) -> T:
    async def work(session: Session) -> T:
        return await ask(Figures(session, await session.programme(programme), wanted))

    return in_session(work)


def _title(what: str, programme: str, wanted: Wanted) -> str:
    at = f" at {wanted.partner}" if wanted.partner else ""
    return f"{what} of {programme}{at}, {wanted.first} to {wanted.last}"


def _rate(part: str, whole: str) -> Callable[[Document], str]:
    return lambda row: percent(row[part], row[whole])


@app.command()
def repeat(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show how many members bought on more than one day.

    Example: coalition insights repeat -p plaza --from 2026-01-01 --to 2026-03-31
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    rows = _ask(programme, wanted, Figures.repeat)
    output.give(
        rows,
        lambda title: drawings.rates(title, rows, "repeaters", "members"),
        _title("Repeat purchases", programme, wanted),
        ("partner", field("partner")),
        ("#members", count("members")),
        ("#bought on two days or more", count("repeaters")),
        ("#rate", _rate("repeaters", "members")),
    )


@app.command()
def basket(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show how many purchases there were, and what they came to on average.

    Example: coalition insights basket -p plaza --from 2026-01-01 --to 2026-03-31 --partner grocer
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    currency, rows = _ask(programme, wanted, Figures.basket)
    output.give(
        rows,
        lambda title: drawings.baskets(title, currency, rows),
        _title(f"Baskets in {currency}", programme, wanted),
        ("partner", field("partner")),
        ("#purchases", count("purchases")),
        ("#members", count("members")),
        ("#came to", lambda row: write_minor(row["net_minor"])),
        ("#on average", lambda row: write_minor(average(row["net_minor"], row["purchases"]))),
    )


@app.command()
def cohorts(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    by_weeks: Annotated[bool, typer.Option("--weeks", help="By weeks from Monday on, not by months.")] = False,
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show of the members who bought for the first time in a month how many came back in each one after it.

    Example: coalition insights cohorts -p plaza --from 2026-01-01 --to 2026-12-31 --chart cohorts.svg
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    rows = _ask(programme, wanted, lambda figures: figures.cohorts(by_weeks=by_weeks))
    ages = max((len(row["buyers"]) for row in rows), default=0)
    flat = [
        {"starts_on": row["starts_on"], "age": age, "buyers": buyers}
        for row in rows
        for age, buyers in enumerate(row["buyers"])
    ]
    output.give(
        flat if as_csv else rows,
        lambda title: drawings.cohorts(title, rows),
        _title("Retention", programme, wanted),
        ("first purchase", field("starts_on")),
        ("#members", lambda row: f"{row['buyers'][0]:,}"),
        *((f"#{age}", _retained(age)) for age in range(1, ages)),
    )


def _retained(age: int) -> Callable[[Document], str]:
    def cell(row: Document) -> str:
        buyers = row["buyers"]
        return percent(buyers[age], buyers[0]) if age < len(buyers) else ""

    return cell


@app.command()
def redemption(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show points issued, points redeemed, and one as a share of the other.

    Example: coalition insights redemption -p plaza --from 2026-01-01 --to 2026-03-31
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    rows = _ask(programme, wanted, Figures.redemption)
    output.give(
        rows,
        lambda title: drawings.rates(title, rows, "redeemed", "issued"),
        _title("Redemption", programme, wanted),
        ("partner", field("partner")),
        ("#issued", count("issued")),
        ("#redeemed", count("redeemed")),
        ("#rate", _rate("redeemed", "issued")),
        ("#members who redeemed", count("redeemers")),
    )


@app.command()
def breakage(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show what became of points, by month of issue: how many expired, and how old those are that are outstanding.

    Example: coalition insights breakage -p plaza --from 2025-01-01 --to 2026-03-31
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    rows = _ask(programme, wanted, Figures.breakage)
    output.give(
        rows,
        lambda title: drawings.became(title, rows, "month", _rate("expired", "issued")),
        _title("Breakage", programme, wanted),
        ("issued in", field("month")),
        ("#months ago", count("age_months")),
        *_BECAME,
        ("#expired of issued", _rate("expired", "issued")),
    )


@app.command()
def active(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show how many members bought or redeemed, of those there are.

    Example: coalition insights active -p plaza --from 2026-01-01 --to 2026-03-31
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    there, rows = _ask(programme, wanted, Figures.active)
    output.give(
        [{**row, **there} for row in rows] if as_json or as_csv else rows,
        lambda title: drawings.active(title, rows),
        _title("Active members", programme, wanted),
        ("partner", field("partner")),
        ("#active", count("active")),
        ("#bought", count("buyers")),
        ("#redeemed", count("redeemers")),
        ("#of all members", lambda row: percent(row["active"], there["members"])),
    )
    if not (as_json or as_csv):
        console().print(
            f"{there['members']:,} members on {last}, {there['anonymous']:,} of them without a name"
        )


@app.command()
def rfm(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    members: Annotated[bool, typer.Option("--members", help="Every member by id, not how many they are.")] = False,
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show members by recency, frequency and money, in fifths: 5 is best.

    Example: coalition insights rfm -p plaza --from 2026-01-01 --to 2026-03-31 --members --csv
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    rows = _ask(programme, wanted, Figures.rfm_members if members else Figures.rfm)
    one: tuple[Column, ...] = (("member", field("member")), ("last purchase", field("last_day")))
    output.give(
        rows,
        lambda title: drawings.scores(title, [{"members": 1, **row} for row in rows]),
        _title("Recency, frequency, money", programme, wanted),
        *(one if members else (("#members", count("members")),)),
        *_SCORED,
        ("#days with a purchase", count("days")),
        ("#came to", lambda row: write_minor(row["net_minor"])),
    )


@app.command()
def flow(
    programme: ProgrammeOption, first: FirstOption, last: LastOption, partner: PartnerOption = "",
    shared: Annotated[bool, typer.Option("--shared", help="Members who buy at two partners, not points.")] = False,
    as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show whose points are redeemed where, the most first, 1,000 rows at most; or how many members two partners share.

    Example: coalition insights flow -p plaza --from 2026-01-01 --to 2026-03-31 --chart flow.png
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted(first, last, partner)
    if shared:
        pairs = _ask(programme, wanted, Figures.shared)
        output.give(
            pairs,
            lambda title: drawings.shared(title, pairs),
            _title("Members who buy at both", programme, wanted),
            ("one", field("first")),
            ("other", field("second")),
            ("#members", count("members")),
        )
        return
    cells = _ask(programme, wanted, Figures.flow)
    output.give(
        cells,
        lambda title: drawings.flow(title, cells),
        _title("Flow of points", programme, wanted),
        ("issued by", field("issuer")),
        ("redeemed at", field("redeemer")),
        ("#points", count("points")),
    )


@app.command()
def liability(
    programme: ProgrammeOption, last: Annotated[str, typer.Option("--to", help="At the end of this day.")],
    partner: PartnerOption = "", as_json: JsonOption = False, as_csv: CsvOption = False, chart: ChartOption = None,
) -> None:  # fmt: skip
    """Show points outstanding by issuer. In money: `coalition settle liability`.

    Example: coalition insights liability -p plaza --to 2026-03-31
    """
    output, wanted = _Output(as_json, as_csv, chart), Wanted("", last, partner)
    rows = _ask(programme, wanted, Figures.liability)
    output.give(
        rows,
        lambda title: drawings.became(title, rows, "issuer", lambda row: f"{row['outstanding']:,}"),
        f"Points of {programme} at the end of {last}",
        ("issued by", field("issuer")),
        *_BECAME,
    )


def _write(file: Path, chart: Chart) -> None:
    try:
        with file.open("xb") as written:
            written.write(draw(chart, chart_format(file)))
    except OSError as error:
        raise LauncherError(f"{file}: {error.strerror}") from error


def _write_csv(rows: Sequence[Document]) -> None:
    """Nothing at all of no rows: without one there is no telling what its columns are."""
    if rows:
        writer: Any = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
