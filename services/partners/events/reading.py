"""The event log, read back: what subscribers fill their gaps with."""

from __future__ import annotations

from collections.abc import AsyncIterator

from coalition.type.v1.event_record_pb2 import EventRecord

from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.event_log import BLOCK_EVENTS_MAX, EventLog
from services.runtime.principal import Principal


class ReadEvents:
    """Reads the event log of the programme acted in. For staff and services."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database, self._log = database, log

    async def __call__(self, who: Principal, from_pos: int, limit: int) -> AsyncIterator[list[EventRecord]]:
        """Blocks of up to 500 events from a position on, to where the log ends now; `limit` 0: all of them.

        Raises PermissionDenied for partners, InvalidRequest for negative numbers.
        """
        who.require_internal()
        if from_pos < 0 or limit < 0:
            raise InvalidRequest(
                "positions and limits are not negative", field="from_pos" if from_pos < 0 else "limit"
            )
        ledger_id = who.in_programme().ledger_id
        next_pos = max(1, from_pos)
        async with self._database.reader.snapshot() as connection:
            last_pos, _ = await self._log.positions(connection, ledger_id)
        if limit:
            last_pos = min(last_pos, next_pos + limit - 1)
        while next_pos <= last_pos:
            # A connection for each block and not for the stream: a slow reader must not hold one.
            size = min(BLOCK_EVENTS_MAX, last_pos - next_pos + 1)
            async with self._database.reader.snapshot() as connection:
                found = [block async for block in self._log.read(connection, ledger_id, next_pos, size)]
            for block in found:
                yield block
                next_pos += len(block)
