"""Billing terms, and what is booked for no posting, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.billing import Billing, BillingVersion, Booking, Cycle, Terms
from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import Fold, KindTotal
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import billing_version, booking

VERSIONS_MAX: Final = 10_000


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
                }
                for each in bookings
            ],
        )


async def booked_between(connection: Reads, ledger_id: int, first: int, last: int) -> list[Booking]:
    """What is booked in windows, both ends included, in order."""
    of = booking.c
    found = await connection.execute(
        select(booking)
        .where(of.ledger_id == ledger_id, of.window_number.between(first, last))
        .order_by(of.window_number, of.number)
    )
    return [
        Booking(row.window_number, row.number, EntryKind(row.kind), row.partner_id, row.amount_micros)
        for row in found
    ]


async def booked_since(connection: Reads, ledger_id: int, number: int) -> dict[UUID, int]:
    """What is booked of each partner in windows after one, in micros."""
    of = booking.c
    found = await connection.execute(
        select(of.partner_id, func.sum(of.amount_micros).label("micros"))
        .where(of.ledger_id == ledger_id, of.window_number > number)
        .group_by(of.partner_id)
    )
    return {row.partner_id: int(row.micros) for row in found}


async def kind_totals(connection: Reads, ledger_id: int, number: int) -> list[KindTotal]:
    """The bookings of a window by kind alone: the operator's side of them."""
    of = booking.c
    found = await connection.execute(
        select(of.kind, func.sum(of.amount_micros).label("micros"))
        .where(of.ledger_id == ledger_id, of.window_number == number)
        .group_by(of.kind)
    )
    return [KindTotal(EntryKind(row.kind), int(row.micros)) for row in found]


def fold_of(booked: Booking) -> Fold:
    """A booking as a line of a statement: once, at its amount."""
    return Fold(
        booked.partner_id, booked.kind, booked.amount_micros, 1, 0, booked.amount_micros, point_type=""
    )


def _version(row: Any) -> BillingVersion:
    terms = Terms(row.partner_id, Cycle(row.cycle), row.cycle_fee_minor, row.objection_days)
    return BillingVersion(terms, row.version, row.from_window, row.draft_id)
