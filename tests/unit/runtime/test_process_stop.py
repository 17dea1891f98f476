"""A process stops, whatever its background work does with the cancellation."""

from __future__ import annotations

import asyncio

from services.runtime.process import Process
from services.runtime.settings import PlatformSettings


async def test_work_that_loses_a_cancellation_is_asked_again() -> None:
    process = Process("test", PlatformSettings())
    lost = 0

    async def work() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost > 2:
                    raise

    process.background(work(), "stubborn")
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await process.close()
    assert lost == 3


async def test_a_process_without_background_work_stops_at_once() -> None:
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)

    process = Process("test", PlatformSettings())
    process.at_stop(lambda: close("first"))
    process.at_stop(lambda: close("last"))
    await process.close()
    assert closed == ["last", "first"]
