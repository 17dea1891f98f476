"""The connection to the bus."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime import bus as module
from services.runtime.bus import Bus
from services.runtime.bus_access import BusAccess
from services.runtime.bus_client import EventClient


async def test_a_relay_and_a_subscriber_that_connect_at_once_share_one_connection(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[EventClient] = []

    class Noted(EventClient):
        def __init__(self, access: BusAccess) -> None:
            super().__init__(access)
            made.append(self)

    monkeypatch.setattr(module, "EventClient", Noted)
    bus = Bus(nats_url, "test")
    await asyncio.gather(bus.connect(), bus.connect())
    assert made == [bus.client]
    await bus.close()
