"""Reads of the journal: movements, their legs and lots, purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.movements import LotTaken, MovementKind, Purchase, Transaction
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

_COLUMNS: Final = """p.transaction_id, p.seq, p.kind, w.owner_id AS member_id, i.owner_id AS partner_id, p.reference,
p.points, p.balance_after, p.occurred_at, p.recorded_at, p.expires_at"""
# The journal names members and partners by the numbers of their accounts.
_POSTING: Final = """posting p JOIN account w ON w.ledger_id = p.ledger_id AND w.account_no = p.wallet_no
LEFT JOIN account i ON i.ledger_id = p.ledger_id AND i.account_no = p.partner_no"""
# Looked up once, before the journal is read; nothing is found of one that has no account.
_NUMBER: Final = "(SELECT account_no FROM account WHERE ledger_id = $1 AND kind = '{}' AND owner_id = ${{}})"


class EntryRow(NamedTuple):
    """A leg with the account it is on."""

    account_no: int
    kind: str
    owner_id: UUID
    amount: int


class LotOpened(NamedTuple):
    """A lot that a posting opened. expires_at_us 0: never."""

    lot_no: int
    issuer_id: UUID
    point_type: str
    points: int
    expires_at_us: int


class PostingDetail(NamedTuple):
    """A posting with all that hangs on it."""

    transaction: Transaction
    entries: Sequence[EntryRow]
    opened: Sequence[LotOpened]
    used: Sequence[LotTaken]


class Original(NamedTuple):
    """What a reference stands for: the movement and, for an earn, its purchase."""

    transaction: Transaction
    purchase: Purchase | None


class Filter(NamedTuple):
    """Which movements are listed. Nones and zeros do not filter."""

    member_id: UUID | None = None
    partner_id: UUID | None = None
    reference: str = ""
    recorded_from_us: int = 0
    before_seq: int = 0
    after_seq: int = 0


def transaction_of(row: asyncpg.Record) -> Transaction:
    """A movement from a row of `_COLUMNS`."""
    return Transaction(
        row[0], row[1], MovementKind(row[2]), row[3], row[4], row[5], row[6], row[7], to_micros(row[8]),
        to_micros(row[9]), to_micros(row[10]) if row[10] else 0,
    )  # fmt: skip


async def by_seq(connection: PgConnection, ledger_id: int, seqs: Sequence[int]) -> dict[int, Transaction]:
    """Movements by their seq."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM {_POSTING} WHERE p.ledger_id = $1 AND p.seq = ANY ($2)", ledger_id, seqs
    )
    return {row["seq"]: transaction_of(row) for row in rows}


async def originals(connection: PgConnection, ledger_id: int, seqs: Sequence[int]) -> dict[int, Original]:
    """Movements by their seq, with their purchases."""
    transactions = await by_seq(connection, ledger_id, seqs)
    rows = await connection.fetch(
        """SELECT seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor,
        lines::text, tenders::text FROM purchase WHERE ledger_id = $1 AND seq = ANY ($2)""",
        ledger_id,
        seqs,
    )
    purchases: Mapping[int, Purchase] = {row[0]: Purchase(*row[1:]) for row in rows}
    return {seq: Original(found, purchases.get(seq)) for seq, found in transactions.items()}


async def by_id(connection: PgConnection, ledger_id: int, transaction_id: UUID) -> Transaction | None:
    """One movement by its id."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM {_POSTING} WHERE p.ledger_id = $1 AND p.transaction_id = $2",
        ledger_id,
        transaction_id,
    )
    return transaction_of(row) if row else None


async def page(
    connection: PgConnection, ledger_id: int, wanted: Filter, limit: int
) -> tuple[list[Transaction], bool]:
    """Up to `limit` movements, newest first, and whether there are more in the direction asked."""
    conditions, values = ["p.ledger_id = $1"], [ledger_id]
    filters = (
        (f"p.wallet_no = {_NUMBER.format('wallet')}", wanted.member_id),
        (f"p.partner_no = {_NUMBER.format('issuance')}", wanted.partner_id),
        ("p.reference = ${}", wanted.reference or None),
        (
            "p.recorded_at >= ${}",
            from_micros(wanted.recorded_from_us) if wanted.recorded_from_us else None,
        ),
        ("p.seq < ${}", wanted.before_seq or None),
        ("p.seq > ${}", wanted.after_seq or None),
    )
    arguments: list[Any] = list(values)
    for condition, value in filters:
        if value is not None:
            arguments.append(value)
            conditions.append(condition.format(len(arguments)))
    order = "ASC" if wanted.after_seq and not wanted.before_seq else "DESC"
    arguments.append(limit + 1)
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM {_POSTING} WHERE {' AND '.join(conditions)} "
        f"ORDER BY p.seq {order} LIMIT ${len(arguments)}",
        *arguments,
    )
    found = [transaction_of(row) for row in rows[:limit]]
    return (found[::-1] if order == "ASC" else found), len(rows) > limit


async def details(
    connection: PgConnection, ledger_id: int, first_seq: int, last_seq: int
) -> list[PostingDetail]:
    """The journal from one seq to another, in order, with legs and lots."""
    span = (ledger_id, first_seq, last_seq)
    within = "WHERE {0}.ledger_id = $1 AND {0}.seq BETWEEN $2 AND $3"
    postings = await connection.fetch(
        f"SELECT {_COLUMNS} FROM {_POSTING} {within.format('p')} ORDER BY p.seq", *span
    )
    entries = await connection.fetch(
        f"""SELECT e.seq, e.account_no, a.kind, a.owner_id, e.amount FROM entry e
        JOIN account a ON a.ledger_id = e.ledger_id AND a.account_no = e.account_no
        {within.format("e")} ORDER BY e.seq, e.leg""",
        *span,
    )
    uses = await connection.fetch(
        f"""SELECT e.seq, e.lot_no, i.owner_id, l.point_type, e.points FROM lot_use e
        JOIN lot l ON l.ledger_id = e.ledger_id AND l.lot_no = e.lot_no
        JOIN account i ON i.ledger_id = l.ledger_id AND i.account_no = l.issuer_no
        {within.format("e")} ORDER BY e.seq, l.expires_at, l.earned_at, l.lot_no""",
        *span,
    )
    opened = await connection.fetch(
        """SELECT l.opened_seq, l.lot_no, i.owner_id, l.point_type, l.original, l.expires_at FROM lot l
        JOIN account i ON i.ledger_id = l.ledger_id AND i.account_no = l.issuer_no
        WHERE l.ledger_id = $1 AND l.opened_seq BETWEEN $2 AND $3 ORDER BY l.lot_no""",
        *span,
    )
    by_posting: dict[int, tuple[list[EntryRow], list[LotOpened], list[LotTaken]]] = {
        row["seq"]: ([], [], []) for row in postings
    }
    for seq, *leg in entries:
        by_posting[seq][0].append(EntryRow(*leg))
    for seq, lot_no, issuer, point_type, points, expires_at in opened:
        lapses_us = to_micros(expires_at) if expires_at.year < 9999 else 0
        by_posting[seq][1].append(LotOpened(lot_no, issuer, point_type, points, lapses_us))
    for seq, *use in uses:
        by_posting[seq][2].append(LotTaken(*use))
    return [PostingDetail(transaction_of(row), *by_posting[row["seq"]]) for row in postings]


async def purchases(
    connection: PgConnection, ledger_id: int, first_seq: int, last_seq: int
) -> list[tuple[Transaction, Purchase]]:
    """Purchases from one seq to another, in order, with the movement that recorded each."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS}, u.store_id, u.till, u.business_date, u.receipt_number, u.channel, u.entry_mode,
        u.amount_minor, u.lines::text, u.tenders::text
        FROM {_POSTING} JOIN purchase u ON u.ledger_id = p.ledger_id AND u.seq = p.seq
        WHERE u.ledger_id = $1 AND u.seq BETWEEN $2 AND $3 ORDER BY u.seq""",
        ledger_id,
        first_seq,
        last_seq,
    )
    return [(transaction_of(row), Purchase(*tuple(row)[11:])) for row in rows]
