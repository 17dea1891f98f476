"""Suspend partners that do not pay, where their contracts say after how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.partners.commands.auditing import audited
from services.partners.commands.standing.set_standing import stand
from services.partners.commands.telling import Tell
from services.partners.domain.payments.terms import PaymentTermsVersion
from services.partners.domain.settlement.payments import Payment, Standing
from services.partners.domain.standing.terms import StandingTerms, StandingVersion, standing_now
from services.partners.storage import payment_terms, standings
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
            today = in_zone(now_us, programme.zone).date()
            unpaid = await payments.all_unpaid(connection, ledger_id)
            terms = await payment_terms.of_programme(connection, ledger_id)
            done = await standings.suspended_for(connection, ledger_id)
        late = [each for each in _late(unpaid, terms, today) if each.payment.payment_id not in done]
        partners = list(dict.fromkeys(each.payment.partner_id for each in late))
        return [each for each in partners if await self._suspend(programme, each)]

    async def _suspend(self, programme: Programme, partner_id: UUID) -> bool:
        """Suspends a partner, looked at once more under the lock of settlement: it may have paid meanwhile. Whether it did."""
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            await money.lock(connection, ledger_id)
            now_us = await programme_now_us(connection, ledger_id)
            today = in_zone(now_us, programme.zone).date()
            unpaid = await payments.all_unpaid(connection, ledger_id, partner_id)
            terms = await payment_terms.of_partner(connection, ledger_id, partner_id)
            versions = await standings.of_partner(connection, ledger_id, partner_id)
            if standing_now(versions, now_us).standing.kind is not StandingKind.ACTIVE:
                return False
            done = {each.payment_id for each in versions}
            since = _let_in_on(versions, programme)
            late = [
                each
                for each in _late(unpaid, {partner_id: terms}, today)
                if each.payment.payment_id not in done and each.on > since
            ]
            if not late:
                return False
            wanted = StandingTerms(
                partner_id, PartnerStanding(StandingKind.SUSPENDED, now_us), late[0].reason
            ).checked()
            _, changes = await stand(
                connection, programme, self._tell, wanted, _ITSELF, payment_id=late[0].payment.payment_id
            )
            for change in changes:
                await audited(connection, None, ledger_id, change)
        return True


def _let_in_on(versions: Sequence[StandingVersion], programme: Programme) -> date:
    """The day on which a person let a partner in last: what was late by then does not suspend it again."""
    active = [each.terms.standing for each in versions if each.terms.standing.kind is StandingKind.ACTIVE]
    return in_zone(active[-1].valid_from_us, programme.zone).date() if active else date.min


def _late(
    unpaid: Iterable[Standing], terms: Mapping[UUID, Sequence[PaymentTermsVersion]], today: date
) -> list[_Late]:
    """What is not paid long enough, by the terms that each payment was made by."""
    found: list[_Late] = []
    for each in unpaid:
        payment = each.payment
        if each.late_from is None:
            continue
        by = next(
            version.terms for version in terms[payment.partner_id] if version.version == payment.terms_version
        )
        on = by.suspended_on(payment.due_on)
        if on is not None and on <= today:
            found.append(_Late(payment, on, f"not paid: {payment.reference}, due on {payment.due_on}"))
    return found
