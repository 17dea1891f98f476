"""The supervisor's rules, with units that only pretend."""

import asyncio
from collections.abc import Callable

import pytest

from services.launcher import supervisor as supervision
from services.launcher.errors import MissingServer, ProcessFailed
from services.launcher.supervisor import Supervisor


class Pretender:
    """A unit that is ready at once; `script` may make its starts fail."""

    ready_timeout_seconds: float = 5.0

    def __init__(self, name: str, events: list[str], on_prepare: Callable[[], None] | None = None) -> None:
        self.name = name
        self.events = events
        self.on_prepare = on_prepare
        self.pid: int | None = None
        self.status: int | None = None
        self.starts = 0

    def prepare(self) -> None:
        if self.on_prepare:
            self.on_prepare()

    def launch(self) -> None:
        self.starts += 1
        self.pid, self.status = self.starts, None
        self.events.append(f"{self.name} starts")

    def is_ready(self) -> bool:
        return True

    def exit_status(self) -> int | None:
        return self.status

    def log_tail(self) -> str:
        return f"log of {self.name}"

    def stop(self) -> None:
        if self.pid is not None:
            self.events.append(f"{self.name} stops")
        self.pid = None

    def die(self) -> None:
        self.pid, self.status = None, -9


@pytest.fixture
def events() -> list[str]:
    return []


def ignore() -> None:
    """Nobody listens."""


async def test_units_start_after_those_they_need_and_stop_before_them(events: list[str]) -> None:
    supervisor = Supervisor(ignore)
    supervisor.add(Pretender("database", events))
    supervisor.add(Pretender("points", events), ["database"])
    supervisor.add(Pretender("gateway", events), ["database", "points"])
    await supervisor.wait_ready()
    await supervisor.stop()
    assert events == [
        *("database starts", "points starts", "gateway starts"),
        *("gateway stops", "points stops", "database stops"),
    ]


async def test_a_unit_that_keeps_dying_is_restarted_less_and_less_often(
    events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds not in (supervision.WATCH_SECONDS, supervision.ALIVE_WATCH_SECONDS):
            delays.append(seconds)
        unit.die()
        await real_sleep(0)

    # Apart from the watching interval, so that the two can be told apart.
    monkeypatch.setattr(supervision, "BACKOFF_FIRST_SECONDS", 0.2)
    unit = Pretender("points", events)
    supervisor = Supervisor(ignore)
    supervisor.add(unit)
    await supervisor.wait_ready()
    monkeypatch.setattr(asyncio, "sleep", sleep)
    while len(delays) < 7:
        await real_sleep(0)
    monkeypatch.undo()
    await supervisor.stop()
    assert delays[:7] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert supervisor.restarts()["points"] >= 7


async def test_a_long_life_makes_the_next_restart_prompt_again(
    events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "BACKOFF_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(supervision, "HEALTHY_AFTER_SECONDS", 0.0)
    unit = Pretender("points", events)
    supervisor = Supervisor(ignore)
    supervisor.add(unit)
    for restarts in range(1, 12):
        await supervisor.wait_ready()
        unit.die()
        async with asyncio.timeout(5):
            while unit.starts <= restarts:
                await asyncio.sleep(0.01)
    await supervisor.stop()
    assert supervisor.restarts()["points"] == 11


async def test_a_unit_that_never_was_ready_is_given_up_with_its_log(events: list[str]) -> None:
    def fail() -> None:
        raise ProcessFailed("port 1 is in use")

    supervisor = Supervisor(ignore)
    supervisor.add(Pretender("points", events, fail))
    with pytest.raises(
        ProcessFailed, match=r"points cannot start: port 1 is in use, 3 times(?s:.)*log of points"
    ):
        await supervisor.wait_ready()
    await supervisor.stop()


async def test_what_is_not_installed_is_not_tried_twice(events: list[str]) -> None:
    tries: list[None] = []

    def fail() -> None:
        tries.append(None)
        raise MissingServer("no PostgreSQL")

    supervisor = Supervisor(ignore)
    supervisor.add(Pretender("postgres", events, fail))
    with pytest.raises(MissingServer):
        await supervisor.wait_ready()
    await supervisor.stop()
    assert len(tries) == 1


async def test_names_are_unique_and_known(events: list[str]) -> None:
    supervisor = Supervisor(ignore)
    supervisor.add(Pretender("points", events))
    with pytest.raises(ValueError, match="added twice"):
        supervisor.add(Pretender("points", events))
    with pytest.raises(ValueError, match="nobody"):
        supervisor.add(Pretender("gateway", events), ["nobody"])
    await supervisor.stop()
