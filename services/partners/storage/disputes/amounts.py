"""What disputes hold back and give back, as accounts and windows ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.disputes.amounts import Held, adjustment_kind
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.settlement.accounts import Account
from services.partners.storage.connection import Reads
from services.partners.storage.disputes.tables import dispute, dispute_event
from services.partners.storage.settlement.tables import money_entry, money_journal
from services.partners.storage.tables import booking

# Pending: given back in a window that no statement of the partner covers yet.
_HELD: Final = text("""
SELECT d.dispute_id, d.partner_id, d.claimed_minor, d.tax_basis_points, bool_or(e.kind = 'closed') AS closed,
    sum(e.accepted_minor)::bigint AS accepted,
    coalesce(sum(e.accepted_minor) FILTER (
        WHERE e.window_number > coalesce((
            SELECT max(s.window_number) FROM statement AS s
            WHERE s.ledger_id = d.ledger_id AND s.partner_id = d.partner_id
        ), 0)
    ), 0)::bigint AS pending
FROM dispute AS d
INNER JOIN dispute_event AS e ON e.ledger_id = d.ledger_id AND e.dispute_id = d.dispute_id
WHERE d.ledger_id = :ledger_id AND d.mode = 'withheld' AND (CAST(:partners AS uuid []) IS NULL OR d.partner_id = any(CAST(:partners AS uuid [])))
GROUP BY d.ledger_id, d.dispute_id
ORDER BY d.number
""")

_UNLIKE: Final = text("""
SELECT d.number, e.event, e.window_number
FROM dispute_event AS e
INNER JOIN dispute AS d ON d.ledger_id = e.ledger_id AND d.dispute_id = e.dispute_id
INNER JOIN clearing_window AS w ON w.ledger_id = e.ledger_id AND w.number = e.window_number AND w.state <> 'closed'
INNER JOIN statement_line AS l ON l.ledger_id = d.ledger_id AND l.statement_id = d.statement_id AND l.line = d.line
LEFT JOIN booking AS b ON b.ledger_id = e.ledger_id AND b.dispute_id = e.dispute_id AND b.dispute_event = e.event
WHERE e.ledger_id = :ledger_id AND e.accepted_minor > 0 AND (
    b.amount_micros IS DISTINCT FROM -e.accepted_minor * 10000
    OR b.partner_id <> d.partner_id OR b.entity <> l.entity
    OR b.kind <> CASE
        WHEN l.kind IN ('fee', 'cycle_fee', 'fee_difference', 'adjustment_fees') THEN 'adjustment_fees'
        WHEN l.kind IN ('burned', 'returned', 'burned_difference', 'returned_difference', 'adjustment_reimbursement')
            THEN 'adjustment_reimbursement'
        ELSE 'adjustment_points'
    END
)
ORDER BY d.number, e.event
LIMIT :most
""")
_UNLIKE_MAX: Final = 20


async def held(connection: Reads, ledger_id: int, partners: Sequence[UUID] | None = None) -> list[Held]:
    """All withheld disputes of partners (None: of everybody), by number, as their events say."""
    wanted = {"ledger_id": ledger_id, "partners": None if partners is None else list(partners)}
    return [
        Held(
            row.dispute_id, row.partner_id, row.claimed_minor, row.tax_basis_points, row.accepted, row.pending,
            row.closed,
        )
        for row in await connection.execute(_HELD, wanted)
    ]  # fmt: skip


async def booked_minor(connection: Reads, ledger_id: int, disputes: Sequence[UUID]) -> dict[UUID, int]:
    """What journals hold for disputes, by their ids, in minor units with tax."""
    of, line = money_journal.c, money_entry.c
    found = await connection.execute(
        select(of.dispute_id, func.sum(line.amount_minor).label("amount"))
        .join(money_entry, (line.ledger_id == of.ledger_id) & (line.journal == of.journal))
        .where(of.ledger_id == ledger_id, of.dispute_id.in_(list(disputes)), line.account == Account.DISPUTED)
        .group_by(of.dispute_id)
    )
    return {row.dispute_id: int(row.amount) for row in found}


async def book(connection: AsyncConnection, ledger_id: int, window_number: int, booked: int) -> None:
    """Books what decisions of disputes give back in a window and is not booked yet, by number and event.

    The caller holds the windows' lock; as many bookings as `booked` are in the window.
    """
    of, line = dispute_event.c, dispute.c
    already = select(booking.c.dispute_id).where(
        booking.c.ledger_id == ledger_id,
        booking.c.dispute_id == of.dispute_id,
        booking.c.dispute_event == of.event,
    )
    found = await connection.execute(
        select(line.partner_id, line.line_kind, line.entity, of.dispute_id, of.event, of.accepted_minor)
        .join(dispute, (line.ledger_id == of.ledger_id) & (line.dispute_id == of.dispute_id))
        .where(of.ledger_id == ledger_id, of.window_number == window_number, ~already.exists())
        .order_by(line.number, of.event)
    )
    rows = [
        {
            "ledger_id": ledger_id,
            "window_number": window_number,
            "number": place,
            "kind": adjustment_kind(row.line_kind),
            "partner_id": row.partner_id,
            "amount_micros": -row.accepted_minor * MICROS_PER_MINOR,
            "price_micros": -row.accepted_minor * MICROS_PER_MINOR,
            "entity": row.entity,
            "dispute_id": row.dispute_id,
            "dispute_event": row.event,
        }
        for place, row in enumerate(found, start=booked + 1)
    ]
    if rows:
        await connection.execute(insert(booking), rows)


async def unlike(connection: Reads, ledger_id: int) -> list[tuple[int, int, int]]:
    """Number, event and window of decisions whose window has its nets, and whose booking is not there, or is another."""
    found = await connection.execute(_UNLIKE, {"ledger_id": ledger_id, "most": _UNLIKE_MAX})
    return [(row.number, row.event, row.window_number) for row in found]
