"""Suspend partners that do not pay, where their contracts say after how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.partners.commands.auditing import audited
from services.partners.commands.standing.set_standing import stand
from services.partners.commands.telling import Tell
from services.partners.domain.settlement.payments import Payment
from services.partners.domain.standing.terms import StandingTerms, StandingVersion, standing_now
from services.partners.storage import payment_terms, standings
from services.partners.storage.connection import Reads
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, payments
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.partner_standing import PartnerStanding, StandingKind
from services.runtime.principal import Programme

_ITSELF = "partners"


@dataclass(frozen=True, slots=True)
class _Late:
    """A payment for which its partner is to be suspended, from a day on."""

    payment: Payment
    on: date
    reason: str


class SuspendLate:
    """A job of this service. For each payment at most once: who is let in again by a person stays in."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, programme: Programme) -> Sequence[UUID]:
        """The partners of a programme that this call suspended."""
        ledger_id = programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            now_us = await programme_now_us(connection, ledger_id)
            late = await _late(connection, ledger_id, in_zone(now_us, programme.zone).date())
        suspended: list[UUID] = []
        for each in late:
            partner_id = each.payment.partner_id
            async with self._database.writer.transaction() as connection:
                # Under the lock of settlement, and looked at once more: it may have been paid meanwhile.
                await money.lock(connection, ledger_id)
                now_us = await programme_now_us(connection, ledger_id)
                today = in_zone(now_us, programme.zone).date()
                still = {again.payment.payment_id for again in await _late(connection, ledger_id, today)}
                versions = await standings.of_partner(connection, ledger_id, partner_id)
                active = standing_now(versions, now_us).standing.kind is StandingKind.ACTIVE
                if each.payment.payment_id not in still or not active:
                    continue
                if each.on <= _let_in_on(versions, programme):
                    continue
                at = PartnerStanding(StandingKind.SUSPENDED, now_us)
                wanted = StandingTerms(partner_id, at, each.reason).checked()
                _, changes = await stand(
                    connection, programme, self._tell, wanted, _ITSELF, payment_id=each.payment.payment_id
                )
                for change in changes:
                    await audited(connection, None, ledger_id, change)
            suspended.append(partner_id)
        return suspended


def _let_in_on(versions: Sequence[StandingVersion], programme: Programme) -> date:
    """The day on which a person let a partner in last: what was late by then does not suspend it again."""
    active = [each.terms.standing for each in versions if each.terms.standing.kind is StandingKind.ACTIVE]
    return in_zone(active[-1].valid_from_us, programme.zone).date() if active else date.min


async def _late(connection: Reads, ledger_id: int, today: date) -> list[_Late]:
    """What is not paid long enough, of payments that nobody was suspended for yet."""
    unpaid = [each for each in await payments.all_unpaid(connection, ledger_id) if each.late_from is not None]
    if not unpaid:
        return []
    terms = await payment_terms.of_programme(connection, ledger_id)
    done = await standings.suspended_for(connection, ledger_id)
    found: list[_Late] = []
    for each in unpaid:
        payment = each.payment
        versions = terms[payment.partner_id]
        by = next(version.terms for version in versions if version.version == payment.terms_version)
        on = by.suspended_on(payment.due_on)
        if on is not None and on <= today and payment.payment_id not in done:
            found.append(_Late(payment, on, f"not paid: {payment.reference}, due on {payment.due_on}"))
    return found
