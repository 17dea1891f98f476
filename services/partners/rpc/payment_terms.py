"""coalition.partners.v1.PaymentTermsService over the commands and queries of payment terms."""

from __future__ import annotations

from datetime import date
from typing import Final

from coalition.partners.v1 import payment_terms_pb2 as pb
from coalition.partners.v1.payment_terms_pb2_grpc import PaymentTermsServiceServicer

from services.partners.app import Partners
from services.partners.bank.accounts import read_bic, read_iban
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
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_METHODS: Final = {
    pb.PAYMENT_METHOD_DIRECT_DEBIT: Method.DIRECT_DEBIT,
    pb.PAYMENT_METHOD_INVOICE: Method.INVOICE,
}
_METHODS_WIRE: Final = {method: wire for wire, method in _METHODS.items()}
_SCHEMES: Final = {pb.MANDATE_SCHEME_CORE: Scheme.CORE, pb.MANDATE_SCHEME_B2B: Scheme.B2B}
_SCHEMES_WIRE: Final = {scheme: wire for wire, scheme in _SCHEMES.items()}


class PaymentTermsServicer(PaymentTermsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def SetPaymentTerms(
        self, request: pb.SetPaymentTermsRequest, context: object
    ) -> pb.SetPaymentTermsResponse:
        """See the contract."""
        made = await self._app.set_payment_terms(acting(), _terms_from(request.terms))
        return pb.SetPaymentTermsResponse(terms=_terms(made))

    async def ProposePaymentTerms(
        self, request: pb.ProposePaymentTermsRequest, context: object
    ) -> pb.ProposePaymentTermsResponse:
        """See the contract."""
        made = await self._app.propose_payment_terms(acting(), _terms_from(request.terms), request.why)
        return pb.ProposePaymentTermsResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListPaymentTerms(
        self, request: pb.ListPaymentTermsRequest, context: object
    ) -> pb.ListPaymentTermsResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.payment_terms.of_partner(acting(), partner_id)
        return pb.ListPaymentTermsResponse(versions=map(_terms, found))

    async def SetOperatorAccount(
        self, request: pb.SetOperatorAccountRequest, context: object
    ) -> pb.SetOperatorAccountResponse:
        """See the contract."""
        made = await self._app.set_operator_account(acting(), _operator_from(request.account))
        return pb.SetOperatorAccountResponse(account=_operator(made))

    async def ProposeOperatorAccount(
        self, request: pb.ProposeOperatorAccountRequest, context: object
    ) -> pb.ProposeOperatorAccountResponse:
        """See the contract."""
        made = await self._app.propose_operator_account(
            acting(), _operator_from(request.account), request.why
        )
        return pb.ProposeOperatorAccountResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListOperatorAccounts(
        self, request: pb.ListOperatorAccountsRequest, context: object
    ) -> pb.ListOperatorAccountsResponse:
        """See the contract."""
        found = await self._app.payment_terms.of_operator(acting())
        return pb.ListOperatorAccountsResponse(versions=map(_operator, found))


def _terms_from(message: pb.PaymentTerms) -> PaymentTerms:
    if message.method not in _METHODS:
        raise InvalidRequest("a partner pays by direct debit or by invoice", field="terms.method")
    return PaymentTerms(
        partner_id=read_id(message.partner_id, "terms.partner_id"),
        method=_METHODS[message.method],
        account=_account_from(message.account),
        valid_from=_read_date(message.valid_from, "valid_from"),
        mandate=_mandate_from(message.mandate) if message.HasField("mandate") else None,
        prenotification_days=message.prenotification_days,
        due_days=message.due_days,
        least_payout_minor=message.least_payout_minor,
        reminder_days=message.reminder_days,
        reminders_max=message.reminders_max,
        late_interest_bp=message.late_interest_bp,
        returned_fee_minor=message.returned_fee_minor,
        suspend_after_days=message.suspend_after_days,
    ).checked()


def _mandate_from(message: pb.Mandate) -> Mandate:
    if message.scheme not in _SCHEMES:
        raise InvalidRequest("a mandate is under CORE or B2B", field="mandate.scheme")
    signed_on = _read_date(message.signed_on, "mandate.signed_on")
    return Mandate(message.mandate_id, signed_on, _SCHEMES[message.scheme])


def _account_from(message: pb.BankAccount) -> BankAccount:
    at = message.address
    return BankAccount(
        message.holder,
        read_iban(message.iban, "account.iban"),
        read_bic(message.bic, "account.bic"),
        Address(at.street, at.town, at.postcode, at.country),
    )


def _operator_from(message: pb.OperatorAccount) -> OperatorAccount:
    return OperatorAccount(
        _account_from(message.account), message.creditor_id, _read_date(message.valid_from, "valid_from")
    ).checked()


def _read_date(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("a date is written as YYYY-MM-DD", field=field) from None
    if not 1970 <= found.year < 2200 or found.isoformat() != text:
        raise InvalidRequest("a date lies between 1970 and 2200, as YYYY-MM-DD", field=field)
    return found


def _account(account: BankAccount) -> pb.BankAccount:
    at = account.address
    address = pb.PaymentAddress(street=at.street, town=at.town, postcode=at.postcode, country=at.country)
    return pb.BankAccount(holder=account.holder, iban=account.iban, bic=account.bic, address=address)


def _terms(version: PaymentTermsVersion) -> pb.PaymentTerms:
    terms, mandate = version.terms, version.terms.mandate
    return pb.PaymentTerms(
        partner_id=terms.partner_id.bytes,
        method=_METHODS_WIRE[terms.method],
        account=_account(terms.account),
        valid_from=terms.valid_from.isoformat(),
        mandate=mandate
        and pb.Mandate(
            mandate_id=mandate.mandate_id,
            signed_on=mandate.signed_on.isoformat(),
            scheme=_SCHEMES_WIRE[mandate.scheme],
        ),
        prenotification_days=terms.prenotification_days,
        due_days=terms.due_days,
        least_payout_minor=terms.least_payout_minor,
        reminder_days=terms.reminder_days,
        reminders_max=terms.reminders_max,
        late_interest_bp=terms.late_interest_bp,
        returned_fee_minor=terms.returned_fee_minor,
        suspend_after_days=terms.suspend_after_days,
        version=version.version,
        draft_id=version.draft_id.bytes if version.draft_id else b"",
    )


def _operator(version: OperatorAccountVersion) -> pb.OperatorAccount:
    return pb.OperatorAccount(
        account=_account(version.terms.account),
        creditor_id=version.terms.creditor_id,
        valid_from=version.terms.valid_from.isoformat(),
        version=version.version,
        draft_id=version.draft_id.bytes if version.draft_id else b"",
    )
