"""Pin a partner to a version of the public API."""

from __future__ import annotations

from uuid import UUID

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.domain.api_versions import ApiVersionPin
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import api_versions, rating
from services.runtime.api_versions import read_version
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal


class PinApiVersion:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, partner_id: UUID | None, asked: str) -> ApiVersionPin:
        """The pin that counts from now on; the newest where it says the same, so that a call may be repeated.

        A gateway goes by it once it looks a key up again. Raises NotFound with PARTNER_UNKNOWN, InvalidRequest with
        API_VERSION_UNKNOWN, PermissionDenied.
        """
        programme, owner = who.in_programme(), partner_addressed(who, partner_id)
        wanted = read_version(asked)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            # Pins are numbered one after the other: two calls take turns.
            await rating.locked_head(connection, programme.ledger_id)
            newest = await api_versions.of_partner(connection, programme.ledger_id, owner, 1)
            before = newest[0] if newest else None
            if before and before.api_version == wanted:
                return before
            number = before.number + 1 if before else 1
            if number > api_versions.PINS_MAX:
                raise InvalidRequest(
                    f"a partner has at most {api_versions.PINS_MAX:,} pins", field="api_version"
                )
            made = ApiVersionPin(number, wanted, wall_now_us(), who.actor)
            await api_versions.add(connection, programme.ledger_id, owner, made)
            old = {"api_version": before.api_version} if before else None
            change = Change("api_version.pinned", to_text("ptr", owner), old, {"api_version": wanted})
            await audited(connection, who, programme.ledger_id, change)
        return made
