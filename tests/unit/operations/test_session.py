"""A session's patience: what is asked again while a service is away, and what is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.operations.session import Session
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, NotFound, Unavailable
from services.runtime.principal import HOST, Signer


class Service:
    """A method that refuses before it answers; counts how often it was asked."""

    def __init__(self, *refusals: CoalitionError) -> None:
        self._refusals, self.asked = list(refusals), 0

    async def method(self, request: str, timeout: float, metadata: Any) -> str:
        self.asked += 1
        if self._refusals:
            raise self._refusals.pop(0)
        return f"answer to {request}"


@asynccontextmanager
async def session_with(patience_seconds: float) -> AsyncGenerator[Session]:
    # Never connected: what is called is the service above.
    channel = grpc_client.open_channel("127.0.0.1:1")
    try:
        yield Session(Signer(HOST, bytes(32)), channel, channel, patience_seconds=patience_seconds)
    finally:
        await channel.close()


async def test_a_patient_session_asks_again_until_the_service_is_back() -> None:
    service = Service(Unavailable("away"))
    async with session_with(patience_seconds=60) as session:
        assert await session.call(service.method, "it") == "answer to it"
    assert service.asked == 2


async def test_without_patience_the_first_refusal_counts() -> None:
    service = Service(Unavailable("away"))
    async with session_with(patience_seconds=0) as session:
        with pytest.raises(Unavailable):
            await session.call(service.method, "it")
    assert service.asked == 1


async def test_what_no_waiting_can_mend_is_not_asked_again() -> None:
    service = Service(NotFound("no such thing", Reason.REASON_NOT_FOUND))
    async with session_with(patience_seconds=60) as session:
        with pytest.raises(NotFound):
            await session.call(service.method, "it")
    assert service.asked == 1
