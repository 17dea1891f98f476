"""Money that is paid ahead in the database: what is wanted of it, which run took that, and what runs did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.documents.document import DocumentType, Reference
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.payments import Standing
from services.partners.domain.settlement.prefunding import Awaited, Movement, Order, Ordered, Turn
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.prefunding_tables import (
    prefunding,
    prefunding_movement,
    run_prefunding,
)
from services.partners.storage.settlement.tables import document
from services.runtime.clock import from_micros, to_micros

# Whether anything of a partner lies after a window: an entry, a line that is booked, a buy-out that will be.
_LATER: Final = text("""
SELECT EXISTS (
    SELECT FROM rated_entry
    WHERE ledger_id = :ledger_id AND partner_id = :partner_id AND seq > coalesce(
        (SELECT last_seq FROM clearing_window WHERE ledger_id = :ledger_id AND number = :window), 0
    )
) OR EXISTS (
    SELECT FROM booking WHERE ledger_id = :ledger_id AND partner_id = :partner_id AND window_number > :window
) OR EXISTS (
    SELECT FROM buy_out
    WHERE ledger_id = :ledger_id AND partner_id = :partner_id AND window_number > :window AND outstanding_micros > 0
)
""")


async def add(connection: AsyncConnection, ledger_id: int, added: Ordered) -> None:
    """Writes what is wanted; the caller holds the lock of settlement."""
    order = added.order
    await connection.execute(
        insert(prefunding).values(
            ledger_id=ledger_id,
            partner_id=order.partner_id,
            number=added.number,
            entity=order.entity,
            turn=order.turn,
            amount_minor=order.amount_minor,
            why=order.why,
            at=from_micros(added.at_us),
            set_by=added.by,
            draft_id=added.draft_id,
        )
    )


async def last_number(connection: Reads, ledger_id: int, partner_id: UUID) -> int:
    """The number of a partner's last order; 0: it has none."""
    of = prefunding.c
    found = await connection.execute(
        select(func.coalesce(func.max(of.number), 0)).where(
            of.ledger_id == ledger_id, of.partner_id == partner_id
        )
    )
    return int(found.scalar_one())


async def listed(
    connection: Reads, ledger_id: int, partner_id: UUID, *, before: int | None, limit: int
) -> list[Ordered]:
    """A partner's orders, newest first."""
    of = prefunding.c
    wanted = _orders(ledger_id).where(of.partner_id == partner_id).order_by(of.number.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(of.number < before)
    return [_ordered(row) for row in await connection.execute(wanted)]


async def waiting(connection: Reads, ledger_id: int, partner_id: UUID | None = None) -> list[Ordered]:
    """The orders that no run has taken, by partner, oldest first: of one partner or of all."""
    of = prefunding.c
    wanted = _orders(ledger_id).where(run_prefunding.c.run_number.is_(None))
    if partner_id is not None:
        wanted = wanted.where(of.partner_id == partner_id)
    return [_ordered(row) for row in await connection.execute(wanted.order_by(of.partner_id, of.number))]


async def is_known(connection: Reads, ledger_id: int) -> bool:
    """Whether any partner of a programme was ever to pay ahead."""
    of = prefunding.c
    found = await connection.execute(select(of.number).where(of.ledger_id == ledger_id).limit(1))
    return found.first() is not None


async def held(connection: Reads, ledger_id: int) -> dict[UUID, dict[int, int]]:
    """What is held, by partner and company, in minor units; companies of which nothing is held are left out."""
    of = prefunding_movement.c
    rows = await connection.execute(
        select(of.partner_id, of.entity, func.sum(of.amount_minor).label("held"))
        .where(of.ledger_id == ledger_id)
        .group_by(of.partner_id, of.entity)
        .having(func.sum(of.amount_minor) > 0)
    )
    found: dict[UUID, dict[int, int]] = defaultdict(dict[int, int])
    for row in rows:
        found[row.partner_id][row.entity] = int(row.held)
    return dict(found)


async def awaited(connection: Reads, ledger_id: int, standings: Iterable[Standing]) -> dict[UUID, Awaited]:
    """What payments are waited for of the prefunding that their runs asked for or give back, of those payments.

    A payment that is paid in part is taken for everything else first.
    """
    wanted = {
        (each.payment.run_number, each.payment.partner_id): each
        for each in standings
        if each.payment.run_number is not None
    }
    unpaid: dict[UUID, int] = defaultdict(int)
    leaving: dict[UUID, int] = defaultdict(int)
    of = prefunding_movement.c
    rows = await connection.execute(
        select(of.run_number, of.partner_id, func.sum(of.amount_minor).label("turned"))
        .where(
            of.ledger_id == ledger_id,
            of.run_number.in_(sorted({run for run, _ in wanted})),
            of.turn != Turn.USED,
        )
        .group_by(of.run_number, of.partner_id)
    )
    for row in rows:
        standing = wanted.get((row.run_number, row.partner_id))
        if standing is None:
            continue
        collects = standing.payment.direction is Direction.COLLECT
        if collects and row.turned > 0:
            unpaid[row.partner_id] += min(standing.left_minor, int(row.turned))
        elif not collects and row.turned < 0:
            leaving[row.partner_id] += min(standing.left_minor, -int(row.turned))
    return {each: Awaited(unpaid[each], leaving[each]) for each in {*unpaid, *leaving}}


async def take(
    connection: AsyncConnection,
    ledger_id: int,
    run_number: int,
    partner_id: UUID,
    numbers: Sequence[int],
    movements: Sequence[Movement],
) -> None:
    """Notes which orders a run takes, and what it does. The database refuses an order that another run took, and less than nothing."""
    of = {"ledger_id": ledger_id, "partner_id": partner_id, "run_number": run_number}
    if numbers:
        await connection.execute(insert(run_prefunding), [{**of, "number": each} for each in numbers])
    if movements:
        await connection.execute(
            insert(prefunding_movement),
            [
                {**of, "entity": each.entity, "turn": each.turn, "amount_minor": each.amount_minor}
                for each in movements
            ],
        )


async def invoices(
    connection: Reads, ledger_id: int, partner_id: UUID, entity: int, amount_minor: int
) -> list[Reference]:
    """The newest prepayment invoices of a company that come to an amount together: what a credit note on them names."""
    of = document.c
    rows = await connection.execute(
        select(of.number, of.issued_on, of.net_minor)
        .where(
            of.ledger_id == ledger_id,
            of.partner_id == partner_id,
            of.entity == entity,
            of.type == DocumentType.PREPAYMENT.value,
        )
        .order_by(of.document_id.desc())
        .limit(_REFERENCES)
    )
    found: list[Reference] = []
    for row in rows:
        if amount_minor <= 0:
            break
        found.append(Reference(row.number, row.issued_on))
        amount_minor -= row.net_minor
    return found


async def is_anything_later(connection: Reads, ledger_id: int, partner_id: UUID, window: int) -> bool:
    """Whether anything of a partner lies after a window, so that a statement must follow."""
    wanted = {"ledger_id": ledger_id, "partner_id": partner_id, "window": window}
    return bool((await connection.execute(_LATER, wanted)).scalar_one())


_REFERENCES: Final = 50


def _orders(ledger_id: int) -> Select[Any]:
    of, taken = prefunding.c, run_prefunding.c
    return (
        select(prefunding, taken.run_number)
        .outerjoin(
            run_prefunding,
            (taken.ledger_id == of.ledger_id)
            & (taken.partner_id == of.partner_id)
            & (taken.number == of.number),
        )
        .where(of.ledger_id == ledger_id)
    )


def _ordered(row: Any) -> Ordered:
    order = Order(row.partner_id, row.entity, Turn(row.turn), row.amount_minor, row.why)
    return Ordered(order, row.number, to_micros(row.at), row.set_by, row.draft_id, row.run_number)
