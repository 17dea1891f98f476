"""Whether the neighbours can be reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from services.runtime.grpc_server import health_stub

_CHECK_SECONDS: Final = 1.0
_BELIEVED_NS: Final = 1_000_000_000


class Neighbours:
    """Asks the health service of each neighbour, at most once a second however often it is asked itself."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self._stubs = {name: health_stub(channel) for name, channel in channels.items()}
        self._checked: dict[str, bool] = {}
        self._checked_at = -_BELIEVED_NS

    async def check(self) -> dict[str, bool]:
        """Whether each neighbour serves."""
        if time.monotonic_ns() - self._checked_at >= _BELIEVED_NS:
            names = list(self._stubs)
            serving = await asyncio.gather(*(self._serves(name) for name in names))
            self._checked = dict(zip(names, serving, strict=True))
            self._checked_at = time.monotonic_ns()
        return self._checked

    async def _serves(self, name: str) -> bool:
        try:
            reply = await self._stubs[name].Check(
                health_pb2.HealthCheckRequest(), timeout=_CHECK_SECONDS, wait_for_ready=False
            )
        except grpc.aio.AioRpcError:
            return False
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)
