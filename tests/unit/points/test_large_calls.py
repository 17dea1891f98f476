"""A large call does not keep others waiting while it is read and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from coalition.points.v1 import points_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Answer, TurnedAway
from services.points.domain.movements import Earn, Movement
from services.points.rpc.movements import MovementReader
from services.points.rpc.servicer import PointsServicer
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Principal, current
from tests.support.points import GRANTS
from tests.support.points_neighbours import new_programme
from tests.support.points_wire import earn

ITEMS = 512
TILL = Principal(Kind.PARTNER, "gateway", "key_1", new_id(), frozenset(GRANTS), new_programme(), 1 << 62)


class _Application:
    """Turns away each movement, naming its key, at once."""

    async def post(self, _programme: object, asked: Sequence[Movement], *_: object) -> list[Answer]:
        return [TurnedAway(Reason.REASON_CLOCK_FIXED, cast("Earn", item).key, {}) for item in asked]


async def test_others_get_their_turn_while_512_movements_are_read_and_answered() -> None:
    servicer = PointsServicer(cast("Any", _Application()), MovementReader(bytes(32)), cast("Any", None))
    request = pb.PostRequest(
        items=[earn(new_id(), 500, key=f"k{number}", reference=f"r{number}") for number in range(ITEMS)]
    )
    context = cast("Any", SimpleNamespace(time_remaining=lambda: None))
    turns, done = 0, False

    async def other() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    current.set(TILL)
    waiting = asyncio.create_task(other())
    response = await servicer.Post(request, context)
    done = True
    await waiting
    assert turns > 2 * ITEMS // 64
    assert [result.error.message for result in response.results] == [f"k{number}" for number in range(ITEMS)]
