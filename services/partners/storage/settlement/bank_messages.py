"""What the bank sent, item by item, and the breaks that came of it, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Select, Text, any_, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.settlement.records import Break, Item, Message
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import bank_break, bank_item, bank_message, break_event
from services.runtime.clock import from_micros, to_micros

ASSIGNED = "assigned"


async def by_sha256(connection: Reads, ledger_id: int, sha256: bytes) -> Message | None:
    """The message that had just these bytes, or None."""
    of = bank_message.c
    columns = (column for column in of if column.key != "body")
    found = await connection.execute(select(*columns).where(of.ledger_id == ledger_id, of.sha256 == sha256))
    row = found.first()
    if row is None:
        return None
    return Message(
        row.number, bytes(row.sha256), row.kind, row.message_id, to_micros(row.received_at), row.received_by
    )


async def next_number(connection: Reads, ledger_id: int) -> int:
    """The number of the next message; the caller holds the lock of settlement."""
    found = await connection.execute(
        select(func.coalesce(func.max(bank_message.c.number), 0)).where(bank_message.c.ledger_id == ledger_id)
    )
    return found.scalar_one() + 1


async def next_break(connection: Reads, ledger_id: int) -> int:
    """The number of the next break; the caller holds the lock of settlement."""
    found = await connection.execute(
        select(func.coalesce(func.max(bank_break.c.number), 0)).where(bank_break.c.ledger_id == ledger_id)
    )
    return found.scalar_one() + 1


async def seen(connection: Reads, ledger_id: int, references: Sequence[str]) -> frozenset[str]:
    """Which of these references of entries were in an earlier message."""
    of = bank_item.c
    found = await connection.execute(
        select(of.entry_reference)
        .where(
            of.ledger_id == ledger_id,
            of.entry_reference == any_(_texts([each for each in references if each])),
        )
        .distinct()
    )
    return frozenset(found.scalars())


async def add_message(connection: AsyncConnection, ledger_id: int, message: Message, items: int) -> None:
    """Writes a message, of so many items."""
    await connection.execute(
        insert(bank_message).values(
            ledger_id=ledger_id,
            number=message.number,
            sha256=message.sha256,
            kind=message.kind,
            message_id=message.message_id,
            items=items,
            body=message.body,
            received_at=from_micros(message.received_at_us),
            received_by=message.received_by,
        )
    )


async def add_items(
    connection: AsyncConnection, ledger_id: int, items: Sequence[Item], breaks: Sequence[Break]
) -> None:
    """Writes the items of a message and their breaks, after its statements."""
    if items:
        await connection.execute(
            insert(bank_item),
            [
                {
                    "ledger_id": ledger_id,
                    "message_number": each.message_number,
                    "item": each.item,
                    "entry_reference": each.entry_reference,
                    "end_to_end_id": each.end_to_end_id,
                    "amount_minor": each.amount_minor,
                    "booked_on": each.booked_on,
                    "outcome": each.outcome,
                    "payment_id": each.payment_id,
                    "applied_minor": each.applied_minor,
                    "charge_minor": each.charge_minor,
                    "said": each.said,
                    "statement": each.statement or None,
                }
                for each in items
            ],
        )
    if breaks:
        await connection.execute(
            insert(bank_break),
            [
                {
                    "ledger_id": ledger_id,
                    "number": each.number,
                    "message_number": each.item.message_number,
                    "item": each.item.item,
                    "type": each.type,
                    "amount_minor": each.amount_minor,
                    "payment_id": each.item.payment_id,
                    "opened_at": from_micros(each.opened_at_us),
                }
                for each in breaks
            ],
        )


async def items_of(connection: Reads, ledger_id: int, message_number: int) -> list[Item]:
    """The items of a message, in their order."""
    of = bank_item.c
    found = await connection.execute(
        _items(ledger_id).where(of.message_number == message_number).order_by(of.item)
    )
    return [_item(row) for row in found]


async def breaks(
    connection: Reads,
    ledger_id: int,
    *,
    with_ended: bool,
    limit: int,
    before: int = 0,
    number: int = 0,
) -> list[Break]:
    """Breaks, newest first; one, where a number is named."""
    of, event = bank_break.c, break_event.c
    owners = (
        select(event.owner)
        .where(event.ledger_id == of.ledger_id, event.break_number == of.number, event.kind == ASSIGNED)
        .order_by(event.event.desc())
        .limit(1)
        .scalar_subquery()
    )
    ends = (
        select(event.kind)
        .where(event.ledger_id == of.ledger_id, event.break_number == of.number, event.kind != ASSIGNED)
        .scalar_subquery()
    )
    wanted = _items(ledger_id).add_columns(
        of.type,
        of.amount_minor.label("break_minor"),
        of.opened_at,
        owners.label("owner"),
        ends.label("ended"),
    )
    wanted = wanted.where(of.number.is_not(None))
    if number:
        wanted = wanted.where(of.number == number)
    if before:
        wanted = wanted.where(of.number < before)
    if not with_ended:
        wanted = wanted.where(ends.is_(None))
    found = await connection.execute(wanted.order_by(of.number.desc()).limit(limit))
    return [
        Break(
            row.break_number,
            row.type,
            row.break_minor,
            to_micros(row.opened_at),
            _item(row),
            row.owner or "",
            row.ended or "",
        )
        for row in found
    ]


async def suspended_minor(connection: Reads, ledger_id: int) -> int:
    """What all open breaks hold in suspense: above zero came in."""
    of, event = bank_break.c, break_event.c
    ended = (
        select(event.break_number)
        .where(event.ledger_id == of.ledger_id, event.break_number == of.number, event.kind != ASSIGNED)
        .exists()
    )
    found = await connection.execute(
        select(func.coalesce(func.sum(of.amount_minor), 0)).where(of.ledger_id == ledger_id, ~ended)
    )
    return int(found.scalar_one())


async def tell_break(
    connection: AsyncConnection,
    ledger_id: int,
    number: int,
    kind: str,
    now_us: int,
    by: str,
    *,
    owner: str = "",
    why: str = "",
) -> None:
    """Writes what happened to a break; the caller holds the lock of settlement. A second end is refused by the database."""
    of = break_event.c
    last = await connection.execute(
        select(func.coalesce(func.max(of.event), 0)).where(
            of.ledger_id == ledger_id, of.break_number == number
        )
    )
    await connection.execute(
        insert(break_event).values(
            ledger_id=ledger_id,
            break_number=number,
            event=last.scalar_one() + 1,
            kind=kind,
            owner=owner,
            at=from_micros(now_us),
            by=by,
            why=why,
        )
    )


def _texts(values: Sequence[str]) -> Any:
    """Texts as one argument: a statement has at most 32,767 of them."""
    return literal(list(values), ARRAY(Text))


def _items(ledger_id: int) -> Select[Any]:
    of, broken = bank_item.c, bank_break.c
    return (
        select(bank_item, broken.number.label("break_number"))
        .outerjoin(
            bank_break,
            (broken.ledger_id == of.ledger_id)
            & (broken.message_number == of.message_number)
            & (broken.item == of.item),
        )
        .where(of.ledger_id == ledger_id)
    )


def _item(row: Any) -> Item:
    return Item(
        row.message_number,
        row.item,
        row.entry_reference,
        row.end_to_end_id,
        row.amount_minor,
        row.booked_on,
        row.outcome,
        row.payment_id,
        row.applied_minor,
        row.said,
        row.break_number,
        row.charge_minor,
        row.statement or 0,
    )
