"""Payment terms of partners, and the operator's account, as the operator sets and drafts them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypedDict, Unpack

from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import payment_terms_pb2 as pb

from services.operations.amounts import Unreadable
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme


class Figures(TypedDict):
    """The figures of payment terms, named as in the contract."""

    prenotification_days: int
    due_days: int
    least_payout_minor: int
    reminder_days: int
    reminders_max: int
    late_interest_bp: int
    returned_fee_minor: int
    suspend_after_days: int


async def set_terms(session: Session, programme: Programme, wanted: pb.PaymentTerms) -> pb.PaymentTerms:
    """Sets terms, in a test programme. Raises what SetPaymentTerms does."""
    request = pb.SetPaymentTermsRequest(terms=wanted)
    return (await session.call(session.payment_terms.SetPaymentTerms, request, programme)).terms


async def propose_terms(
    session: Session, programme: Programme, wanted: pb.PaymentTerms, why: str
) -> approvals_pb2.Draft:
    """Drafts terms. Raises what ProposePaymentTerms does."""
    request = pb.ProposePaymentTermsRequest(terms=wanted, why=why)
    return (await session.call(session.payment_terms.ProposePaymentTerms, request, programme)).draft


async def list_terms(session: Session, programme: Programme, slug: str) -> Sequence[pb.PaymentTerms]:
    """All versions of a partner's terms, oldest first. Raises PARTNER_UNKNOWN."""
    request = pb.ListPaymentTermsRequest(partner_id=await session.partner_id(programme, slug))
    return (await session.call(session.payment_terms.ListPaymentTerms, request, programme)).versions


async def set_account(
    session: Session, programme: Programme, wanted: pb.OperatorAccount
) -> pb.OperatorAccount:
    """Sets the operator's account, in a test programme. Raises what SetOperatorAccount does."""
    request = pb.SetOperatorAccountRequest(account=wanted)
    return (await session.call(session.payment_terms.SetOperatorAccount, request, programme)).account


async def propose_account(
    session: Session, programme: Programme, wanted: pb.OperatorAccount, why: str
) -> approvals_pb2.Draft:
    """Drafts the operator's account. Raises what ProposeOperatorAccount does."""
    request = pb.ProposeOperatorAccountRequest(account=wanted, why=why)
    return (await session.call(session.payment_terms.ProposeOperatorAccount, request, programme)).draft


async def list_accounts(session: Session, programme: Programme) -> Sequence[pb.OperatorAccount]:
    """All versions of the operator's account, oldest first."""
    request = pb.ListOperatorAccountsRequest()
    return (await session.call(session.payment_terms.ListOperatorAccounts, request, programme)).versions


def account_of(
    holder: str, iban: str, bic: str, street: str, town: str, postcode: str, country: str
) -> pb.BankAccount:
    """An account, as a request has it."""
    address = pb.PaymentAddress(street=street, town=town, postcode=postcode, country=country.upper())
    return pb.BankAccount(holder=holder, iban=iban, bic=bic, address=address)


def mandate_of(mandate_id: str, signed_on: date | None, scheme: str) -> pb.Mandate | None:
    """A mandate under a scheme (`core`, `b2b`), as a request has it; None without an id. Raises Unreadable without a date."""
    if not mandate_id:
        return None
    if signed_on is None:
        raise Unreadable("a mandate has the date of its signature")
    wire = pb.MandateScheme.Value(f"MANDATE_SCHEME_{scheme.upper()}")
    return pb.Mandate(mandate_id=mandate_id, signed_on=f"{signed_on:%Y-%m-%d}", scheme=wire)


def operator_of(account: pb.BankAccount, creditor_id: str, valid_from: date) -> pb.OperatorAccount:
    """The operator's account, as a request has it; spaces in the creditor identifier do not count."""
    return pb.OperatorAccount(
        account=account, creditor_id=creditor_id.replace(" ", ""), valid_from=valid_from.isoformat()
    )


async def terms_of(
    session: Session,
    programme: Programme,
    slug: str,
    account: pb.BankAccount,
    valid_from: date,
    mandate: pb.Mandate | None,
    **figures: Unpack[Figures],
) -> pb.PaymentTerms:
    """Terms of a partner, as a request has them: by direct debit where it has a mandate; `figures`: by their names there.

    Raises PARTNER_UNKNOWN.
    """
    method = pb.PAYMENT_METHOD_DIRECT_DEBIT if mandate else pb.PAYMENT_METHOD_INVOICE
    return pb.PaymentTerms(
        partner_id=await session.partner_id(programme, slug),
        method=method,
        account=account,
        mandate=mandate,
        valid_from=valid_from.isoformat(),
        **figures,
    )


def terms_document(found: pb.PaymentTerms) -> Document:
    """A version of a partner's terms."""
    mandate = found.mandate
    return {
        "version": found.version,
        "partner_id": identity("ptr", found.partner_id),
        "valid_from": found.valid_from,
        "method": pb.PaymentMethod.Name(found.method).removeprefix("PAYMENT_METHOD_").lower(),
        "account": _account(found.account),
        "mandate": {
            "id": mandate.mandate_id,
            "signed_on": mandate.signed_on,
            "scheme": pb.MandateScheme.Name(mandate.scheme).removeprefix("MANDATE_SCHEME_"),
        }
        if found.HasField("mandate")
        else None,
        "prenotification_days": found.prenotification_days,
        "due_days": found.due_days,
        "least_payout_minor": found.least_payout_minor,
        "reminder_days": found.reminder_days,
        "reminders_max": found.reminders_max,
        "late_interest_bp": found.late_interest_bp,
        "returned_fee_minor": found.returned_fee_minor,
        "suspend_after_days": found.suspend_after_days,
        "draft": identity("drf", found.draft_id),
    }


def operator_document(found: pb.OperatorAccount) -> Document:
    """A version of the operator's account."""
    return {
        "version": found.version,
        "valid_from": found.valid_from,
        "account": _account(found.account),
        "creditor_id": found.creditor_id or None,
        "draft": identity("drf", found.draft_id),
    }


def _account(found: pb.BankAccount) -> Document:
    at = found.address
    address = {"street": at.street, "town": at.town, "postcode": at.postcode, "country": at.country}
    return {"holder": found.holder, "iban": found.iban, "bic": found.bic or None, "address": address}
