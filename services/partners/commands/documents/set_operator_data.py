"""Set who the operator of a programme is on documents, from a time on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.domain.documents.tax import VERSIONS_MAX, OperatorData, OperatorVersion
from services.partners.domain.documents.tax_drafts import (
    OPERATOR_KIND,
    operator_document,
    parse_operator,
)
from services.partners.domain.text import OPERATOR_SLUG
from services.partners.storage import rating, tax
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


async def _nothing_to_check(connection: AsyncConnection, programme: Programme, wanted: OperatorData) -> None:
    """It is of no partner."""


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: OperatorData, by: str, draft_id: UUID | None
) -> tuple[OperatorVersion, Sequence[Change]]:
    await rating.locked_head(connection, programme.ledger_id)
    before = await tax.of_operator(connection, programme.ledger_id)
    if before and before[-1].data == wanted:
        return before[-1], ()
    if len(before) == VERSIONS_MAX:
        raise InvalidRequest(f"an operator has at most {VERSIONS_MAX:,} versions of its data", field="tax")
    made = OperatorVersion(wanted, len(before) + 1, draft_id)
    await tax.add_operator(connection, programme.ledger_id, made, by)
    old = operator_document(before[-1].data) if before else None
    return made, [Change("operator_data.set", OPERATOR_SLUG, old, operator_document(wanted))]


OPERATOR_DATA: Final = Term(
    OPERATOR_KIND,
    "coalition programme operator propose",
    operator_document,
    parse_operator,
    _add,
    check=_nothing_to_check,
)
