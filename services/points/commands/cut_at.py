"""Fixes the last seq before a boundary, without pausing postings for more than a lock."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.open_ledger import Doors
from services.points.storage import ledgers
from services.runtime.clock import MICROS_MAX, from_micros
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.principal import Programme


class CutAt:
    """The use case behind CutAt."""

    def __init__(self, doors: Doors, database: WriteDatabase) -> None:
        self._doors, self._database = doors, database

    async def __call__(self, programme: Programme, boundary_us: int) -> int:
        """The last seq recorded before the boundary (programme time, microseconds UTC); 0: none.

        The same boundary gets the same answer for ever. Raises Refused (BOUNDARY_IN_FUTURE).
        """
        if not 0 < boundary_us <= MICROS_MAX:
            raise InvalidRequest("a boundary must be given", field="boundary_us")
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, programme.ledger_id)
            if boundary_us > head.now_us:
                raise Refused(
                    Reason.REASON_BOUNDARY_IN_FUTURE,
                    "the boundary has not been reached",
                    now=from_micros(head.now_us).isoformat(),
                    boundary=from_micros(boundary_us).isoformat(),
                )
            return await ledgers.cut(connection, programme.ledger_id, boundary_us, head)
