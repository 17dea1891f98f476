"""The demo's own promise on a slice of the year: real purchases become points, points become nets to the cent.

The slice meets the campaign and every kind of contract; no month ends in it, so what is billed by the month is carried.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from services.demo.compare import compare
from services.demo.config import load_config
from services.demo.dataset import load_dataset
from services.demo.figures import Figures, figures_from_json
from services.demo.platform_figures import read_figures, read_limits
from services.demo.replay import Replay, Step
from services.launcher.platform import Platform
from services.operations import campaigns
from services.operations.proofs import prove_clearing, prove_ledger
from services.operations.session import Session, open_session
from services.runtime.principal import Programme
from tests.support.faults import drop_a_rated_entry
from tests.support.platform import kill, running_platform

WEEKS = 2
KILLED = ("points", "partners", "gateway", "nats", "postgres", "members", "points-relay")


def recomputed() -> Figures:
    command = [sys.executable, "-m", "services.demo.recompute", "--weeks", str(WEEKS), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return figures_from_json(done.stdout)


class Stopped(Exception):
    """The demo's own process dies here."""


async def replayed(platform: Platform, session: Session) -> Programme:
    """The slice, replayed by two processes one after the other.

    The first dies on the campaign's second day, before it has noted down anything of that day.
    """
    config = load_config()
    dataset = await asyncio.to_thread(load_dataset, config, WEEKS)
    folder, steps = platform.state.path, list[Step]()
    noted = folder / "demo-progress.json"
    dies_on = config.campaign.first_day + timedelta(days=1)

    def told(step: Step) -> None:
        if step.day == dies_on:
            noted.write_bytes((folder / "kept").read_bytes())
            raise Stopped
        steps.append(step)
        (folder / "kept").write_bytes(noted.read_bytes())

    def new_replay(told: Callable[[Step], None]) -> Replay:
        return Replay(config, dataset, session, platform.environment, platform.gateway_url, folder, told)

    with pytest.raises(Stopped):
        await new_replay(told).run()
    programme = await new_replay(steps.append).run()
    assert sum(step.purchases for step in steps if not step.closed) == len(dataset)
    return programme


async def assert_contracts(session: Session, programme: Programme, figures: Figures) -> None:
    """The slice meets every kind of contract, and the campaign once."""
    assert figures.stated is not None
    assert figures.carries is not None
    charged = {slug for slug, row in figures.stated.items() if any(each.charged for each in row.values())}
    assert charged == {"drugstore", "fuel"}
    assert {slug for slug, row in figures.stated.items() if row[WEEKS].fees} == {"deli-bakery"}
    assert "butcher" not in figures.stated
    assert figures.carries["butcher"][WEEKS] > figures.carries["butcher"][1] > 5_000
    (campaign,) = await campaigns.campaigns(session, programme)
    assert (campaign.version, campaign.loaded) == (1, load_config().campaign.budget_points)
    assert 0 < figures.granted_points == campaign.granted == campaign.loaded - campaign.left
    limits = await read_limits(session, programme, load_config())
    assert list(limits) == ["fresh-market"]
    said = {name: limits["fresh-market"][name] for name in ("version", "limit_minor", "prefunded_minor")}
    assert said == {"version": 1, "limit_minor": 300_000, "prefunded_minor": 100_000}
    people = limits["fresh-market"]["set_by"], limits["fresh-market"]["approved_by"]
    assert people == ("Mary Ward", "Ida Wells")


async def assert_all_proved(session: Session, programme: Programme) -> None:
    for proof in (*await prove_ledger(session, programme), *await prove_clearing(session, programme)):
        assert proof.holds, (proof.name, proof.figure, proof.breaches)


@pytest.mark.timeout(600)
async def test_the_figures_equal_a_recomputation_whatever_is_killed_meanwhile() -> None:
    """kill -9 of every process in turn while purchases come in; then a dropped rated entry is found out."""
    async with (
        running_platform() as platform,
        open_session(platform.environment, patience_seconds=120) as session,
    ):
        order = random.Random(20170101)
        killed: list[str] = []

        async def disturb() -> None:
            for name in order.sample(KILLED, len(KILLED)):
                await asyncio.sleep(order.uniform(0.3, 1.2))
                await kill(platform, name)
                killed.append(name)

        disturbing = asyncio.create_task(disturb())
        try:
            programme = await replayed(platform, session)
        finally:
            await asyncio.wait_for(disturbing, 120)
        assert sorted(killed) == sorted(KILLED)
        await platform.wait_ready()
        figures = await read_figures(session, programme, WEEKS)
        assert [str(difference) for difference in compare(recomputed(), figures)] == []
        for week in range(1, WEEKS + 1):
            assert sum(row[week] for row in figures.nets.values()) == 0
        await assert_contracts(session, programme, figures)
        await assert_all_proved(session, programme)

        await drop_a_rated_entry(platform, programme)
        clearing = await prove_clearing(session, programme)
        broken = [proof for proof in clearing if not proof.holds]
        assert broken, json.dumps([proof.figure for proof in clearing])
