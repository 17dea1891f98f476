"""Follow what becomes of points: reads the ledger's events up to the end of a window, each once.

Rating does not wait for it, and it not for rating: it reads the events again, by itself, once a window is stated. So issuing and
redeeming cost nothing more, and the two accounts of the same points can be held against each other.
"""

from __future__ import annotations

import time
from asyncio import sleep
from collections.abc import AsyncIterator, Sequence
from itertools import takewhile
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.liability.lots import Step, movements_of, wanted_of
from services.partners.domain.programme import Registration
from services.partners.queries.programmes import Programmes
from services.partners.storage import lots, windows
from services.partners.storage.lots import LotHead
from services.runtime.database import Database
from services.runtime.errors import Unavailable
from services.runtime.principal import Principal

_EVENTS_A_READ: Final = 5_000
#: At leisure it rests so many times as long as it has worked: tills wait for the same two servers.
_REST: Final = 3.0


class LotEvents(Protocol):
    """The ledger's events, as what they did to points."""

    def read(self, programme: str, from_pos: int, limit: int) -> AsyncIterator[Sequence[Step]]:
        """Blocks of steps from a position on, in order, `limit` of them at most. Raises Unavailable."""
        ...


class FollowLots:
    """Staff or services, and the job."""

    def __init__(self, database: Database, programmes: Programmes, events: LotEvents) -> None:
        self._database, self._programmes, self._events = database, programmes, events

    async def for_caller(self, who: Principal) -> None:
        """Follows the programme acted in to the end of its last stated window. Raises as following does."""
        who.require_internal()
        await self(await self._programmes.named(who.in_programme().slug))

    async def __call__(self, registration: Registration, *, at_leisure: bool = False) -> int:
        """Follows a programme to the end of its last stated window; answers how many events that took.

        `at_leisure`: nobody waits for it, so it takes a quarter of the time at most. Raises Unavailable where the ledger cannot be reached, or does not tell as far as it was rated.
        """
        ledger_id, slug = registration.programme.ledger_id, registration.programme.slug
        async with self._database.reader.snapshot() as connection:
            last = await windows.numbered(connection, ledger_id, await windows.stated(connection, ledger_id))
            head = await lots.head(connection, ledger_id)
        upto_seq = last.last_seq if last else 0
        followed = 0
        while head.followed_seq < upto_seq:
            before, began = head.pos, time.monotonic()
            async for block in self._events.read(slug, head.pos + 1, _EVENTS_A_READ):
                head, applied = await self._apply(ledger_id, block, upto_seq)
                followed += applied
                if at_leisure:
                    await sleep(_REST * (time.monotonic() - began))
                    began = time.monotonic()
            if head.pos == before:
                raise Unavailable(f"the ledger's events of {slug} end before seq {upto_seq}")
        return followed

    async def _apply(self, ledger_id: int, block: Sequence[Step], upto_seq: int) -> tuple[LotHead, int]:
        """Applies what of a block comes next and lies in the window, in one transaction with the cursor."""

        async def work(connection: AsyncConnection) -> tuple[LotHead, int]:
            head = await lots.locked_head(connection, ledger_id)
            ahead = (step for step in block if step.pos > head.pos)
            # (A notice between two postings has no seq.)
            fresh = list(takewhile(lambda step: step.seq <= upto_seq, ahead))
            if head.followed_seq >= upto_seq or not fresh:
                return head, 0
            if fresh[0].pos != head.pos + 1:
                raise Unavailable(f"event {head.pos + 1} is missing before {fresh[0].pos}")
            told = [step.told for step in fresh if step.told is not None]
            wanted = wanted_of(told)
            before = await lots.used(connection, ledger_id, wanted) if wanted else {}
            movements = movements_of(told, {seq: before.get(seq, 0) for seq in wanted})
            if movements:
                await lots.add(connection, ledger_id, movements)
            seq = max(step.seq for step in fresh)
            moved = LotHead(fresh[-1].pos, max(head.followed_seq, seq))
            await lots.move(connection, ledger_id, moved)
            return moved, len(fresh)

        return await self._database.writer.run(work)
