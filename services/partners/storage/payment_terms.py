"""Payment terms, and the operator's account, in the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.payments.accounts import (
    Address,
    BankAccount,
    OperatorAccount,
    OperatorAccountVersion,
)
from services.partners.domain.payments.terms import (
    Mandate,
    Method,
    PaymentTerms,
    PaymentTermsVersion,
    Scheme,
)
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.payment_tables import operator_account_version, payment_terms_version

VERSIONS_MAX: Final = 1_000
_PLAIN: Final = (
    "partner_id",
    "valid_from",
    "prenotification_days",
    "due_days",
    "least_payout_minor",
    "reminder_days",
    "reminders_max",
    "late_interest_bp",
    "returned_fee_minor",
    "suspend_after_days",
)


async def add(connection: AsyncConnection, ledger_id: int, added: PaymentTermsVersion, by: str) -> None:
    """Writes a version of a partner's terms. Raises NotFound with PARTNER_UNKNOWN."""
    terms, mandate = added.terms, added.terms.mandate
    with constraints_explained():
        await connection.execute(
            insert(payment_terms_version).values(
                ledger_id=ledger_id,
                version=added.version,
                method=terms.method.value,
                mandate_id=mandate and mandate.mandate_id,
                mandate_signed_on=mandate and mandate.signed_on,
                mandate_scheme=mandate and mandate.scheme.value,
                set_by=by,
                draft_id=added.draft_id,
                **{name: getattr(terms, name) for name in _PLAIN},
                **_account_row(terms.account),
            )
        )


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[PaymentTermsVersion]:
    """All versions of a partner, oldest first."""
    of = payment_terms_version.c
    found = await connection.execute(
        select(payment_terms_version)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.version)
        .limit(VERSIONS_MAX)
    )
    return [_terms(row) for row in found]


async def of_programme(connection: Reads, ledger_id: int) -> dict[UUID, list[PaymentTermsVersion]]:
    """All versions of all partners that have terms, oldest first; see domain/payments/terms.py for which counts on a day."""
    of = payment_terms_version.c
    asked = select(payment_terms_version).where(of.ledger_id == ledger_id).order_by(of.partner_id, of.version)
    found: dict[UUID, list[PaymentTermsVersion]] = {}
    for row in await connection.execute(asked):
        found.setdefault(row.partner_id, []).append(_terms(row))
    return found


async def add_operator(
    connection: AsyncConnection, ledger_id: int, added: OperatorAccountVersion, by: str
) -> None:
    """Writes a version of the operator's account."""
    await connection.execute(
        insert(operator_account_version).values(
            ledger_id=ledger_id,
            version=added.version,
            valid_from=added.terms.valid_from,
            creditor_id=added.terms.creditor_id,
            set_by=by,
            draft_id=added.draft_id,
            **_account_row(added.terms.account),
        )
    )


async def of_operator(connection: Reads, ledger_id: int) -> list[OperatorAccountVersion]:
    """All versions of the operator's account, oldest first."""
    of = operator_account_version.c
    found = await connection.execute(
        select(operator_account_version)
        .where(of.ledger_id == ledger_id)
        .order_by(of.version)
        .limit(VERSIONS_MAX)
    )
    return [
        OperatorAccountVersion(
            OperatorAccount(_account(row), row.creditor_id, row.valid_from), row.version, row.draft_id
        )
        for row in found
    ]


def _account_row(account: BankAccount) -> dict[str, str]:
    address = account.address
    return {
        "holder": account.holder,
        "iban": account.iban,
        "bic": account.bic,
        "street": address.street,
        "town": address.town,
        "postcode": address.postcode,
        "country": address.country,
    }


def _account(row: Any) -> BankAccount:
    return BankAccount(
        row.holder, row.iban, row.bic, Address(row.street, row.town, row.postcode, row.country)
    )


def _terms(row: Any) -> PaymentTermsVersion:
    mandate = (
        Mandate(row.mandate_id, row.mandate_signed_on, Scheme(row.mandate_scheme)) if row.mandate_id else None
    )
    plain = {name: getattr(row, name) for name in _PLAIN}
    terms = PaymentTerms(method=Method(row.method), account=_account(row), mandate=mandate, **plain)
    return PaymentTermsVersion(terms, row.version, row.draft_id)
