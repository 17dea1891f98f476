"""Programmes in the database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.programme import Registration
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import programme, rating_head, window_head
from services.runtime.clock import from_micros, to_micros
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from services.runtime.principal import Programme

# Held while a ledger's number is handed out, so that two registrations take turns.
_NUMBERING_LOCK: Final = 0x4C454447


async def next_ledger_id(connection: AsyncConnection) -> int:
    """The number of the next ledger, from 1; nobody else gets it before this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
    found = await connection.execute(select(func.coalesce(func.max(programme.c.ledger_id), 0) + 1))
    return int(found.scalar_one())


async def add(connection: AsyncConnection, added: Registration, clock_offset_us: int, by: str) -> None:
    """Writes a programme and the heads of its clearing. Raises Conflict with ALREADY_EXISTS."""
    facts = added.programme
    with constraints_explained():
        await connection.execute(
            insert(programme).values(
                ledger_id=facts.ledger_id,
                slug=facts.slug,
                name=added.name,
                zone=facts.zone,
                currency=facts.currency,
                is_test=facts.is_test,
                starts_at=from_micros(added.starts_at_us),
                expiry_rule=added.expiry.rule.value,
                expiry_months=added.expiry.months,
                expiry_month=added.expiry.month or None,
                expiry_day=added.expiry.day or None,
                expiry_notice_days=added.expiry.notice_days,
                registered_by=by,
            )
        )
    await connection.execute(
        insert(rating_head).values(ledger_id=facts.ledger_id, clock_offset_us=clock_offset_us)
    )
    await connection.execute(insert(window_head).values(ledger_id=facts.ledger_id))


async def by_slug(connection: Reads, slug: str) -> Registration | None:
    """A programme, or None."""
    found = (await connection.execute(select(programme).where(programme.c.slug == slug))).first()
    return _registration(found) if found else None


async def by_ledger_id(connection: Reads, ledger_id: int) -> Registration | None:
    """A programme, or None."""
    found = (await connection.execute(select(programme).where(programme.c.ledger_id == ledger_id))).first()
    return _registration(found) if found else None


async def all_of_them(connection: Reads) -> list[Registration]:
    """All programmes by slug."""
    found = await connection.execute(select(programme).order_by(programme.c.slug))
    return [_registration(row) for row in found]


def _registration(row: Any) -> Registration:
    facts = Programme(row.ledger_id, row.slug, row.zone, row.currency, row.is_test)
    expiry = ExpiryPolicy(
        ExpiryRule(row.expiry_rule), row.expiry_months, row.expiry_month or 0, row.expiry_day or 0,
        row.expiry_notice_days,
    )  # fmt: skip
    return Registration(facts, row.name, to_micros(row.starts_at), expiry)
