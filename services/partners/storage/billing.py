"""Billing terms, and what is booked for no posting, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.billing import Billing, BillingVersion, Booking, Cycle, Terms
from services.partners.domain.entries import EntryKind
from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.netting import Fold, KindTotal
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import billing_version, booking

VERSIONS_MAX: Final = 10_000
_FOLDS: Final = text("""
SELECT window_number, partner_id, kind, point_type, entity, price_micros, count(*) AS entries, sum(points) AS points,
    sum(amount_micros) AS amount_micros, sum(CASE points WHEN 0 THEN 1 ELSE points::numeric END * price_micros) AS micros
FROM booking
WHERE ledger_id = :ledger_id AND window_number BETWEEN :first AND :last
GROUP BY window_number, partner_id, kind, point_type, entity, price_micros
""")


async def add(connection: AsyncConnection, ledger_id: int, added: BillingVersion, by: str) -> None:
    """Writes a version. Raises NotFound with PARTNER_UNKNOWN."""
    terms = added.terms
    with constraints_explained():
        await connection.execute(
            insert(billing_version).values(
                ledger_id=ledger_id,
                partner_id=terms.partner_id,
                version=added.version,
                from_window=added.from_window,
                cycle=terms.cycle,
                cycle_fee_minor=terms.cycle_fee_minor,
                objection_days=terms.objection_days,
                set_by=by,
                draft_id=added.draft_id,
            )
        )


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[BillingVersion]:
    """All versions of a partner, oldest first."""
    found = await connection.execute(
        select(billing_version)
        .where(billing_version.c.ledger_id == ledger_id, billing_version.c.partner_id == partner_id)
        .order_by(billing_version.c.version)
        .limit(VERSIONS_MAX)
    )
    return [_version(row) for row in found]


async def of_programme(connection: Reads, ledger_id: int, zone: str) -> Billing:
    """All versions of all partners."""
    found = await connection.execute(select(billing_version).where(billing_version.c.ledger_id == ledger_id))
    return Billing([_version(row) for row in found], zone)


async def book(connection: AsyncConnection, ledger_id: int, bookings: Sequence[Booking]) -> None:
    """Writes bookings of a window; the caller holds the windows' lock."""
    if bookings:
        await connection.execute(
            insert(booking),
            [
                {
                    "ledger_id": ledger_id,
                    "window_number": each.window_number,
                    "number": each.number,
                    "kind": each.kind,
                    "partner_id": each.partner_id,
                    "amount_micros": each.amount_micros,
                    "price_micros": each.amount_micros,
                    "redemption_micros": each.redemption_micros,
                    "entity": FIRST_ENTITY,
                }
                for each in bookings
            ],
        )


async def last_number(connection: Reads, ledger_id: int, window_number: int) -> int:
    """The number of a window's last booking; 0: it has none."""
    of = booking.c
    found = await connection.execute(
        select(func.coalesce(func.max(of.number), 0)).where(
            of.ledger_id == ledger_id, of.window_number == window_number
        )
    )
    return int(found.scalar_one())


async def booked_since(connection: Reads, ledger_id: int, number: int) -> dict[UUID, int]:
    """What is booked of each partner in windows after one, in micros; without fees that come with a statement."""
    of = booking.c
    found = await connection.execute(
        select(of.partner_id, func.sum(of.amount_micros).label("micros"))
        .where(of.ledger_id == ledger_id, of.window_number > number, of.kind != EntryKind.CYCLE_FEE)
        .group_by(of.partner_id)
    )
    return {row.partner_id: int(row.micros) for row in found}


async def folds_between(
    connection: Reads, ledger_id: int, first: int, last: int
) -> dict[int, tuple[list[Fold], list[KindTotal]]]:
    """What is booked in windows, both ends included, by window.

    Summed by partner, kind, type of points and price; and by kind alone, as points times price: the operator's side of it.
    """
    found: dict[int, tuple[list[Fold], list[KindTotal]]] = {}
    wanted = {"ledger_id": ledger_id, "first": first, "last": last}
    for row in await connection.execute(_FOLDS, wanted):
        kind, folds = EntryKind(row.kind), found.setdefault(row.window_number, ([], []))
        folds[0].append(
            Fold(
                row.partner_id, kind, row.price_micros, row.entries, int(row.points), int(row.amount_micros),
                row.point_type or "", row.entity,
            )
        )  # fmt: skip
        folds[1].append(KindTotal(kind, int(row.micros)))
    return found


def _version(row: Any) -> BillingVersion:
    terms = Terms(row.partner_id, Cycle(row.cycle), row.cycle_fee_minor, row.objection_days)
    return BillingVersion(terms, row.version, row.from_window, row.draft_id)
