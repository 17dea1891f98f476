"""Drafts and what was decided of them, in the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.drafts import Decision, Draft, DraftState, Person
from services.partners.storage.approval_tables import draft, draft_decision
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import staff
from services.runtime.clock import from_micros, to_micros

_MAKER: Final = staff.alias("maker")
_DECIDER: Final = staff.alias("decider")


async def add(connection: AsyncConnection, made: Draft) -> None:
    """Writes a draft. Raises NotFound with PROGRAMME_UNKNOWN."""
    with constraints_explained():
        await connection.execute(
            insert(draft).values(
                ledger_id=made.ledger_id,
                draft_id=made.draft_id,
                kind=made.kind,
                body=made.body,
                sha256=made.sha256,
                made_by=made.made_by.staff_id,
                made_at=from_micros(made.made_at_us),
                why=made.why,
            )
        )


async def decide(connection: AsyncConnection, of: Draft, decision: Decision) -> bool:
    """Writes what was decided; False: somebody else was first.

    Of two at once the second waits here until the first has committed or given up: a draft has one row of these.
    """
    written = await connection.execute(
        insert_or_keep(draft_decision)
        .values(
            ledger_id=of.ledger_id,
            draft_id=of.draft_id,
            decision=decision.state.value,
            made_by=of.made_by.staff_id,
            sha256=decision.sha256,
            decided_by=decision.by.staff_id,
            decided_at=from_micros(decision.at_us),
            why=decision.why,
        )
        .on_conflict_do_nothing(index_elements=["ledger_id", "draft_id"])
        .returning(draft_decision.c.draft_id)
    )
    return written.first() is not None


async def by_id(connection: Reads, ledger_id: int, draft_id: UUID) -> Draft | None:
    """A draft with its decision, or None."""
    found = await connection.execute(
        _drafts().where(draft.c.ledger_id == ledger_id, draft.c.draft_id == draft_id)
    )
    row = found.first()
    return _draft(row) if row else None


async def listed(
    connection: Reads, ledger_id: int, *, only_open: bool, before: UUID | None, limit: int
) -> list[Draft]:
    """Drafts, newest first (ids rise with time, to the millisecond)."""
    wanted = _drafts().where(draft.c.ledger_id == ledger_id)
    if only_open:
        wanted = wanted.where(draft_decision.c.draft_id.is_(None))
    if before is not None:
        wanted = wanted.where(draft.c.draft_id < before)
    return [
        _draft(row) for row in await connection.execute(wanted.order_by(draft.c.draft_id.desc()).limit(limit))
    ]


def _drafts() -> Select[Any]:
    of = draft_decision.c
    return (
        select(
            draft,
            _MAKER.c.name.label("maker_name"),
            of.decision,
            of.sha256.label("decided_sha256"),
            of.decided_by,
            of.decided_at,
            of.why.label("decided_why"),
            _DECIDER.c.name.label("decider_name"),
        )
        .join(_MAKER, _MAKER.c.staff_id == draft.c.made_by)
        .outerjoin(draft_decision, (of.ledger_id == draft.c.ledger_id) & (of.draft_id == draft.c.draft_id))
        .outerjoin(_DECIDER, _DECIDER.c.staff_id == of.decided_by)
    )


def _draft(row: Any) -> Draft:
    decision = None
    if row.decision is not None:
        decision = Decision(
            DraftState(row.decision),
            Person(row.decided_by, row.decider_name),
            to_micros(row.decided_at),
            row.decided_why,
            bytes(row.decided_sha256),
        )
    return Draft(
        row.ledger_id,
        row.draft_id,
        row.kind,
        bytes(row.body),
        bytes(row.sha256),
        Person(row.made_by, row.maker_name),
        to_micros(row.made_at),
        row.why,
        decision,
    )
