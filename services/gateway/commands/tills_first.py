"""Bulk work that makes room for tills: the longer these wait beside it, the longer it rests.

The ledger takes single movements before those of batches already. That does not help where gateway, ledger and database share the
servers' time: a batch takes all that tills leave, and then everything queues. Counted is this process alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

_REST_SECONDS_MAX: Final = 5.0
#: Beside tills that wait for more than this share of the time there is a crowd.
_CROWD: Final = 0.5


class Tills:
    """How long tills have waited for the ledger: the time in which at least one did."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that never go back."""
        self.clock = clock
        self._waiting, self._since, self._waited = 0, 0.0, 0.0

    def begin(self) -> None:
        """A till has asked."""
        if not self._waiting:
            self._since = self.clock()
        self._waiting += 1

    def end(self) -> None:
        """A till has its answer, or has gone."""
        self._waiting -= 1
        if not self._waiting:
            self._waited += self.clock() - self._since

    @property
    def waited_seconds(self) -> float:
        """Since the process began."""
        return self._waited + (self.clock() - self._since if self._waiting else 0.0)


class TillsFirst:
    """One piece of bulk work after another, with rests between them."""

    def __init__(self, tills: Tills, rests: float) -> None:
        """`rests`: how many times as long as tills waited beside a piece the rest after it is; 0: no rest."""
        self._tills, self._rests = tills, rests
        #: Whether tills waited for most of the time beside the last piece.
        self.crowded = False
        self.begin()

    def begin(self) -> None:
        """Before a piece that was waited for: what tills waited until now was not for this work."""
        self._began, self._waited_before = self._tills.clock(), self._tills.waited_seconds

    async def rest(self) -> None:
        """After a piece: lets others go on, tills that waited for longer."""
        await asyncio.sleep(self.seconds())
        self.begin()

    def seconds(self) -> float:
        """How long the rest after this piece is, 5 s at most."""
        waited = self._tills.waited_seconds - self._waited_before
        self.crowded = self._rests > 0 and waited > _CROWD * (self._tills.clock() - self._began)
        return min(self._rests * waited, _REST_SECONDS_MAX)
