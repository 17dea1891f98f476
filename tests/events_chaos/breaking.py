"""What breaks when, drawn from the seed; and how."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from services.launcher.platform import Platform
from tests.chaos.platform import ChaosPlatform
from tests.events_chaos.listeners import Listeners

#: Kinds, and how often each is drawn of all together. Services have relays in them.
SHARES: Final = {
    "kill a subscriber": 8,
    "kill points-relay": 4,
    "kill notifications": 4,
    "kill nats": 4,
    "wipe jetstream": 3,
    "crash postgres": 3,
    "restart postgres": 1,
    "kill partners": 2,
    "kill members": 2,
    "kill points": 1,
}
_FIRST_SECONDS: Final = 1.0
_GAP_SECONDS: Final = (2.0, 7.0)
_CALM_SECONDS: Final = 0.5


def schedule(seed: int, seconds: float) -> Iterator[tuple[float, str]]:
    """Seconds after the start, and the kind: one of each first, then by shares; the same ones for the same seed."""
    rng, at = random.Random(f"{seed}/events/faults"), _FIRST_SECONDS
    cards = list(SHARES)
    while True:
        rng.shuffle(cards)
        for kind in cards:
            if at > seconds - _CALM_SECONDS:
                return
            yield round(at, 2), kind
            at += rng.uniform(*_GAP_SECONDS)
        cards = [kind for kind, share in SHARES.items() for _ in range(share)]


class Breaker:
    """One schedule under way; `done` counts what happened."""

    def __init__(self, platform: ChaosPlatform, listeners: Listeners, seed: int, seconds: float) -> None:
        self.done: Counter[str] = Counter()
        self.last = ""
        self._platform, self._listeners = platform, listeners
        self._schedule = list(schedule(seed, seconds))
        self._rng = random.Random(f"{seed}/events/targets")

    @property
    def planned(self) -> int:
        """How many faults there are to come."""
        return len(self._schedule)

    async def run(self) -> None:
        """Lets each happen at its time."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        for at, kind in self._schedule:
            await asyncio.sleep(max(0.0, started + at - loop.time()))
            self.last = kind
            if await self._break(kind):
                self.done[kind] += 1

    async def _break(self, kind: str) -> bool:
        platform = self._platform
        match kind:
            case "kill a subscriber":
                return bool(self._listeners.kill(self._rng))
            case "wipe jetstream":
                return await wipe_jetstream(platform)
            case "crash postgres":
                return await asyncio.to_thread(platform.postgres.crash)
            case "restart postgres":
                return platform.postgres.restart()
            case _:
                return platform.kill(kind.partition(" ")[2])


async def wipe_jetstream(platform: Platform) -> bool:
    """Kills NATS with SIGKILL, and its whole store is gone when it starts again; answers whether it ran."""
    store, gone = platform.state.path / "nats" / "jetstream", platform.state.path / "nats" / "gone"
    pid = platform.pid_of("nats")
    if pid is None or not store.is_dir():
        return False
    # It goes on writing to what is not in its place any more, until it is killed: the next one finds nothing.
    await asyncio.to_thread(shutil.rmtree, gone, ignore_errors=True)
    store.rename(gone)
    # One that has just ended by itself is as good.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(shutil.rmtree, gone, ignore_errors=True)
    return True
