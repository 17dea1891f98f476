"""Tills at work, and an operator who moves the programme's clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from tests.chaos.mall import Mall
from tests.chaos.operations import OPERATIONS, Doing
from tests.chaos.till import Till

TILLS: Final = 12
#: How long a till rests between two customers, at most: so many operations that a run's books are read in a minute.
_REST_SECONDS: Final = 0.4


class Traffic:
    """All tills of a run. `stop` lets each finish what it has begun."""

    def __init__(
        self, mall: Mall, seed: int, operations: Sequence[Doing] = OPERATIONS, tills: int = TILLS
    ) -> None:
        self._operations = operations
        self._stopping = asyncio.Event()
        partners = list(mall.partners.values())
        self._tills = [
            Till(mall, partners[number % len(partners)], random.Random(f"{seed}/till/{number}"))
            for number in range(tills)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Opens the tills."""
        self._tasks = [
            asyncio.create_task(self._work(till), name=f"till {number}")
            for number, till in enumerate(self._tills)
        ]

    async def stop(self, seconds: float) -> None:
        """No new customers; waits for the answers to what was asked, at most so long. Raises what a till raised."""
        self._stopping.set()
        done, pending = await asyncio.wait(self._tasks, timeout=seconds)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()

    async def _work(self, till: Till) -> None:
        shares = [doing.share for doing in self._operations]
        while not self._stopping.is_set():
            (doing,) = till.rng.choices(self._operations, shares)
            await doing.do(till)
            await asyncio.sleep(till.rng.uniform(0, _REST_SECONDS))
