"""Set prices of a partner from a time on."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, rates_change
from services.partners.commands.contract_terms import Term
from services.partners.commands.telling import Tell
from services.partners.domain.contract_drafts import RATES_KIND, parse_rates, rates_document
from services.partners.domain.events import ContractChanged
from services.partners.domain.rates import Rates, RateVersion
from services.partners.storage import rates, rating
from services.runtime.clock import wall_now_us
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


def rates_term(tell: Tell) -> Term[Rates, RateVersion]:
    """Prices as a term of a contract; each new version is told."""

    async def add(
        connection: AsyncConnection, programme: Programme, wanted: Rates, by: str, draft_id: UUID | None
    ) -> tuple[RateVersion, Sequence[Change]]:
        # Rating stands still meanwhile: what is rated by now keeps its price, what comes may have this.
        head = await rating.locked_head(connection, programme.ledger_id)
        before = await rates.of_partner(connection, programme.ledger_id, wanted.partner_id)
        if before and before[-1].rates == wanted:
            return before[-1], ()
        if len(before) == rates.VERSIONS_MAX:
            raise InvalidRequest(f"a rate card has at most {rates.VERSIONS_MAX:,} versions", field="rates")
        made = RateVersion(wanted, len(before) + 1, head.rated_seq + 1, draft_id)
        await rates.add(connection, programme.ledger_id, made, by)
        await rating.next_generation(connection, programme.ledger_id)
        told = ContractChanged(wanted.partner_id, made.version, wanted.valid_from_us)
        await tell(connection, programme, wall_now_us() + head.clock_offset_us, [told])
        return made, [rates_change(before[-1] if before else None, made)]

    return Term(RATES_KIND, "coalition settle rates propose", rates_document, parse_rates, add)
