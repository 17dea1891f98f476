"""Dispute terms in the database."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.disputes.terms import DisputeTerms, DisputeTermsVersion
from services.partners.storage.connection import Reads
from services.partners.storage.disputes.tables import dispute_terms_version
from services.runtime.clock import from_micros, to_micros


async def add(connection: AsyncConnection, ledger_id: int, added: DisputeTermsVersion, by: str) -> None:
    """Writes a version; the caller holds the head of rating locked."""
    terms = added.terms
    await connection.execute(
        insert(dispute_terms_version).values(
            ledger_id=ledger_id,
            version=added.version,
            valid_from=from_micros(terms.valid_from_us),
            evidence_days=terms.evidence_days,
            decision_days=terms.decision_days,
            escalation_days=terms.escalation_days,
            set_by=by,
            draft_id=added.draft_id,
        )
    )


async def of_programme(connection: Reads, ledger_id: int) -> list[DisputeTermsVersion]:
    """All versions, oldest first."""
    of = dispute_terms_version.c
    found = await connection.execute(
        select(dispute_terms_version).where(of.ledger_id == ledger_id).order_by(of.version)
    )
    return [
        DisputeTermsVersion(
            DisputeTerms(
                to_micros(row.valid_from), row.evidence_days, row.decision_days, row.escalation_days
            ),
            row.version,
            row.draft_id,
        )
        for row in found
    ]
