"""Who works for a partner; the newest version counts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import EmploymentChanged
from services.members.storage import tables
from services.members.storage.personal import lock_member
from services.runtime.clock import from_micros
from services.runtime.database import ReadConnection
from services.runtime.principal import Principal


async def employers_of(
    connection: ReadConnection, ledger_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """The partners that members work for; members who work for none are left out."""
    table = tables.member_employment
    found = await connection.execute(
        select(table.c.member_id, table.c.partner_id, table.c.employed)
        .where(
            table.c.ledger_id == ledger_id,
            table.c.member_id == any_(literal(member_ids, ARRAY(Uuid))),
        )
        .order_by(table.c.version)
    )
    newest = {(row.member_id, row.partner_id): row.employed for row in found.all()}
    employers: dict[UUID, list[UUID]] = {}
    for (member_id, partner_id), employed in sorted(newest.items()):
        if employed:
            employers.setdefault(member_id, []).append(partner_id)
    return employers


async def set_employment(
    connection: AsyncConnection, ledger_id: int, change: EmploymentChanged, by: Principal
) -> bool:
    """Stores whether a member works for a partner; False where it is so already."""
    await lock_member(connection, ledger_id, change.member_id)
    table = tables.member_employment
    found = await connection.execute(
        select(table.c.version, table.c.employed)
        .where(
            table.c.ledger_id == ledger_id,
            table.c.member_id == change.member_id,
            table.c.partner_id == change.partner_id,
        )
        .order_by(table.c.version.desc())
        .limit(1)
    )
    row = found.first()
    if change.employed == (row is not None and row.employed):
        return False
    await connection.execute(
        insert(table),
        {
            "ledger_id": ledger_id,
            "member_id": change.member_id,
            "partner_id": change.partner_id,
            "version": row.version + 1 if row else 1,
            "employed": change.employed,
            "changed_at": from_micros(change.changed_at_us),
            "actor": by.actor,
        },
    )
    return True
