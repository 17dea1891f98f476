"""Employment: who works for a partner spends no points there."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain import access
from services.members.domain.events import EmploymentChanged
from services.members.storage.employments import set_employment
from services.members.storage.writing import enrolled_by
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.principal import Principal


class SetEmployment:
    """Says whether a member works for a partner. Saying the same again changes and tells nothing."""

    def __init__(self, database: WriteDatabase, announce: Announce) -> None:
        self._database, self._announce = database, announce

    async def __call__(
        self, principal: Principal, member_id: UUID, employer: UUID | None, *, employed: bool
    ) -> None:
        """A partner speaks for itself (`employer`: itself, or None), staff for any partner.

        Raises NotFound, InvalidRequest where staff names nobody, and PermissionDenied.
        """
        access.require(principal, access.WRITE)
        programme = principal.in_programme()
        own = access.partner_of(principal)
        if own is not None and employer not in (None, own):
            raise PermissionDenied("a partner says who works for itself alone")
        partner_id = own or employer
        if partner_id is None:
            raise InvalidRequest("the employer is missing", field="partner_id")
        change = EmploymentChanged(member_id, partner_id, employed, wall_now_us())

        async def work(connection: AsyncConnection) -> None:
            await enrolled_by(connection, programme.ledger_id, member_id)
            if await set_employment(connection, programme.ledger_id, change, principal):
                await self._announce(connection, programme, change)

        await self._database.run(work)
