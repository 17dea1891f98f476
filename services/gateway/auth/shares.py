"""Places for what takes long: batches, files. However many one partner sends, another's first finds a place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.caller import Caller
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import Unavailable

# What waits has been read, up to the largest body each: so many bound the memory.
_WAITING_MAX: Final = 16
_Name = tuple[int, UUID]


class _Waiter(NamedTuple):
    name: _Name
    turn: asyncio.Future[None]


class Shares:
    """So many places at once, of which one partner takes a share; who finds all taken waits, and those with the fewest go first."""

    def __init__(self, what: str, at_once_max: int, of_one_max: int = 0, *, retry_after_seconds: int) -> None:
        """`what`: told of those that find no place. `of_one_max`: half of all places, rounded up, where it is 0."""
        self._what, self._at_once_max, self._retry_seconds = what, at_once_max, retry_after_seconds
        self._of_one_max = of_one_max or -(-at_once_max // 2)
        self._taken: Counter[_Name] = Counter()
        self._waiting: list[_Waiter] = []

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken.total()

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, caller: Caller, until_us: int) -> AsyncGenerator[None]:
        """A place, within a wall-clock time in microseconds.

        Raises Unavailable (OVERLOADED) at once where the caller's own partner has its share, waiting ones included, and
        where 16 wait already, and where none gets free in time.
        """
        name = caller.programme.ledger_id, caller.partner.partner_id
        own = self._taken[name] + sum(each.name == name for each in self._waiting)
        if own >= self._of_one_max:
            raise self._refusal(f"{own} of your {self._what} are being worked on")
        await self._enter(name, until_us)
        try:
            yield
        finally:
            self._leave(name)

    async def _enter(self, name: _Name, until_us: int) -> None:
        if self._taken.total() < self._at_once_max:
            self._taken[name] += 1
            return
        if len(self._waiting) >= _WAITING_MAX:
            raise self._refusal(f"too many {self._what} are being worked on")
        waiter = _Waiter(name, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(max(0, until_us - wall_now_us()) / MICROS_PER_SECOND):
                await waiter.turn
        except BaseException as error:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                # The place came with the end.
                self._leave(name)
            if isinstance(error, TimeoutError):
                raise self._refusal(f"too many {self._what} are being worked on") from None
            raise

    def _leave(self, name: _Name) -> None:
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
        waiting = [each for each in self._waiting if not each.turn.done()]
        if waiting:
            # The first of those whose partners have the fewest places.
            following = min(waiting, key=lambda each: self._taken[each.name])
            self._waiting.remove(following)
            self._taken[following.name] += 1
            following.turn.set_result(None)

    def _refusal(self, message: str) -> Unavailable:
        return Unavailable(message, Reason.REASON_OVERLOADED, retry_after_seconds=self._retry_seconds)


@dataclass(frozen=True, slots=True)
class Places:
    """Where batches that are answered at once, files of large ones, and files to compare are worked on."""

    batches: Shares
    batch_files: Shares
    uploads: Shares
