"""The journal's records: postings with their legs, lots and debts, for audit, rating and replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.debts import DebtPaid
from services.points.domain.movements import LotTaken, Transaction
from services.points.storage.journal import COLUMNS, POSTING, Owner, completed, owners, transaction_of
from services.runtime.clock import to_micros
from services.runtime.database import PgConnection


class EntryRow(NamedTuple):
    """A leg with the account it is on."""

    account_no: int
    kind: str
    owner_id: UUID
    amount: int


class LotOpened(NamedTuple):
    """A lot that a posting opened. expires_at_us 0: never. parent_no: the lot that its points were in before, or 0.

    matures_at_us: 0 for at once; earned_seq: the posting that its points stem from.
    """

    lot_no: int
    issuer_id: UUID
    point_type: str
    points: int
    expires_at_us: int
    parent_no: int
    matures_at_us: int
    earned_at_us: int
    earned_seq: int


class PostingDetail(NamedTuple):
    """A posting with all that hangs on it."""

    transaction: Transaction
    entries: Sequence[EntryRow]
    opened: Sequence[LotOpened]
    used: Sequence[LotTaken]
    given_back: Sequence[LotTaken]
    paid: Sequence[DebtPaid]
    matured: Sequence[LotTaken]


async def details(
    connection: PgConnection, ledger_id: int, first_seq: int, last_seq: int
) -> list[PostingDetail]:
    """The journal from one seq to another, in order, with legs, lots and debts."""
    span = (ledger_id, first_seq, last_seq)
    postings = await connection.fetch(
        f"""SELECT {COLUMNS}, p.debit_no, p.credit_no, p.amount FROM {POSTING}
        WHERE p.ledger_id = $1 AND p.seq BETWEEN $2 AND $3 ORDER BY p.seq""",
        *span,
    )
    uses = await _parts(connection, "lot_use", span)
    returns = await _parts(connection, "lot_return", span)
    matured = await _parts(connection, "lot_matured", span)
    opened = await connection.fetch(
        """SELECT opened_seq, lot_no, issuer_no, point_type, original, expires_at, parent_no, matures_at, earned_at,
        coalesce(earned_seq, opened_seq) FROM lot
        WHERE ledger_id = $1 AND opened_seq BETWEEN $2 AND $3 ORDER BY lot_no""",
        *span,
    )
    paid = await connection.fetch(
        """SELECT u.seq, u.debt_seq, d.original_seq, d.partner_no, u.points FROM debt_use u
        CROSS JOIN LATERAL (SELECT * FROM debt WHERE ledger_id = u.ledger_id AND seq = u.debt_seq LIMIT 1) d
        WHERE u.ledger_id = $1 AND u.seq BETWEEN $2 AND $3 ORDER BY u.seq, u.debt_seq""",
        *span,
    )
    named = {row[name] for row in postings for name in ("wallet_no", "partner_no", "debit_no", "credit_no")}
    issuers = {row["issuer_no"] for row in (*uses, *returns, *matured, *opened)} | {
        row["partner_no"] for row in paid
    }
    owned = await owners(connection, ledger_id, named | issuers)
    lots: dict[int, list[LotOpened]] = {}
    for (
        seq,
        lot_no,
        issuer_no,
        point_type,
        points,
        expires_at,
        parent_no,
        matures_at,
        earned_at,
        earned_seq,
    ) in opened:
        lapses_us = to_micros(expires_at) if expires_at.year < 9999 else 0
        matures_us = to_micros(matures_at) if matures_at else 0
        lot = LotOpened(
            lot_no, owned[issuer_no].owner_id, point_type, points, lapses_us, parent_no or 0, matures_us,
            to_micros(earned_at), earned_seq,
        )  # fmt: skip
        lots.setdefault(seq, []).append(lot)
    debts: dict[int, list[DebtPaid]] = {}
    for seq, debt_seq, original_seq, partner_no, points in paid:
        debt = DebtPaid(debt_seq, original_seq, owned[partner_no].owner_id, points)
        debts.setdefault(seq, []).append(debt)
    taken, given_back, come = _by_seq(uses, owned), _by_seq(returns, owned), _by_seq(matured, owned)
    transactions = [transaction_of(row, owned) for row in postings]
    transactions = await completed(connection, ledger_id, transactions)
    return [
        PostingDetail(
            transaction, _entries(row, owned), lots.get(row["seq"], ()), taken.get(row["seq"], ()),
            given_back.get(row["seq"], ()), debts.get(row["seq"], ()), come.get(row["seq"], ()),
        )
        for row, transaction in zip(postings, transactions, strict=True)
    ]  # fmt: skip


async def _parts(connection: PgConnection, table: str, span: tuple[int, int, int]) -> list[asyncpg.Record]:
    """What postings took from lots, or gave back to them, in the order in which lots are used."""
    return await connection.fetch(
        f"""SELECT u.seq, u.lot_no, l.issuer_no, l.point_type, u.points, coalesce(l.earned_seq, l.opened_seq) FROM {table} u
        CROSS JOIN LATERAL (SELECT * FROM lot WHERE ledger_id = u.ledger_id AND lot_no = u.lot_no LIMIT 1) l
        WHERE u.ledger_id = $1 AND u.seq BETWEEN $2 AND $3 ORDER BY u.seq, l.expires_at, l.earned_at, l.lot_no""",
        *span,
    )


def _by_seq(rows: Sequence[asyncpg.Record], owned: Mapping[int, Owner]) -> dict[int, list[LotTaken]]:
    found: dict[int, list[LotTaken]] = {}
    for seq, lot_no, issuer_no, point_type, points, earned_seq in rows:
        taken = LotTaken(lot_no, owned[issuer_no].owner_id, point_type, points, earned_seq)
        found.setdefault(seq, []).append(taken)
    return found


def _entries(row: asyncpg.Record, owned: Mapping[int, Owner]) -> Sequence[EntryRow]:
    debit_no, credit_no, amount = row["debit_no"], row["credit_no"], row["amount"]
    if not amount:
        return ()
    return (
        EntryRow(debit_no, *owned[debit_no], -amount),
        EntryRow(credit_no, *owned[credit_no], amount),
    )
