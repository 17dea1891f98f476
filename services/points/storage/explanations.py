"""What explanations need besides the journal's records: worths, the refunds of an original, lots of holds, grants' earns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.points.domain.movements import LotTaken, RefundFigures
from services.points.domain.refunding import TenderOrder
from services.points.storage.journal import owners
from services.runtime.database import PgConnection


class NotedWorth(NamedTuple):
    """What was noted of a burn or a hold that a rule decided. Minor units; basket_minor: what of the basket counted, if told."""

    points: int
    rule_version: int
    basket_minor: int | None


class RefundRecord(NamedTuple):
    """A refund of an original."""

    seq: int
    tender_order: TenderOrder
    figures: RefundFigures


async def worth(connection: PgConnection, ledger_id: int, seq: int) -> NotedWorth | None:
    """What a rule made of a burn or a hold; None where none decided it."""
    row = await connection.fetchrow(
        "SELECT points, rule_version, basket_minor FROM burn_worth WHERE ledger_id = $1 AND seq = $2",
        ledger_id,
        seq,
    )
    return NotedWorth(*row) if row is not None else None


async def refunds_up_to(
    connection: PgConnection, ledger_id: int, original_seq: int, last_seq: int
) -> list[RefundRecord]:
    """The refunds of an original up to a seq, in order."""
    rows = await connection.fetch(
        """SELECT seq, tender_order, given, returned, clawed_back, owed, written_off, money_minor FROM refund
        WHERE ledger_id = $1 AND original_seq = $2 AND seq <= $3 ORDER BY no""",
        ledger_id,
        original_seq,
        last_seq,
    )
    return [RefundRecord(row[0], TenderOrder(row[1]), RefundFigures(*row[2:])) for row in rows]


async def set_aside(connection: PgConnection, ledger_id: int, hold_seq: int) -> Sequence[LotTaken]:
    """What a hold reserved of lots, in the order in which they are used."""
    rows = await connection.fetch(
        """SELECT h.lot_no, l.issuer_no, l.point_type, h.points, coalesce(l.earned_seq, l.opened_seq) FROM hold_lot h
        CROSS JOIN LATERAL (SELECT * FROM lot WHERE ledger_id = $1 AND lot_no = h.lot_no LIMIT 1) l
        WHERE h.ledger_id = $1 AND h.hold_seq = $2 ORDER BY l.expires_at, l.earned_at, l.lot_no""",
        ledger_id,
        hold_seq,
    )
    owned = await owners(connection, ledger_id, {row[1] for row in rows})
    return [LotTaken(row[0], owned[row[1]].owner_id, *row[2:]) for row in rows]


async def id_at(connection: PgConnection, ledger_id: int, seq: int) -> UUID:
    """The id of the posting at a seq."""
    found: UUID = await connection.fetchval(
        "SELECT transaction_id FROM posting WHERE ledger_id = $1 AND seq = $2", ledger_id, seq
    )
    return found
