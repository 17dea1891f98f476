"""`coalition settle`: windows, nets and statements."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

import typer

from services.launcher.commands import settle_bank, settle_documents, settle_runs
from services.launcher.commands.settle_account import app as account
from services.launcher.commands.settle_billing import app as billing
from services.launcher.commands.settle_disputes import app as disputes
from services.launcher.commands.settle_liability import app as liability
from services.launcher.commands.settle_limits import app as limits
from services.launcher.commands.settle_matrix import FirstOption, LastOption, matrix
from services.launcher.commands.settle_prefunding import app as prefunding
from services.launcher.commands.settle_rates import app as rates
from services.launcher.commands.settle_rerate import app as rerate
from services.launcher.commands.settle_terms import app as terms
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
from services.operations import documents, settlement
from services.operations.amounts import read_time, write_micros, write_minor
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="Close windows and settle between partners.", no_args_is_help=True)
app.add_typer(limits, name="limits")
app.add_typer(rates, name="rates")
app.add_typer(rerate, name="rerate")
app.add_typer(billing, name="billing")
app.add_typer(settle_bank.breaks, name="breaks")
app.add_typer(settle_documents.documents, name="documents")
for name, command in (
    ("draft", settle_runs.draft),
    ("approve", settle_runs.approve),
    ("instruct", settle_runs.instruct),
    ("abort", settle_runs.abort),
    ("cancel-payment", settle_runs.cancel_payment),
    ("runs", settle_runs.list_runs),
    ("run", settle_runs.show_run),
    ("bank-in", settle_bank.bank_in),
    ("trace", settle_documents.trace),
):
    app.command(name)(command)
app.add_typer(terms, name="terms")
app.add_typer(account, name="account")
app.add_typer(liability, name="liability")
app.add_typer(disputes, name="disputes")
app.add_typer(prefunding, name="prefunding")

UntilOption = Annotated[str, typer.Option(help="Only windows that end by this date or time; else by now.")]

_WINDOWS: Final[tuple[Column, ...]] = (
    ("#window", count("number")),
    ("state", field("state")),
    ("starts", field("starts_at")),
    ("ends", field("ends_at")),
    ("#first seq", count("first_seq")),
    ("#last seq", count("last_seq")),
)
_NETS: Final[tuple[Column, ...]] = (
    ("#window", count("window")),
    ("party", field("party")),
    ("#issued", count("points_issued")),
    ("#reversed", count("points_reversed")),
    ("#burned", count("points_burned")),
    ("#returned", count("points_returned")),
    ("#exact", lambda net: write_micros(net["exact_micros"], 2)),
    ("#carried in", lambda net: write_micros(net["carry_in_micros"], 2)),
    ("#net (+ pays)", lambda net: write_minor(net["net_minor"])),
    ("#carried out", lambda net: write_micros(net["carry_out_micros"], 2)),
)
_POSITIONS: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("#issued since", count("points_issued")),
    ("#burned since", count("points_burned")),
    ("#owed since", lambda position: write_micros(position["since_micros"], 2)),
    ("#carried", lambda position: write_micros(position["carried_micros"], 2)),
    ("#due before", lambda position: write_minor(position["opening_minor"])),
    ("#position (+ owes)", lambda position: write_minor(position["position_minor"])),
)
_LINES: Final[tuple[Column, ...]] = (
    ("line", lambda line: line["kind"].replace("_", " ")),
    ("#entries", count("count")),
    ("#points", count("points")),
    ("#price", lambda line: write_micros(line["price_micros"]) if line["points"] else ""),
    ("#amount (+ pays)", lambda line: write_micros(line["amount_micros"], 2)),
)


@app.command()
def status(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Tell how far rating is, which window is open, and what is in the way.

    Example: coalition settle status -p plaza
    """

    async def work(session: Session) -> Document:
        wanted = await session.programme(programme)
        return documents.status(await settlement.status(session, wanted), wanted.zone)

    found = in_session(work)
    show(
        found,
        as_json,
        f"Clearing of {programme}",
        ("programme time", field("now")),
        ("#rated to seq", count("rated_seq")),
        ("#windows stated", count("stated_windows")),
        ("#open window", lambda each: str(each["open_window"]["number"])),
        ("it ends", lambda each: each["open_window"]["ends_at"]),
        ("blocked", field("blocked")),
    )


@app.command()
def close(programme: ProgrammeOption, until: UntilOption = "", as_json: JsonOption = False) -> None:
    """Close the windows that are due, and issue their statements: cut, aggregate and state, one after the other. Safe to repeat.

    Example: coalition settle close -p plaza --until 2026-03-09
    """
    _move(programme, until, as_json, "", "Closed and stated by this call")


@app.command()
def cut(programme: ProgrammeOption, until: UntilOption = "", as_json: JsonOption = False) -> None:
    """Fix the range of each window that is due, and do nothing else with it; safe to repeat.

    Example: coalition settle cut -p plaza --until 2026-03-09
    """
    _move(programme, until, as_json, "cut", "Cut by this call")


@app.command()
def aggregate(programme: ProgrammeOption, until: UntilOption = "", as_json: JsonOption = False) -> None:
    """Net the windows that are cut, once they are rated; safe to repeat.

    Example: coalition settle aggregate -p plaza
    """
    _move(programme, until, as_json, "aggregate", "Netted by this call")


@app.command()
def state(programme: ProgrammeOption, until: UntilOption = "", as_json: JsonOption = False) -> None:
    """Prove the windows that are netted, and issue their statements; safe to repeat.

    Example: coalition settle state -p plaza
    """
    _move(programme, until, as_json, "state", "Stated by this call")


def _move(programme: str, until: str, as_json: bool, step: str, title: str) -> None:
    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        until_us = read_time(until, found.zone) if until else 0
        moved = await settlement.close(session, found, until_us, step)
        return [documents.window(each, found.zone) for each in moved]

    show(in_session(work), as_json, title, *_WINDOWS)


@app.command()
def windows(
    programme: ProgrammeOption,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    before: Annotated[int, typer.Option(min=0, help="Only with a lower number; 0: from the newest.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List windows, newest first, the open one on top.

    Example: coalition settle windows -p plaza --limit 5
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        page = await settlement.windows(session, found, limit, before)
        return [documents.window(each, found.zone) for each in page]

    show(in_session(work), as_json, f"Windows of {programme}", *_WINDOWS)


@app.command()
def nets(
    programme: ProgrammeOption, first: FirstOption = 0, last: LastOption = 0, as_json: JsonOption = False
) -> None:
    """Show what each party pays (+) or receives (-) in windows; each window sums to zero with the operator.

    Example: coalition settle nets -p plaza --from 1 --to 4
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [documents.net(each) for each in await settlement.nets(session, found, first, last)]

    show(in_session(work), as_json, f"Nets of {programme}", *_NETS)


app.command()(matrix)


@app.command()
def positions(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show what each partner would owe (+) or be owed (-) were everything stated now that is rated.

    Example: coalition settle positions -p plaza
    """

    async def work(session: Session) -> Document:
        answer = await settlement.positions(session, await session.programme(programme))
        return {
            "from_window": answer.from_window,
            "as_of_seq": answer.as_of_seq,
            "positions": [documents.position(each) for each in answer.positions],
        }

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    title = f"Positions in {programme}, from window {found['from_window']} to seq {found['as_of_seq']:,}"
    show(found["positions"], False, title, *_POSITIONS)


@app.command()
def statement(
    programme: ProgrammeOption,
    partner: Annotated[str, typer.Option(help="Slug of the partner.")] = "",
    window: Annotated[int, typer.Option(min=0, help="Number of the window; 0: the partner's newest.")] = 0,
    statement_id: Annotated[str, typer.Option("--id", help="Id of the statement, stm_…, instead.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="Write the file that proves it here, which `coalition verify statement` checks."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write it as PDF here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a statement with its lines, which sum to its net, or write it as PDF, or the file that proves it.

    Examples: coalition settle statement -p plaza --partner grocer --window 3 --file grocer-3.json;
    coalition settle statement -p plaza --id stm_01k…
    """
    if bool(partner) == bool(statement_id):
        raise typer.BadParameter("name either a partner or the id of a statement")

    async def work(session: Session) -> Document:
        wanted = await session.programme(programme)
        asked = (
            settlement.statement_by_id(session, wanted, statement_id)
            if statement_id
            else settlement.statement(session, wanted, partner, window)
        )
        message = await asked
        if file is not None:
            await _write(file, settlement.statement_file(session, wanted, message.statement_id))
        if pdf is not None:
            body = await settlement.statement_pdf(session, wanted, message.statement_id)
            await asyncio.to_thread(pdf.write_bytes, body)
        return documents.statement(message, wanted.zone)

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    covers, net, currency = found["covers"], found["net"], found["currency"]
    first, last = covers["first_window"], covers["last_window"]
    companies = found["legal_entities"]
    columns = (*_LINES, ("#company", count("legal_entity"))) if len(companies) > 1 else _LINES
    show(found["lines"], False, f"Statement {found['id']} of {found['partner']}", *columns)
    if len(companies) > 1:
        named = ", ".join(f"{each['number']}: {each['name']}" for each in companies)
        console().print(f"companies: {named}")
    console().print(
        f"{f'window {last}' if first == last else f'windows {first} to {last}'}: {covers['starts_at']} to "
        f"{covers['ends_at']}, seq {covers['first_seq']:,} to {covers['last_seq']:,}\n"
        f"net: {write_minor(net['net_minor'])} {currency} "
        f"({'the partner pays' if net['net_minor'] > 0 else 'the partner receives' if net['net_minor'] < 0 else 'nothing to pay'})\n"
        f"due before: {write_minor(found['opening_minor'])}, due now: {write_minor(found['closing_minor'])} {currency}\n"
        f"{found['standing'].replace('_', ' ')}; may be objected to until {found['objection_until']}"
    )
    if file is not None:
        console().print(f"its file: {file}, {file.stat().st_size:,} bytes")


@app.command()
def key(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show the public key that checkpoints are signed with, for partners to verify with, and the newest checkpoint.

    Example: coalition settle key -p plaza
    """

    async def work(session: Session) -> Document:
        found = await settlement.proof_key(session, await session.programme(programme))
        return {"origin": found.origin, "verifier_key": found.verifier_key, "checkpoint": found.checkpoint}

    found = in_session(work)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    typer.echo(found["verifier_key"])
    if found["checkpoint"]:
        typer.echo(f"\n{found['checkpoint']}", nl=False)


async def _write(path: Path, pieces: AsyncIterator[bytes]) -> None:
    """Writes a file whole or not at all: half a proof looks like a forged one."""
    work = path.with_name(f".{path.name}.part")
    try:
        with work.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)
