"""Where partners stand, for staff and services, and for a partner itself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.permissions import partner_addressed
from services.partners.domain.standing.buy_out import BuyOut
from services.partners.domain.standing.terms import StandingNow, StandingVersion, standing_now
from services.partners.storage import buy_outs, partners, standings
from services.partners.storage.errors import partner_unknown
from services.partners.storage.programme_time import programme_now_us
from services.runtime.database import Database
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class StandingView:
    """Where a partner stands now, all versions, oldest first, and what was bought out as it left."""

    now: StandingNow
    versions: list[StandingVersion]
    bought_out: BuyOut | None


class Standings:
    """Reads where partners stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, who: Principal, partner_id: UUID | None) -> StandingView:
        """Of a partner; of a partner's own where nobody is named. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if await partners.by_id(connection, ledger_id, wanted) is None:
                raise partner_unknown()
            versions = await standings.of_partner(connection, ledger_id, wanted)
            bought_out = await buy_outs.of_partner(connection, ledger_id, wanted)
            now_us = await programme_now_us(connection, ledger_id)
        return StandingView(standing_now(versions, now_us), versions, bought_out)
