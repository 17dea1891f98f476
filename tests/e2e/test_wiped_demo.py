"""The whole store of JetStream is lost in the middle of the demo: every subscriber ends with the figures of an undisturbed run."""

from __future__ import annotations

import asyncio
from collections import Counter

import asyncpg
import pytest
from coalition.type.v1.event_record_pb2 import EventRecord

from services.demo.config import load_config
from services.demo.dataset import load_dataset
from services.demo.platform_figures import read_figures
from services.demo.replay import Replay, Step
from services.launcher.platform import Platform
from services.operations.session import Session, open_session
from services.runtime.catalogue import message_of
from tests.events_chaos.breaking import wipe_jetstream
from tests.events_chaos.judging import judge
from tests.events_chaos.listeners import Listeners, database_url
from tests.events_chaos.wanted import WANTED
from tests.support.platform import running_platform
from tests.support.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
_WEEKS = 1
_WIPED_AFTER_DAYS = (3, 5)
_PARTNER = "grocer"
_DRAIN_SECONDS = 120.0
#: Told by jobs that go by the programme's clock, which the bank's story moves on for weeks: how many of them have run by the end
#: differs from run to run. That everybody has those of the log is counted, and the demo's own statements are compared.
_BY_JOBS = {"window.closed", "statement.issued", "payment.reminded", "settlement.run_moved"}
#: Events and points by subscriber and type, and what clearing made of them.
Sums = dict[str, dict[str, tuple[int, int]]]


async def _sums(platform: Platform) -> Sums:
    """What each subscriber has, without anything that is drawn anew in each run, such as ids."""
    found: Sums = {}
    for name in WANTED:
        connection = await asyncpg.connect(database_url(platform.environment, name))
        try:
            rows = await connection.fetch("SELECT source, type, payload FROM effect")
        finally:
            await connection.close()
        events, points = Counter[str](), Counter[str]()
        for row in rows:
            if row["type"] in _BY_JOBS:
                continue
            message = message_of(EventRecord(type=row["type"], payload=bytes(row["payload"])))
            events[row["type"]] += 1
            points[row["type"]] += int(getattr(message, "points", 0))
        found[name] = {type_: (count, points[type_]) for type_, count in sorted(events.items())}
    return found


async def _ran(wiped_after: tuple[int, ...]) -> tuple[Sums, object, int]:
    """The demo's first weeks, with the store wiped after so many days; how often it was."""
    config = load_config()
    dataset = await asyncio.to_thread(load_dataset, config, _WEEKS)
    async with (
        running_platform() as platform,
        open_session(platform.environment, patience_seconds=120) as session,
    ):
        wiping: list[asyncio.Task[None]] = []
        begun, days = asyncio.Event(), Counter[object]()

        def told(step: Step) -> None:
            begun.set()
            if days[step.day] == 0 and len(days) - 1 in wiped_after:
                wiping.append(asyncio.create_task(_wiped(platform)))
            days[step.day] += 1

        replay = Replay(
            config, dataset, session, platform.environment, platform.gateway_url, platform.state.path, told
        )
        listening = asyncio.create_task(_listening(platform, session, config.programme.slug, begun))
        try:
            programme = await replay.run()
            listeners, partner = await listening
        finally:
            listening.cancel()
        try:
            await platform.wait_ready()

            async def complete() -> bool:
                judged = await judge(platform.environment, partner, {})
                return not any(each.wrong for each in judged.values())

            await until(complete, _DRAIN_SECONDS)
            figures = await read_figures(session, programme, config.windows(_WEEKS))
            return await _sums(platform), figures, len(await asyncio.gather(*wiping))
        finally:
            await listeners.stop()


async def _wiped(platform: Platform) -> None:
    """As soon as it runs, where it was wiped just before."""
    await until(lambda: wipe_jetstream(platform))


async def _listening(
    platform: Platform, session: Session, slug: str, begun: asyncio.Event
) -> tuple[Listeners, bytes]:
    await begun.wait()
    partner = await session.partner_id(await session.programme(slug), _PARTNER)
    listeners = Listeners(platform.environment, platform.state.path, partner)
    await listeners.start()
    return listeners, partner


async def test_every_subscriber_ends_with_the_figures_of_an_undisturbed_run() -> None:
    undisturbed, figures, _ = await _ran(())
    disturbed, figures_then, wiped = await _ran(_WIPED_AFTER_DAYS)
    assert wiped == len(_WIPED_AFTER_DAYS)
    assert all(undisturbed.values())
    different = {
        (name, type_): (undisturbed[name].get(type_), disturbed[name].get(type_))
        for name in WANTED
        for type_ in undisturbed[name].keys() | disturbed[name].keys()
        if undisturbed[name].get(type_) != disturbed[name].get(type_)
    }
    assert different == {}
    assert figures_then == figures
