"""Windows close while tills sell: nothing is lost between two windows, counted in both, or out of balance."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest

from services.launcher.platform import Platform
from services.operations import ledger, settlement
from services.runtime.clock import to_micros
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSES: Final = 20
TILLS: Final = 12


async def till(mall: Mall, cards: list[str], seed: int, done: asyncio.Event, sold: Counter[str]) -> None:
    """Sells, and takes points for it now and then, one after the other, until the last window has closed."""
    choice = random.Random(seed)
    while not done.is_set():
        partner, card, points = choice.choice(("grocer", "fuel")), choice.choice(cards), choice.randint(1, 9)
        path, body = "/v1/earns", body_of(card, amount=points, currency="USD")
        if choice.random() < 0.2:
            path, body = "/v1/redemptions", burn_of(card, points=points)
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await mall.tills[partner].post(path, json=body, headers=headers)
        told: dict[str, Any] = answer.json()
        if answer.status_code == 201:
            sold[f"{partner} {path}"] += told["points"]
            sold["postings"] += 1
        else:
            assert told["code"] == "insufficient_points", told


@pytest.mark.long
async def test_twenty_closes_under_load_lose_nothing_and_balance_to_zero(platform: Platform) -> None:
    async with operators_mall(platform, per_minor=1) as mall:
        cards = [(await mall.posted("grocer", "/v1/members", {}))["cards"][0] for _ in range(TILLS)]
        done, sold = asyncio.Event(), Counter[str]()
        tills = [asyncio.create_task(till(mall, cards, seed, done, sold)) for seed in range(TILLS)]
        closed: list[int] = []
        try:
            for week in range(1, CLOSES + 1):
                end = STARTS_AT + week * WEEK
                await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(seconds=1)))
                windows = await settlement.close(mall.session, mall.programme, to_micros(end))
                closed += [window.number for window in windows]
        finally:
            done.set()
            await asyncio.gather(*tills)
        end = STARTS_AT + (CLOSES + 1) * WEEK
        await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(seconds=1)))
        await settlement.close(mall.session, mall.programme, to_micros(end))
        # (The job of the service may have been faster with some.)
        assert set(closed) <= set(range(1, CLOSES + 1))

        nets = await settlement.nets(mall.session, mall.programme, 0, 0)
        assert sorted({net.window for net in nets}) == list(range(1, CLOSES + 2))
        by_window, issued, burned = Counter[int](), Counter[str](), Counter[str]()
        busy = 0
        for net in nets:
            by_window[net.window] += net.net_minor
            issued[net.party.slug] += net.points_issued
            burned[net.party.slug] += net.points_burned
            busy += net.points_issued > 0
        assert not any(by_window.values())
        for slug in ("grocer", "fuel"):
            assert issued[slug] == sold[f"{slug} /v1/earns"]
            assert burned[slug] == sold[f"{slug} /v1/redemptions"]
        # The load went on across the cuts, or this says nothing.
        assert busy > CLOSES
        assert (await ledger.head(mall.session, mall.programme)).last_seq == sold["postings"]
        for what in ("ledger", "clearing"):
            assert all(proof["holds"] for proof in await mall.told("verify", what))
