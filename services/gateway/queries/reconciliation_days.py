"""The business days of a partner: which there are, what they come to, and the operations of one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.operations import Operations
from services.gateway.domain.caller import Caller
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.domain.reconciliation.days import (
    FIRST_DAY,
    BusinessDay,
    NoDay,
    bounds_us,
    day_of,
    read_day,
)
from services.gateway.domain.reconciliation.operations import Operation, Total
from services.runtime.errors import NotFound, Refused
from services.runtime.principal import Programme

_DAY: Final = timedelta(days=1)


class SummedDay(NamedTuple):
    """A day with its control totals."""

    day: BusinessDay
    totals: list[Total]


class Days:
    """Knows which stretch of the journal each day is. What is over never changes, so it is asked for once."""

    def __init__(self, operations: Operations, *, remembered_max: int) -> None:
        self._operations, self._remembered_max = operations, remembered_max
        self._days: OrderedDict[tuple[int, date], BusinessDay] = OrderedDict()
        self._totals: OrderedDict[tuple[int, date, UUID], list[Total]] = OrderedDict()

    async def day(self, programme: Programme, text: str) -> BusinessDay:
        """The day YYYY-MM-DD. Raises NotFound where it has not begun, or is no day at all."""
        try:
            return await self._day(programme, read_day(text))
        except NoDay as error:
            raise NotFound(f"there is no such day: {error}") from None
        except Refused as refusal:
            if refusal.reason != Reason.REASON_BOUNDARY_IN_FUTURE:
                raise
            raise NotFound(f"the day {text} has not begun") from None

    def operations(self, caller: Caller, day: BusinessDay) -> AsyncIterator[Sequence[Operation]]:
        """The caller's operations of a day, in blocks, in the order in which they were recorded."""
        return self._operations.read(caller.token, day.first_seq, day.last_seq)

    async def page(self, caller: Caller, cursor: Cursor) -> Page[SummedDay]:
        """Days, newest first, from the one that goes on back to the one on which anything was first recorded.

        Raises InvalidRequest (CURSOR_INVALID).
        """
        programme = caller.programme
        today = day_of(await self._operations.now_us(programme), programme.zone)
        after = _cursor("starting_after", cursor.starting_after, today)
        before = _cursor("ending_before", cursor.ending_before, today)
        newest = min(today, before + cursor.limit * _DAY) if before else after - _DAY if after else today
        if after and (await self._day(programme, after)).first_seq == 1:
            return Page([], False)
        found: list[SummedDay] = []
        day, has_more = newest, True
        while has_more and len(found) < cursor.limit and (before is None or day > before):
            known = await self._day(programme, day)
            found.append(SummedDay(known, await self._summed(caller, known)))
            has_more = known.first_seq > 1 and day > FIRST_DAY
            day -= _DAY
        return Page(found, newest < today if before else has_more)

    async def _day(self, programme: Programme, day: date) -> BusinessDay:
        slot = programme.ledger_id, day
        known = self._days.get(slot)
        if known is None:
            starts_at_us, ends_at_us = bounds_us(day, programme.zone)
            stretch = await self._operations.stretch(programme, starts_at_us, ends_at_us)
            known = BusinessDay(day, starts_at_us, ends_at_us, *stretch)
            if known.closed:
                self._days[slot] = known
                if len(self._days) > self._remembered_max:
                    self._days.popitem(last=False)
        return known

    async def _summed(self, caller: Caller, day: BusinessDay) -> list[Total]:
        slot = caller.programme.ledger_id, day.day, caller.partner.partner_id
        totals = self._totals.get(slot)
        if totals is None:
            totals = await self._operations.totals(caller.token, day.first_seq, day.last_seq)
            if day.closed:
                self._totals[slot] = totals
                if len(self._totals) > self._remembered_max:
                    self._totals.popitem(last=False)
        return totals


def _cursor(name: str, text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        day = read_day(text)
    except NoDay:
        raise unknown_cursor(name) from None
    if day > today:
        raise unknown_cursor(name)
    return day
