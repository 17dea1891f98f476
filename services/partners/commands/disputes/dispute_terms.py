"""Set how many days evidence, a decision and an escalation take: dated, two people in a live programme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.domain.disputes.terms import (
    KIND,
    VERSIONS_MAX,
    DisputeTerms,
    DisputeTermsVersion,
    parse_terms,
    terms_document,
)
from services.partners.storage import rating
from services.partners.storage.disputes import terms
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


async def _nothing_to_check(connection: AsyncConnection, programme: Programme, wanted: DisputeTerms) -> None:
    """They are of no partner."""


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: DisputeTerms, by: str, draft_id: UUID | None
) -> tuple[DisputeTermsVersion, Sequence[Change]]:
    await rating.locked_head(connection, programme.ledger_id)
    before = await terms.of_programme(connection, programme.ledger_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == VERSIONS_MAX:
        raise InvalidRequest(f"there are at most {VERSIONS_MAX:,} versions", field="terms")
    made = DisputeTermsVersion(wanted, len(before) + 1, draft_id)
    await terms.add(connection, programme.ledger_id, made, by)
    old = terms_document(before[-1].terms) if before else None
    return made, [Change("dispute_terms.set", programme.slug, old, terms_document(wanted))]


DISPUTE_TERMS: Final = Term(
    KIND,
    "coalition settle disputes terms propose",
    terms_document,
    parse_terms,
    _add,
    check=_nothing_to_check,
)
