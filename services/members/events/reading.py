"""The event log, read back: what subscribers fill their gaps with."""

from __future__ import annotations

from collections.abc import AsyncIterator

from coalition.type.v1.event_record_pb2 import EventRecord

from services.members.domain import access
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.event_log import BLOCK_EVENTS_MAX, EventLog
from services.runtime.principal import Principal


class ReadEvents:
    """Reads the event log of the caller's programme."""

    def __init__(self, database: ReadDatabase, log: EventLog) -> None:
        self._database, self._log = database, log

    async def __call__(
        self, principal: Principal, from_pos: int, limit: int
    ) -> AsyncIterator[list[EventRecord]]:
        """Blocks of up to 500 events from a position on (0 is taken for 1), to where the log ends now.

        `limit` 0: all of them. Raises PermissionDenied for partners, InvalidRequest for negative numbers.
        """
        access.require_internal(principal)
        for field, value in (("from_pos", from_pos), ("limit", limit)):
            if value < 0:
                raise InvalidRequest("a position or a limit is not negative", field=field)
        ledger_id = principal.in_programme().ledger_id
        async with self._database.snapshot() as connection:
            last_pos, _ = await self._log.positions(connection, ledger_id)
        next_pos = max(1, from_pos)
        if limit:
            last_pos = min(last_pos, next_pos + limit - 1)
        # A connection for each block, not for the whole stream: a slow reader must not hold one.
        while next_pos <= last_pos:
            block = await self._block(ledger_id, next_pos, min(BLOCK_EVENTS_MAX, last_pos - next_pos + 1))
            if not block:
                return
            yield block
            next_pos += len(block)

    async def _block(self, ledger_id: int, from_pos: int, size: int) -> list[EventRecord]:
        async with self._database.snapshot() as connection:
            return [
                record
                async for block in self._log.read(connection, ledger_id, from_pos, size)
                for record in block
            ]
