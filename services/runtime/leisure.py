"""Computing that can wait makes room for what cannot, where both share processors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

#: How many times as long as a piece waited for a processor the rest after it is.
_RESTS: Final = 4.0
#: One rest: what else the work holds, a transaction say, ends when it is idle for longer.
_REST_SECONDS_MAX: Final = 1.0


class Leisure:
    """One piece of a long computation after another, with rests of up to a second between them where processors are short.

    A piece that had to wait for a processor had others wait for theirs: so much is seen from inside a process, whoever the others
    are. Where nothing else runs there is no rest. All rests together are bounded, so that no work is put off for ever.
    """

    def __init__(
        self,
        seconds_max: float,
        clock: Callable[[], float] = time.perf_counter,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        """`seconds_max`: all rests together; `clock`: seconds that never go back; `used`: this thread's processor time in seconds."""
        self._left, self._clock, self._used = seconds_max, clock, used

    async def do(self, piece: Callable[[], None]) -> None:
        """Does a piece that only computes, then lets others go on. Raises what the piece raises."""
        began, used_before = self._clock(), self._used()
        piece()
        waited = (self._clock() - began) - (self._used() - used_before)
        seconds = min(max(0.0, waited) * _RESTS, _REST_SECONDS_MAX, self._left)
        self._left -= seconds
        await asyncio.sleep(seconds)
