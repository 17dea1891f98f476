"""Set how much each API key of a partner may ask of the gateway."""

from __future__ import annotations

from uuid import UUID

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.domain.permissions import partner_addressed
from services.partners.domain.quotas import Quotas, QuotaVersion
from services.partners.storage import quotas, rating
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal


class SetQuotas:
    """Staff with role `maker` or `admin`: it moves no money, and has to be quick where a partner's systems run wild."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, partner_id: UUID | None, wanted: Quotas) -> QuotaVersion:
        """The version that counts from now on; the newest where it says the same, so that a call may be repeated.

        A gateway goes by it once it looks the key up again. Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        programme, owner = who.in_programme(), partner_addressed(who, partner_id)
        wanted = wanted.checked()
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            # Versions are numbered one after the other: two calls take turns.
            await rating.locked_head(connection, programme.ledger_id)
            newest = await quotas.of_partner(connection, programme.ledger_id, owner, 1)
            before = newest[0] if newest else None
            if before and before.quotas == wanted:
                return before
            number = before.version + 1 if before else 1
            if number > quotas.VERSIONS_MAX:
                raise InvalidRequest(
                    f"a partner has at most {quotas.VERSIONS_MAX:,} versions of its quotas", field="quotas"
                )
            made = QuotaVersion(number, wanted, wall_now_us(), who.actor)
            await quotas.add(connection, programme.ledger_id, owner, made)
            old = before.quotas.document() if before else None
            change = Change("quotas.set", to_text("ptr", owner), old, wanted.document())
            await audited(connection, who, programme.ledger_id, change)
        return made
