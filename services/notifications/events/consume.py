"""The subscriber: notes, in its own transaction, which member is to be told of an event. It sends nothing."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.commands.note import Note
from services.notifications.domain.kinds import Kind
from services.notifications.domain.notices import Place
from services.notifications.events.telling import clock_offset_us, told_of
from services.notifications.queries.switches import Switches
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.subscribing.handling import Event

#: The names of the subscribers, by the service whose events they read.
SUBSCRIBERS: Final = {"members": "notifications-members", "points": "notifications-points"}
# A clock that was moved by less than this is not told of: what is too old is a matter of hours.
_CLOCK_STEP_US: Final = 60 * MICROS_PER_SECOND
_SWITCHES_SECONDS: Final = 1.0


class NoteEvents:
    """Handles the events of one service."""

    def __init__(self, source: str, note: Note, switches: Switches) -> None:
        self._source, self._note, self._switches = source, note, switches
        # By programme: what was read last, so that not every event asks the database.
        self._offsets: dict[str, int] = {}
        self._on: dict[str, tuple[float, frozenset[Kind]]] = {}

    async def handle(self, connection: AsyncConnection, event: Event) -> None:
        """Notes it in the transaction given, unless it was handled before, is older than the subscriber, or is told to nobody."""
        message = event.message
        if message is None:
            return
        shown = clock_offset_us(event.record, message) if self._source == "points" else None
        if shown is not None:
            await self._keep_clock(connection, event.programme, shown)
        # (The clock is kept also while there is no channel: there may be one after the next start.)
        told = told_of(message) if self._note.is_needed and not event.replayed else None
        if told is None or told.kind not in await self._kinds_on(connection, event.programme):
            return
        # Of members, events are recorded by the wall clock.
        offset_us = 0
        if self._source == "points":
            offset_us = shown if shown is not None else await self._offset(connection, event.programme)
        place = Place(event.programme, self._source, event.record.pos)
        recorded_us = event.record.recorded_at_us - offset_us
        await self._note(connection, SUBSCRIBERS[self._source], place, told, recorded_us, offset_us)

    async def forget(self, connection: AsyncConnection, programme: str) -> None:
        """Before a rebuild. Notices stay: what was sent was sent, and a rebuild makes none."""
        self._offsets.pop(programme, None)
        await self._note.forget_clock(connection, programme)

    async def _keep_clock(self, connection: AsyncConnection, programme: str, offset_us: int) -> None:
        known = await self._offset(connection, programme)
        if abs(known - offset_us) >= _CLOCK_STEP_US:
            await self._note.keep_clock(connection, programme, offset_us)
            # Not remembered here: the transaction may yet be rolled back.
            self._offsets.pop(programme, None)

    async def _offset(self, connection: AsyncConnection, programme: str) -> int:
        if programme not in self._offsets:
            self._offsets[programme] = await self._note.clock_offset_us(connection, programme)
        return self._offsets[programme]

    async def _kinds_on(self, connection: AsyncConnection, programme: str) -> frozenset[Kind]:
        until, on = self._on.get(programme, (0.0, frozenset[Kind]()))
        if until < time.monotonic():
            on = await self._switches(connection, programme)
            self._on[programme] = (time.monotonic() + _SWITCHES_SECONDS, on)
        return on
