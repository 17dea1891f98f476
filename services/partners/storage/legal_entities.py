"""Legal entities, and which store is whose, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.legal_entities import LegalEntity, StoreEntities, StoreVersion
from services.partners.storage.connection import Reads
from services.partners.storage.tables import legal_entity, store, store_entity
from services.runtime.clock import from_micros, to_micros


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[LegalEntity]:
    """The companies of a partner by number; none where there is no such partner."""
    of = legal_entity.c
    found = await connection.execute(
        select(of.number, of.name)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.number)
    )
    return [LegalEntity(row.number, row.name) for row in found]


async def add(
    connection: AsyncConnection, ledger_id: int, partner_id: UUID, added: LegalEntity, by: str
) -> None:
    """Writes a company; the caller holds the head of rating locked."""
    await connection.execute(
        insert(legal_entity).values(
            ledger_id=ledger_id, partner_id=partner_id, number=added.number, name=added.name, added_by=by
        )
    )


async def of_stores(connection: Reads, ledger_id: int) -> StoreEntities:
    """Which company each store of a programme is of; most stores are of their partner's first, and have no row."""
    found = await connection.execute(select(store_entity).where(store_entity.c.ledger_id == ledger_id))
    return StoreEntities(_version(row) for row in found)


async def newest_of(
    connection: Reads, ledger_id: int, partner_id: UUID, codes: Sequence[str] | None = None
) -> Mapping[str, tuple[UUID, StoreVersion | None]]:
    """The stores of a partner by code, all of them or those named, each with its newest version."""
    of, latest = store_entity.c, store_entity.alias("latest").c
    newest = (
        select(func.max(latest.version))
        .where(latest.ledger_id == store.c.ledger_id, latest.store_id == store.c.store_id)
        .correlate(store)
        .scalar_subquery()
    )
    assigned = (
        (of.ledger_id == store.c.ledger_id) & (of.store_id == store.c.store_id) & (of.version == newest)
    )
    wanted = (
        select(store.c.code, store.c.store_id.label("id_of_store"), store_entity)
        .select_from(store.outerjoin(store_entity, assigned))
        .where(store.c.ledger_id == ledger_id, store.c.partner_id == partner_id)
        .order_by(store.c.code)
    )
    if codes is not None:
        wanted = wanted.where(store.c.code.in_(codes))
    found = await connection.execute(wanted)
    return {row.code: (row.id_of_store, _version(row) if row.version else None) for row in found}


async def assign(
    connection: AsyncConnection, ledger_id: int, partner_id: UUID, added: Sequence[StoreVersion], by: str
) -> None:
    """Writes whose stores are whose; the caller holds the head of rating locked."""
    await connection.execute(
        insert(store_entity),
        [
            {
                "ledger_id": ledger_id,
                "store_id": each.store_id,
                "version": each.version,
                "partner_id": partner_id,
                "entity": each.entity,
                "valid_from": from_micros(each.valid_from_us),
                "known_from_seq": each.known_from_seq,
                "set_by": by,
            }
            for each in added
        ],
    )


def _version(row: Any) -> StoreVersion:
    return StoreVersion(row.store_id, row.version, row.entity, to_micros(row.valid_from), row.known_from_seq)
