"""A batch of 100,000 lines on the whole platform: in bounded memory, and once, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from tests.support.gateway_mall import OCCURRED_AT, PER_MINOR, Mall, key, running_mall, sale
from tests.support.platform import kill, running_platform

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long, pytest.mark.timeout(600)]
_LINES = 100_000
_MEMBERS = 200
_BYTES_MAX = 300 * 1024 * 1024
_NDJSON = "application/x-ndjson"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_platform() -> AsyncGenerator[Platform]:
    """A platform whose processes may be killed, and whose memory is nobody else's."""
    async with running_platform() as platform:
        yield platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(own_platform: Platform) -> AsyncGenerator[Mall]:
    async with running_mall(own_platform) as opened:
        yield opened


async def _members(mall: Mall, count: int) -> list[tuple[str, str]]:
    return [await mall.member(0) for _ in range(count)]


async def _pieces(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for line in lines:
        held += json.dumps(line).encode() + b"\n"
        if len(held) > 65_536:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def _upload(mall: Mall, lines: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    headers = {**key(), "Content-Type": _NDJSON}
    answer = await mall.grocer.post("/v1/batches", content=_pieces(lines), headers=headers, timeout=600)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def _progress(mall: Mall, batch: str) -> dict[str, Any]:
    return (await mall.grocer.get(f"/v1/batches/{batch}")).json()


async def _finished(mall: Mall, batch: str) -> dict[str, Any]:
    while True:
        told = await _progress(mall, batch)
        if told["status"] == "completed":
            return told["progress"]["counts"]
        await asyncio.sleep(0.5)


def _most_bytes(pid: int) -> int:
    """The most memory that a process ever had in use."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


async def test_a_hundred_thousand_lines_take_little_memory(mall: Mall, own_platform: Platform) -> None:
    members = await _members(mall, _MEMBERS)

    async def lines() -> AsyncIterator[dict[str, Any]]:
        for number in range(_LINES):
            card, _ = members[number % _MEMBERS]
            yield {"type": "earn", **sale(card, PER_MINOR)}

    pid = own_platform.pid_of("gateway")
    assert pid is not None
    began = time.monotonic()
    batch = await _upload(mall, lines())
    stored = time.monotonic()
    counts = await _finished(mall, batch["id"])
    posted = time.monotonic()
    assert counts["accepted"] == counts["lines"] == _LINES
    assert own_platform.pid_of("gateway") == pid
    results = 0
    path = f"/v1/batches/{batch['id']}/lines"
    async with mall.grocer.stream("GET", path, headers={"Accept": _NDJSON}, timeout=600) as answer:
        async for line in answer.aiter_lines():
            assert json.loads(line)["outcome"] == "accepted"
            results += 1
    assert results == _LINES
    for _, member in (members[0], members[-1]):
        assert (await mall.balance(member))["available"] == _LINES // _MEMBERS
    most = _most_bytes(pid)
    print(
        f"\n{_LINES:,} lines: stored in {stored - began:.1f} s, posted in {posted - stored:.1f} s more; "
        f"the gateway's peak was {most / 1024 / 1024:.0f} MB"
    )
    assert most < _BYTES_MAX


async def test_every_line_is_posted_once_though_gateway_and_ledger_are_killed(
    mall: Mall, own_platform: Platform
) -> None:
    members, refunded = await _members(mall, 20), 0
    rows: list[dict[str, Any]] = []
    for number in range(9_000):
        card, _ = members[number % 20]
        sold = {"type": "earn", **sale(card, 10 * PER_MINOR)}
        rows.append(sold)
        if number % 3 == 0:
            # Before its sale as often as after it.
            back = {"type": "refund", "original": {"reference": sold["reference"]}}
            back |= {"reference": secrets.token_hex(8), "occurred_at": OCCURRED_AT}
            rows.insert(len(rows) - number % 2, back)
            refunded += 1

    async def lines() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield row

    batch = (await _upload(mall, lines()))["id"]
    for name in ("points", "gateway", "points", "gateway"):
        before = await _done_when_up(mall, batch)
        assert before < len(rows)
        await kill(own_platform, name)
        while await _done_when_up(mall, batch) == before:
            await asyncio.sleep(0.05)
    counts = await _finished(mall, batch)
    # What was posted, and whose answer died with the gateway, is answered as replayed.
    assert counts["accepted"] + counts["replayed"] == counts["lines"] == len(rows)
    balances = [(await mall.balance(member))["available"] for _, member in members]
    assert sum(balances) == 10 * (9_000 - refunded)


async def _done_when_up(mall: Mall, batch: str) -> int:
    """Lines that are done; asked for until somebody answers."""
    while True:
        try:
            answer = await mall.grocer.get(f"/v1/batches/{batch}")
        except httpx2.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            counts = answer.json()["progress"]["counts"]
            return counts["accepted"] + counts["replayed"] + counts["waiting"]
        await asyncio.sleep(0.1)
