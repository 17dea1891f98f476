"""`coalition settle disputes`: what partners say is wrong with their statements, and what is decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import typer

from services.launcher.commands.approvals import show_draft
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import approvals, disputes
from services.operations.amounts import read_minor, read_time, write_minor
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme

app = typer.Typer(help="What partners say is wrong with lines of their statements.", no_args_is_help=True)
terms = typer.Typer(help="How many days disputes take: dated versions.", no_args_is_help=True)
app.add_typer(terms, name="terms")

NumberArgument = Annotated[int, typer.Argument(min=1, help="Number of the dispute.")]
TextOption = Annotated[
    str, typer.Option(help="What is said, which the partner reads: 1 to 4,000 characters.")
]
FromOption = Annotated[str, typer.Option("--from", help="Date or time from which they hold.")]
EvidenceOption = Annotated[int, typer.Option(min=1, max=366, help="Days for evidence that was asked for.")]
DecisionOption = Annotated[int, typer.Option(min=1, max=366, help="Days for a decision.")]
EscalationOption = Annotated[int, typer.Option(min=1, max=366, help="Days to escalate one.")]
_DISPUTES: Final[tuple[Column, ...]] = (
    ("#dispute", count("number")),
    ("statement", field("statement")),
    ("#line", count("line")),
    ("about", lambda each: each["line_kind"].replace("_", " ")),
    ("#claimed", lambda each: write_minor(each["claimed_minor"])),
    ("#accepted", lambda each: write_minor(each["accepted_minor"])),
    ("#withheld", lambda each: write_minor(each["withheld_minor"])),
    ("state", lambda each: each["state"] + (", overdue" if each["overdue"] else "")),
    ("until", lambda each: (_until(each) or "")[:16]),
)
_EVENTS: Final[tuple[Column, ...]] = (
    ("#", count("number")),
    ("at", lambda each: each["at"][:16]),
    ("what", field("kind")),
    ("#accepted", lambda each: write_minor(each["accepted_minor"]) if each["accepted_minor"] else ""),
    ("#window", count("window")),
    ("by", field("by")),
    ("said", field("text")),
    ("references", lambda each: ", ".join(each["references"])),
)
_TERMS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("from", field("valid_from")),
    ("#evidence", count("evidence_days")),
    ("#decision", count("decision_days")),
    ("#escalation", count("escalation_days")),
    ("draft", field("draft")),
)


def _until(each: Document) -> str | None:
    return each["evidence_until"] or each["decide_until"] or each["escalate_until"]


def _one(
    programme: str, as_json: bool, work: Callable[[Session, Programme], Awaitable[disputes.Dispute]]
) -> None:
    async def called(session: Session) -> Document:
        found = await session.programme(programme)
        return disputes.dispute_document(await work(session, found), found.zone)

    show(in_session(called), as_json, "Dispute", *_DISPUTES)


@app.command("list")
def list_disputes(
    programme: ProgrammeOption,
    partner: Annotated[str, typer.Option(help="Only those of this partner, by slug.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
    before: Annotated[int, typer.Option(min=0, help="Only those with lower numbers.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List disputes, newest first, 100 at a time; overdue ones are marked.

    Example: coalition settle disputes list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        listed = await disputes.disputes(session, found, partner, before, with_closed=every)
        return [disputes.dispute_document(each, found.zone) for each in listed]

    show(in_session(work), as_json, f"Disputes in {programme}", *_DISPUTES)


@app.command("show")
def show_dispute(number: NumberArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show a dispute with all that happened to it.

    Example: coalition settle disputes show 3 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return disputes.dispute_document(await disputes.dispute(session, found, number), found.zone)

    told = in_session(work)
    show(told, as_json, f"Dispute {number}", *_DISPUTES)
    if not as_json:
        show(told["events"], False, "What happened", *_EVENTS)


@app.command()
def evidence(
    number: NumberArgument,
    programme: ProgrammeOption,
    text: TextOption,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the partner for evidence, once a dispute.")] = False,
    reference: Annotated[list[str] | None, typer.Option(help="What the text points to, up to 20.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add evidence to a dispute, or ask the partner for some.

    Example: coalition settle disputes evidence 3 --ask --text "Which receipts?" -p plaza
    """

    async def work(session: Session, found: Programme) -> disputes.Dispute:
        if ask:
            return await disputes.ask(session, found, number, text)
        return await disputes.add_evidence(session, found, number, text, reference or [])

    _one(programme, as_json, work)


@app.command()
def accept(
    number: NumberArgument,
    programme: ProgrammeOption,
    text: TextOption,
    amount: Annotated[str, typer.Option(help="How much, net of tax; without it all that is left.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Accept a dispute, wholly or in part: it is given back in the open window.

    Example: coalition settle disputes accept 3 --amount 25.00 --text "five receipts were twice there" -p plaza
    """
    wanted = read_minor(amount) if amount else None

    async def work(session: Session, found: Programme) -> disputes.Dispute:
        return await disputes.decide(session, found, number, wanted, text)

    _one(programme, as_json, work)


@app.command()
def reject(
    number: NumberArgument, programme: ProgrammeOption, text: TextOption, as_json: JsonOption = False
) -> None:
    """Reject a dispute, or what is left of one that was escalated.

    Example: coalition settle disputes reject 3 --text "the receipts are of two stores" -p plaza
    """

    async def work(session: Session, found: Programme) -> disputes.Dispute:
        return await disputes.decide(session, found, number, 0, text)

    _one(programme, as_json, work)


@app.command()
def close(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Close what nothing can follow any more, and tell what is overdue: what a job does by itself every few seconds.

    Example: coalition settle disputes close -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        moved = await disputes.close(session, found)
        return [disputes.dispute_document(each, found.zone) for each in moved]

    show(in_session(work), as_json, f"Disputes in {programme} that moved", *_DISPUTES)


@terms.command("set")
def set_terms(
    programme: ProgrammeOption,
    valid_from: FromOption,
    evidence_days: EvidenceOption = 14,
    decision_days: DecisionOption = 30,
    escalation_days: EscalationOption = 14,
    as_json: JsonOption = False,
) -> None:
    """Set the days for disputes that are opened from a time on; in a test programme only.

    Example: coalition settle disputes terms set --from 2026-03-02 --decision-days 20 -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        valid_from_us = read_time(valid_from, found.zone)
        wanted = disputes.terms_of(valid_from_us, evidence_days, decision_days, escalation_days)
        return disputes.terms_document(await disputes.set_terms(session, found, wanted), found.zone)

    show(in_session(work), as_json, f"Days of disputes in {programme}", *_TERMS)


@terms.command()
def propose(
    programme: ProgrammeOption,
    valid_from: FromOption,
    why: Annotated[str, typer.Option(help="Why, in 1 to 500 characters.")],
    evidence_days: EvidenceOption = 14,
    decision_days: DecisionOption = 30,
    escalation_days: EscalationOption = 14,
    as_json: JsonOption = False,
) -> None:
    """Propose the days for disputes that are opened from a time on; they count once another person has approved them.

    Example: coalition settle disputes terms propose --from 2026-03-02 --decision-days 20 --why "as agreed" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        valid_from_us = read_time(valid_from, found.zone)
        wanted = disputes.terms_of(valid_from_us, evidence_days, decision_days, escalation_days)
        return approvals.draft_document(await disputes.propose_terms(session, found, wanted, why))

    show_draft(in_session(work), as_json)


@terms.command("list")
def list_terms(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List all versions; without one it is 14 days for evidence, 30 for a decision, 14 to escalate.

    Example: coalition settle disputes terms list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [
            disputes.terms_document(each, found.zone) for each in await disputes.list_terms(session, found)
        ]

    show(in_session(work), as_json, f"Days of disputes in {programme}", *_TERMS)
