"""`coalition points`: what the operator does to members' wallets."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

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
from services.operations import documents, opening_balances, wallets
from services.operations.documents import Document
from services.operations.opening_balances import Report
from services.operations.session import Session

app = typer.Typer(
    help="Put points right, merge wallets, take over opening balances, set limits.", no_args_is_help=True
)

MemberHelp: Final = "Id of the member, mem_…, or a card number."
KeyOption = Annotated[
    str, typer.Option(help="Idempotency key: the same one again does it only once. Else a new one.")
]
_PROBLEMS_SHOWN_MAX: Final = 20
_MOVED: Final[tuple[Column, ...]] = (
    ("transaction", field("id")),
    ("type", field("type")),
    ("member", field("member")),
    ("#points", count("points")),
    ("#balance", count("balance")),
    ("posted before", lambda moved: "yes" if moved["replayed"] else ""),
)
_PROPOSALS: Final[tuple[Column, ...]] = (
    ("proposal", field("id")),
    ("state", field("state")),
    ("member", field("member")),
    ("#points", count("points")),
    ("reason", field("reason")),
    ("note", field("note")),
    ("proposed by", field("proposed_by")),
    ("decided by", field("decided_by")),
    ("content", field("content")),
)
_LIMITS: Final[tuple[Column, ...]] = (
    ("#adjustment of one person", count("adjustment_points")),
    ("#transfer", count("transfer_points")),
    ("#transfers a day", count("transfer_points_a_day")),
)
_TOTALS: Final[tuple[Column, ...]] = (
    ("lines", field("what")),
    ("#count", count("count")),
    ("#points", count("points")),
)


_PARKED: Final[tuple[Column, ...]] = (
    ("partner", field("partner")),
    ("reference", field("reference")),
    ("member", field("member")),
    ("#points", count("points")),
    ("sold at", lambda each: each["occurred_at"][:19]),
    ("parked at", lambda each: each["parked_at"][:19]),
)


class Reason(StrEnum):
    """Why points are put right."""

    GOODWILL = "goodwill"
    CORRECTION = "correction"
    FRAUD = "fraud"
    OTHER = "other"


@app.command()
def adjust(
    member: Annotated[str, typer.Argument(help=MemberHelp)],
    points: Annotated[int, typer.Option(help="Points to give, or to take (negative).")],
    reason: Annotated[Reason, typer.Option(help="Why.")],
    programme: ProgrammeOption,
    note: Annotated[str, typer.Option(help="Why, in up to 500 characters.")] = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a member points, or take some; above the limit it waits until another person approves it.

    Example: coalition points adjust mem_01k… -p plaza --points 500 --reason goodwill --note "late parcel"
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        answer = await wallets.adjust(
            session, found, key or secrets.token_hex(16), member, points, reason.value, note
        )
        if answer.HasField("proposal"):
            return {"proposal": documents.proposal(answer.proposal, found.zone)}
        return {"transaction": documents.transaction(answer.result, found.zone)}

    answer = in_session(work)
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    elif "proposal" in answer:
        show(answer["proposal"], False, "Proposed: another person has to approve it", *_PROPOSALS)
    else:
        show(answer["transaction"], False, "Adjusted", *_MOVED)


@app.command()
def parked(
    programme: ProgrammeOption,
    partner: Annotated[str, typer.Option(help="Slug of a partner; else of all.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List earns that are parked since their partners have reached their credit limits, oldest first.

    Example: coalition points parked -p plaza --partner grocer
    """

    async def work(session: Session) -> tuple[int, list[Document]]:
        found = await session.programme(programme)
        answer, slugs = await wallets.parked(session, found, partner, limit)
        earns = [documents.parked(each, found.zone, slugs) for each in answer.earns]
        return sum(of.earns for of in answer.partners), earns

    in_all, earns = in_session(work)
    show(earns, as_json, f"{in_all:,} earns are parked in {programme}", *_PARKED)


@app.command()
def proposals(
    programme: ProgrammeOption,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that nobody has decided.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List proposed adjustments, newest first.

    Example: coalition points proposals -p plaza --open
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        page = await wallets.proposals(session, found, limit, open_only)
        return [documents.proposal(each, found.zone) for each in page]

    show(in_session(work), as_json, f"Proposed adjustments of {programme}", *_PROPOSALS)


@app.command()
def approve(
    proposal: Annotated[str, typer.Argument(help="Id of the proposal, prp_…")],
    content: Annotated[
        str, typer.Option(help="Its content, as the list shows it: this is what you approve.")
    ],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Approve an adjustment that another person has proposed; it is posted at once.

    Example: coalition points approve prp_01k… -p plaza --content 5d0c…
    """
    try:
        content_hash = bytes.fromhex(content)
    except ValueError as error:
        raise LauncherError(f"{content!r} is not the content of a proposal") from error

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.transaction(
            await wallets.approve(session, found, proposal, content_hash), found.zone
        )

    show(in_session(work), as_json, "Approved and posted", *_MOVED)


@app.command()
def reject(
    proposal: Annotated[str, typer.Argument(help="Id of the proposal, prp_…")],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Give up an adjustment that was proposed, by yourself or by another person.

    Example: coalition points reject prp_01k… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.proposal(await wallets.reject(session, found, proposal), found.zone)

    show(in_session(work), as_json, "Rejected", *_PROPOSALS)


@app.command()
def merge(
    member: Annotated[str, typer.Argument(help=f"Whose wallet is given up. {MemberHelp}")],
    into: Annotated[str, typer.Option(help=f"Whose wallet takes it all. {MemberHelp}")],
    programme: ProgrammeOption,
    key: KeyOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Move all that a member has and owes to another, for good.

    Example: coalition points merge mem_01k… --into mem_01m… -p plaza
    """
    if not yes:
        typer.confirm(f"Give up the wallet of {member} for that of {into}? It cannot be undone.", abort=True)

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        merged = await wallets.merge(session, found, key or secrets.token_hex(16), member, into)
        return documents.transaction(merged, found.zone)

    show(in_session(work), as_json, "Merged", *_MOVED)


@app.command("transfer-limits")
def transfer_limits(
    programme: ProgrammeOption,
    points: Annotated[
        int | None, typer.Option(min=0, max=10**9, help="Most points of one transfer; 0: no transfers.")
    ] = None,
    a_day: Annotated[
        int | None, typer.Option(min=0, max=10**9, help="Most points that a member may give in a day.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much members may give each other; with both options, set it first.

    Example: coalition points transfer-limits -p plaza --points 5000 --a-day 10000
    """
    if (points is None) != (a_day is None):
        raise typer.BadParameter("name both limits, or none")

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        if points is None or a_day is None:
            return documents.limits(await wallets.limits(session, found))
        return documents.limits(await wallets.set_transfer_limits(session, found, points, a_day))

    show(in_session(work), as_json, f"Limits of {programme}", *_LIMITS)


@app.command("adjustment-limit")
def adjustment_limit(
    programme: ProgrammeOption,
    points: Annotated[
        int | None, typer.Option(min=0, max=10**9, help="Largest adjustment of one person; 0: none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the largest adjustment that one person may make alone; with --points, set it first.

    Example: coalition points adjustment-limit -p plaza --points 2000
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        if points is None:
            return documents.limits(await wallets.limits(session, found))
        return documents.limits(await wallets.set_adjustment_limit(session, found, points))

    show(in_session(work), as_json, f"Limits of {programme}", *_LIMITS)


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with columns member, points, earned_at, reference; and, if you like, expires_at, issuer.",
            dir_okay=False,
        ),
    ],
    programme: ProgrammeOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file, and post nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over opening balances from a file; give it again to go on where it broke off, or once it is mended.

    Examples: coalition points import balances.csv -p plaza --dry-run; coalition points import balances.csv -p plaza
    """

    async def work(session: Session) -> Report:
        found = await session.programme(programme)
        report = Report()
        lines = opening_balances.read_file(file, found.zone, report)
        ready = await opening_balances.resolve(session, found, lines, report)
        if not dry_run:
            with typer.progressbar(length=len(ready), label="posted", hidden=as_json) as bar:
                await opening_balances.post(session, found, ready, report, bar.update)
        report.problems.sort()
        return report

    report = in_session(work)
    if as_json:
        told = {**asdict(report), "problems": [each._asdict() for each in report.problems]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print(report, dry_run)
    if report.problems:
        raise typer.Exit(1)


def _print(report: Report, dry_run: bool) -> None:
    for problem in report.problems[:_PROBLEMS_SHOWN_MAX]:
        console().print(f"line {problem.number} ({problem.reference or 'no reference'}): {problem.message}")
    more = len(report.problems) - _PROBLEMS_SHOWN_MAX
    if more > 0:
        console().print(f"… and {more:,} more: --json has them all")
    taken, points = report.posted + report.there, report.posted_points + report.there_points
    rows: list[Document] = [{"what": "in the file", "count": report.lines, "points": report.points}]
    if not dry_run:
        rows += [
            {"what": "posted now", "count": report.posted, "points": report.posted_points},
            {"what": "there before", "count": report.there, "points": report.there_points},
        ]
        rows += [
            {"what": f"  issued by {issuer}", "count": None, "points": issued}
            for issuer, issued in sorted(report.points_by_issuer.items())
        ]
        rows.append({"what": "not taken", "count": report.lines - taken, "points": report.points - points})
    else:
        rows.append({"what": "with a mistake", "count": len(report.problems), "points": None})
    show(rows, False, "Checked, nothing posted" if dry_run else "Opening balances", *_TOTALS)
