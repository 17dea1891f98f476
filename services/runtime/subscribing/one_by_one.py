"""Applies events one by one, in one transaction a block, and sets aside those whose handler raises.

A block goes through as a whole; where an event raises, the block is rolled back and goes again with a savepoint
around that one. So a subscriber whose handler never fails pays nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from functools import partial
from typing import Final

from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import logging, telemetry
from services.runtime.catalogue import subject_key
from services.runtime.database import WriteDatabase, is_passing
from services.runtime.errors import CoalitionError
from services.runtime.inbox import Gap, Inbox
from services.runtime.subscribing.handling import Each, Event, Order
from services.runtime.subscribing.letters import LETTERS_MAX, Letter, Letters
from services.runtime.subscribing.orders import Replays
from services.runtime.subscribing.tables import SubscriptionTables

_log = logging.get(__name__)
# After so many events of a block have failed, each of it gets a savepoint: the handler may fail at all of them.
_SUSPECTS_MAX: Final = 4
_RETRIES_AT_ONCE: Final = 500


class Postponed(Exception):
    """The handler cannot apply this yet; nothing is wrong. It is tried again after a while.

    `pos`: the first event that has to wait; those before it are applied now. 0: all of them wait.
    """

    def __init__(self, why: str, seconds: float = 0.5, pos: int = 0) -> None:
        super().__init__(why)
        self.seconds, self.pos = seconds, pos


class LettersFull(Exception):
    """So much is set aside that the subscriber stops: the mistake is its own."""


class _EventFailed(Exception):
    """A handler raised; names the event."""

    def __init__(self, pos: int) -> None:
        super().__init__(pos)
        self.pos = pos


class _All:
    """Every position."""

    def __contains__(self, pos: object) -> bool:
        return True


class OneByOne:
    """A subscriber's handler of single events over its inbox."""

    def __init__(
        self, database: WriteDatabase, inbox: Inbox, tables: SubscriptionTables, each: Each, name: str
    ) -> None:
        self._database, self._inbox, self._each, self._name = database, inbox, each, name
        self._letters = Letters(tables, inbox.name, inbox.source)
        self._replays = Replays(tables, inbox.table, inbox.name, inbox.source)
        self._parked = telemetry.meter().create_counter("coalition.events.parked", "{event}")

    async def apply(self, programme: str, records: Sequence[EventRecord]) -> Gap | None:
        """Handles what comes right after the cursor, once; answers the first gap as the inbox does.

        Raises LettersFull, and whatever is not the event's fault: the database or a neighbour is away.
        """
        suspects: set[int] = set()
        while len(suspects) <= _SUSPECTS_MAX:
            try:
                return await self._go_through(programme, records, suspects)
            except _EventFailed as failure:
                suspects.add(failure.pos)
        return await self._go_through(programme, records, _All())

    async def _go_through(
        self, programme: str, records: Sequence[EventRecord], suspects: Container[int]
    ) -> Gap | None:
        return await self._inbox.apply(self._database, programme, records, partial(self._handle, suspects))

    async def _handle(
        self,
        suspects: Container[int],
        connection: AsyncConnection,
        programme: str,
        records: Sequence[EventRecord],
    ) -> None:
        until = await self._replays.until(connection, programme)
        blocked = await self._letters.blocked(connection, programme)
        if blocked and await self._letters.are_too_many(connection):
            raise LettersFull(f"{LETTERS_MAX:,} events are set aside: mend the handler and replay them")
        strict = self._each.order is Order.STRICT
        for record in records:
            event = Event(programme, record, record.pos <= until)
            if strict and blocked and subject_key(record) in blocked:
                await self._letters.park(connection, programme, record, replayed=event.replayed)
            elif record.pos in suspects:
                if not await self._try(connection, event):
                    blocked.add(subject_key(record))
            else:
                await self._handle_or_name(connection, event)

    async def _handle_or_name(self, connection: AsyncConnection, event: Event) -> None:
        try:
            await self._each.handle(connection, event)
        except Exception as error:
            if _is_not_its_fault(error):
                raise
            raise _EventFailed(event.record.pos) from error

    async def _try(self, connection: AsyncConnection, event: Event) -> bool:
        """Handles an event within a savepoint; sets it aside and answers False where it fails."""
        try:
            async with connection.begin_nested():
                await self._each.handle(connection, event)
        except Exception as error:
            if _is_not_its_fault(error):
                raise
            await self._park(connection, event, error)
            return False
        return True

    async def _park(self, connection: AsyncConnection, event: Event, error: Exception) -> None:
        told, backoff = f"{type(error).__name__}: {error}", self._each.backoff_seconds
        _log.warning(
            "subscriber.parked", subscriber=self._name, programme=event.programme, pos=event.record.pos,
            type=event.type, error=told[:300],
        )  # fmt: skip
        self._parked.add(1, {"subscriber": self._name})
        seconds = error.seconds if isinstance(error, Postponed) else backoff[0] if backoff else None
        await self._letters.park(
            connection, event.programme, event.record,
            replayed=event.replayed, error=told, retry_seconds=seconds,
        )  # fmt: skip

    async def retry(self) -> int:
        """Tries what has been set aside and is due, at most 500; answers how many were handled."""
        handled = 0
        for _ in range(_RETRIES_AT_ONCE):
            found = await self._database.run(self._retry_one)
            if found is None:
                break
            handled += found
        return handled

    async def _retry_one(self, connection: AsyncConnection) -> bool | None:
        letter = await self._letters.take_due(connection)
        if letter is None:
            return None
        try:
            async with connection.begin_nested():
                await self._each.handle(connection, Event(letter.programme, letter.record, letter.replayed))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if _is_not_its_fault(error):
                raise
            await self._failed_again(connection, letter, error)
            return False
        await self._letters.handled(connection, letter)
        return True

    async def _failed_again(self, connection: AsyncConnection, letter: Letter, error: Exception) -> None:
        told, backoff = f"{type(error).__name__}: {error}", self._each.backoff_seconds
        seconds = backoff[letter.attempts] if letter.attempts < len(backoff) else None
        if isinstance(error, Postponed):
            seconds = error.seconds
        if seconds is None:
            _log.error(
                "subscriber.dead_letter", subscriber=self._name, programme=letter.programme,
                pos=letter.record.pos, type=letter.record.type, error=told[:300],
            )  # fmt: skip
        await self._letters.failed(connection, letter, told, seconds)


def _is_not_its_fault(error: Exception) -> bool:
    """Whether the same event may go through as it is, once something else is back."""
    return is_passing(error) or (isinstance(error, CoalitionError) and error.entry.retryable)
