"""The demo's own promise on a slice of the year: purchases become points, points nets, nets payments, to the cent.

The slice meets the campaign, every kind of contract and a partner that leaves; no month ends in it, so what is billed by the month is
carried. It is settled after its last week, and the bank's story is over some weeks later.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.demo.bank import Bank
from services.demo.compare import compare
from services.demo.config import DEMO_FILE, load_config
from services.demo.dataset import load_dataset
from services.demo.figures import Figures, figures_from_json
from services.demo.platform_figures import read_figures, read_limits
from services.demo.recompute_runs import recompute_runs
from services.demo.replay import Replay, Step
from services.demo.settled import read_settled, wrongs
from services.launcher.platform import Platform
from services.operations import campaigns, runs, standing
from services.operations.proofs import prove_clearing, prove_ledger
from services.operations.session import Session, open_session
from services.runtime.principal import Programme
from tests.support.faults import drop_a_rated_entry
from tests.support.platform import kill, running_platform

WEEKS = 2
WINDOWS = load_config().windows(WEEKS)
KILLED = ("points", "partners", "gateway", "nats", "postgres", "members", "points-relay")

DEATHS = (
    (standing, "propose_standing"),
    (runs, "receive"),
    (runs, "draft"),
    (runs, "instruct"),
    (Bank, "hand_in"),
    (Bank, "take_back"),
)


def recomputed() -> str:
    command = [sys.executable, "-m", "services.demo.recompute", "--weeks", str(WEEKS), "--json"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


class Stopped(Exception):
    """The demo's own process dies here."""


def die_after(patch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """The demo's own process dies once, right after it has done something and before it has noted that down."""
    once: Callable[..., Awaitable[object]] = getattr(owner, name)
    done: list[str] = []

    async def dying(*said: object) -> object:
        answer = await once(*said)
        if not done:
            done.append(name)
            raise Stopped(name)
        return answer

    patch.setattr(owner, name, dying)


async def replayed(platform: Platform, session: Session, patch: pytest.MonkeyPatch) -> Programme:
    """The slice, replayed by several processes one after the other.

    The first dies on the campaign's second day, before it has noted down anything of that day; the next ones when the exit is proposed and
    not approved, when a message of the
    bank was taken in and not marked as read, when a run is drafted and not approved, when it is instructed and its files are not handed
    over, when the first of them is, and when a debit came back.
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
    for owner, name in DEATHS:
        die_after(patch, owner, name)
        with pytest.raises(Stopped, match=name):
            await new_replay(steps.append).run()
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


async def assert_settled(session: Session, programme: Programme, figures: str) -> None:
    """Runs, documents, payments and accounts are what they should be; and a cent that is not is found out."""
    expected = recompute_runs(tomllib.loads(DEMO_FILE.read_text(encoding="utf-8")), json.loads(figures))
    settled = await read_settled(session, programme, load_config())
    assert list(wrongs(expected, settled, load_config())) == []
    assert [len(run["files"]) for run in settled.runs] == [2, 1, 1]
    deli = [each for each in settled.runs[0]["payments"] if each["partner"] == "deli-bakery"]
    assert [(each["state"], each["reason"]) for each in deli] == [("closed", "MD06")]
    expected[0]["partners"]["grocer"]["tax"] += 1
    (wrong,) = wrongs(expected, settled, load_config())
    assert wrong.startswith("run 1, grocer, tax: expected")
    expected[0]["partners"]["grocer"]["tax"] -= 1
    without_bank = [each for each in settled.accounts if each["account"] != "bank"]
    (wrong,) = wrongs(expected, replace(settled, accounts=without_bank), load_config())
    assert wrong.startswith("all accounts together come to -")


async def assert_all_proved(session: Session, programme: Programme) -> None:
    for proof in (*await prove_ledger(session, programme), *await prove_clearing(session, programme)):
        assert proof.holds, (proof.name, proof.figure, proof.breaches)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_the_figures_equal_a_recomputation_whatever_is_killed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
            programme = await replayed(platform, session, monkeypatch)
        finally:
            await asyncio.wait_for(disturbing, 120)
        assert sorted(killed) == sorted(KILLED)
        await platform.wait_ready()
        figures = await read_figures(session, programme, WINDOWS)
        expected = recomputed()
        assert [str(each) for each in compare(figures_from_json(expected), figures)] == []
        for week in range(1, WINDOWS + 1):
            assert sum(row[week] for row in figures.nets.values()) == 0
        await assert_contracts(session, programme, figures)
        await assert_all_proved(session, programme)
        await assert_settled(session, programme, expected)

        await drop_a_rated_entry(platform, programme)
        clearing = await prove_clearing(session, programme)
        broken = [proof for proof in clearing if not proof.holds]
        assert broken, json.dumps([proof.figure for proof in clearing])
