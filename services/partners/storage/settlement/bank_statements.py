"""The statements that came, how they follow each other, and what the bank says that is on the operator's accounts, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.payments.continuity import ToldStatement
from services.partners.storage.connection import Reads
from services.partners.storage.settlement.bank_messages import ASSIGNED
from services.partners.storage.settlement.bank_tables import bank_statement, statement_gap
from services.partners.storage.settlement.tables import break_event

_OF: Final = bank_statement.c
_ORDER: Final = (_OF.closed_on, _OF.sequence, _OF.message_number, _OF.place)
# What was booked of each account: movements that went to payments, to charges or to suspense.
_BOOKED: Final = text("""
SELECT s.account, sum(i.applied_minor + i.charge_minor + coalesce(b.amount_minor, 0))::bigint AS booked
FROM bank_item AS i
INNER JOIN bank_statement AS s
    ON s.ledger_id = i.ledger_id AND s.message_number = i.message_number AND s.place = i.statement
LEFT JOIN bank_break AS b ON b.ledger_id = i.ledger_id AND b.message_number = i.message_number AND b.item = i.item
WHERE i.ledger_id = :ledger_id
GROUP BY s.account
""")


@dataclass(frozen=True, slots=True)
class Gap:
    """A break between a statement and the one before it. `ended`: somebody, or a statement, has ended it."""

    break_number: int
    ended: bool


async def add(connection: AsyncConnection, ledger_id: int, told: Sequence[ToldStatement]) -> None:
    """Writes the statements of a message, before its movements."""
    if told:
        await connection.execute(
            insert(bank_statement),
            [
                {
                    "ledger_id": ledger_id,
                    "message_number": each.message_number,
                    "place": each.place,
                    "account": each.account,
                    "statement_id": each.statement_id,
                    "sequence": each.sequence,
                    "closed_on": each.closed_on,
                    "opening_minor": each.opening_minor,
                    "closing_minor": each.closing_minor,
                    "repeated": each.repeated,
                }
                for each in told
            ],
        )


async def around(
    connection: Reads, ledger_id: int, first: ToldStatement, last: ToldStatement
) -> list[ToldStatement]:
    """The statements of an account from the one before `first` to the one after `last`, without those that were told again."""
    when = tuple_(_OF.closed_on, _OF.sequence)
    start, end = (tuple_(each.closed_on, each.sequence) for each in (first, last))
    before = _of(ledger_id, first.account, when < start).order_by(*(each.desc() for each in _ORDER)).limit(1)
    between = _of(ledger_id, first.account, when >= start, when <= end).order_by(*_ORDER)
    after = _of(ledger_id, first.account, when > end).order_by(*_ORDER).limit(1)
    return [
        _statement(row) for wanted in (before, between, after) for row in await connection.execute(wanted)
    ]


async def gaps(
    connection: Reads, ledger_id: int, places: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Gap]:
    """The breaks of statements that did not follow the one before, by message and place: of each the newest."""
    of, event = statement_gap.c, break_event.c
    ends = (
        select(event.kind)
        .where(event.ledger_id == of.ledger_id, event.break_number == of.break_number, event.kind != ASSIGNED)
        .scalar_subquery()
    )
    found = await connection.execute(
        select(statement_gap, ends.label("ended"))
        .where(of.ledger_id == ledger_id, tuple_(of.message_number, of.place).in_(places))
        .order_by(of.break_number)
    )
    return {(row.message_number, row.place): Gap(row.break_number, row.ended is not None) for row in found}


async def add_gaps(
    connection: AsyncConnection, ledger_id: int, found: Sequence[tuple[int, tuple[int, int]]]
) -> None:
    """Writes which break is of which statement, by message and place."""
    if found:
        await connection.execute(
            insert(statement_gap),
            [
                {"ledger_id": ledger_id, "break_number": number, "message_number": message, "place": place}
                for number, (message, place) in found
            ],
        )


async def first_and_last(connection: Reads, ledger_id: int) -> list[tuple[ToldStatement, ToldStatement]]:
    """Of each account the first statement and the last, in time."""
    ends: list[dict[str, ToldStatement]] = []
    for order in (_ORDER, tuple(each.desc() for each in _ORDER)):
        wanted = _of(ledger_id).ext(distinct_on(_OF.account)).order_by(_OF.account, *order)
        ends.append({row.account: _statement(row) for row in await connection.execute(wanted)})
    return [(ends[0][account], ends[1][account]) for account in sorted(ends[0])]


async def booked(connection: Reads, ledger_id: int) -> dict[str, int]:
    """What was booked of movements on each account, by its IBAN, in minor units."""
    rows = await connection.execute(_BOOKED, {"ledger_id": ledger_id})
    return {row.account: row.booked for row in rows}


def _of(ledger_id: int, account: str = "", *where: ColumnElement[bool]) -> Select[Any]:
    wanted = select(bank_statement).where(_OF.ledger_id == ledger_id, _OF.repeated.is_(False), *where)
    return wanted.where(_OF.account == account) if account else wanted


def _statement(row: Any) -> ToldStatement:
    return ToldStatement(
        row.message_number,
        row.place,
        row.account,
        row.statement_id,
        row.sequence,
        row.closed_on,
        row.opening_minor,
        row.closing_minor,
        row.repeated,
    )
