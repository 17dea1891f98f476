"""What settlement runs need to be known: companies with their taxes, accounts, and how each partner pays."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from services.demo.config import DemoConfig, DemoPartner
from services.demo.settling_config import Account, Party
from services.operations import payment_terms, tax
from services.operations.session import Session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme

# The first company of a partner: the demo's have no other.
_COMPANY: Final = 1
_SIGNED_BEFORE: Final = timedelta(days=14)
_REMINDER_DAYS: Final = 7
_REMINDERS: Final = 3


async def set_terms(session: Session, programme: Programme, config: DemoConfig) -> None:
    """Sets what is not set yet, from the day on which the clock starts. Raises CoalitionError."""
    about, operator = config.programme, config.operator
    from_us = to_micros(about.clock_start_at)
    if not await tax.list_operator_data(session, programme):
        wanted = tax.operator_data_from({"party": asdict(operator.party)}, from_us)
        await tax.set_operator_data(session, programme, wanted)
    if not await payment_terms.list_accounts(session, programme):
        account = account_of(operator.party, operator.account)
        own = payment_terms.operator_of(account, operator.creditor_id, about.clock_start)
        await payment_terms.set_account(session, programme, own)
    for partner in config.partners:
        slug = partner.slug
        if not await tax.list_tax_data(session, programme, slug):
            said = partner.tax.document()
            data = await tax.tax_data_from(session, programme, slug, _COMPANY, said, from_us)
            await tax.set_tax_data(session, programme, data)
        if not await payment_terms.list_terms(session, programme, slug):
            await _set_payment(session, programme, config, partner)


async def _set_payment(
    session: Session, programme: Programme, config: DemoConfig, partner: DemoPartner
) -> None:
    payment, starts = partner.payment, config.programme.clock_start
    terms = await payment_terms.terms_of(
        session,
        programme,
        partner.slug,
        account_of(partner.tax.party, payment.account),
        starts,
        payment_terms.mandate_of(payment.mandate, starts - _SIGNED_BEFORE, payment.scheme),
        prenotification_days=payment.prenotification_days,
        due_days=payment.due_days,
        least_payout_minor=payment.least_payout_minor,
        reminder_days=_REMINDER_DAYS,
        reminders_max=_REMINDERS,
        late_interest_bp=0,
        returned_fee_minor=payment.returned_fee_minor,
        suspend_after_days=0,
    )
    await payment_terms.set_terms(session, programme, terms)


def account_of(party: Party, account: Account) -> Any:
    """A company's account, as requests have it."""
    return payment_terms.account_of(
        party.legal_name, account.iban, account.bic, party.street, party.city, party.postcode, party.country
    )
