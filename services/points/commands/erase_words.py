"""Erases what partners and staff said in words of a member's postings."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.points.commands.open_ledger import Doors
from services.points.storage import words
from services.points.storage.words import ReferenceMac
from services.runtime.database import WriteDatabase
from services.runtime.principal import Programme

# Each is a transaction under the head's lock, which tills wait for.
_AT_ONCE: Final = 200


class EraseWords:
    """The use case behind EraseWords."""

    def __init__(self, doors: Doors, database: WriteDatabase, mac: ReferenceMac) -> None:
        self._doors, self._database, self._mac = doors, database, mac

    async def __call__(self, programme: Programme, member_id: UUID) -> int:
        """References, receipts and notes of all postings of a member, for ever; answers of how many they were erased now.

        Some at a time: where it is cut short, asking again does the rest. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable.
        """
        await self._doors.to(programme)
        erased, after_seq = 0, 0
        async with self._database.dedicated() as connection:
            while found := await words.erasable(
                connection, programme.ledger_id, member_id, after_seq, _AT_ONCE
            ):
                async with connection.transaction():
                    erased += await words.erase(connection, programme.ledger_id, found, self._mac)
                after_seq = found[-1].seq
            await words.erase_rejected(connection, programme.ledger_id, member_id)
        return erased
