"""The operator, who moves the programme's clock on while everything goes on: holds end, lots lapse, weeks are closed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import time_machine
from coalition.points.v1 import points_pb2 as pb

from services.operations.session import PRIVATE_KEY, Session
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import HOST, Kind, Signer
from services.runtime.secrets import read_key
from tests.chaos.clock import Clock
from tests.chaos.mall import Mall

_REST_SECONDS: Final = (4.0, 12.0)
_DAYS: Final = (0.2, 4.0)
_CALL_SECONDS: Final = 5.0


class Operator:
    """Moves the clock now and then. `moved`: how often it was heard to have been moved."""

    def __init__(
        self, mall: Mall, session: Session, environment: Mapping[str, str], clock: Clock, seed: int
    ) -> None:
        self.moved = 0
        self._mall, self._session, self._clock = mall, session, clock
        self._signer = Signer(HOST, read_key(environment[PRIVATE_KEY], PRIVATE_KEY))
        self._rng = random.Random(f"{seed}/operator")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._rng.uniform(*_REST_SECONDS))
            now_us = self._mall.now_us + int(self._rng.uniform(*_DAYS) * 86_400) * 1_000_000
            request = pb.MoveClockRequest(now_us=now_us)
            with suppress(CoalitionError):
                await grpc_client.call(self._session.ledger.MoveClock, request, self._token(), _CALL_SECONDS)
                self.moved += 1

    def _token(self) -> bytes:
        """Signed by the clock that those go by who look at it."""
        with time_machine.travel(time.time() + self._clock.offset_seconds):
            return self._signer.sign(Kind.SERVICE, HOST, self._mall.programme)
