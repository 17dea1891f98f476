"""Set how a partner pays and is paid, and which account the operator has for it: dated, two people in a live programme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.domain.payments.accounts import (
    OPERATOR_KIND,
    OperatorAccount,
    OperatorAccountVersion,
    operator_document,
    parse_operator,
)
from services.partners.domain.payments.terms import (
    KIND,
    PaymentTerms,
    PaymentTermsVersion,
    parse_terms,
    terms_document,
)
from services.partners.storage import payment_terms, rating
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Programme

_TOO_MANY: Final = f"there are at most {payment_terms.VERSIONS_MAX:,} versions"


async def _add_terms(
    connection: AsyncConnection, programme: Programme, wanted: PaymentTerms, by: str, draft_id: UUID | None
) -> tuple[PaymentTermsVersion, Sequence[Change]]:
    # Versions are numbered one after the other: two calls take turns, as all that changes contracts does.
    await rating.locked_head(connection, programme.ledger_id)
    before = await payment_terms.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == payment_terms.VERSIONS_MAX:
        raise InvalidRequest(_TOO_MANY, field="terms")
    made = PaymentTermsVersion(wanted, len(before) + 1, draft_id)
    await payment_terms.add(connection, programme.ledger_id, made, by)
    old = _noted(terms_document(before[-1].terms), before[-1].version) if before else None
    subject = to_text("ptr", wanted.partner_id)
    return made, [Change("payment_terms.set", subject, old, _noted(terms_document(wanted), made.version))]


async def _add_account(
    connection: AsyncConnection, programme: Programme, wanted: OperatorAccount, by: str, draft_id: UUID | None
) -> tuple[OperatorAccountVersion, Sequence[Change]]:
    await rating.locked_head(connection, programme.ledger_id)
    before = await payment_terms.of_operator(connection, programme.ledger_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == payment_terms.VERSIONS_MAX:
        raise InvalidRequest(_TOO_MANY, field="account")
    made = OperatorAccountVersion(wanted, len(before) + 1, draft_id)
    await payment_terms.add_operator(connection, programme.ledger_id, made, by)
    old = _noted(operator_document(before[-1].terms), before[-1].version) if before else None
    after = _noted(operator_document(wanted), made.version)
    return made, [Change("operator_account.set", programme.slug, old, after)]


def _noted(document: dict[str, Any], version: int) -> dict[str, Any]:
    return {**document, "version": version}


PAYMENT_TERMS: Final = Term(KIND, "coalition settle terms propose", terms_document, parse_terms, _add_terms)
OPERATOR_ACCOUNT: Final = Term(
    OPERATOR_KIND, "coalition settle account propose", operator_document, parse_operator, _add_account
)
