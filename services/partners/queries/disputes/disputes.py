"""Reads of disputes: staff and services see all, a partner its own."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.disputes.dispute import Dispute
from services.partners.domain.disputes.terms import DisputeTermsVersion
from services.partners.domain.permissions import STATEMENTS_READ
from services.partners.queries.clearing import page_size
from services.partners.storage.disputes import disputes, terms
from services.partners.storage.programme_time import programme_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.principal import Kind, Principal


@dataclass(frozen=True, slots=True)
class DisputesPage:
    """Disputes, newest first. `now_us`: programme time, by which they are overdue."""

    disputes: list[Dispute]
    has_more: bool
    now_us: int


class Disputes:
    """Disputes of the programme acted in; a partner with scope `statements:read`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, who: Principal, dispute_id: UUID | None, number: int = 0) -> tuple[Dispute, int]:
        """A dispute by its id or its number, and programme time. Raises NotFound, for a partner also where it is another's."""
        own, ledger_id = _own_partner(who), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = (
                await disputes.by_id(connection, ledger_id, dispute_id)
                if dispute_id is not None
                else await disputes.by_number(connection, ledger_id, number)
            )
            now_us = await programme_now_us(connection, ledger_id)
        if found is None or own not in (None, found.partner_id):
            raise NotFound("there is no such dispute")
        return found, now_us

    async def now_us(self, who: Principal) -> int:
        """Programme time, by which a decision is overdue."""
        async with self._database.reader.snapshot() as connection:
            return await programme_now_us(connection, who.in_programme().ledger_id)

    async def list_them(
        self,
        who: Principal,
        partner_id: UUID | None,
        *,
        before: int,
        after: int,
        limit: int,
        unfinished: bool,
    ) -> DisputesPage:
        """A page, newest first; with `after` alone the page next to that number. `unfinished`: without those that are closed.

        Raises InvalidRequest, PermissionDenied.
        """
        if before < 0 or after < 0:
            raise InvalidRequest("disputes are numbered from 1", field="before")
        size, ledger_id = page_size(limit), who.in_programme().ledger_id
        wanted = _own_partner(who) or partner_id
        async with self._database.reader.snapshot() as connection:
            found = await disputes.listed(
                connection,
                ledger_id,
                partner_id=wanted,
                before=before,
                after=after,
                unfinished=unfinished,
                limit=size + 1,
            )
            now_us = await programme_now_us(connection, ledger_id)
        more = len(found) > size
        kept = found[-size:] if after and not before else found[:size]
        return DisputesPage(kept, more, now_us)

    async def terms(self, who: Principal) -> list[DisputeTermsVersion]:
        """All versions of dispute terms, oldest first; none: what goes without saying holds. Everybody of the programme may know."""
        async with self._database.reader.snapshot() as connection:
            return await terms.of_programme(connection, who.in_programme().ledger_id)


def _own_partner(who: Principal) -> UUID | None:
    if who.kind is not Kind.PARTNER:
        return None
    who.require(STATEMENTS_READ)
    return who.as_partner()
