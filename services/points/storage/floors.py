"""Reads of credit floors."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.points.domain.movements import CreditFloor
from services.points.domain.opened import FloorInForce
from services.runtime.database import PgConnection


async def in_force(connection: PgConnection, ledger_id: int, partner_id: UUID | None) -> list[FloorInForce]:
    """The floors of all partners that ever had one, or of one of them."""
    rows = await connection.fetch(
        """SELECT a.owner_id, f.floor, f.parks, f.basis_seq, f.seq, f.set_by, b.credits - b.debits AS balance
        FROM (
            SELECT DISTINCT ON (partner_no) * FROM floor_change WHERE ledger_id = $1 ORDER BY partner_no, seq DESC
        ) f
        JOIN account a ON a.ledger_id = $1 AND a.account_no = f.partner_no
        JOIN balance b ON b.ledger_id = $1 AND b.account_no = f.partner_no
        WHERE $2::uuid IS NULL OR a.owner_id = $2 ORDER BY a.owner_id""",
        ledger_id,
        partner_id,
    )
    return [_floor(row) for row in rows]


async def of_partners(
    connection: PgConnection, ledger_id: int, partner_ids: Sequence[UUID]
) -> list[FloorInForce]:
    """The floors of these partners and what they bound, in the order asked; one that was never set has seq 0."""
    rows = await connection.fetch(
        """SELECT w.owner_id, f.floor, coalesce(f.parks, false) AS parks, coalesce(f.basis_seq, 0) AS basis_seq, coalesce(f.seq, 0) AS seq,
            coalesce(f.set_by, '') AS set_by, coalesce(b.credits - b.debits, 0) AS balance
        FROM unnest($2::uuid[]) WITH ORDINALITY AS w (owner_id, place)
        LEFT JOIN account a ON a.ledger_id = $1 AND a.kind = 'issuance' AND a.owner_id = w.owner_id
        LEFT JOIN balance b ON b.ledger_id = $1 AND b.account_no = a.account_no
        LEFT JOIN LATERAL (
            SELECT * FROM floor_change c WHERE c.ledger_id = $1 AND c.partner_no = a.account_no ORDER BY c.seq DESC LIMIT 1
        ) f ON true
        ORDER BY w.place""",
        ledger_id,
        list(partner_ids),
    )
    return [_floor(row) for row in rows]


def _floor(row: asyncpg.Record) -> FloorInForce:
    floor = CreditFloor(row["floor"], row["basis_seq"], row["parks"])
    return FloorInForce(row["owner_id"], floor, row["seq"], row["set_by"], row["balance"])
