"""Set who a company of a partner is on documents, and which tax rule each supply falls under, from a time on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.domain.documents.tax import VERSIONS_MAX, TaxData, TaxVersion
from services.partners.domain.documents.tax_drafts import TAX_KIND, parse_tax, tax_document
from services.partners.storage import legal_entities, rating, tax
from services.partners.storage.errors import partner_unknown
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Programme


async def _check(connection: AsyncConnection, programme: Programme, wanted: TaxData) -> None:
    there = await legal_entities.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if not there:
        raise partner_unknown()
    if wanted.entity > len(there):
        raise InvalidRequest(f"the partner has no legal entity {wanted.entity}", field="legal_entity")


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: TaxData, by: str, draft_id: UUID | None
) -> tuple[TaxVersion, Sequence[Change]]:
    # Versions are numbered one after the other: two calls take turns, as all that changes contracts does.
    await rating.locked_head(connection, programme.ledger_id)
    await _check(connection, programme, wanted)
    known = await tax.of_partner(connection, programme.ledger_id, wanted.partner_id)
    before = [each for each in known if each.data.entity == wanted.entity]
    if before and before[-1].data == wanted:
        return before[-1], ()
    if len(before) == VERSIONS_MAX:
        raise InvalidRequest(f"a company has at most {VERSIONS_MAX:,} versions of tax data", field="tax")
    made = TaxVersion(wanted, len(before) + 1, draft_id)
    await tax.add(connection, programme.ledger_id, made, by)
    old = tax_document(before[-1].data) if before else None
    change = Change("tax_data.set", to_text("ptr", wanted.partner_id), old, tax_document(wanted))
    return made, [change]


TAX_DATA: Final = Term(TAX_KIND, "coalition partner tax propose", tax_document, parse_tax, _add, check=_check)
