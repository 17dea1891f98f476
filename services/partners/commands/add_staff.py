"""Take on a person of the operator's staff."""

from __future__ import annotations

from collections.abc import Sequence

from services.partners.commands.auditing import HOST_CHAIN, Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.staff_tokens import issued
from services.partners.domain.credentials import Staff, new_staff_secret, read_roles
from services.partners.domain.staff import FIRST_LABEL, StaffToken, staff_text
from services.partners.domain.text import read_name
from services.partners.storage import staff
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.ids import new_id
from services.runtime.principal import Principal


class AddStaff:
    """Staff with role `admin`, or the host's own command line."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, name: str, roles: Sequence[str]) -> tuple[Staff, str]:
        """The person and a first token, told this once. Raises Conflict with ALREADY_EXISTS, InvalidRequest."""
        secret = new_staff_secret()
        made = Staff(new_id(), read_name(name), read_roles(roles))
        token = StaffToken(new_id(), made.staff_id, FIRST_LABEL, secret.hint, wall_now_us(), 0, 0)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("admin")
            await staff.add(connection, made, who.actor)
            await staff.add_token(connection, token, secret.digest, who.actor)
            after = {"name": made.name, "roles": list(made.roles)}
            added = Change("staff.added", staff_text(made.staff_id), after=after)
            await audited(connection, who, HOST_CHAIN, added)
            await audited(connection, who, HOST_CHAIN, issued(token))
        return made, secret.text
