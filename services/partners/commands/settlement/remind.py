"""Remind partners of what they have not paid, as their contracts say."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.events import PaymentReminded
from services.partners.domain.payments.terms import PaymentTerms
from services.partners.domain.settlement.payments import Standing
from services.partners.storage import payment_terms
from services.partners.storage.settlement import payments, reminders
from services.partners.storage.settlement.reminders import Reminder
from services.runtime.principal import Programme


async def remind(connection: AsyncConnection, programme: Programme, today: date) -> list[PaymentReminded]:
    """Writes the reminders that are due by a day and were not sent, and answers them to be told.

    Where days were missed, those of them are sent that would have been: what is sent never depends on when this runs. The caller
    holds the lock of settlement.
    """
    ledger_id = programme.ledger_id
    waiting = [
        each for each in await payments.all_unpaid(connection, ledger_id) if each.late_from is not None
    ]
    if not waiting:
        return []
    terms = await payment_terms.of_programme(connection, ledger_id)
    before = await reminders.sent(connection, ledger_id, [each.payment.payment_id for each in waiting])
    told: list[PaymentReminded] = []
    written: list[Reminder] = []
    for each in waiting:
        payment = each.payment
        versions = terms[payment.partner_id]
        by = next(found.terms for found in versions if found.version == payment.terms_version)
        last = before.get(payment.payment_id, 0)
        for number, on in enumerate(by.reminders_on(payment.due_on), start=1):
            if number > last and on <= today:
                written.append(Reminder(payment.payment_id, number, each.left_minor, on))
                told.append(_told(programme, each, by, number))
    await reminders.add(connection, ledger_id, written)
    return told


def _told(programme: Programme, standing: Standing, terms: PaymentTerms, number: int) -> PaymentReminded:
    payment = standing.payment
    return PaymentReminded(
        payment.partner_id,
        payment.payment_id,
        standing.left_minor,
        programme.currency,
        payment.due_on.isoformat(),
        number,
        terms.reminders_max,
        payment.reference,
    )
