"""Reads of payment terms and of the operator's account."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.payments.accounts import OperatorAccountVersion
from services.partners.domain.payments.terms import PaymentTermsVersion
from services.partners.domain.permissions import STATEMENTS_READ, partner_addressed
from services.partners.storage import partners, payment_terms
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.principal import Kind, Principal


class PaymentTermsQueries:
    """Staff and services see those of all partners with whole account numbers, a partner its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_partner(self, who: Principal, partner_id: UUID | None) -> list[PaymentTermsVersion]:
        """All versions, oldest first; none: nothing is agreed.

        Raises NotFound with PARTNER_UNKNOWN, PermissionDenied for a partner's key without the scope for statements.
        """
        if who.kind is Kind.PARTNER:
            who.require(STATEMENTS_READ)
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if await partners.by_id(connection, ledger_id, wanted) is None:
                raise partner_unknown()
            return await payment_terms.of_partner(connection, ledger_id, wanted)

    async def of_operator(self, who: Principal) -> list[OperatorAccountVersion]:
        """All versions of the operator's account, oldest first. Staff or service. Raises PermissionDenied."""
        who.require_internal()
        async with self._database.reader.snapshot() as connection:
            return await payment_terms.of_operator(connection, who.in_programme().ledger_id)
