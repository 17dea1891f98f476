"""Update: what is known of a member changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain import access
from services.members.domain.contacts import region_of
from services.members.domain.events import MemberUpdated
from services.members.domain.member import Change
from services.members.domain.personal import PersonalData, read_personal, read_removed
from services.members.storage.personal import lock_member
from services.members.storage.writing import MemberWriter, enrolled_by, is_closed
from services.runtime.clock import in_zone, wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import Refused
from services.runtime.idempotency import Idempotency, Scope
from services.runtime.principal import Principal

_OPERATION: Final = "members.update"
_PLATFORM: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Update:
    """What is asked. `fingerprint` is a keyed hash of the request; empty fields of `personal` stay as they are."""

    key: str
    fingerprint: bytes = field(repr=False)
    member_id: UUID
    personal: PersonalData
    removed: tuple[str, ...]


class UpdateMember:
    """Changes personal fields once per key. Nothing is edited: newer versions of the fields are added."""

    def __init__(
        self, database: WriteDatabase, idempotency: Idempotency, writer: MemberWriter, announce: Announce
    ) -> None:
        self._database, self._idempotency = database, idempotency
        self._writer, self._announce = writer, announce

    async def __call__(self, principal: Principal, asked: Update) -> bool:
        """Changes the fields; whether an earlier call with the key did.

        Raises NotFound, PermissionDenied also for a partner that did not enrol the member, InvalidRequest (also
        IDEMPOTENCY_KEY_MISSING), Conflict (IDEMPOTENCY_KEY_REUSED), Refused (MEMBER_CLOSED).
        """
        access.require(principal, access.WRITE)
        programme = principal.in_programme()
        now_us = wall_now_us()
        today = in_zone(now_us, programme.zone).date()
        personal = read_personal(asked.personal, today, region_of(programme.zone))
        change = Change(personal, read_removed(asked.removed, personal), now_us)
        scope = Scope(programme.ledger_id, access.partner_of(principal) or _PLATFORM)

        async def once(connection: AsyncConnection) -> bool:
            async def work() -> bytes:
                # First: what is read before a closing is over by the time that it is written.
                await lock_member(connection, programme.ledger_id, asked.member_id)
                owner_id = await enrolled_by(connection, programme.ledger_id, asked.member_id)
                access.require_own_member(principal, owner_id)
                if await is_closed(connection, programme.ledger_id, asked.member_id):
                    raise Refused(Reason.REASON_MEMBER_CLOSED, "the member has been closed")
                changed = await self._writer.update(
                    connection, programme.ledger_id, asked.member_id, change, principal
                )
                if changed:
                    event = MemberUpdated(asked.member_id, owner_id, changed, now_us)
                    await self._announce(connection, programme, event)
                return asked.member_id.bytes

            _, replayed = await self._idempotency.once(
                connection, scope, asked.key, _OPERATION, asked.fingerprint, work
            )
            return replayed

        return await self._database.run(once)
