"""Close: a member leaves for good."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain import access
from services.members.domain.events import MemberClosed
from services.members.storage.personal import lock_member
from services.members.storage.writing import close_member, enrolled_by
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.principal import Principal


class Close:
    """Closes a member. Closing one that is closed already changes and tells nothing."""

    def __init__(self, database: WriteDatabase, announce: Announce) -> None:
        self._database, self._announce = database, announce

    async def __call__(self, principal: Principal, member_id: UUID) -> None:
        """Raises NotFound, and PermissionDenied also for a partner that did not enrol the member."""
        access.require(principal, access.WRITE)
        programme = principal.in_programme()

        async def work(connection: AsyncConnection) -> None:
            # Whoever changes or claims the member is through by now, or sees that it is closed.
            await lock_member(connection, programme.ledger_id, member_id)
            partner_id = await enrolled_by(connection, programme.ledger_id, member_id)
            access.require_own_member(principal, partner_id)
            now_us = wall_now_us()
            if await close_member(connection, programme.ledger_id, member_id, now_us, principal):
                await self._announce(connection, programme, MemberClosed(member_id, partner_id, now_us))

        await self._database.run(work)
