"""`coalition settle liability`: what points outstanding come to, how that moved, and journals for the accounting system."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from services.launcher.commands.settle_matrix import FirstOption, LastOption
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
from services.operations import liability
from services.operations.amounts import read_price, write_micros, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="What points outstanding come to: cohorts, breakage, revenue under IFRS 15, journals.",
    no_args_is_help=True,
)

TailOption = Annotated[
    str,
    typer.Option(
        help="Points used in all for each that is used up to the oldest age seen, e.g. 1.05; empty: nothing is stated, and "
        "breakage is expected once the oldest cohorts are all but gone."
    ),
]
AccountOption = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        help="An account by another name: key=code:name, e.g. partners=1400:Partners. Repeatable.",
    ),
]


def _month(document: Document) -> str:
    return f"{document['month']}{' taken over' if document['opening_balances'] else ''}"


_COHORTS: Final[tuple[Column, ...]] = (
    ("issued in", _month),
    ("#issued", count("issued")),
    ("#used", count("used")),
    ("#lapsed", count("lapsed")),
    ("#outstanding", count("outstanding")),
    ("#used in the end", lambda each: f"{each['ultimate']:,}{' (all)' if each['capped'] else ''}"),
    ("#±", count("standard_error")),
    ("#expected", count("expected")),
    ("#allocated", lambda each: write_minor(each["allocated_minor"])),
    ("#recognised", lambda each: write_minor(each["recognised_minor"])),
    ("#liability", lambda each: write_minor(each["liability_minor"])),
)
_CARRIERS: Final[tuple[Column, ...]] = (
    ("carried by", field("carrier")),
    ("#points", count("points")),
    ("#expected to be used", count("expected")),
)
_BACK_TESTS: Final[tuple[Column, ...]] = (
    ("#months held out", count("months")),
    ("#expected", count("predicted")),
    ("#used", count("actual")),
    ("#error", count("error")),
    ("#at least", count("low")),
    ("#at most", count("high")),
    ("holds", lambda each: "yes" if each["holds"] else "no"),
    ("cohorts that do", lambda each: f"{each['cohorts_inside']} of {each['cohorts']}"),
)
_MOVED: Final[tuple[Column, ...]] = (
    ("issued in", _month),
    ("#opening", lambda each: write_minor(each["opening_minor"])),
    ("#deferred", lambda each: write_minor(each["deferred_minor"])),
    ("#redeemed", lambda each: write_minor(each["redeemed_minor"])),
    ("#breakage", lambda each: write_minor(each["breakage_minor"])),
    ("#change of estimate", lambda each: write_minor(each["change_of_estimate_minor"])),
    ("#closing", lambda each: write_minor(each["closing_minor"])),
)
_LINES: Final[tuple[Column, ...]] = (
    ("journal", field("journal")),
    ("account", field("account")),
    ("name", field("name")),
    ("#debit", lambda line: write_minor(line["debit_minor"]) if line["debit_minor"] else ""),
    ("#credit", lambda line: write_minor(line["credit_minor"]) if line["credit_minor"] else ""),
    ("text", field("text")),
)


@app.command("show")
def show_liability(
    programme: ProgrammeOption,
    window: Annotated[int, typer.Option(min=0, help="As of the end of this window; 0: the last stated.")] = 0,
    level: Annotated[int, typer.Option(min=50, max=99, help="Level of intervals, in per cent.")] = 80,
    tail: TailOption = "",
    held_out: Annotated[
        int, typer.Option(min=0, max=24, help="Months that back-tests hold out at most.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Show points outstanding by month of issue and by who carries them, what will be used of them, and the contract liability.

    Example: coalition settle liability show -p plaza --window 52 --level 90
    """

    async def work(session: Session) -> Document:
        wanted = await session.programme(programme)
        found = await liability.liability(session, wanted, window, level, read_tail(tail), held_out)
        return liability.liability_document(found, wanted.zone)

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    as_of = found["window"]
    show(
        found["cohorts"],
        False,
        f"Points of {programme} at the end of window {as_of['number']}, {as_of['ends_at']}",
        *_COHORTS,
    )
    show(found["carriers"], False, "Who carries what is outstanding", *_CARRIERS)
    if found["back_tests"]:
        show(found["back_tests"], False, f"Back-tests, intervals at {level} %", *_BACK_TESTS)
    console().print(_summary(found))
    _tell_untied(found["ties"])


@app.command()
def journals(
    programme: ProgrammeOption,
    first: FirstOption = 0,
    last: LastOption = 0,
    tail: TailOption = "",
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the contract liability moved over windows, the journals of that, and the margin with and without breakage.

    Example: coalition settle liability journals -p plaza --from 49 --to 52
    """
    found, _ = _journals(programme, first, last, tail, account or [])
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    currency, margin, windows = (
        found["currency"],
        found["margin"],
        f"windows {found['from_window']} to {found['last']['number']}",
    )
    rows = [*found["cohorts"], {"month": "in all", "opening_balances": False, **found["total"]}]
    show(rows, False, f"Contract liability of {programme}, {windows}", *_MOVED)
    lines = [
        {
            **line,
            "journal": journal["kind"] if place == 0 else "",
            "text": journal["text"] if place == 0 else "",
        }
        for journal in found["journals"]
        for place, line in enumerate(journal["lines"])
    ]
    show(lines, False, f"Journals, {windows}", *_LINES)
    console().print(
        f"margin: {write_minor(margin['booked_minor'])} {currency} as booked, "
        f"{write_minor(margin['at_zero_breakage_minor'])} at zero breakage\n"
        f"contract liability: {write_minor(found['total']['closing_minor'])} {currency} as booked, "
        f"{write_minor(found['closing_at_zero_breakage_minor'])} at zero breakage"
    )
    _tell_untied(found["ties"])


@app.command("csv")
def write_csv(
    programme: ProgrammeOption,
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.")],
    first: FirstOption = 0,
    last: LastOption = 0,
    tail: TailOption = "",
    account: AccountOption = None,
) -> None:
    """Write the journals of windows as a file for the accounting system; not where cohorts and books disagree.

    Example: coalition settle liability csv -p plaza december.csv --from 49 --to 52 --account partners=1400:Partners
    """
    found, text = _journals(programme, first, last, tail, account or [])
    untied = [tie for tie in found["ties"] if not tie["holds"]]
    if untied:
        raise LauncherError(f"{_untied(untied)}: nothing is written")
    try:
        with file.open("x", encoding="utf-8", newline="") as written:
            written.write(text)
    except OSError as error:
        raise LauncherError(f"{file}: {error.strerror}") from error
    console().print(
        f"{file}: {len(found['journals'])} journals of windows {found['from_window']} to {found['last']['number']}"
    )


def read_tail(text: str) -> int:
    """A tail, e.g. 1.05, in millionths; empty: 0. Raises Unreadable."""
    return read_price(text) if text else 0


def _journals(
    programme: str, first: int, last: int, tail: str, accounts: Sequence[str]
) -> tuple[Document, str]:
    async def work(session: Session) -> tuple[Document, str]:
        wanted = await session.programme(programme)
        found = await liability.journals(session, wanted, first, last, read_tail(tail), accounts)
        return liability.journals_document(found, wanted.zone), found.file

    return in_session(work)


def _summary(found: Document) -> str:
    ladder, currency = found["chain_ladder"], found["currency"]
    expected = (
        "taken into the books"
        if ladder["breakage_expected"]
        else f"not taken into the books: of the oldest points only {ladder['resolved_percent']} % are used or lapsed, and no tail is stated"
    )
    return (
        f"outstanding: {found['outstanding']:,} points; expected to be used: {found['expected']:,}\n"
        f"chain-ladder: {ladder['more']:,} points, with {ladder['level_percent']} % between {ladder['low']:,} and "
        f"{ladder['high']:,}; {expected}\n"
        f"contract liability: {write_minor(found['liability_minor'])} {currency}, at zero breakage "
        f"{write_minor(found['liability_at_zero_breakage_minor'])}\n"
        f"partners will owe once all is used: {write_micros(found['potential_micros'], 2)} {currency}"
    )


def _tell_untied(ties: Sequence[Document]) -> None:
    untied = [tie for tie in ties if not tie["holds"]]
    console().print(
        _untied(untied) if untied else f"agrees with the books of clearing in {len(ties)} figures"
    )


def _untied(untied: Sequence[Document]) -> str:
    named = "; ".join(
        f"{tie['kind']} of {tie['party']}: {tie['counted']:,}, not {tie['booked']:,}" for tie in untied[:5]
    )
    more = f"; and {len(untied) - 5} more" if len(untied) > 5 else ""
    return f"does NOT agree with the books of clearing: {named}{more}"
