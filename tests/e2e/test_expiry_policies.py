"""When points expire, from the command line to what a partner reads over HTTP, with all processes running."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger, registry
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from tests.support.command_line import run_command

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZONE = ZoneInfo("Europe/Vienna")
STARTS_AT = datetime(2026, 3, 2, tzinfo=ZONE)


@dataclass
class House:
    """A platform, as its operator has it."""

    environment: Mapping[str, str]
    session: Session
    gateway_url: str

    async def command(self, *words: str, fails: bool = False) -> str:
        status, out, err = await run_command(*words, environment=self.environment)
        assert (status != 0) is fails, err
        return err if fails else out

    async def till(self, slug: str) -> httpx2.AsyncClient:
        """A partner of a programme, that gives a point for a cent."""
        programme = await self.session.programme(slug)
        await registry.onboard(self.session, programme, "grocer", "Grocer")
        await registry.set_earn_rate(
            self.session, programme, "grocer", registry.EarnRate(1, 1, to_micros(STARTS_AT))
        )
        secret = (await registry.issue_key(self.session, programme, "grocer", "test")).secret
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx2.AsyncClient(base_url=self.gateway_url, headers=headers, timeout=30, trust_env=False)

    async def move_clock(self, slug: str, to: datetime) -> None:
        await ledger.move_clock(self.session, await self.session.programme(slug), to_micros(to))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(platform: Platform) -> AsyncGenerator[House]:
    async with open_session(platform.environment, patience_seconds=60) as session:
        yield House(platform.environment, session, platform.gateway_url)


async def _posted(till: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await till.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _earned(till: httpx2.AsyncClient, member: str, amount: int, at: datetime) -> dict[str, Any]:
    sale = {
        "amount": amount,
        "currency": "EUR",
        "occurred_at": at.isoformat(),
        "channel": "store",
    }
    return await _posted(till, "/v1/earns", {"member": {"id": member}, "reference": str(uuid4()), **sale})


async def _read(till: httpx2.AsyncClient, member: str) -> tuple[Any, list[tuple[int, str]]]:
    """What expires next as the balance tells it, and all that expires."""
    balance = (await till.get(f"/v1/members/{member}/balance")).json()
    listed = (await till.get(f"/v1/members/{member}/expirations")).json()["data"]
    return balance["next_expiry"], [(each["points"], each["expires_at"]) for each in listed]


def _create(slug: str, *options: str) -> tuple[str, ...]:
    named = ("--name", "Plaza", "--zone", ZONE.key, "--currency", "EUR", "--starts-at", "2026-03-02")
    return ("programme", "create", slug, *named, *options)


async def test_a_programme_whose_points_expire_at_a_fixed_date(house: House) -> None:
    await house.command(
        *_create("fixed", "--expiry-rule", "fixed_date", "--expiry-date", "12-31", "--expiry-months", "0")
    )
    async with await house.till("fixed") as till:
        member = (await _posted(till, "/v1/members", {}))["id"]
        first = await _earned(till, member, 1_000, STARTS_AT)
        assert first["expires_at"] == "2026-12-31T23:00:00Z"
        versions = json.loads(
            await house.command("programme", "expiry", "fixed", "--date", "06-30", "--months", "3", "--json")
        )
        assert [(each["rule"], each["date"], each["months"], each["from_seq"]) for each in versions] == [
            ("fixed_date", "12-31", 0, 1), ("fixed_date", "06-30", 3, 2),
        ]  # fmt: skip
        await _earned(till, member, 500, STARTS_AT)
        next_expiry, expirations = await _read(till, member)
        assert next_expiry == {"points": 500, "at": "2026-06-30T22:00:00Z"}
        assert expirations == [(500, "2026-06-30T22:00:00Z"), (1_000, "2026-12-31T23:00:00Z")]
    refused = await house.command("programme", "expiry", "fixed", "--rule", "activity", fails=True)
    assert "cannot change to activity" in refused


async def test_a_programme_whose_points_expire_with_inactivity(house: House) -> None:
    await house.command(*_create("quiet", "--expiry-rule", "activity", "--expiry-months", "6"))
    assert "activity" in await house.command("programme", "expiry", "quiet")
    async with await house.till("quiet") as till:
        member = (await _posted(till, "/v1/members", {}))["id"]
        assert (await _earned(till, member, 1_000, STARTS_AT))["expires_at"] is None
        assert (await _read(till, member))[1] == [(1_000, "2026-09-30T22:00:00Z")]
        later = STARTS_AT + timedelta(days=60)
        await house.move_clock("quiet", later)
        await _earned(till, member, 1, later)
        next_expiry, expirations = await _read(till, member)
        assert next_expiry == {"points": 1_001, "at": "2026-11-30T23:00:00Z"}
        assert expirations == [(1_001, "2026-11-30T23:00:00Z")]
        await house.move_clock("quiet", STARTS_AT + timedelta(days=300))
        assert await _read(till, member) == (None, [])
    assert "does not hold" not in await house.command("verify", "ledger", "-p", "quiet")
