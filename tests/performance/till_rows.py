"""The rows of tills on the public API at a fixed rate: by themselves, and beside a large batch and a window that closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2

from services.operations.session import open_session
from tests.performance import clearing_rows, http_arrivals_load, sale, wrk
from tests.performance.load_process import prepared
from tests.performance.plan import TILLS_ALONE, TILLS_BESIDE, RowFailed
from tests.performance.posting_rows import latency_of
from tests.performance.programme import OCCURRED_AT_US, BenchPartner
from tests.performance.stage import Load, Stage

_PATH: Final = "/v1/earns"
#: Requests are made for so long at most.
_BESIDE_SECONDS_MAX: Final = 420.0
_LOOK_SECONDS: Final = 0.5
_UPLOAD_SECONDS_MAX: Final = 180.0
_PIECE_BYTES: Final = 65_536


async def alone(stage: Stage, seconds: float) -> Load:
    """Earns that come at half of what 64 connections get answered, and nothing else.

    What that is, is seen first, by a load that is not counted.
    """
    run = stage.next_run(TILLS_ALONE.name)
    most = await wrk.run(f"{stage.platform.gateway_url}{_PATH}", stage.bench, run, max(1.0, seconds / 3))
    rate = most.requests / most.seconds
    stage.till_rate = max(1, round(rate / 2))
    await stage.backlog.drained()
    async with prepared("http_arrivals_load", _order(stage, TILLS_ALONE.name, seconds + 1)) as tills:
        tills.begin()
        await asyncio.sleep(seconds)
        tills.stop()
        arrived = http_arrivals_load.Outcome(**await tills.outcome())
    told = f"{stage.till_rate:,} earns a second, half of {rate:,.0f}"
    return _of_tills(arrived, 0, (told,))


async def beside(stage: Stage, seconds: float) -> Load:
    """The same while another partner's large batch is posted and a window closes, until both are done."""
    del seconds
    if not stage.till_rate:
        raise RowFailed("nothing says at which rate: the row before it failed")
    order = _order(stage, TILLS_BESIDE.name, _BESIDE_SECONDS_MAX)
    async with (
        open_session(stage.platform.environment) as session,
        prepared("http_arrivals_load", order) as tills,
    ):
        boundary_us = await clearing_rows.next_boundary(stage, session)
        began = time.monotonic()
        tills.begin()
        batch = asyncio.create_task(_posted(stage), name="bench-batch")
        closed = asyncio.create_task(clearing_rows.stated(stage, session, boundary_us), name="bench-close")
        posted = await batch
        await closed
        both = time.monotonic() - began
        tills.stop()
        arrived = http_arrivals_load.Outcome(**await tills.outcome())
    if len(arrived.call_ms) >= _earns_in(stage, _BESIDE_SECONDS_MAX):
        raise RowFailed("the tills' earns were used up before batch and window had ended")
    told = (
        f"{stage.till_rate:,} earns a second, beside {stage.scale.bulk_lines:,} lines of a batch: stored in {posted.stored:.1f} s, "
        f"posted in {posted.posted:.1f} s more; a window closed and stated; {both:.0f} s in all"
    )
    return _of_tills(arrived, stage.scale.bulk_lines, (told,))


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many seconds it took to store a batch, and then to post it."""

    stored: float
    posted: float


async def _posted(stage: Stage) -> _Batch:
    """Uploads a batch as the first partner, and waits until all its lines are accepted. Raises RowFailed."""
    who, run = stage.bench.partners[0], stage.next_run("till-batch")
    headers = {"Authorization": f"Bearer {who.secret}"}
    async with httpx2.AsyncClient(base_url=stage.platform.gateway_url, headers=headers) as client:
        began = time.monotonic()
        answer = await client.post(
            "/v1/batches",
            content=_lines(stage, who, run),
            headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": run},
            timeout=_UPLOAD_SECONDS_MAX,
        )
        if answer.status_code != 202:
            raise RowFailed(f"the batch was answered {answer.status_code}: {answer.text[:300]}")
        path = f"/v1/batches/{answer.json()['id']}"
        stored = time.monotonic()
        while (told := (await client.get(path)).json())["status"] != "completed":
            if time.monotonic() - began > _BESIDE_SECONDS_MAX:
                raise RowFailed(f"the batch was not posted in time: {told['progress']}")
            await asyncio.sleep(_LOOK_SECONDS)
    accepted = told["progress"]["counts"]["accepted"]
    if accepted != stage.scale.bulk_lines:
        raise RowFailed(f"{accepted:,} lines were accepted of {stage.scale.bulk_lines:,}")
    return _Batch(stored - began, time.monotonic() - stored)


async def _lines(stage: Stage, who: BenchPartner, run: str) -> AsyncGenerator[bytes]:
    start, to_reference, to_store, end = sale.http_pieces(OCCURRED_AT_US, in_batch=True)
    cards = [member.card for member in stage.bench.members]
    held = bytearray()
    for number in range(stage.scale.bulk_lines):
        card = cards[number % len(cards)]
        held += f"{start}{card}{to_reference}{run}-{number}{to_store}{who.store_code}{end}\n".encode()
        if len(held) >= _PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _order(stage: Stage, name: str, seconds: float) -> str:
    """Earns at all partners but the one whose batch it is, as many as there is time for."""
    return http_arrivals_load.Order(
        host=urlsplit(stage.platform.gateway_url).netloc,
        path=_PATH,
        run=stage.next_run(name),
        per_second=stage.till_rate,
        count=_earns_in(stage, seconds),
        pieces=sale.http_pieces(OCCURRED_AT_US, in_batch=False),
        cards=[member.card for member in stage.bench.members],
        tills=[[each.secret, each.store_code] for each in stage.bench.partners[1:]],
    ).to_line()


def _earns_in(stage: Stage, seconds: float) -> int:
    """How many are due in so long."""
    return round(seconds * stage.till_rate)


def _of_tills(arrived: http_arrivals_load.Outcome, beside: int, remarks: tuple[str, ...]) -> Load:
    """Raises RowFailed for any answer that is not a success: a 429, too, since no till here sends too much."""
    came = len(arrived.call_ms)
    good = arrived.statuses.get("201", 0)
    if not came or good != came:
        raise RowFailed(f"answered: {arrived.statuses}; {arrived.complaint}")
    latency = latency_of(arrived.call_ms)
    return Load(came + beside, arrived.seconds, latency, arrived.cpu_us, remarks, latency.p99_ms)
