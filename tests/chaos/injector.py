"""Makes the faults of a schedule happen, and heals everything in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from tests.chaos.platform import ChaosPlatform
from tests.chaos.postgres_link import CommitCut
from tests.chaos.schedule import Aftermath, Fault, FaultKind

#: A cut at a COMMIT that never comes (its process is down, or has nothing to write) is taken back after this.
_COMMIT_SECONDS: Final = 8.0


class Injector:
    """One schedule under way. `done` counts faults that happened, by kind; `missed` those that found nothing to break."""

    def __init__(self, platform: ChaosPlatform, faults: Sequence[Fault]) -> None:
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.last: Fault | None = None
        self._platform, self._faults = platform, faults
        self._ending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Lets each fault happen at its time; those that last do so beside the others."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        for fault in self._faults:
            await asyncio.sleep(max(0.0, started + fault.at_seconds - loop.time()))
            self.last = fault
            task = asyncio.create_task(self._happen(fault), name=str(fault))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def heal(self) -> None:
        """Ends everything that lasts."""
        for task in list(self._ending):
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        self._platform.commits.armed.clear()
        self._platform.clock.step(0)
        for link in self._platform.links.values():
            link.refusing, link.delay_seconds = False, 0.0
            link.cut()

    async def _happen(self, fault: Fault) -> None:
        name = f"{fault.kind} {fault.target}".strip()
        if fault.kind is FaultKind.COMMIT:
            name = f"{fault.kind} {fault.target} {fault.moment} {fault.aftermath}"
        happened = await self._break(fault)
        (self.done if happened else self.missed)[name] += 1

    async def _break(self, fault: Fault) -> bool:
        """Breaks something, and waits until it is whole again where it does not mend by itself."""
        platform = self._platform
        if fault.kind is FaultKind.KILL:
            return platform.kill(fault.target)
        if fault.kind is FaultKind.COMMIT:
            return await self._cut_commit(fault)
        if fault.kind is FaultKind.CRASH_POSTGRES:
            return await asyncio.to_thread(platform.postgres.crash)
        if fault.kind is FaultKind.RESTART_POSTGRES:
            return platform.postgres.restart()
        if fault.kind is FaultKind.CLOCK:
            platform.clock.step(int(fault.amount))
            return platform.clock.steps
        return await self._disturb(fault)

    async def _disturb(self, fault: Fault) -> bool:
        link = self._platform.links[fault.target]
        if fault.kind is FaultKind.CUT:
            return link.cut() > 0
        if fault.kind is FaultKind.FREEZE:
            end = link.freeze()
        elif fault.kind is FaultKind.REFUSE:
            link.refusing = True
            link.cut()
            end = partial(setattr, link, "refusing", False)
        else:
            link.delay_seconds = fault.amount
            end = partial(setattr, link, "delay_seconds", 0.0)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            end()
        return True

    async def _cut_commit(self, fault: Fault) -> bool:
        struck = asyncio.Event()
        after: dict[Aftermath, Callable[[], object]] = {
            Aftermath.NOTHING: lambda: None,
            Aftermath.CRASH: self._platform.postgres.crash,
            Aftermath.KILL: partial(self._platform.kill, fault.target),
        }

        def strike() -> None:
            after[fault.aftermath]()
            struck.set()

        cut = CommitCut(fault.target, fault.moment, strike)
        armed = self._platform.commits.armed
        armed.append(cut)
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await struck.wait()
        except TimeoutError:
            if cut in armed:
                armed.remove(cut)
            return struck.is_set()
        return True
