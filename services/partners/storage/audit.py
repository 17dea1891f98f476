"""The audit log in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.storage.approval_tables import audit_head, audit_row
from services.partners.storage.connection import Reads
from services.runtime.audit import NOTHING_BEFORE, AuditHead, AuditRow
from services.runtime.clock import from_micros, to_micros
from services.runtime.errors import Fault

BLOCK_ROWS_MAX: Final = 500


async def open_chain(connection: AsyncConnection, ledger_id: int) -> None:
    """Begins the chain of a programme."""
    await connection.execute(insert(audit_head).values(ledger_id=ledger_id, number=0, hash=NOTHING_BEFORE))


async def append(connection: AsyncConnection, unplaced: AuditRow) -> None:
    """Adds a row at the end of its chain, whatever number and hashes it has. Raises Fault where there is no chain."""
    of = audit_head.c
    found = await connection.execute(
        select(audit_head).where(of.ledger_id == unplaced.ledger_id).with_for_update()
    )
    head = found.first()
    if head is None:
        raise Fault(f"ledger {unplaced.ledger_id} has no audit log")
    row = replace(unplaced, number=head.number + 1, previous_hash=bytes(head.hash)).sealed()
    await connection.execute(
        insert(audit_row).values(
            ledger_id=row.ledger_id,
            number=row.number,
            at=from_micros(row.at_us),
            by_kind=row.by_kind,
            by_id=row.by_id,
            by_name=row.by_name,
            what=row.what,
            subject=row.subject,
            before=row.before,
            after=row.after,
            why=row.why,
            previous_hash=row.previous_hash,
            hash=row.hash,
        )
    )
    await connection.execute(
        update(audit_head).where(of.ledger_id == row.ledger_id).values(number=row.number, hash=row.hash)
    )


async def head(connection: Reads, ledger_id: int) -> AuditHead | None:
    """Where a chain ends; None: there is none."""
    row = (await connection.execute(select(audit_head).where(audit_head.c.ledger_id == ledger_id))).first()
    return AuditHead(row.ledger_id, row.number, bytes(row.hash)) if row else None


async def blocks(
    connection: Reads, ledger_id: int, from_number: int, limit: int = 0
) -> AsyncIterator[list[AuditRow]]:
    """Rows from a number on, in order, in blocks of up to 500; `limit`: at most so many rows in all, 0: all."""
    left = limit
    while True:
        take = min(left, BLOCK_ROWS_MAX) if limit else BLOCK_ROWS_MAX
        found = await connection.execute(
            select(audit_row)
            .where(audit_row.c.ledger_id == ledger_id, audit_row.c.number >= from_number)
            .order_by(audit_row.c.number)
            .limit(take)
        )
        rows = [_row(each) for each in found]
        if rows:
            yield rows
        left -= len(rows)
        if len(rows) < take or (limit and not left):
            return
        from_number = rows[-1].number + 1


def _row(row: Any) -> AuditRow:
    return AuditRow(
        row.ledger_id, row.number, to_micros(row.at), row.by_kind, row.by_id, row.by_name, row.what, row.subject,
        row.before, row.after, row.why, bytes(row.previous_hash), bytes(row.hash),
    )  # fmt: skip
