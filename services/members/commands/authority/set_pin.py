"""SetPin: a member has a PIN from now on, or another one."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain import access
from services.members.domain.authority.access import require_setter
from services.members.domain.authority.pins import read_new_pin
from services.members.domain.authority.refusals import member_closed, member_unknown
from services.members.domain.member import MemberStatus
from services.members.storage.authority import pins
from services.members.storage.authority.hashing import Hashing
from services.members.storage.authority.pins import StoredPin
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import DataKey, Owner
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

PINS_MAX: Final = 1_000


class SetPin:
    """Sets PINs. The newest one counts; it ends every lock, since whoever sets it has looked at the member."""

    def __init__(self, database: Database, reader: MemberReader, hashing: Hashing) -> None:
        self._database, self._reader, self._hashing = database, reader, hashing

    async def __call__(self, principal: Principal, member_id: UUID, text: str) -> None:
        """Raises InvalidRequest, NotFound, PermissionDenied for a partner that did not enrol the member, Refused (MEMBER_CLOSED)."""
        require_setter(principal)
        pin = read_new_pin(text)
        owner = Owner(principal.in_programme().ledger_id, member_id)
        key, before = await self._read(principal, owner)
        if before is not None and await self._hashing.fits(before.hash, pin):
            # Asked again. (The same PIN anew does not end a lock: that takes another one.)
            return
        made, now_us = await self._hashing.new(pin), wall_now_us()

        async def work(connection: AsyncConnection) -> None:
            await pins.take_lock(connection, owner)
            number = await pins.newest_number(connection, owner) + 1
            if number > PINS_MAX:
                raise InvalidRequest(
                    f"a member has at most {PINS_MAX} PINs, one after the other", field="pin"
                )
            await pins.add_pin(connection, owner, key, StoredPin(number, made), now_us, principal)
            await pins.clear_guards(connection, owner)

        await self._database.writer.run(work)

    async def _read(self, principal: Principal, owner: Owner) -> tuple[DataKey, StoredPin | None]:
        async with self._database.reader.snapshot() as connection:
            stored = await self._reader.member(connection, owner.ledger_id, owner.member_id)
            if stored is None:
                raise member_unknown()
            access.require_own_member(principal, stored.enrolled_by)
            if stored.status is MemberStatus.CLOSED or stored.key is None:
                raise member_closed()
            number = await pins.newest_number(connection, owner)
            before = await pins.read_pin(connection, owner, stored.key, number) if number else None
            return stored.key, before
