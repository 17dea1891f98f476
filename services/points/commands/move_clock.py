"""Moves the programme time of a test programme forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.open_ledger import Doors
from services.points.storage import ledgers
from services.points.storage.ledgers import Head
from services.runtime import telemetry
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.event_log import NewEvent
from services.runtime.principal import Programme

# The clock never goes back: one moved to the end of the calendar would leave no room for expiries.
CLOCK_MAX_US: Final = to_micros(datetime(2200, 1, 1, tzinfo=UTC))


class MoveClock:
    """The use case behind MoveClock."""

    def __init__(self, doors: Doors, database: WriteDatabase, tell: Callable[[int, int], bytes]) -> None:
        self._doors, self._database, self._tell = doors, database, tell

    async def __call__(self, programme: Programme, now_us: int) -> Head:
        """Sets programme time to now_us (microseconds UTC); it goes on from there with the wall clock.

        Raises InvalidRequest for a time after 2200, Refused: CLOCK_FIXED in a live programme, CLOCK_BACKWARDS
        for a time that has passed.
        """
        if not 0 < now_us <= CLOCK_MAX_US:
            raise InvalidRequest("programme time lies between 1970 and 2200", field="now_us")
        if not programme.is_test:
            raise Refused(Reason.REASON_CLOCK_FIXED, "the clock of a live programme is the wall clock")
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, programme.ledger_id)
            if now_us < head.now_us:
                raise Refused(
                    Reason.REASON_CLOCK_BACKWARDS,
                    "programme time only moves forward",
                    now=from_micros(head.now_us).isoformat(),
                    asked=from_micros(now_us).isoformat(),
                )
            offset_us = head.offset_us + now_us - head.now_us
            await ledgers.set_offset(connection, programme.ledger_id, offset_us)
            event = NewEvent(
                "programme.clock_moved",
                self._tell(offset_us, now_us),
                now_us,
                traceparent=telemetry.current_traceparent(),
            )
            await ledgers.append_events(connection, programme.ledger_id, [event])
        return head._replace(offset_us=offset_us, now_us=now_us, last_pos=head.last_pos + 1)
