"""Issued documents in the database, and the numbers that they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.settlement.records import Issued
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import document, document_series


async def take_sequences(
    connection: AsyncConnection, ledger_id: int, year: int, wanted: Mapping[int, int]
) -> dict[int, Iterator[int]]:
    """The next numbers of series, from 1: as many of each type (by its code) as are wanted; given back if the transaction is not committed.

    Two takers take turns.
    """
    of = document_series.c
    taken: dict[int, Iterator[int]] = {}
    for type_code, count in sorted(wanted.items()):
        found = await connection.execute(
            insert_or_change(document_series)
            .values(ledger_id=ledger_id, year=year, type=type_code, last_sequence=count)
            .on_conflict_do_update(
                index_elements=[of.ledger_id, of.year, of.type],
                set_={"last_sequence": of.last_sequence + count},
            )
            .returning(of.last_sequence)
        )
        last = found.scalar_one()
        taken[type_code] = iter(range(last - count + 1, last + 1))
    return taken


async def add(connection: AsyncConnection, ledger_id: int, issued: Sequence[Issued]) -> None:
    """Writes documents, in the order of their numbers."""
    if not issued:
        return
    await connection.execute(
        insert(document),
        [
            {
                "ledger_id": ledger_id,
                "document_id": each.document_id,
                "type": each.type,
                "year": each.year,
                "sequence": each.sequence,
                "number": each.number,
                "run_number": each.run_number,
                "partner_id": each.partner_id,
                "entity": each.entity,
                "issued_on": each.issued_on,
                "net_minor": each.net_minor,
                "tax_minor": each.tax_minor,
                "due_minor": each.due_minor,
                "body": each.body,
                "sha256": each.sha256,
            }
            for each in issued
        ],
    )


async def by_number(connection: Reads, ledger_id: int, number: str) -> Issued | None:
    """A document with its body, or None."""
    of = document.c
    found = await connection.execute(select(document).where(of.ledger_id == ledger_id, of.number == number))
    row = found.first()
    return _issued(row, bytes(row.body)) if row else None


async def listed(
    connection: Reads,
    ledger_id: int,
    *,
    limit: int,
    partner_id: UUID | None = None,
    run_number: int | None = None,
    before: UUID | None = None,
    after: UUID | None = None,
    oldest_first: bool = False,
) -> list[Issued]:
    """Documents without their bodies, newest first unless said otherwise (ids rise with time)."""
    of = document.c
    wanted = select(*(column for column in of if column.key != "body")).where(of.ledger_id == ledger_id)
    if partner_id is not None:
        wanted = wanted.where(of.partner_id == partner_id)
    if run_number is not None:
        wanted = wanted.where(of.run_number == run_number)
    if before is not None:
        wanted = wanted.where(of.document_id < before)
    if after is not None:
        wanted = wanted.where(of.document_id > after)
    by_id = of.document_id.asc() if oldest_first else of.document_id.desc()
    rows = await connection.execute(wanted.order_by(by_id).limit(limit))
    return [_issued(row) for row in rows]


def _issued(row: Any, body: bytes = b"") -> Issued:
    return Issued(
        row.document_id,
        row.type,
        row.year,
        row.sequence,
        row.number,
        row.run_number,
        row.partner_id,
        row.entity,
        row.issued_on,
        row.net_minor,
        row.tax_minor,
        row.due_minor,
        bytes(row.sha256),
        body,
    )
