"""Payments, what became of them, and the files that they went to the bank in, in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, any_, case, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.payments import (
    EventKind,
    Method,
    Payment,
    PaymentEvent,
    PaymentState,
    Standing,
    standing,
)
from services.partners.domain.settlement.records import BankFile
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import bank_file, payment, payment_event
from services.runtime.clock import from_micros, to_micros


async def next_file(connection: Reads, ledger_id: int) -> int:
    """The number of the next file; the caller holds the lock of settlement."""
    found = await connection.execute(
        select(func.coalesce(func.max(bank_file.c.number), 0)).where(bank_file.c.ledger_id == ledger_id)
    )
    return found.scalar_one() + 1


async def add_file(connection: AsyncConnection, ledger_id: int, made: BankFile) -> None:
    """Writes a file, before the payments that are in it."""
    await connection.execute(
        insert(bank_file).values(
            ledger_id=ledger_id,
            number=made.number,
            run_number=made.run_number,
            kind=made.kind,
            message_id=made.message_id,
            payments=made.payments,
            total_minor=made.total_minor,
            body=made.body,
            sha256=made.sha256,
            made_at=from_micros(made.made_at_us),
        )
    )


async def files(
    connection: Reads, ledger_id: int, *, run_number: int | None = None, number: int | None = None
) -> list[BankFile]:
    """Files by number, those of a run, or one; with what is in it only where one is named."""
    of = bank_file.c
    wanted = select(*(column for column in of if column.key != "body")).where(of.ledger_id == ledger_id)
    if number is not None:
        wanted = select(bank_file).where(of.ledger_id == ledger_id, of.number == number)
    if run_number is not None:
        wanted = wanted.where(of.run_number == run_number)
    return [
        BankFile(
            row.number,
            row.run_number,
            row.kind,
            row.message_id,
            row.payments,
            row.total_minor,
            bytes(row.sha256),
            to_micros(row.made_at),
            bytes(row.body) if number is not None else b"",
        )
        for row in await connection.execute(wanted.order_by(of.number))
    ]


async def add(connection: AsyncConnection, ledger_id: int, made: Sequence[Payment]) -> None:
    """Writes payments."""
    if not made:
        return
    await connection.execute(
        insert(payment),
        [
            {
                "ledger_id": ledger_id,
                "payment_id": each.payment_id,
                "run_number": each.run_number,
                "partner_id": each.partner_id,
                "attempt": each.attempt,
                "direction": each.direction,
                "method": each.method,
                "amount_minor": each.amount_minor,
                "end_to_end_id": each.end_to_end_id,
                "reference": each.reference,
                "due_on": each.due_on,
                "terms_version": each.terms_version,
                "file_number": each.file_number,
                "made_at": from_micros(each.made_at_us),
            }
            for each in made
        ],
    )


async def tell(
    connection: AsyncConnection, ledger_id: int, now_us: int, told: Mapping[UUID, Sequence[PaymentEvent]]
) -> None:
    """Writes what happened to payments, after what happened before; the caller holds the lock of settlement."""
    if not any(told.values()):
        return
    of = payment_event.c
    found = await connection.execute(
        select(of.payment_id, func.max(of.event).label("last"))
        .where(of.ledger_id == ledger_id, of.payment_id.in_(list(told)))
        .group_by(of.payment_id)
    )
    last = {row.payment_id: row.last for row in found}
    await connection.execute(
        insert(payment_event),
        [
            {
                "ledger_id": ledger_id,
                "payment_id": payment_id,
                "event": number,
                "kind": each.kind,
                "amount_minor": each.amount_minor,
                "on_date": each.on,
                "reason": each.reason,
                "at": from_micros(now_us),
            }
            for payment_id, happened in told.items()
            for number, each in enumerate(happened, start=last.get(payment_id, 0) + 1)
        ],
    )


async def of_run(connection: Reads, ledger_id: int, run_number: int) -> list[Standing]:
    """How the payments of a run stand, in the order in which they were made."""
    return await _standings(connection, ledger_id, payment.c.run_number == run_number)


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[Standing]:
    """How the payments of a partner stand, oldest first."""
    return await _standings(connection, ledger_id, payment.c.partner_id == partner_id)


async def all_unpaid(connection: Reads, ledger_id: int, partner_id: UUID | None = None) -> list[Standing]:
    """The payments, of a programme or of one partner, of which not all was paid and that no later run has taken over, oldest first."""
    wanted = _unpaid(ledger_id)
    if partner_id is not None:
        wanted = wanted.where(payment.c.partner_id == partner_id)
    return await _standings(connection, ledger_id, payment.c.payment_id.in_(wanted))


async def all_open(connection: Reads, ledger_id: int, partner_id: UUID | None = None) -> list[Standing]:
    """Those of them that something may still come of."""
    unpaid = await all_unpaid(connection, ledger_id, partner_id)
    return [each for each in unpaid if each.state is PaymentState.OPEN]


async def was_collected(connection: Reads, ledger_id: int, partner_id: UUID) -> bool:
    """Whether a debit of a partner was ever booked."""
    of, event = payment.c, payment_event.c
    found = await connection.execute(
        select(of.payment_id)
        .join(payment_event, (event.ledger_id == of.ledger_id) & (event.payment_id == of.payment_id))
        .where(
            of.ledger_id == ledger_id,
            of.partner_id == partner_id,
            of.method == Method.DIRECT_DEBIT,
            event.kind == EventKind.BOOKED,
        )
        .limit(1)
    )
    return found.first() is not None


async def named(
    connection: Reads, ledger_id: int, ids: Sequence[str], references: Sequence[str]
) -> list[Standing]:
    """How the payments stand that have one of these end-to-end ids or creditor references, oldest first."""
    of = payment.c
    # As one argument each: a statement has at most 32,767 of them.
    wanted_ids, wanted_references = (literal(list(each), ARRAY(Text)) for each in (ids, references))
    named_by = (of.end_to_end_id == any_(wanted_ids)) | (of.reference == any_(wanted_references))
    return await _standings(connection, ledger_id, named_by)


def _unpaid(ledger_id: int) -> Select[tuple[UUID]]:
    """Payments of which not all was booked, and that nothing has ended."""
    of, event = payment.c, payment_event.c
    moved = case(
        (event.kind.in_([EventKind.BOOKED, EventKind.TRANSFERRED]), event.amount_minor),
        (event.kind == EventKind.RETURNED, -event.amount_minor),
        else_=0,
    )
    ended = event.kind.in_([EventKind.CANCELLED, EventKind.CARRIED])
    return (
        select(of.payment_id)
        .outerjoin(payment_event, (event.ledger_id == of.ledger_id) & (event.payment_id == of.payment_id))
        .where(of.ledger_id == ledger_id)
        .group_by(of.payment_id, of.amount_minor)
        .having(func.coalesce(func.sum(moved), 0) < of.amount_minor)
        .having(func.count().filter(ended) == 0)
    )


async def _standings(connection: Reads, ledger_id: int, *where: ColumnElement[bool]) -> list[Standing]:
    of, event = payment.c, payment_event.c
    rows = (
        await connection.execute(
            select(payment).where(of.ledger_id == ledger_id, *where).order_by(of.payment_id)
        )
    ).all()
    happened = await connection.execute(
        select(payment_event)
        .join(payment, (of.ledger_id == event.ledger_id) & (of.payment_id == event.payment_id))
        .where(of.ledger_id == ledger_id, *where)
        .order_by(event.payment_id, event.event)
    )
    by_payment: dict[UUID, list[PaymentEvent]] = defaultdict(list)
    for row in happened:
        by_payment[row.payment_id].append(
            PaymentEvent(EventKind(row.kind), row.amount_minor, row.on_date, row.reason)
        )
    return [standing(_payment(row), by_payment[row.payment_id]) for row in rows]


def _payment(row: Any) -> Payment:
    return Payment(
        row.payment_id,
        row.run_number,
        row.partner_id,
        row.attempt,
        Direction(row.direction),
        Method(row.method),
        row.amount_minor,
        row.end_to_end_id,
        row.reference,
        row.due_on,
        row.terms_version,
        row.file_number,
        to_micros(row.made_at),
    )
