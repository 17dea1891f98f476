"""What a member was written about, and what notices of a programme came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.domain import access
from services.notifications.storage import reading
from services.notifications.storage.reading import Count, NoticeRead
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

LIMIT_MAX: Final = 200
DAYS_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Figures:
    """`oldest_due_at_us`: when the notice that is due for longest was due, wall-clock; 0: none is."""

    counts: list[Count]
    oldest_due_at_us: int


class Deliveries:
    """Reads for staff and services."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def of_member(
        self, who: Principal, member_id: UUID, before: UUID | None, limit: int
    ) -> tuple[list[NoticeRead], bool]:
        """A page of a member's notices, newest first, and whether there are older ones. Raises PermissionDenied, InvalidRequest."""
        access.may_look_up(who)
        if not 1 <= limit <= LIMIT_MAX:
            raise InvalidRequest(f"limit: 1 to {LIMIT_MAX}", field="limit")
        slug = who.in_programme().slug
        async with self._database.snapshot() as connection:
            found = await reading.of_member(connection, slug, member_id, before, limit + 1)
        return found[:limit], len(found) > limit

    async def figures(self, who: Principal, days: int) -> Figures:
        """Notices made in the last days, counted. Raises PermissionDenied, InvalidRequest."""
        access.may_see(who)
        if not 1 <= days <= DAYS_MAX:
            raise InvalidRequest(f"days: 1 to {DAYS_MAX}", field="days")
        slug, now_us = who.in_programme().slug, wall_now_us()
        async with self._database.snapshot() as connection:
            counts = await reading.counts(connection, slug, now_us - days * MICROS_PER_DAY)
            return Figures(counts, await reading.oldest_due_us(connection, slug, now_us))
