"""Set where a partner stands from a time on: taking part, suspended, leaving, gone."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.commands.standing.buy_out import buy_out
from services.partners.commands.telling import Tell
from services.partners.domain.events import StandingChanged
from services.partners.domain.standing.terms import (
    STANDING_KIND,
    StandingTerms,
    StandingVersion,
    check_follows,
    parse_standing,
    standing_document,
)
from services.partners.storage import rating, standings, windows
from services.runtime.clock import wall_now_us
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Programme


async def stand(
    connection: AsyncConnection,
    programme: Programme,
    tell: Tell,
    wanted: StandingTerms,
    by: str,
    draft_id: UUID | None = None,
    payment_id: UUID | None = None,
) -> tuple[StandingVersion, Sequence[Change]]:
    """Writes the next version in the caller's transaction, unless the newest says the same, and tells it; what to note of it.

    Raises InvalidRequest for what cannot follow.
    """
    # Windows first, as re-rates take these locks; then versions are numbered one after the other: two calls take turns.
    window_number = await windows.lock(connection, programme.ledger_id) + 1
    head = await rating.locked_head(connection, programme.ledger_id)
    before = await standings.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == standings.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {standings.VERSIONS_MAX:,} versions of where it stands", field="standing"
        )
    now_us = wall_now_us() + head.clock_offset_us
    check_follows(before, wanted, now_us)
    made = StandingVersion(wanted, len(before) + 1, draft_id, payment_id)
    await standings.add(connection, programme.ledger_id, made, by)
    bought = await buy_out(connection, programme.ledger_id, made, head, window_number)
    changed = StandingChanged(wanted.partner_id, made.version, wanted.standing)
    await tell(connection, programme, now_us, [changed])
    old = standing_document(before[-1].terms) if before else None
    subject = to_text("ptr", wanted.partner_id)
    return made, [Change("partner_standing.set", subject, old, standing_document(wanted)), *bought]


def standing_term(tell: Tell) -> Term[StandingTerms, StandingVersion]:
    """Where a partner stands as a term of a contract; each new version is told, and the ledger goes by what it is told."""

    async def add(
        connection: AsyncConnection,
        programme: Programme,
        wanted: StandingTerms,
        by: str,
        draft_id: UUID | None,
    ) -> tuple[StandingVersion, Sequence[Change]]:
        return await stand(connection, programme, tell, wanted, by, draft_id)

    return Term(STANDING_KIND, "coalition partner standing propose", standing_document, parse_standing, add)
