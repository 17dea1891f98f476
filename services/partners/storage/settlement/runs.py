"""Settlement runs in the database: what they are of, the states that they went through, and the statements that wait for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.settlement.records import Run, RunStep, Settled, Waiting
from services.partners.domain.settlement.runs import Outcome, Position, RunState
from services.partners.storage.approval_tables import draft
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import (
    partner_settled,
    run_position,
    run_statement,
    run_step,
    settlement_head,
    settlement_run,
)
from services.partners.storage.tables import statement
from services.runtime.clock import from_micros, to_micros
from services.runtime.errors import Fault

# As many as wait for a run at once: 200 partners with a year of weeks each, ten times over.
WAITING_MAX: Final = 100_000


async def add(connection: AsyncConnection, ledger_id: int, made: Run, positions: Iterable[Position]) -> None:
    """Writes a run in state DRAFT; the caller holds the lock of settlement, and its number is the next."""
    await connection.execute(
        update(settlement_head).where(settlement_head.c.ledger_id == ledger_id).values(last_run=made.number)
    )
    await connection.execute(
        insert(settlement_run).values(
            ledger_id=ledger_id,
            number=made.number,
            until_window=made.until_window,
            draft_id=made.draft_id,
            sha256=made.sha256,
            drafted_at=from_micros(made.drafted_at_us),
            drafted_by=made.drafted_by,
        )
    )
    rows = [
        {
            "ledger_id": ledger_id,
            "run_number": made.number,
            "partner_id": each.partner_id,
            "first_window": each.first_window,
            "last_window": each.last_window,
            "statements_minor": each.statements_minor,
            "documents_minor": each.documents_minor,
            "tax_minor": each.tax_minor,
            "brought_forward_minor": each.brought_forward_minor,
            "prefunding_minor": each.prefunding_minor,
            "set_off_minor": each.set_off_minor,
            "outcome": each.outcome,
            "why": each.why,
        }
        for each in positions
    ]
    if rows:
        await connection.execute(insert(run_position), rows)
    await step(connection, ledger_id, made.number, RunState.DRAFT, made.drafted_at_us, made.drafted_by)


async def step(
    connection: AsyncConnection,
    ledger_id: int,
    number: int,
    state: RunState,
    now_us: int,
    by: str,
    why: str = "",
) -> None:
    """Moves a run on; the caller holds the lock of settlement. Where that is no step from its state, the database refuses it."""
    of = run_step.c
    last = (
        await connection.execute(
            select(of.step, of.state)
            .where(of.ledger_id == ledger_id, of.run_number == number)
            .order_by(of.step.desc())
            .limit(1)
        )
    ).first()
    await connection.execute(
        insert(run_step).values(
            ledger_id=ledger_id,
            run_number=number,
            step=last.step + 1 if last else 1,
            state=state,
            at=from_micros(now_us),
            by=by,
            why=why,
            prior_state=last.state if last else None,
        )
    )


async def by_number(connection: Reads, ledger_id: int, number: int) -> Run | None:
    """A run with the state that it is in, or None."""
    found = await connection.execute(_runs(ledger_id).where(settlement_run.c.number == number))
    row = found.first()
    return _run(row) if row else None


async def by_draft(connection: Reads, ledger_id: int, draft_id: UUID) -> Run:
    """The run of a draft. Raises Fault where it has none: both are written at once."""
    found = await connection.execute(_runs(ledger_id).where(settlement_run.c.draft_id == draft_id))
    row = found.first()
    if row is None:
        raise Fault(f"draft {draft_id} has no run")
    return _run(row)


async def listed(connection: Reads, ledger_id: int, *, before: int | None, limit: int) -> list[Run]:
    """Runs, newest first."""
    wanted = _runs(ledger_id)
    if before is not None:
        wanted = wanted.where(settlement_run.c.number < before)
    rows = await connection.execute(wanted.order_by(settlement_run.c.number.desc()).limit(limit))
    return [_run(row) for row in rows]


async def unfinished(connection: Reads, ledger_id: int) -> list[Run]:
    """The runs that are instructed and not settled: oldest first."""
    wanted = _runs(ledger_id).where(
        run_step.c.state.not_in([RunState.DRAFT, RunState.APPROVED, RunState.ABORTED, RunState.SETTLED])
    )
    rows = await connection.execute(wanted.order_by(settlement_run.c.number))
    return [_run(row) for row in rows]


async def expired(connection: Reads, ledger_id: int, before_us: int) -> list[Run]:
    """The runs that nobody has approved, of drafts that were made before a wall-clock time: oldest first."""
    wanted = (
        _runs(ledger_id)
        .join(
            draft,
            (draft.c.ledger_id == settlement_run.c.ledger_id)
            & (draft.c.draft_id == settlement_run.c.draft_id),
        )
        .where(run_step.c.state == RunState.DRAFT, draft.c.made_at < from_micros(before_us))
    )
    rows = await connection.execute(wanted.order_by(settlement_run.c.number))
    return [_run(row) for row in rows]


async def steps(connection: Reads, ledger_id: int, number: int) -> list[RunStep]:
    """The states that a run went through, first to last."""
    of = run_step.c
    rows = await connection.execute(
        select(run_step).where(of.ledger_id == ledger_id, of.run_number == number).order_by(of.step)
    )
    return [RunStep(RunState(row.state), to_micros(row.at), row.by, row.why) for row in rows]


async def positions(connection: Reads, ledger_id: int, number: int) -> list[Position]:
    """The positions of a run, without the ids of statements."""
    of = run_position.c
    rows = await connection.execute(
        select(run_position).where(of.ledger_id == ledger_id, of.run_number == number).order_by(of.partner_id)
    )
    return [
        Position(
            row.partner_id,
            (),
            row.first_window,
            row.last_window,
            row.statements_minor,
            row.documents_minor,
            row.tax_minor,
            row.brought_forward_minor,
            Outcome(row.outcome),
            row.why,
            row.prefunding_minor,
            row.set_off_minor,
        )
        for row in rows
    ]


async def waiting(connection: Reads, ledger_id: int, until_window: int) -> list[Waiting]:
    """The statements of windows up to one that no run has settled: by partner, oldest first."""
    of = statement.c
    settled = run_statement.c
    rows = await connection.execute(
        select(of.statement_id, of.partner_id, of.first_window, of.window_number, of.net_minor)
        .outerjoin(
            run_statement,
            (settled.ledger_id == of.ledger_id) & (settled.statement_id == of.statement_id),
        )
        .where(of.ledger_id == ledger_id, of.window_number <= until_window, settled.run_number.is_(None))
        .order_by(of.partner_id, of.window_number)
        .limit(WAITING_MAX)
    )
    return [Waiting(*row) for row in rows]


async def last_window_of(connection: Reads, ledger_id: int, partner_id: UUID, until_window: int) -> int:
    """The last window, up to one, that a statement of a partner ends with; 0: it has none."""
    of = statement.c
    found = await connection.execute(
        select(func.coalesce(func.max(of.window_number), 0)).where(
            of.ledger_id == ledger_id, of.partner_id == partner_id, of.window_number <= until_window
        )
    )
    return int(found.scalar_one())


async def settle(
    connection: AsyncConnection, ledger_id: int, number: int, statement_ids: Sequence[UUID]
) -> None:
    """Notes that a run settles statements. The database refuses one that another run has settled."""
    if statement_ids:
        await connection.execute(
            insert(run_statement),
            [{"ledger_id": ledger_id, "statement_id": each, "run_number": number} for each in statement_ids],
        )


async def statements_of(connection: Reads, ledger_id: int, number: int) -> list[UUID]:
    """The statements that a run has settled."""
    of = run_statement.c
    rows = await connection.execute(
        select(of.statement_id)
        .where(of.ledger_id == ledger_id, of.run_number == number)
        .order_by(of.statement_id)
    )
    return list(rows.scalars())


async def settled(connection: Reads, ledger_id: int) -> list[Settled]:
    """What is settled of each partner of which anything is, as the database keeps it with every statement and every journal."""
    of = partner_settled.c
    rows = await connection.execute(
        select(of.partner_id, of.nets_minor, of.open_minor, of.prepaid_minor).where(of.ledger_id == ledger_id)
    )
    return [Settled(row.partner_id, row.nets_minor, row.open_minor, row.prepaid_minor) for row in rows]


def _runs(ledger_id: int) -> Select[Any]:
    of = run_step.c
    last = run_step.alias("last").c
    newest = (
        select(func.max(last.step))
        .where(last.ledger_id == of.ledger_id, last.run_number == of.run_number)
        .scalar_subquery()
    )
    return (
        select(settlement_run, of.state)
        .join(
            run_step,
            (of.ledger_id == settlement_run.c.ledger_id) & (of.run_number == settlement_run.c.number),
        )
        .where(settlement_run.c.ledger_id == ledger_id, of.step == newest)
    )


def _run(row: Any) -> Run:
    return Run(
        row.number,
        row.until_window,
        row.draft_id,
        bytes(row.sha256),
        to_micros(row.drafted_at),
        row.drafted_by,
        RunState(row.state),
    )
