"""Reads of money that is paid ahead: staff and services of all partners, a partner of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.permissions import partner_addressed
from services.partners.domain.settlement.prefunding import NOTHING_AWAITED, Ordered
from services.partners.queries.clearing import page_size
from services.partners.storage import partners
from services.partners.storage.errors import partner_unknown
from services.partners.storage.settlement import payments, prefunding
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class PrefundingPage:
    """What a partner's companies have paid ahead, in minor units, and its orders, newest first.

    `unpaid_minor`: what of `held` was asked for, and a payment is waited for.
    """

    held: Mapping[int, int]
    unpaid_minor: int
    orders: list[Ordered]
    has_more: bool


class Prefunding:
    """Of the programme acted in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_partner(
        self, who: Principal, partner_id: UUID | None, before: int, limit: int
    ) -> PrefundingPage:
        """A page. Raises NotFound with PARTNER_UNKNOWN, InvalidRequest."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        if before < 0:
            raise InvalidRequest("orders are numbered from 1", field="before")
        size = page_size(limit)
        async with self._database.reader.snapshot() as connection:
            if await partners.by_id(connection, ledger_id, wanted) is None:
                raise partner_unknown()
            held = (await prefunding.held(connection, ledger_id)).get(wanted, {})
            open_payments = await payments.all_open(connection, ledger_id)
            awaited = await prefunding.awaited(connection, ledger_id, open_payments)
            found = await prefunding.listed(
                connection, ledger_id, wanted, before=before or None, limit=size + 1
            )
        unpaid = min(sum(held.values()), awaited.get(wanted, NOTHING_AWAITED).unpaid_minor)
        return PrefundingPage(held, unpaid, found[:size], len(found) > size)
