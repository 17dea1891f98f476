"""Lists of expirations."""

from __future__ import annotations

from uuid import UUID

from services.gateway.clients.points import Points
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Expiration
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.schemas.fields import moment_or_none


async def list_expirations(
    points: Points, caller: Caller, member_id: UUID, cursor: Cursor
) -> Page[Expiration]:
    """A page of expirations, soonest first. A cursor is a time: nothing else names an expiration for long.

    Raises InvalidRequest (CURSOR_INVALID) and what points does.
    """
    after_us = _moment("starting_after", cursor.starting_after)
    before_us = _moment("ending_before", cursor.ending_before)
    found, has_more = await points.expirations(caller.token, member_id, cursor.limit, after_us, before_us)
    return Page(found, has_more)


def _moment(name: str, cursor: str) -> int:
    """The time of a cursor; 0 for an empty one."""
    if not cursor:
        return 0
    moment_us = moment_or_none(cursor)
    if moment_us is None:
        raise unknown_cursor(name)
    return max(1, moment_us)
