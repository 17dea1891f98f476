"""What every change of how a member is written to has in common: once per key, by who may, of an open member."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain import access
from services.members.domain.preferences.access import require_keeper
from services.members.storage.personal import lock_member
from services.members.storage.sealing import Owner
from services.members.storage.writing import enrolled_by, is_closed
from services.runtime.database import WriteDatabase
from services.runtime.errors import Refused
from services.runtime.idempotency import Idempotency, Scope
from services.runtime.principal import Principal

_PLATFORM: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose preferences change, under which key. `fingerprint` is a keyed hash of the request."""

    key: str
    fingerprint: bytes = field(repr=False)
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Subject:
    """An open member, locked until the transaction ends, and the partner that enrolled or claimed it."""

    owner: Owner
    enrolled_by: UUID | None


class ChangeOnce:
    """Runs a change once per key, in one transaction."""

    def __init__(self, database: WriteDatabase, idempotency: Idempotency) -> None:
        self._database, self._idempotency = database, idempotency

    async def __call__(
        self,
        principal: Principal,
        asked: Asked,
        operation: str,
        change: Callable[[AsyncConnection, Subject], Awaitable[bytes]],
    ) -> tuple[bytes, bool]:
        """What `change` answered, and whether an earlier call with the key did it.

        Raises NotFound, PermissionDenied also for a partner that did not enrol the member, InvalidRequest
        (IDEMPOTENCY_KEY_MISSING), Conflict (IDEMPOTENCY_KEY_REUSED), Refused (MEMBER_CLOSED), and what `change` raises.
        """
        require_keeper(principal, access.WRITE)
        owner = Owner(principal.in_programme().ledger_id, asked.member_id)
        scope = Scope(owner.ledger_id, access.partner_of(principal) or _PLATFORM)

        async def once(connection: AsyncConnection) -> tuple[bytes, bool]:
            async def work() -> bytes:
                # First: what is read before a closing is over by the time that it is written.
                await lock_member(connection, owner.ledger_id, owner.member_id)
                partner_id = await enrolled_by(connection, owner.ledger_id, owner.member_id)
                access.require_own_member(principal, partner_id)
                if await is_closed(connection, owner.ledger_id, owner.member_id):
                    raise Refused(Reason.REASON_MEMBER_CLOSED, "the member has been closed")
                return await change(connection, Subject(owner, partner_id))

            return await self._idempotency.once(
                connection, scope, asked.key, operation, asked.fingerprint, work
            )

        return await self._database.run(once)
