"""Reads of a partner's operations: by stretch of the journal, summed, and by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.movements import MovementKind
from services.points.domain.operations import Figures, OperationKind, Posted, Receipt
from services.points.storage.journal import owners
from services.runtime.clock import to_micros
from services.runtime.database import PgConnection

# What a partner asked for, and the parts of its refunds. What is parked was not accepted yet.
_KINDS: Final = "('earn', 'redeem', 'hold', 'capture', 'void', 'refund', 'transfer', 'grant', 'return', 'clawback', 'owe')"
# (amount: every row's is, but only who says so is let in to the index by partner; see there.)
_MINE: Final = f"p.ledger_id = $1 AND p.partner_no = $2 AND p.amount >= 0 AND p.kind IN {_KINDS}"
# What belongs to a posting, each looked up by its key. A sale's amount is its purchase's; a refund's is what was given back, unless
# there was no sale and it is counted in points; of a burn it is what a rule made of its points.
_BESIDE: Final = """
LEFT JOIN LATERAL (
    SELECT kind, reference FROM posting WHERE p.original_seq IS NOT NULL AND ledger_id = p.ledger_id AND seq = p.original_seq LIMIT 1
) q ON true
LEFT JOIN LATERAL (
    SELECT * FROM purchase WHERE p.kind IN ('earn', 'redeem', 'capture', 'refund') AND ledger_id = p.ledger_id
        AND seq = CASE p.kind WHEN 'earn' THEN p.seq ELSE p.original_seq END LIMIT 1
) u ON true
LEFT JOIN LATERAL (SELECT * FROM refund WHERE p.kind = 'refund' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1) f ON true
LEFT JOIN LATERAL (
    SELECT worth_minor FROM burn_worth WHERE p.kind IN ('hold', 'redeem', 'capture') AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
) w ON true"""
_AMOUNT: Final = """CASE p.kind WHEN 'earn' THEN u.amount_minor WHEN 'refund' THEN CASE WHEN u.amount_minor > 0 THEN f.given ELSE 0 END
ELSE coalesce(w.worth_minor, 0) END"""
_WAS_NAMED: Final = """(p.reference IS NOT NULL OR p.kind = 'refund' AND EXISTS (
    SELECT FROM erased_reference x WHERE x.ledger_id = p.ledger_id AND x.seq = p.seq
))"""
_READ: Final = f"""SELECT p.seq, p.kind, p.transaction_id, p.wallet_no, coalesce(p.reference, ''), coalesce(p.key, ''),
{_WAS_NAMED}, p.amount, p.occurred_at, p.recorded_at, q.kind, coalesce(q.reference, ''), coalesce(o.reference, ''),
CASE p.kind WHEN 'hold' THEN h.points ELSE -e.held END, {_AMOUNT},
CASE p.kind WHEN 'refund' THEN f.store_id ELSE u.store_id END, CASE p.kind WHEN 'refund' THEN f.till ELSE u.till END,
CASE p.kind WHEN 'refund' THEN f.business_date ELSE u.business_date END,
CASE p.kind WHEN 'refund' THEN f.receipt_number ELSE u.receipt_number END
FROM posting p {_BESIDE}
LEFT JOIN LATERAL (
    SELECT hold_seq, held FROM hold_end WHERE p.kind IN ('capture', 'void') AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
) e ON true
LEFT JOIN LATERAL (SELECT points FROM hold WHERE p.kind = 'hold' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1) h ON true
LEFT JOIN LATERAL (SELECT reference FROM posting WHERE ledger_id = p.ledger_id AND seq = e.hold_seq LIMIT 1) o ON true
WHERE {_MINE} AND p.seq BETWEEN $3 AND $4 ORDER BY p.seq LIMIT $5"""
# Debts to the partner that members paid: acts of the ledger, which the partner did not ask for and its statement has.
_PAID: Final = """FROM debt_use u
CROSS JOIN LATERAL (SELECT * FROM debt WHERE ledger_id = u.ledger_id AND seq = u.debt_seq LIMIT 1) d
LEFT JOIN LATERAL (SELECT kind FROM posting WHERE ledger_id = u.ledger_id AND seq = d.original_seq LIMIT 1) q ON true
WHERE u.ledger_id = $1 AND d.partner_no = $2 AND u.seq BETWEEN $3 AND $4"""
_READ_PAID: Final = f"""SELECT p.seq, p.transaction_id, p.wallet_no, p.occurred_at, p.recorded_at, t.points, t.bonus FROM (
    SELECT u.seq, sum(u.points)::bigint AS points, coalesce(sum(u.points) FILTER (WHERE q.kind = 'grant'), 0)::bigint AS bonus
    {_PAID} GROUP BY u.seq
) t CROSS JOIN LATERAL (SELECT * FROM posting WHERE ledger_id = $1 AND seq = t.seq LIMIT 1) p ORDER BY p.seq"""
# Parts of a refund count for it: it is the next refund of the partner, or lies after the end of the stretch.
_SUM: Final = f"""SELECT CASE WHEN p.kind NOT IN ('return', 'clawback', 'owe', 'refund') THEN p.kind WHEN r.seq IS NULL THEN 'refund_part'
WHEN r.reference IS NOT NULL OR EXISTS (SELECT FROM erased_reference x WHERE x.ledger_id = $1 AND x.seq = r.seq) THEN 'refund' ELSE 'reversal' END,
p.kind, p.kind = 'clawback' AND q.kind = 'grant', count(*), sum(p.amount)::bigint, sum({_AMOUNT})::bigint
FROM posting p {_BESIDE}
LEFT JOIN LATERAL (
    SELECT seq, reference FROM posting WHERE p.kind IN ('return', 'clawback', 'owe', 'refund') AND ledger_id = p.ledger_id
    AND partner_no = p.partner_no AND amount >= 0 AND kind = 'refund' AND seq BETWEEN p.seq AND $4 ORDER BY seq LIMIT 1
) r ON true
WHERE {_MINE} AND p.seq BETWEEN $3 AND $4 GROUP BY 1, 2, 3"""
_SUM_PAID: Final = f"""SELECT count(DISTINCT u.seq), coalesce(sum(u.points), 0)::bigint,
coalesce(sum(u.points) FILTER (WHERE q.kind = 'grant'), 0)::bigint {_PAID}"""
_BY_REFERENCE: Final = """SELECT reference, transaction_id, recorded_at FROM posting
WHERE ledger_id = $1 AND partner_no = $2 AND kind = $3 AND reference = ANY ($4)"""
_BY_HOLD: Final = """SELECT o.reference, p.transaction_id, p.recorded_at FROM posting o
CROSS JOIN LATERAL (SELECT seq FROM hold_end WHERE ledger_id = o.ledger_id AND hold_seq = o.seq LIMIT 1) e
CROSS JOIN LATERAL (SELECT * FROM posting WHERE ledger_id = o.ledger_id AND seq = e.seq LIMIT 1) p
WHERE o.ledger_id = $1 AND o.partner_no = $2 AND o.kind = 'hold' AND o.reference = ANY ($4) AND p.kind = $3"""
_BY_KEY: Final = f"""SELECT p.key, p.transaction_id, p.recorded_at FROM posting p
WHERE p.ledger_id = $1 AND p.partner_no = $2 AND p.key = ANY ($4) AND p.kind = $3 AND NOT {_WAS_NAMED}"""
_POSTED_AS: Final = {
    OperationKind.REDEMPTION: MovementKind.REDEEM,
    OperationKind.REVERSAL: MovementKind.REFUND,
}


class Found(NamedTuple):
    """An operation that was found by its reference. `recorded_at_us`: programme time."""

    reference: str
    transaction_id: UUID
    recorded_at_us: int


class Sum(NamedTuple):
    """Postings of a kind, summed, and what operation they are or are a part of; `of_grant`: clawbacks of a grant."""

    operation: str
    kind: str
    of_grant: bool
    number: int
    amount: int
    amount_minor: int


async def partner_no(connection: PgConnection, ledger_id: int, partner_id: UUID) -> int | None:
    """The number of a partner in a ledger; None where it has never posted anything."""
    return await connection.fetchval(
        "SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = $2",
        ledger_id,
        partner_id,
    )


async def block(
    connection: PgConnection, ledger_id: int, number: int, first_seq: int, last_seq: int, limit: int
) -> tuple[list[Posted], int]:
    """The next `limit` postings of a partner in a stretch, with the debts paid among them, and where the next block starts."""
    rows = await connection.fetch(_READ, ledger_id, number, first_seq, last_seq, limit)
    reached = rows[-1][0] if len(rows) == limit else last_seq
    paid = await connection.fetch(_READ_PAID, ledger_id, number, first_seq, reached)
    owned = await owners(connection, ledger_id, (row[3] for row in rows))
    owned = {**owned, **await owners(connection, ledger_id, (row[2] for row in paid))}
    found = [_posted(row, owned) for row in rows] + [_paid(row, owned) for row in paid]
    return sorted(found, key=lambda posting: posting.seq), reached + 1


async def sums(
    connection: PgConnection, ledger_id: int, number: int, first_seq: int, last_seq: int
) -> tuple[list[Sum], int, Figures]:
    """The sums of a stretch; and how many debts were paid, with what they came to."""
    rows = await connection.fetch(_SUM, ledger_id, number, first_seq, last_seq)
    row: Any = await connection.fetchrow(_SUM_PAID, ledger_id, number, first_seq, last_seq)
    paid = Figures(reversed=row[1] - row[2], bonus_reversed=row[2])
    return [Sum(*found) for found in rows], row[0], paid


async def find(
    connection: PgConnection, ledger_id: int, number: int, kind: OperationKind, references: Sequence[str]
) -> list[Found]:
    """The operations of a kind that have one of the references."""
    if kind is OperationKind.REVERSAL:
        statement = _BY_KEY
    elif kind in (OperationKind.CAPTURE, OperationKind.VOID):
        statement = _BY_HOLD
    else:
        statement = _BY_REFERENCE
    posted_as = _POSTED_AS.get(kind, kind).value
    rows = await connection.fetch(statement, ledger_id, number, posted_as, references)
    return [Found(row[0], row[1], to_micros(row[2])) for row in rows]


def _posted(row: asyncpg.Record, owned: Mapping[int, Any]) -> Posted:
    return Posted(
        row[0], MovementKind(row[1]), row[2], owned[row[3]].owner_id, row[4], row[5], row[6], row[7],
        to_micros(row[8]), to_micros(row[9]), MovementKind(row[10]) if row[10] else None, row[11], row[12],
        row[13] or 0, row[14] or 0, 0, Receipt(row[15], row[16] or "", row[17] or "", row[18] or ""),
    )  # fmt: skip


def _paid(row: asyncpg.Record, owned: Mapping[int, Any]) -> Posted:
    return Posted(
        row[0], MovementKind.REPAY, row[1], owned[row[2]].owner_id, "", "", False, row[5], to_micros(row[3]),
        to_micros(row[4]), paid_bonus=row[6],
    )  # fmt: skip
