"""Reads of the journal: movements and purchases. Records with all that hangs on a posting are in `records`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.accounts import PROGRAMME
from services.points.domain.burning import Worth
from services.points.domain.campaigns import Bonus
from services.points.domain.movements import (
    CreditFloor,
    MovementKind,
    Parked,
    Purchase,
    RefundFigures,
    Transaction,
)
from services.points.storage import burn_rules, campaigns
from services.points.storage.metadata import metadata_of
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

COLUMNS: Final = """p.transaction_id, p.seq, p.kind, p.wallet_no, p.partner_no, p.reference,
p.points, p.balance_after, p.occurred_at, p.recorded_at, p.expires_at,
CASE p.kind WHEN 'hold' THEN h.points ELSE -e.held END AS held, o.transaction_id AS hold_id,
p.original_seq, q.transaction_id AS original_id,
f.given, f.returned, f.clawed_back, f.owed, f.written_off, f.money_minor,
CASE p.kind WHEN 'earn' THEN p.amount - p.points WHEN 'grant' THEN p.amount - p.points WHEN 'mature' THEN -p.amount WHEN 'clawback' THEN -p.amount - p.points ELSE 0 END AS pending,
p.occurred_at + m.rate_pending_days * interval '24 hours' AS matures_at, c.floor, c.basis_seq, c.parks,
k.points AS parked, k.open, k.reference AS parked_reference"""
# What a posting did to a hold, what it corrects, what it refunded, how long its points are pending, which floor it set, what it parked: looked up by their keys. The owners of accounts come with a query of their own: joined, and
# planned for a programme that statistics do not know yet, all its accounts would be gone through for each row
# (measured: 3.3 seconds for 500 rows of a programme with 1,800 wallets).
POSTING: Final = """posting p
LEFT JOIN LATERAL (
    SELECT points FROM hold WHERE p.kind = 'hold' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
) h ON true
LEFT JOIN LATERAL (
    SELECT hold_seq, held FROM hold_end
    WHERE p.kind IN ('capture', 'void', 'lapse') AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
) e ON true
LEFT JOIN LATERAL (SELECT transaction_id FROM posting WHERE ledger_id = p.ledger_id AND seq = e.hold_seq LIMIT 1) o ON true
LEFT JOIN LATERAL (SELECT transaction_id FROM posting WHERE ledger_id = p.ledger_id AND seq = p.original_seq LIMIT 1) q ON true
LEFT JOIN LATERAL (SELECT * FROM refund WHERE p.kind = 'refund' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1) f ON true
LEFT JOIN LATERAL (
    SELECT rate_pending_days FROM purchase
    WHERE p.kind IN ('earn', 'grant') AND p.points < p.amount AND ledger_id = p.ledger_id
        AND seq = CASE p.kind WHEN 'earn' THEN p.seq ELSE p.original_seq END LIMIT 1
) m ON true
LEFT JOIN LATERAL (SELECT * FROM floor_change WHERE p.kind = 'floor' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT points, open, reference FROM parked_earn
    WHERE p.kind IN ('park', 'unpark') AND ledger_id = p.ledger_id AND seq = CASE p.kind WHEN 'park' THEN p.seq ELSE p.original_seq END LIMIT 1
) k ON true"""
_BURNS: Final = (MovementKind.HOLD, MovementKind.REDEEM, MovementKind.CAPTURE)
# Looked up once, before the journal is read; nothing is found of one that has no account.
_NUMBER: Final = "(SELECT account_no FROM account WHERE ledger_id = $1 AND kind = '{}' AND owner_id = ${{}})"

_NAMED: Final = """(p.reference = ${0} OR p.kind = 'park' AND p.seq = (
    SELECT seq FROM parked_earn WHERE ledger_id = $1 AND reference = ${0} AND open AND partner_no = p.partner_no
))"""


class Owner(NamedTuple):
    """Whose an account is, and what it holds."""

    kind: str
    owner_id: UUID


class Original(NamedTuple):
    """What a reference stands for: the movement and, for an earn, its purchase."""

    transaction: Transaction
    purchase: Purchase | None


class HoldOf(NamedTuple):
    """Whose a hold is, its place in the journal, and the burn rule that decided it (0: none)."""

    seq: int
    member_id: UUID
    partner_id: UUID
    rule_version: int


class Filter(NamedTuple):
    """Which movements are listed. Nones and zeros do not filter."""

    member_id: UUID | None = None
    partner_id: UUID | None = None
    reference: str = ""
    recorded_from_us: int = 0
    before_seq: int = 0
    after_seq: int = 0


async def owners(
    connection: PgConnection, ledger_id: int, numbers: Iterable[int | None]
) -> Mapping[int, Owner]:
    """The owners of accounts, by number."""
    rows = await connection.fetch(
        "SELECT account_no, kind, owner_id FROM account WHERE ledger_id = $1 AND account_no = ANY ($2)",
        ledger_id,
        list({number for number in numbers if number is not None}),
    )
    return {row[0]: Owner(row[1], row[2]) for row in rows}


def transaction_of(row: asyncpg.Record, owned: Mapping[int, Owner]) -> Transaction:
    """A movement from a row of COLUMNS."""
    return Transaction(
        row[0], row[1], MovementKind(row[2]), owned[row[3]].owner_id if row[3] is not None else PROGRAMME,
        _partner(owned, row[4]), row[5] or row[28] or None, row[6], row[7], to_micros(row[8]),
        to_micros(row[9]), to_micros(row[10]) if row[10] else 0, row[11] or 0, row[12], row[13] or 0, row[14],
        RefundFigures(*tuple(row)[15:21]) if row[15] is not None else None, row[21],
        to_micros(row[22]) if row[22] else 0,
        CreditFloor(row[23], row[24], row[25]) if row[24] is not None else None,
        parked=Parked(row[26], row[27] and row[2] == MovementKind.PARK) if row[26] is not None else None,
    )  # fmt: skip


def _partner(owned: Mapping[int, Owner], number: int | None) -> UUID | None:
    """The partner that asked; None where the ledger itself acted, or the operator did."""
    owner = owned[number].owner_id if number is not None else PROGRAMME
    return owner if owner != PROGRAMME else None


async def _transactions(
    connection: PgConnection, ledger_id: int, rows: Sequence[asyncpg.Record]
) -> list[Transaction]:
    owned = await owners(connection, ledger_id, (number for row in rows for number in row[3:5]))
    found = await completed(connection, ledger_id, [transaction_of(row, owned) for row in rows])
    kept = await metadata_of(connection, ledger_id, [each.seq for each in found])
    return [each._replace(metadata_json=kept.get(each.seq, "")) for each in found] if kept else found


async def completed(
    connection: PgConnection, ledger_id: int, found: Sequence[Transaction]
) -> list[Transaction]:
    """Movements with what campaigns gave, and with what points are worth that were burned or set aside.

    Campaigns gave on top of those that are earns, and by those that are grants or loads.
    """
    by_kind: dict[MovementKind, list[int]] = {}
    for each in found:
        by_kind.setdefault(each.kind, []).append(each.seq)
    earns = by_kind.get(MovementKind.EARN, ())
    grants, loads = (by_kind.get(kind, ()) for kind in (MovementKind.GRANT, MovementKind.LOAD))
    bonuses: Mapping[int, Sequence[Bonus]] = {}
    given: Mapping[int, Bonus] = {}
    if earns:
        bonuses = await campaigns.bonuses_of(connection, ledger_id, earns)
    if grants or loads:
        given = await campaigns.campaigns_of(connection, ledger_id, grants, loads)
    burns = [seq for kind in _BURNS for seq in by_kind.get(kind, ())]
    worths: Mapping[int, Worth] = {}
    if burns:
        worths = await burn_rules.worths_of(connection, ledger_id, burns)
    if not bonuses and not given and not worths:
        return list(found)
    return [
        each._replace(
            bonuses=tuple(bonuses.get(each.seq, ())), campaign=given.get(each.seq), worth=worths.get(each.seq)
        )
        for each in found
    ]


async def by_seq(connection: PgConnection, ledger_id: int, seqs: Sequence[int]) -> dict[int, Transaction]:
    """Movements by their seq."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM {POSTING} WHERE p.ledger_id = $1 AND p.seq = ANY ($2)", ledger_id, seqs
    )
    return {found.seq: found for found in await _transactions(connection, ledger_id, rows)}


async def originals(connection: PgConnection, ledger_id: int, seqs: Sequence[int]) -> dict[int, Original]:
    """Movements by their seq, with their purchases."""
    transactions = await by_seq(connection, ledger_id, seqs)
    rows = await connection.fetch(
        """SELECT seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor,
        lines::text, tenders::text, points_minor FROM purchase WHERE ledger_id = $1 AND seq = ANY ($2)""",
        ledger_id,
        seqs,
    )
    purchases: Mapping[int, Purchase] = {row[0]: Purchase(*row[1:]) for row in rows}
    return {seq: Original(found, purchases.get(seq)) for seq, found in transactions.items()}


async def holds(connection: PgConnection, ledger_id: int, hold_ids: Sequence[UUID]) -> dict[UUID, HoldOf]:
    """Holds by the id of the posting that opened them. What is told of them never changes."""
    rows = await connection.fetch(
        """SELECT p.transaction_id, p.seq, p.wallet_no, p.partner_no, coalesce(w.rule_version, 0) FROM posting p
        LEFT JOIN LATERAL (
            SELECT rule_version FROM burn_worth WHERE ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
        ) w ON true
        WHERE p.ledger_id = $1 AND p.transaction_id = ANY ($2) AND p.kind = 'hold'""",
        ledger_id,
        hold_ids,
    )
    owned = await owners(connection, ledger_id, (number for row in rows for number in row[2:4]))
    return {row[0]: HoldOf(row[1], owned[row[2]].owner_id, owned[row[3]].owner_id, row[4]) for row in rows}


async def by_id(connection: PgConnection, ledger_id: int, transaction_id: UUID) -> Transaction | None:
    """One movement by its id."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM {POSTING} WHERE p.ledger_id = $1 AND p.transaction_id = $2",
        ledger_id,
        transaction_id,
    )
    return (await _transactions(connection, ledger_id, [row]))[0] if row else None


async def page(
    connection: PgConnection, ledger_id: int, wanted: Filter, limit: int
) -> tuple[list[Transaction], bool]:
    """Up to `limit` movements, newest first, and whether there are more in the direction asked.

    A floor is none, nor a load: they are of no member, and the operator's business alone.
    """
    # (amount: every row's is, but only who says so is let in to the index by partner; see there.)
    conditions, values = ["p.ledger_id = $1", "p.kind NOT IN ('floor', 'load')", "p.amount >= 0"], [ledger_id]
    filters = (
        (f"p.wallet_no = {_NUMBER.format('wallet')}", wanted.member_id),
        (f"p.partner_no = {_NUMBER.format('issuance')}", wanted.partner_id),
        # (What is parked has its reference beside it, until it is posted.)
        (_NAMED, wanted.reference or None),
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
        f"SELECT {COLUMNS} FROM {POSTING} WHERE {' AND '.join(conditions)} "
        f"ORDER BY p.seq {order} LIMIT ${len(arguments)}",
        *arguments,
    )
    found = await _transactions(connection, ledger_id, rows[:limit])
    return (found[::-1] if order == "ASC" else found), len(rows) > limit


async def purchases(
    connection: PgConnection, ledger_id: int, first_seq: int, last_seq: int
) -> list[tuple[Transaction, Purchase]]:
    """Purchases from one seq to another, in order, with the movement that recorded each."""
    span = (ledger_id, first_seq, last_seq)
    rows = await connection.fetch(
        """SELECT seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor,
        lines::text, tenders::text, points_minor FROM purchase WHERE ledger_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq""",
        *span,
    )
    transactions = await by_seq(connection, ledger_id, [row[0] for row in rows])
    return [(transactions[row[0]], Purchase(*tuple(row)[1:])) for row in rows]
