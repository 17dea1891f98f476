"""The operator, who moves the programme's clock on while everything goes on: holds end, lots lapse, weeks are closed.

And fills the budgets of campaigns, which run dry in between, and moves credit floors.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import time_machine
from coalition.points.v1 import points_pb2 as pb

from services.operations.session import PRIVATE_KEY, Session
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import HOST, Kind, Signer
from services.runtime.secrets import read_key
from tests.chaos.campaigns import known
from tests.chaos.clock import Clock
from tests.chaos.floors import FLOORS, next_floor, note, request_of
from tests.chaos.mall import Mall

_REST_SECONDS: Final = (4.0, 12.0)
_DAYS: Final = (0.2, 4.0)
_CALL_SECONDS: Final = 5.0
_AGAIN: Final = 0.2
_FLOOR_REST_SECONDS: Final = (0.3, 1.5)
_AGAIN_SECONDS: Final = 0.3


class Operator:
    """Moves the clock now and then, loads budgets and sets floors. `moved`: how often the clock was heard to have been."""

    def __init__(
        self, mall: Mall, session: Session, environment: Mapping[str, str], clock: Clock, seed: int
    ) -> None:
        self.moved = 0
        self._mall, self._session, self._clock = mall, session, clock
        self._signer = Signer(HOST, read_key(environment[PRIVATE_KEY], PRIVATE_KEY))
        self._rng = random.Random(f"{seed}/operator")
        self._floors_rng = random.Random(f"{seed}/floors")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._rng.uniform(*_REST_SECONDS))
            with suppress(CoalitionError):
                await self._move_clock()
            with suppress(CoalitionError):
                await self._load()

    async def bound(self) -> None:
        """Moves credit floors until cancelled, each asked for again until it is heard."""
        rng = self._floors_rng
        while True:
            await asyncio.sleep(rng.uniform(*_FLOOR_REST_SECONDS))
            slug = rng.choice(list(FLOORS))
            partner = self._mall.partners[slug].partner_id
            seen = await self._insist(
                self._session.ledger.ListFloors, pb.ListFloorsRequest(partner_id=partner.bytes)
            )
            (standing,) = seen.floors
            wanted = next_floor(
                rng, self._mall.history, partner, FLOORS[slug], standing.balance, seen.as_of_seq
            )
            note(wanted, await self._insist(self._session.ledger.SetFloor, request_of(wanted)))

    async def _insist(self, method: Any, request: Any) -> Any:
        while True:
            with suppress(CoalitionError):
                return await self._call(method, request)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _move_clock(self) -> None:
        now_us = self._mall.now_us + int(self._rng.uniform(*_DAYS) * 86_400) * 1_000_000
        await self._call(self._session.ledger.MoveClock, pb.MoveClockRequest(now_us=now_us))
        self.moved += 1

    async def _load(self) -> None:
        """A load that nobody has answered goes again first; and once in a while one that somebody has."""
        loads = list(self._mall.history.loads.values())
        unheard = [each for each in loads if not each.seqs]
        if unheard or self._rng.random() < _AGAIN:
            wanted = self._rng.choice(unheard or loads)
        else:
            campaign_id, campaign = self._rng.choice(list(known(self._mall).items()))
            wanted = self._mall.history.load(campaign_id, self._rng.randint(1, 2 * campaign.budget))
        request = pb.LoadBudgetRequest(
            key=wanted.key, campaign_id=wanted.campaign_id.bytes, points=wanted.points
        )
        answer = await self._call(self._session.ledger.LoadBudget, request)
        wanted.seqs.add(answer.result.transaction.seq)

    async def _call(self, method: Any, request: Any) -> Any:
        return await grpc_client.call(method, request, self._token(), _CALL_SECONDS)

    def _token(self) -> bytes:
        """Signed by the clock that those go by who look at it."""
        with time_machine.travel(time.time() + self._clock.offset_seconds):
            return self._signer.sign(Kind.SERVICE, HOST, self._mall.programme)
