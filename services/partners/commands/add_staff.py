"""Take on a person of the operator's staff."""

from __future__ import annotations

from collections.abc import Sequence

from services.partners.domain.credentials import Staff, new_staff_secret, read_roles
from services.partners.domain.permissions import require_role
from services.partners.domain.text import read_name
from services.partners.storage import credentials
from services.runtime.database import Database
from services.runtime.ids import new_id
from services.runtime.principal import Principal


class AddStaff:
    """Staff with role `admin`, or the host's own command line."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, name: str, roles: Sequence[str]) -> tuple[Staff, str]:
        """The person and a token, told this once. Raises Conflict with ALREADY_EXISTS, InvalidRequest."""
        require_role(who, "admin")
        secret = new_staff_secret()
        made = Staff(new_id(), read_name(name), read_roles(roles))
        async with self._database.writer.transaction() as connection:
            await credentials.add_staff(connection, made, secret.digest, who.actor)
        return made, secret.text
