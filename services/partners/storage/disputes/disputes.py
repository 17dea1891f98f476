"""Disputes and what happened to them, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.disputes.dispute import Dispute, Event, Ground, Happened, Mode, State
from services.partners.domain.disputes.terms import DisputeTerms
from services.partners.storage.connection import Reads
from services.partners.storage.disputes.tables import dispute, dispute_event
from services.runtime.clock import from_micros, to_micros

# As many as a job looks at in one pass; the rest wait for the next.
UNFINISHED_MAX: Final = 10_000


async def add(connection: AsyncConnection, ledger_id: int, added: Dispute) -> None:
    """Writes a dispute with its first event; the caller holds the lock of settlement."""
    terms = added.terms
    await connection.execute(
        insert(dispute).values(
            ledger_id=ledger_id,
            dispute_id=added.dispute_id,
            number=added.number,
            statement_id=added.statement_id,
            line=added.line,
            line_kind=added.kind,
            partner_id=added.partner_id,
            entity=added.entity,
            claimed_minor=added.claimed_minor,
            mode=added.mode,
            ground=added.ground,
            tax_basis_points=added.tax_basis_points,
            withheld_minor=added.withheld_minor,
            evidence_days=terms.evidence_days,
            decision_days=terms.decision_days,
            escalation_days=terms.escalation_days,
        )
    )
    await tell(connection, ledger_id, added.dispute_id, added.events[0], None)


async def tell(
    connection: AsyncConnection, ledger_id: int, dispute_id: UUID, event: Event, before: State | None
) -> None:
    """Writes what happened, after a state; the caller holds the lock of settlement."""
    await connection.execute(
        insert(dispute_event).values(
            ledger_id=ledger_id,
            dispute_id=dispute_id,
            event=event.number,
            kind=event.kind,
            state=event.state,
            prior_state=before,
            at=from_micros(event.at_us),
            by=event.by,
            person=event.person,
            said=event.text,
            refs=list(event.references),
            accepted_minor=event.accepted_minor,
            window_number=event.window or None,
        )
    )


async def next_number(connection: Reads, ledger_id: int) -> int:
    """The number of the next dispute of a programme; the caller holds the lock of settlement."""
    found = await connection.execute(
        select(func.coalesce(func.max(dispute.c.number), 0) + 1).where(dispute.c.ledger_id == ledger_id)
    )
    return int(found.scalar_one())


async def by_id(connection: Reads, ledger_id: int, dispute_id: UUID) -> Dispute | None:
    """A dispute with its events, or None."""
    found = await _read(connection, ledger_id, _of(ledger_id).where(dispute.c.dispute_id == dispute_id))
    return found[0] if found else None


async def by_number(connection: Reads, ledger_id: int, number: int) -> Dispute | None:
    """As `by_id`, by its number."""
    found = await _read(connection, ledger_id, _of(ledger_id).where(dispute.c.number == number))
    return found[0] if found else None


async def of_line(connection: Reads, ledger_id: int, statement_id: UUID, line: int) -> Dispute | None:
    """The dispute of a line of a statement, or None."""
    of = dispute.c
    found = await _read(
        connection, ledger_id, _of(ledger_id).where(of.statement_id == statement_id, of.line == line)
    )
    return found[0] if found else None


async def listed(
    connection: Reads,
    ledger_id: int,
    *,
    partner_id: UUID | None = None,
    before: int = 0,
    after: int = 0,
    unfinished: bool = False,
    limit: int,
) -> list[Dispute]:
    """Disputes with their events, newest first; with `after` alone those next to that number. 0: no bound."""
    of = dispute.c
    wanted = _of(ledger_id)
    if partner_id is not None:
        wanted = wanted.where(of.partner_id == partner_id)
    if before:
        wanted = wanted.where(of.number < before)
    if after:
        wanted = wanted.where(of.number > after)
    if unfinished:
        ended = select(dispute_event.c.dispute_id).where(
            dispute_event.c.ledger_id == ledger_id,
            dispute_event.c.dispute_id == of.dispute_id,
            dispute_event.c.kind == Happened.CLOSED,
        )
        wanted = wanted.where(~ended.exists())
    upwards = after > 0 and not before
    order = of.number.asc() if upwards else of.number.desc()
    found = await _read(connection, ledger_id, wanted.order_by(order).limit(limit))
    return sorted(found, key=lambda each: each.number, reverse=True)


def _of(ledger_id: int) -> Select[Any]:
    return select(dispute).where(dispute.c.ledger_id == ledger_id)


async def _read(connection: Reads, ledger_id: int, wanted: Select[Any]) -> list[Dispute]:
    rows: Sequence[Any] = (await connection.execute(wanted)).all()
    of = dispute_event.c
    told: dict[UUID, list[Event]] = {row.dispute_id: [] for row in rows}
    for row in await connection.execute(
        select(dispute_event)
        .where(of.ledger_id == ledger_id, of.dispute_id.in_(list(told)))
        .order_by(of.dispute_id, of.event)
    ):
        told[row.dispute_id].append(_event(row))
    return [_dispute(row, tuple(told[row.dispute_id])) for row in rows]


def _event(row: Any) -> Event:
    return Event(
        row.event,
        Happened(row.kind),
        State(row.state),
        to_micros(row.at),
        row.by,
        row.person,
        row.said,
        tuple(row.refs),
        row.accepted_minor,
        row.window_number or 0,
    )


def _dispute(row: Any, events: tuple[Event, ...]) -> Dispute:
    return Dispute(
        row.dispute_id,
        row.number,
        row.statement_id,
        row.line,
        row.line_kind,
        row.partner_id,
        row.entity,
        row.claimed_minor,
        Mode(row.mode),
        Ground(row.ground),
        row.tax_basis_points,
        row.withheld_minor,
        DisputeTerms(0, row.evidence_days, row.decision_days, row.escalation_days),
        events,
    )
