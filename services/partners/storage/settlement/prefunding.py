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
from services.partners.domain.settlement.payments import EventKind, Standing
from services.partners.domain.settlement.prefunding import (
    NOTHING_AWAITED,
    Awaited,
    Movement,
    Order,
    Ordered,
    Turn,
)
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.prefunding_tables import (
    prefunding,
    prefunding_movement,
    run_prefunding,
)
from services.partners.storage.settlement.tables import document, payment, payment_event, run_position
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
    """What payments are waited for of the prefunding that runs asked for or give back, of those payments.

    A payment that is paid in part is taken for everything else first. What a run took over of a payment that failed or was given
    up is prefunding as far as that was.
    """
    wanted = {
        (each.payment.run_number, each.payment.partner_id): each
        for each in standings
        if each.payment.run_number is not None
    }
    if not wanted:
        return {}
    turned = await _turned(connection, ledger_id, {run for run, _ in wanted})
    forward = await _brought_forward(connection, ledger_id, {run for run, _ in wanted})
    before = await _taken_over(connection, ledger_id)
    unpaid: dict[UUID, int] = defaultdict(int)
    leaving: dict[UUID, int] = defaultdict(int)
    for key, each in wanted.items():
        of = before.get(key[1], NOTHING_AWAITED)
        again = max(-of.leaving_minor, min(of.unpaid_minor, forward.get(key, 0)))
        part = turned.get(key, 0) + again
        collects = each.payment.direction is Direction.COLLECT
        if collects and part > 0:
            unpaid[key[1]] += min(each.left_minor, part)
        elif not collects and part < 0:
            leaving[key[1]] += min(each.left_minor, -part)
    return {each: Awaited(unpaid[each], leaving[each]) for each in {*unpaid, *leaving}}


async def _turned(connection: Reads, ledger_id: int, numbers: Iterable[int]) -> dict[tuple[int, UUID], int]:
    """What runs asked for less what they give back, by run and partner."""
    of = prefunding_movement.c
    rows = await connection.execute(
        select(of.run_number, of.partner_id, func.sum(of.amount_minor).label("turned"))
        .where(of.ledger_id == ledger_id, of.run_number.in_(sorted(numbers)), of.turn != Turn.USED)
        .group_by(of.run_number, of.partner_id)
    )
    return {(row.run_number, row.partner_id): int(row.turned) for row in rows}


async def _brought_forward(
    connection: Reads, ledger_id: int, numbers: Iterable[int]
) -> dict[tuple[int, UUID], int]:
    """What runs brought forward, by run and partner: above zero it was owed."""
    of = run_position.c
    rows = await connection.execute(
        select(of.run_number, of.partner_id, of.brought_forward_minor).where(
            of.ledger_id == ledger_id, of.run_number.in_(sorted(numbers)), of.brought_forward_minor != 0
        )
    )
    return {(row.run_number, row.partner_id): row.brought_forward_minor for row in rows}


async def _taken_over(connection: Reads, ledger_id: int) -> dict[UUID, Awaited]:
    """What payments that nobody waits for any more were of prefunding, by partner: at most so much of a later one is."""
    of, by, event = prefunding_movement.c, payment.c, payment_event.c
    ended = (
        select(event.payment_id)
        .where(
            event.ledger_id == by.ledger_id,
            event.payment_id == by.payment_id,
            event.kind.in_([EventKind.CANCELLED, EventKind.CARRIED]),
        )
        .exists()
    )
    rows = await connection.execute(
        select(of.partner_id, by.direction, func.sum(of.amount_minor).label("turned"))
        .join(
            payment,
            (by.ledger_id == of.ledger_id)
            & (by.run_number == of.run_number)
            & (by.partner_id == of.partner_id),
        )
        .where(of.ledger_id == ledger_id, of.turn != Turn.USED, ended)
        .group_by(of.partner_id, by.direction)
    )
    found: dict[UUID, Awaited] = {}
    for row in rows:
        known = found.get(row.partner_id, NOTHING_AWAITED)
        collects = row.direction == Direction.COLLECT
        found[row.partner_id] = Awaited(
            max(0, int(row.turned)) if collects else known.unpaid_minor,
            known.leaving_minor if collects else max(0, -int(row.turned)),
        )
    return found


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
