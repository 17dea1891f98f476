"""One run: traffic and faults, then peace, then what every subscriber made of it is counted."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from services.operations.session import Session, open_session
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.chaos.campaigns import set_campaigns
from tests.chaos.clock import Clock
from tests.chaos.floors import set_floors
from tests.chaos.mall import REQUEST_SECONDS, Mall, new_key, open_mall
from tests.chaos.operator import Operator
from tests.chaos.platform import ChaosPlatform
from tests.chaos.traffic import Traffic
from tests.events_chaos.breaking import Breaker
from tests.events_chaos.judging import Counted, judge
from tests.events_chaos.listeners import Listeners
from tests.events_chaos.mails import Mails, SlowMailbox
from tests.support.platform import platform_folder
from tests.support.waiting import until

_BACK_SECONDS: Final = 180.0
_ANSWERS_SECONDS: Final = 90.0
_DRAIN_SECONDS: Final = 420.0
_COUNT_SECONDS: Final = 3.0
_ENROL_SECONDS: Final = 0.25
_TILLS: Final = 24
_ENROLLING: Final = 4
_PROGRESS_SECONDS: Final = 15.0
_REBUILT_SECONDS: Final = 5.0


@dataclass
class Result:
    """What came of a run."""

    seed: int
    seconds: float
    operations: dict[str, int] = field(default_factory=dict[str, int])
    faults: dict[str, int] = field(default_factory=dict[str, int])
    restarts: dict[str, int] = field(default_factory=dict[str, int])
    subscribers: dict[str, Counted] = field(default_factory=dict[str, Counted])
    drained_seconds: float = 0.0
    mails: int = 0
    mails_again: int = 0

    @property
    def violations(self) -> list[str]:
        """What is wrong, by subscriber."""
        return [f"{name}: {wrong}" for name, counted in self.subscribers.items() for wrong in counted.wrong]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"violations": self.violations}


class Run:
    """One run under way."""

    def __init__(self, seed: int, seconds: float, keep_in: Path | None = None) -> None:
        """`keep_in`: where logs go if something is found."""
        self.result = Result(seed, seconds)
        self._keep_in, self._started = keep_in, time.monotonic()
        self._mail = SlowMailbox()
        self._mails = Mails(self._mail)

    def say(self, text: str) -> None:
        """Tells how far it is."""
        print(f"{time.monotonic() - self._started:5.0f} s  {text}", flush=True)

    async def run(self) -> Result:
        """Runs it to its end; nothing of it is left behind but what is kept on purpose."""
        async with platform_folder(for_all=True) as folder:
            platform = ChaosPlatform(folder, Clock(folder, is_real=True), settings=self._mails.settings)
            self.say("starting the platform")
            self._mail.start()
            try:
                async with platform:
                    await self._on(platform, folder)
            finally:
                self._mail.stop()
                if self._keep_in is not None and (self.result.violations or not self.result.subscribers):
                    shutil.copytree(folder / "logs", self._keep_in, dirs_exist_ok=True)
        return self.result

    async def _on(self, platform: ChaosPlatform, folder: Path) -> None:
        environment = platform.environment
        async with open_session(environment, patience_seconds=60) as session:
            mall = await open_mall(session, environment, platform.gateway_urls, addressed)
            await self._mails.prepare(session, mall.programme)
            await set_campaigns(session, mall)
            await set_floors(session, mall)
            partner = next(iter(mall.partners.values())).partner_id.bytes
            listeners = Listeners(environment, folder, partner)
            operator = Operator(mall, session, environment, platform.clock, self.result.seed)
            try:
                await listeners.start()
                await self._disturbed(platform, listeners, mall, operator)
                await self._settled(environment, partner)
                await self._rebuilt(session, mall.programme, environment, partner)
            finally:
                await listeners.stop()
                await mall.close()
                self.result.restarts = {
                    **{name: platform.restarts_of(name) for name in platform.names},
                    **listeners.restarts,
                }

    async def _disturbed(
        self, platform: ChaosPlatform, listeners: Listeners, mall: Mall, operator: Operator
    ) -> None:
        seed, seconds = self.result.seed, self.result.seconds
        breaker = Breaker(platform, listeners, seed, seconds)
        self.say(f"seed {seed}: {seconds:.0f} s of traffic, {breaker.planned} faults to come")
        traffic = Traffic(mall, seed, tills=_TILLS)
        beside = [
            asyncio.create_task(each)
            for each in (
                breaker.run(),
                operator.run(),
                self._progress(mall, breaker),
                *(_enrol(mall) for _ in range(_ENROLLING)),
            )
        ]
        traffic.start()
        await asyncio.sleep(seconds)
        for task in beside:
            task.cancel()
        for done in await asyncio.gather(*beside, return_exceptions=True):
            if isinstance(done, Exception) and not isinstance(done, CoalitionError):
                raise done
        self.result.faults = dict(breaker.done)
        self.say("no more faults; waiting for what was asked")
        async with asyncio.timeout(_BACK_SECONDS):
            await platform.wait_ready()
        await traffic.stop(_ANSWERS_SECONDS)
        self.result.operations = dict(mall.history.kinds())

    async def _progress(self, mall: Mall, breaker: Breaker) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            self.say(
                f"{len(mall.history.operations):,} operations, {breaker.done.total()} faults, last: {breaker.last}"
            )

    async def _settled(self, environment: dict[str, str], partner: bytes) -> None:
        """Waits until all subscribers have as many effects as they are to have, a little longer for doubles, and counts."""
        began = time.monotonic()

        async def done() -> bool:
            # The mail server is a thread of this process, which counting would take the interpreter from.
            await asyncio.sleep(_COUNT_SECONDS)
            found = await judge(environment, partner, {"mails": self._mails})
            self.result.subscribers = found
            self.result.mails, self.result.mails_again = len(self._mail.mails), self._mails.doubled
            return not any(each.wrong for each in found.values())

        try:
            await until(done, _DRAIN_SECONDS)
        except TimeoutError:
            return
        self.result.drained_seconds = round(time.monotonic() - began, 1)
        # What is late (the owner is asked every five seconds) would be a double now.
        await asyncio.sleep(6)
        await done()

    async def _rebuilt(
        self, session: Session, programme: Programme, environment: dict[str, str], partner: bytes
    ) -> None:
        """Has notifications read everything again, which sends nothing."""
        if self.result.violations:
            return
        before = len(self._mail.mails)
        self.say(
            f"{before:,} mails, {self._mails.doubled} of them again in the gap; reading everything again"
        )
        await self._mails.rebuilt(session, programme)
        # What were noted by it would be sent in less.
        await asyncio.sleep(_REBUILT_SECONDS)
        found = await judge(environment, partner, {"mails": self._mails})
        if len(self._mail.mails) != before:
            found["mails"].wrong.append(f"{len(self._mail.mails) - before} mails from a rebuild")
        self.result.subscribers = found
        self.result.mails, self.result.mails_again = len(self._mail.mails), self._mails.doubled


def addressed() -> dict[str, Any]:
    """An enrolment of somebody who can be written to."""
    return {"personal": {"email": f"{new_key()}@example.org"}}


async def _enrol(mall: Mall) -> None:
    """Members come all the time, and nobody waits for the answer."""
    partners = list(mall.partners.values())
    numbers = Counter[str]()
    while True:
        await asyncio.sleep(_ENROL_SECONDS)
        numbers["enrolled"] += 1
        partner = partners[numbers["enrolled"] % len(partners)]
        try:
            await partner.gateways[0].request("POST", "/v1/members", REQUEST_SECONDS, addressed(), new_key())
        except Exception:
            continue


def write(path: Path, result: Result) -> None:
    """Writes a run's document."""
    path.write_text(json.dumps(result.document(), indent=2) + "\n")
