"""Credit limits in the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.credit_limits import CreditLimit, CreditLimitVersion, OnLimit
from services.partners.domain.drafts import Person
from services.partners.storage.approval_tables import credit_limit
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import staff
from services.runtime.clock import from_micros, to_micros

VERSIONS_MAX: Final = 1_000
_SETTER: Final = staff.alias("setter")
_APPROVER: Final = staff.alias("approver")


async def add(connection: AsyncConnection, ledger_id: int, added: CreditLimitVersion) -> None:
    """Writes a version; the draft is approved already. Raises NotFound with PARTNER_UNKNOWN."""
    terms = added.limit
    with constraints_explained():
        await connection.execute(
            insert(credit_limit).values(
                ledger_id=ledger_id,
                partner_id=terms.partner_id,
                version=added.version,
                limit_minor=terms.limit_minor,
                prefunded_minor=terms.prefunded_minor,
                on_limit=terms.on_limit.value,
                warning_percent=terms.warning_percent,
                known_from=from_micros(added.known_from_us),
                draft_id=added.draft_id,
                set_by=added.set_by.staff_id,
                approved_by=added.approved_by.staff_id,
            )
        )


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[CreditLimitVersion]:
    """All versions of a partner, oldest first; the last one counts."""
    of = credit_limit.c
    found = await connection.execute(
        select(credit_limit, _SETTER.c.name.label("set_by_name"), _APPROVER.c.name.label("approved_by_name"))
        .join(_SETTER, _SETTER.c.staff_id == of.set_by)
        .join(_APPROVER, _APPROVER.c.staff_id == of.approved_by)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.version)
        .limit(VERSIONS_MAX)
    )
    return [_version(row) for row in found]


def _version(row: Any) -> CreditLimitVersion:
    terms = CreditLimit(
        row.partner_id, row.limit_minor, row.prefunded_minor, OnLimit(row.on_limit), row.warning_percent
    )
    return CreditLimitVersion(
        terms,
        row.version,
        to_micros(row.known_from),
        row.draft_id,
        Person(row.set_by, row.set_by_name),
        Person(row.approved_by, row.approved_by_name),
    )
