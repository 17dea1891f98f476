"""Register a programme: one points currency opens its books."""

from __future__ import annotations

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.events import ProgrammeRegistered
from services.partners.domain.programme import LEDGER_ID_MAX, NewProgramme, Registration
from services.partners.storage import audit, programmes
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Fault
from services.runtime.principal import Principal, Programme


class RegisterProgramme:
    """Staff with role `admin`, or the host's own command line."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, wanted: NewProgramme) -> Registration:
        """The programme in the books. Raises Conflict with ALREADY_EXISTS, PermissionDenied."""
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("admin")
            ledger_id = await programmes.next_ledger_id(connection)
            if ledger_id > LEDGER_ID_MAX:
                raise Fault("all ledger numbers are handed out")
            now_us = wall_now_us()
            starts_at_us = wanted.starts_at_us or now_us
            # In a test programme the clock starts where its first window does; points tells later moves.
            offset_us = starts_at_us - now_us if wanted.is_test else 0
            facts = Programme(ledger_id, wanted.slug, wanted.zone, wanted.currency, wanted.is_test)
            registered = Registration(facts, wanted.name, starts_at_us, wanted.expiry)
            await programmes.add(connection, registered, offset_us, who.actor)
            told = ProgrammeRegistered(
                ledger_id, facts.slug, facts.zone, facts.currency, facts.is_test, starts_at_us
            )
            await self._tell(connection, facts, now_us + offset_us, [told])
            await audit.open_chain(connection, ledger_id)
            await audited(connection, who, ledger_id, _registered(registered))
        return registered


def _registered(registered: Registration) -> Change:
    facts, expiry = registered.programme, registered.expiry
    after = {
        "currency": facts.currency,
        "expiry": {
            "day": expiry.day,
            "month": expiry.month,
            "months": expiry.months,
            "notice_days": expiry.notice_days,
            "rule": expiry.rule.value,
        },
        "mode": "test" if facts.is_test else "live",
        "name": registered.name,
        "starts_at_us": registered.starts_at_us,
        "zone": facts.zone,
    }
    return Change("programme.registered", facts.slug, after=after)
