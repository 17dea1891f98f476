"""Statements in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.statement import LineKind, Statement, StatementLine
from services.partners.storage.connection import Reads
from services.partners.storage.tables import clearing_window, net, partner, statement, statement_line
from services.partners.storage.windows import net_from, window_from
from services.runtime.clock import from_micros, to_micros

# As many as a programme may have partners.
OF_ONE_WINDOW_MAX: Final = 10_000


async def add(connection: AsyncConnection, ledger_id: int, added: Sequence[Statement]) -> None:
    """Writes statements with their lines."""
    if not added:
        return
    await connection.execute(
        insert(statement),
        [
            {
                "ledger_id": ledger_id,
                "statement_id": each.statement_id,
                "window_number": each.window.number,
                "partner_id": each.net.party_id,
                "currency": each.currency,
                "issued_at": from_micros(each.issued_at_us),
            }
            for each in added
        ],
    )
    await connection.execute(
        insert(statement_line),
        [
            {
                "ledger_id": ledger_id,
                "statement_id": each.statement_id,
                "line": place,
                "kind": line.kind,
                "count": line.count,
                "points": line.points,
                "price_micros": line.price_micros,
                "amount_micros": line.amount_micros,
                "point_type": line.point_type or None,
            }
            for each in added
            for place, line in enumerate(each.lines, start=1)
        ],
    )


async def by_id(connection: Reads, ledger_id: int, statement_id: UUID) -> Statement | None:
    """A statement with its lines, or None."""
    found = await connection.execute(_whole(ledger_id).where(statement.c.statement_id == statement_id))
    row = found.first()
    if row is None:
        return None
    return replace(_statement(row), lines=await _lines(connection, ledger_id, statement_id))


async def listed(
    connection: Reads,
    ledger_id: int,
    limit: int | None,
    partner_id: UUID | None = None,
    before_window: int | None = None,
    after_window: int | None = None,
    oldest_first: bool = False,
) -> list[Statement]:
    """Statements without their lines by window and, within one, by partner."""
    wanted = _whole(ledger_id)
    if partner_id is not None:
        wanted = wanted.where(statement.c.partner_id == partner_id)
    if before_window is not None:
        wanted = wanted.where(statement.c.window_number < before_window)
    if after_window is not None:
        wanted = wanted.where(statement.c.window_number > after_window)
    number = statement.c.window_number
    by_window = number.asc() if oldest_first else number.desc()
    found = await connection.execute(wanted.order_by(by_window, partner.c.slug).limit(limit))
    return [_statement(row) for row in found]


def lines(ledger_id: int) -> Any:
    """A query of the lines of a programme's statements; its rows are read by line_from."""
    of = statement_line.c
    # A row has a method named count.
    entries = of["count"].label("entries")
    return select(
        of.statement_id, of.kind, entries, of.points, of.price_micros, of.amount_micros, of.point_type
    ).where(of.ledger_id == ledger_id)


def line_from(row: Any) -> StatementLine:
    """A line from a row of `lines`."""
    return StatementLine(
        LineKind(row.kind), row.entries, row.points, row.price_micros, row.amount_micros, row.point_type or ""
    )


def _whole(ledger_id: int) -> Select[Any]:
    return (
        select(
            statement.c.statement_id,
            statement.c.currency,
            statement.c.issued_at,
            partner.c.slug,
            clearing_window,
            net,
        )
        .join(
            clearing_window,
            (clearing_window.c.ledger_id == statement.c.ledger_id)
            & (clearing_window.c.number == statement.c.window_number),
        )
        .join(
            net,
            (net.c.ledger_id == statement.c.ledger_id)
            & (net.c.window_number == statement.c.window_number)
            & (net.c.party_id == statement.c.partner_id),
        )
        .join(
            partner,
            (partner.c.ledger_id == statement.c.ledger_id) & (partner.c.partner_id == statement.c.partner_id),
        )
        .where(statement.c.ledger_id == ledger_id)
    )


async def _lines(connection: Reads, ledger_id: int, statement_id: UUID) -> tuple[StatementLine, ...]:
    found = await connection.execute(
        lines(ledger_id).where(statement_line.c.statement_id == statement_id).order_by(statement_line.c.line)
    )
    return tuple(line_from(row) for row in found)


def _statement(row: Any) -> Statement:
    return Statement(
        row.statement_id,
        window_from(row),
        row.slug,
        row.currency,
        net_from(row),
        to_micros(row.issued_at),
    )
