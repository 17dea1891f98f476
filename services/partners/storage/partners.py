"""Partners and stores in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.partner import NewStore, Partner, Store
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import legal_entity, partner, store
from services.runtime.ids import new_id

# The most partners that a list holds; far beyond any coalition.
PARTNERS_MAX: Final = 10_000


async def add(connection: AsyncConnection, ledger_id: int, added: Partner, by: str) -> None:
    """Writes a partner, with its first legal entity. Raises Conflict with ALREADY_EXISTS."""
    with constraints_explained():
        await connection.execute(
            insert(partner).values(
                ledger_id=ledger_id,
                partner_id=added.partner_id,
                slug=added.slug,
                name=added.name,
                status=added.status,
                onboarded_by=by,
                first_window=added.first_window,
            )
        )
        await connection.execute(
            insert(legal_entity).values(
                ledger_id=ledger_id,
                partner_id=added.partner_id,
                number=FIRST_ENTITY,
                name=added.name,
                added_by=by,
            )
        )


async def of_programme(connection: Reads, ledger_id: int) -> list[Partner]:
    """All partners of a programme by slug."""
    found = await connection.execute(
        select(partner).where(partner.c.ledger_id == ledger_id).order_by(partner.c.slug).limit(PARTNERS_MAX)
    )
    return [_partner(row) for row in found]


async def by_id(connection: Reads, ledger_id: int, partner_id: UUID) -> Partner | None:
    """A partner, or None."""
    found = await connection.execute(
        select(partner).where(partner.c.ledger_id == ledger_id, partner.c.partner_id == partner_id)
    )
    row = found.first()
    return _partner(row) if row else None


async def by_slug(connection: Reads, ledger_id: int, slug: str) -> Partner | None:
    """A partner, or None."""
    found = await connection.execute(
        select(partner).where(partner.c.ledger_id == ledger_id, partner.c.slug == slug)
    )
    row = found.first()
    return _partner(row) if row else None


async def add_stores(
    connection: AsyncConnection, ledger_id: int, partner_id: UUID, added: Sequence[NewStore]
) -> tuple[list[Store], tuple[UUID, ...]]:
    """Writes the stores whose code is new; answers all of them in the order asked, and the ids of the new.

    Raises NotFound with PARTNER_UNKNOWN.
    """
    # In the order of their codes, so that two calls with the same stores wait for each other and don't
    # deadlock.
    rows = [
        {
            "ledger_id": ledger_id,
            "store_id": new_id(),
            "partner_id": partner_id,
            "code": each.code,
            "name": each.name,
        }
        for each in sorted(added, key=lambda each: each.code)
    ]
    with constraints_explained():
        made = await connection.execute(
            insert_or_keep(store).values(rows).on_conflict_do_nothing().returning(store.c.store_id)
        )
    new_ids = tuple(made.scalars())
    found = await connection.execute(
        select(store).where(
            store.c.ledger_id == ledger_id,
            store.c.partner_id == partner_id,
            store.c.code.in_([each.code for each in added]),
        )
    )
    by_code = {row.code: _store(row) for row in found}
    return [by_code[each.code] for each in added], new_ids


async def stores_of(
    connection: Reads, ledger_id: int, partner_id: UUID, after_code: str = "", limit: int | None = None
) -> list[Store]:
    """A partner's stores by code, after a code."""
    found = await connection.execute(
        select(store)
        .where(store.c.ledger_id == ledger_id, store.c.partner_id == partner_id, store.c.code > after_code)
        .order_by(store.c.code)
        .limit(limit)
    )
    return [_store(row) for row in found]


def _partner(row: Any) -> Partner:
    return Partner(row.partner_id, row.slug, row.name, row.status, row.first_window)


def _store(row: Any) -> Store:
    return Store(row.store_id, row.code, row.name)
