"""Statements in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.statement import LineKind, Range, Statement, StatementLine
from services.partners.storage import legal_entities
from services.partners.storage.connection import Reads
from services.partners.storage.tables import (
    clearing_window,
    net,
    partner,
    statement,
    statement_acceptance,
    statement_line,
)
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
                "first_window": each.covers.first_window,
                "currency": each.currency,
                "points_issued": each.net.points_issued,
                "points_reversed": each.net.points_reversed,
                "points_burned": each.net.points_burned,
                "points_returned": each.net.points_returned,
                "exact_micros": each.net.exact_micros,
                "carry_in_micros": each.net.carry_in_micros,
                "net_minor": each.net.net_minor,
                "carry_out_micros": each.net.carry_out_micros,
                "opening_minor": each.opening_minor,
                "issued_at": from_micros(each.issued_at_us),
                "objection_until": from_micros(each.objection_until_us),
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
                "entity": line.entity,
            }
            for each in added
            for place, line in enumerate(each.lines, start=1)
        ],
    )


async def accept(
    connection: AsyncConnection, ledger_id: int, statement_id: UUID, now_us: int, by: str
) -> int:
    """Notes that a statement is accepted, unless it is; answers when it was. Microseconds, programme time."""
    of = statement_acceptance.c
    await connection.execute(
        insert_once(statement_acceptance)
        .values(
            ledger_id=ledger_id, statement_id=statement_id, accepted_at=from_micros(now_us), accepted_by=by
        )
        .on_conflict_do_nothing()
    )
    found = await connection.execute(
        select(of.accepted_at).where(of.ledger_id == ledger_id, of.statement_id == statement_id)
    )
    return to_micros(found.scalar_one())


async def before(connection: Reads, ledger_id: int, number: int) -> dict[UUID, tuple[int, int]]:
    """For each party with a net in a window: the first window that no statement covers, and what those before left due."""
    of = statement.c
    newest = (
        select(of.partner_id, of.window_number, (of.opening_minor + of.net_minor).label("closing_minor"))
        .where(of.ledger_id == ledger_id, of.window_number < number)
        .ext(distinct_on(of.partner_id))
        .order_by(of.partner_id, of.window_number.desc())
    )
    found = {
        row.partner_id: (row.window_number + 1, row.closing_minor) for row in await connection.execute(newest)
    }
    first = (
        select(net.c.party_id, func.min(net.c.window_number).label("first_window"))
        .where(net.c.ledger_id == ledger_id, net.c.party_id.not_in(list(found)))
        .group_by(net.c.party_id)
    )
    for row in await connection.execute(first):
        found[row.party_id] = (row.first_window, 0)
    return found


async def by_id(connection: Reads, ledger_id: int, statement_id: UUID) -> Statement | None:
    """A statement with its lines, or None."""
    found = await connection.execute(_whole(ledger_id).where(statement.c.statement_id == statement_id))
    row = found.first()
    if row is None:
        return None
    lines = await _lines(connection, ledger_id, statement_id)
    companies = await legal_entities.of_partner(connection, ledger_id, row.party_id)
    named = {line.entity for line in lines}
    return replace(
        _statement(row), lines=lines, entities=tuple(each for each in companies if each.number in named)
    )


async def with_lines(connection: Reads, ledger_id: int, statement_ids: Sequence[UUID]) -> list[Statement]:
    """Statements with their lines by partner and window, without the names of companies: in two queries, however many."""
    found = await connection.execute(
        _whole(ledger_id)
        .where(statement.c.statement_id.in_(statement_ids))
        .order_by(statement.c.partner_id, statement.c.window_number)
    )
    of_statement: dict[UUID, list[StatementLine]] = {each: [] for each in statement_ids}
    rows = await connection.execute(
        lines(ledger_id)
        .where(statement_line.c.statement_id.in_(statement_ids))
        .order_by(statement_line.c.statement_id, statement_line.c.line)
    )
    for row in rows:
        of_statement[row.statement_id].append(line_from(row))
    return [replace(_statement(row), lines=tuple(of_statement[row.statement_id])) for row in found]


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
        of.statement_id,
        of.kind,
        entries,
        of.points,
        of.price_micros,
        of.amount_micros,
        of.point_type,
        of.entity,
    ).where(of.ledger_id == ledger_id)


def line_from(row: Any) -> StatementLine:
    """A line from a row of `lines`."""
    return StatementLine(
        LineKind(row.kind),
        row.entries,
        row.points,
        row.price_micros,
        row.amount_micros,
        row.point_type or "",
        row.entity,
    )


_FIRST: Final = clearing_window.alias("first")


def _whole(ledger_id: int) -> Select[*tuple[Any, ...]]:
    of, accepted = statement.c, statement_acceptance.c
    return (
        select(
            of.statement_id,
            of.partner_id.label("party_id"),
            of.currency,
            of.points_issued,
            of.points_reversed,
            of.points_burned,
            of.points_returned,
            of.exact_micros,
            of.carry_in_micros,
            of.net_minor,
            of.carry_out_micros,
            of.opening_minor,
            of.issued_at,
            of.objection_until,
            accepted.accepted_at,
            partner.c.slug,
            clearing_window,
            _FIRST.c.number.label("covers_window"),
            _FIRST.c.first_seq.label("covers_seq"),
            _FIRST.c.starts_at.label("covers_from"),
        )
        .join(
            clearing_window,
            (clearing_window.c.ledger_id == of.ledger_id) & (clearing_window.c.number == of.window_number),
        )
        .join(_FIRST, (_FIRST.c.ledger_id == of.ledger_id) & (_FIRST.c.number == of.first_window))
        .join(partner, (partner.c.ledger_id == of.ledger_id) & (partner.c.partner_id == of.partner_id))
        .outerjoin(
            statement_acceptance,
            (accepted.ledger_id == of.ledger_id) & (accepted.statement_id == of.statement_id),
        )
        .where(of.ledger_id == ledger_id)
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
        Range(row.covers_window, row.covers_seq, to_micros(row.covers_from)),
        row.slug,
        row.currency,
        net_from(row),
        row.opening_minor,
        to_micros(row.issued_at),
        to_micros(row.objection_until),
        to_micros(row.accepted_at) if row.accepted_at else 0,
    )
