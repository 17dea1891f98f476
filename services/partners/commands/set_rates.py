"""Set prices of a partner from a time on."""

from __future__ import annotations

from services.partners.commands.auditing import audited_rates
from services.partners.commands.telling import Tell
from services.partners.domain.events import ContractChanged
from services.partners.domain.permissions import require_role
from services.partners.domain.rates import Rates, RateVersion
from services.partners.storage import rates, rating
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal


class SetRates:
    """Staff with role `pricing`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, wanted: Rates) -> RateVersion:
        """The version in the books; the newest one again where it says the same, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        require_role(who, "pricing")
        wanted.checked()
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            # Rating stands still meanwhile: what is rated by now keeps its price, what comes may have this.
            head = await rating.locked_head(connection, programme.ledger_id)
            before = await rates.of_partner(connection, programme.ledger_id, wanted.partner_id)
            if before and before[-1].rates == wanted:
                return before[-1]
            if len(before) == rates.VERSIONS_MAX:
                raise InvalidRequest(
                    f"a rate card has at most {rates.VERSIONS_MAX:,} versions", field="rates"
                )
            made = RateVersion(wanted, len(before) + 1, head.rated_seq + 1)
            await rates.add(connection, programme.ledger_id, made, who.actor)
            await rating.next_generation(connection, programme.ledger_id)
            told = ContractChanged(wanted.partner_id, made.version, wanted.valid_from_us)
            now_us = wall_now_us() + head.clock_offset_us
            await self._tell(connection, programme, now_us, [told])
            await audited_rates(connection, who, before[-1] if before else None, made)
        return made
