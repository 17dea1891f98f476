"""What the database itself refuses of payment terms and the operator's account, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.servers import ServiceDatabase

PARTNER = UUID(int=7)
_FILLED = f"""
INSERT INTO programme VALUES (1, 'demo', 'Demo', 'UTC', 'EUR', true, '2017-01-01Z', 'months_after_earn', 24, NULL, NULL, 30, now(), 'test');
INSERT INTO partner VALUES (1, '{PARTNER}', 'grocer', 'Grocer', 'active', now(), 'test', 1);
"""
_ACCOUNT = {
    "holder": "'G'", "iban": "'DE89370400440532013000'", "bic": "''", "street": "''", "town": "'B'", "postcode": "''",
    "country": "'DE'", "set_by": "'me'", "valid_from": "'2026-03-01'", "ledger_id": "1", "version": "1",
}  # fmt: skip
_TERMS = {
    **_ACCOUNT, "partner_id": f"'{PARTNER}'", "method": "'direct_debit'", "mandate_id": "'M'",
    "mandate_signed_on": "'2026-02-20'", "mandate_scheme": "'CORE'", "prenotification_days": "14", "due_days": "14",
    "least_payout_minor": "0", "reminder_days": "7", "reminders_max": "3", "late_interest_bp": "0",
    "returned_fee_minor": "0", "suspend_after_days": "0",
}  # fmt: skip
_OPERATOR = {**_ACCOUNT, "creditor_id": "''"}


@pytest.fixture
async def admin(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[asyncpg.Connection]:
    """The owner's own rights, in a transaction that is rolled back, with a partner."""
    connection = await asyncpg.connect(database_for("partners").admin_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(_FILLED)
    yield connection
    await transaction.rollback()
    await connection.close()


async def put(admin: asyncpg.Connection, table: str, row: dict[str, str]) -> None:
    await admin.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())})")


async def test_terms_and_an_account_that_are_whole_are_taken_one_version_after_the_other(admin: Any) -> None:
    for table, row in (("payment_terms_version", _TERMS), ("operator_account_version", _OPERATOR)):
        await put(admin, table, row)
        await put(admin, table, {**row, "version": "2"})
    invoice = dict.fromkeys(("mandate_id", "mandate_signed_on", "mandate_scheme"), "NULL")
    await put(admin, "payment_terms_version", {**_TERMS, **invoice, "method": "'invoice'", "version": "3"})


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"version": "2"}, "payment_terms_version_prior_fk"),
        ({"version": "0"}, "payment_terms_version_version_ck"),
        ({"partner_id": "gen_random_uuid()"}, "payment_terms_version_partner_fk"),
        ({"iban": "'de89'"}, "payment_terms_version_iban_ck"),
        ({"method": "'cash'"}, "payment_terms_version_mandate_ck"),
        ({"method": "'invoice'"}, "payment_terms_version_mandate_ck"),
        ({"mandate_id": "NULL"}, "payment_terms_version_mandate_ck"),
        ({"mandate_scheme": "'COR1'"}, "payment_terms_version_mandate_ck"),
        ({"mandate_signed_on": "'2026-03-02'"}, "payment_terms_version_mandate_ck"),
        ({"mandate_signed_on": "NULL"}, "payment_terms_version_mandate_ck"),
        ({"mandate_scheme": "NULL"}, "payment_terms_version_mandate_ck"),
        ({"prenotification_days": "0"}, "payment_terms_version_days_ck"),
        ({"reminders_max": "11"}, "payment_terms_version_days_ck"),
        ({"suspend_after_days": "367"}, "payment_terms_version_days_ck"),
        ({"least_payout_minor": "-1"}, "payment_terms_version_amounts_ck"),
        ({"late_interest_bp": "10001"}, "payment_terms_version_amounts_ck"),
    ],
)
async def test_terms_that_nobody_can_have_agreed_are_refused(
    admin: Any, changes: dict[str, str], constraint: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await put(admin, "payment_terms_version", {**_TERMS, **changes})
    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"version": "2"}, "operator_account_version_prior_fk"),
        ({"version": "0"}, "operator_account_version_version_ck"),
        ({"ledger_id": "2"}, "operator_account_version_two_people_ck"),
        ({"iban": "''"}, "operator_account_version_iban_ck"),
    ],
)
async def test_an_account_that_is_none_is_refused(
    admin: Any, changes: dict[str, str], constraint: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await put(admin, "operator_account_version", {**_OPERATOR, **changes})
    assert refused.value.constraint_name == constraint
