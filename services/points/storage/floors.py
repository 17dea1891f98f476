"""Reads of credit floors."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.movements import CreditFloor
from services.points.domain.opened import FloorInForce
from services.runtime.database import PgConnection


async def in_force(connection: PgConnection, ledger_id: int, partner_id: UUID | None) -> list[FloorInForce]:
    """The floors of all partners that ever had one, or of one of them."""
    rows = await connection.fetch(
        """SELECT a.owner_id, f.floor, f.basis_seq, f.seq, f.set_by, b.credits - b.debits AS balance
        FROM (
            SELECT DISTINCT ON (partner_no) * FROM floor_change WHERE ledger_id = $1 ORDER BY partner_no, seq DESC
        ) f
        JOIN account a ON a.ledger_id = $1 AND a.account_no = f.partner_no
        JOIN balance b ON b.ledger_id = $1 AND b.account_no = f.partner_no
        WHERE $2::uuid IS NULL OR a.owner_id = $2 ORDER BY a.owner_id""",
        ledger_id,
        partner_id,
    )
    return [
        FloorInForce(row["owner_id"], CreditFloor(row["floor"], row["basis_seq"]), row["seq"], row["set_by"], row["balance"])
        for row in rows
    ]  # fmt: skip
