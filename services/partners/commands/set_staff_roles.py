"""Assign roles to a person, and take them away."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.partners.commands.auditing import HOST_CHAIN, Change, audited
from services.partners.commands.persons import acting_on
from services.partners.domain.credentials import Staff
from services.partners.domain.staff import read_role_changes, staff_text
from services.partners.storage import staff
from services.runtime.database import Database
from services.runtime.errors import NotFound
from services.runtime.principal import Principal


class SetStaffRoles:
    """Staff with role `admin`, or the host's own command line."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, who: Principal, staff_id: UUID, assign: Sequence[str], take_away: Sequence[str]
    ) -> Staff:
        """The person with the roles of now; what is so already stays. Raises NotFound, InvalidRequest."""
        wanted = read_role_changes(assign, take_away)
        async with self._database.writer.transaction() as connection:
            (await acting_on(connection, who, staff_id)).require("admin")
            before = await staff.by_id(connection, staff_id)
            if before is None:
                raise NotFound("there is no such person")
            changes = wanted.of(before.roles)
            await staff.change_roles(connection, staff_id, changes, who.actor)
            after = await staff.by_id(connection, staff_id) or before
            if changes:
                done = Change(
                    "staff.roles_set",
                    staff_text(staff_id),
                    {"roles": list(before.roles)},
                    {"roles": list(after.roles)},
                )
                await audited(connection, who, HOST_CHAIN, done)
        return after
