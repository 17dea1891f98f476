"""Rate cards in the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.rates import Rates, RateVersion, TypePrices
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import rate_version
from services.runtime.clock import from_micros, to_micros

VERSIONS_MAX: Final = 10_000


async def add(connection: AsyncConnection, ledger_id: int, added: RateVersion, by: str) -> None:
    """Writes a version. Raises NotFound with PARTNER_UNKNOWN."""
    rates = added.rates
    with constraints_explained():
        await connection.execute(
            insert(rate_version).values(
                ledger_id=ledger_id,
                partner_id=rates.partner_id,
                version=added.version,
                issue_micros=rates.issue_micros,
                reimbursement_micros=rates.reimbursement_micros,
                valid_from=from_micros(rates.valid_from_us),
                valid_to=from_micros(rates.valid_to_us) if rates.valid_to_us else None,
                known_from_seq=added.known_from_seq,
                issue_share_percent=rates.issue_share_percent,
                transaction_fee_micros=rates.transaction_fee_micros,
                bonus_issue_micros=rates.bonus.issue_micros if rates.bonus else None,
                bonus_reimbursement_micros=rates.bonus.reimbursement_micros if rates.bonus else None,
                set_by=by,
                draft_id=added.draft_id,
            )
        )


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[RateVersion]:
    """All versions of a partner, oldest first."""
    found = await connection.execute(
        select(rate_version)
        .where(rate_version.c.ledger_id == ledger_id, rate_version.c.partner_id == partner_id)
        .order_by(rate_version.c.version)
        .limit(VERSIONS_MAX)
    )
    return [_version(row) for row in found]


async def of_programme(connection: Reads, ledger_id: int) -> list[RateVersion]:
    """All versions of all partners."""
    found = await connection.execute(select(rate_version).where(rate_version.c.ledger_id == ledger_id))
    return [_version(row) for row in found]


def _version(row: Any) -> RateVersion:
    bonus = row.bonus_issue_micros
    rates = Rates(
        row.partner_id,
        row.issue_micros,
        row.reimbursement_micros,
        to_micros(row.valid_from),
        to_micros(row.valid_to) if row.valid_to else 0,
        row.issue_share_percent,
        row.transaction_fee_micros,
        None if bonus is None else TypePrices(bonus, row.bonus_reimbursement_micros),
    )
    return RateVersion(rates, row.version, row.known_from_seq, row.draft_id)
