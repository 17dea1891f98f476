"""A partner reads how it pays and is paid; nobody reads its account number."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import payment_terms_pb2 as pb

from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.payment_terms import PaymentTerms
from tests.support.gateway import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
IBAN = "DE89370400440532013000"


def agreed(version: int, *, debit: bool) -> pb.PaymentTerms:
    """A version of terms, with a mandate or without."""
    made = pb.PaymentTerms(
        method=pb.PAYMENT_METHOD_DIRECT_DEBIT if debit else pb.PAYMENT_METHOD_INVOICE,
        account=pb.BankAccount(holder="Grocer GmbH", iban=IBAN),
        valid_from="2026-03-01",
        prenotification_days=5,
        due_days=14,
        least_payout_minor=1_000,
        reminder_days=7,
        reminders_max=3,
        late_interest_bp=912,
        returned_fee_minor=750,
        suspend_after_days=60,
        version=version,
    )
    if debit:
        made.mandate.CopyFrom(
            pb.Mandate(mandate_id="M-17", signed_on="2026-02-20", scheme=pb.MANDATE_SCHEME_B2B)
        )
    return made


async def test_terms_are_listed_by_version_with_the_account_masked(house: House) -> None:
    house.partners.terms[house.partner_id.bytes] = [agreed(1, debit=False), agreed(2, debit=True)]
    answer = await house.get("/v1/payment-terms")
    assert IBAN[:-4] not in answer.text
    first, second = ListOf[PaymentTerms].model_validate_json(answer.content).data
    assert (first.version, first.method, first.mandate) == (1, "invoice", None)
    assert (second.method, second.account.iban) == ("direct_debit", "*" * 18 + "3000")
    assert second.mandate is not None
    assert (second.mandate.id, second.mandate.scheme) == ("M-17", "b2b")
    assert (second.late_interest_basis_points, second.suspend_after_days) == (912, 60)
    rest = (await house.get("/v1/payment-terms", limit=1, starting_after="1")).json()
    assert ([each["version"] for each in rest["data"]], rest["has_more"]) == ([2], False)


async def test_another_partner_sees_its_own_or_nothing(house: House) -> None:
    house.partners.terms[house.partner_id.bytes] = [agreed(1, debit=True)]
    assert (await house.get("/v1/payment-terms", secret=house.new_key())).json()["data"] == []
    till = house.new_key(scopes=("points:earn",), partner_id=house.partner_id)
    refused = await house.get("/v1/payment-terms", secret=till)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
