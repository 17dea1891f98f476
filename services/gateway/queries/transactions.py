"""Lists of transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.gateway.clients.points import Points, TransactionFilter
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Movement
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.runtime.errors import NotFound
from services.runtime.ids import MalformedId, from_text

PREFIX: Final = "txn"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which transactions: of a member, with a reference, recorded from a time on (0: no bound)."""

    member_id: UUID | None = None
    reference: str = ""
    recorded_from_us: int = 0


async def list_transactions(points: Points, caller: Caller, wanted: Wanted, cursor: Cursor) -> Page[Movement]:
    """A page of transactions, newest first. Raises InvalidRequest (CURSOR_INVALID) and what points does."""
    before = await _seq(points, caller, wanted, "starting_after", cursor.starting_after)
    after = await _seq(points, caller, wanted, "ending_before", cursor.ending_before)
    which = TransactionFilter(
        limit=cursor.limit,
        member_id=wanted.member_id,
        reference=wanted.reference,
        recorded_from_us=wanted.recorded_from_us,
        before_seq=before,
        after_seq=after,
    )
    found, has_more = await points.transactions(caller.token, which)
    return Page(found, has_more)


async def _seq(points: Points, caller: Caller, wanted: Wanted, name: str, cursor: str) -> int:
    """The place in the journal of a cursor; 0 for an empty one."""
    if not cursor:
        return 0
    try:
        movement = await points.transaction(caller.token, from_text(PREFIX, cursor))
    except (MalformedId, NotFound):
        raise unknown_cursor(name) from None
    if wanted.member_id not in (None, movement.member_id) or wanted.reference not in ("", movement.reference):
        raise unknown_cursor(name)
    return movement.seq
