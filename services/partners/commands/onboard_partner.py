"""Take a partner into the programme."""

from __future__ import annotations

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.api_versions import ApiVersionPin
from services.partners.domain.events import PartnerOnboarded
from services.partners.domain.partner import ACTIVE, Partner, read_partner_slug
from services.partners.domain.text import read_name
from services.partners.storage import api_versions, partners, windows
from services.partners.storage.programme_time import programme_now_us
from services.runtime.api_versions import NEWEST
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Principal


class OnboardPartner:
    """Staff with role `maker` or `admin`. The partner is pinned to the newest version of the public API."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, slug: str, name: str) -> Partner:
        """The partner. Raises Conflict with ALREADY_EXISTS, InvalidRequest, PermissionDenied."""
        programme = who.in_programme()
        wanted, called = read_partner_slug(slug), read_name(name)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            # No window closes meanwhile: each one is netted for the same partners, whenever that is done.
            first_window = await windows.lock(connection, programme.ledger_id) + 1
            made = Partner(new_id(), wanted, called, ACTIVE, first_window)
            await partners.add(connection, programme.ledger_id, made, who.actor)
            pin = ApiVersionPin(1, NEWEST, wall_now_us(), who.actor)
            await api_versions.add(connection, programme.ledger_id, made.partner_id, pin)
            now_us = await programme_now_us(connection, programme.ledger_id)
            told = PartnerOnboarded(made.partner_id, made.slug, made.name)
            await self._tell(connection, programme, now_us, [told])
            after = {"api_version": NEWEST, "name": made.name, "slug": made.slug, "status": made.status}
            change = Change("partner.onboarded", to_text("ptr", made.partner_id), after=after)
            await audited(connection, who, programme.ledger_id, change)
        return made
