"""How far relay and rating are behind the ledger."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from services.runtime.database import PgConnection
from tests.performance.plan import DRAIN_SECONDS_MAX, RowFailed

_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Positions:
    """Last posting and batch of the journal, and how far its event log, the relay and rating are."""

    last_seq: int
    last_batch_no: int
    last_pos: int
    relayed_pos: int
    rated_seq: int

    @property
    def behind(self) -> int:
        """What is left to do: events to relay, and postings to rate."""
        return (self.last_pos - self.relayed_pos) + (self.last_seq - self.rated_seq)


class Backlog:
    """Looks at the heads of a ledger and of its rating."""

    def __init__(self, points: PgConnection, partners: PgConnection, ledger_id: int) -> None:
        self._points, self._partners, self._ledger_id = points, partners, ledger_id

    async def positions(self) -> Positions:
        """Where everything is now."""
        row = await self._points.fetchrow(
            """SELECT h.last_seq, h.last_batch_no, e.pos, c.pos FROM ledger_head h JOIN event_head e USING (ledger_id)
            JOIN relay_cursor c USING (ledger_id) WHERE ledger_id = $1""",
            self._ledger_id,
        )
        rated = await self._partners.fetchval(
            "SELECT rated_seq FROM rating_head WHERE ledger_id = $1", self._ledger_id
        )
        if row is None:
            raise RowFailed("the ledger is not open")
        return Positions(int(row[0]), int(row[1]), int(row[2]), int(row[3]), int(rated))

    async def drained(self) -> float:
        """Waits until nothing is left to relay and to rate; answers the seconds that took.

        Raises RowFailed after a minute.
        """
        started = time.monotonic()
        while True:
            found = await self.positions()
            seconds = time.monotonic() - started
            if not found.behind:
                return seconds
            if seconds > DRAIN_SECONDS_MAX:
                raise RowFailed(
                    f"relay and rating did not catch up within {DRAIN_SECONDS_MAX:.0f} s: {found}"
                )
            await asyncio.sleep(_LOOK_SECONDS)
