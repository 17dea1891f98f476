"""SubscribersService: who may look, who may order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from coalition.operations.v1 import subscribers_pb2 as pb
from coalition.operations.v1.subscribers_pb2_grpc import SubscribersServiceStub

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, PermissionDenied
from services.runtime.grpc_client import open_channel
from services.runtime.principal import Programme
from tests.support.partners import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
async def stub(house: House) -> AsyncGenerator[Any]:
    channel = open_channel(house.target)
    yield SubscribersServiceStub(channel)
    await channel.close()


_ORDERS = (
    ("PauseSubscriber", pb.PauseSubscriberRequest(name="partners-rating", note="why")),
    ("ResumeSubscriber", pb.ResumeSubscriberRequest(name="partners-rating")),
    ("ReplaySubscriber", pb.ReplaySubscriberRequest(name="partners-rating", from_pos=1)),
    ("ReplayDeadLetters", pb.ReplayDeadLettersRequest(name="partners-rating")),
)
_LOOKS = (
    ("GetLogState", pb.GetLogStateRequest()),
    ("ListSubscribers", pb.ListSubscribersRequest()),
    ("ListDeadLetters", pb.ListDeadLettersRequest(name="partners-rating")),
)


async def _programme(house: House) -> Programme:
    return await house.programme()


@pytest.mark.parametrize(
    ("method", "request_"), [*_ORDERS, *_LOOKS], ids=lambda value: value if isinstance(value, str) else ""
)
async def test_a_partner_may_neither_look_nor_order(
    house: House, stub: Any, method: str, request_: Any
) -> None:
    programme = await _programme(house)
    partner_id = await house.partner(programme, "grocer")
    with pytest.raises(PermissionDenied):
        await grpc_client.call(
            getattr(stub, method), request_, house.as_partner(programme, partner_id, "statements:read")
        )


@pytest.mark.parametrize(
    ("method", "request_"), _ORDERS, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_only_an_administrator_orders(house: House, stub: Any, method: str, request_: Any) -> None:
    programme = await _programme(house)
    with pytest.raises(PermissionDenied):
        await grpc_client.call(
            getattr(stub, method), request_, house.as_staff("maker", "auditor", programme=programme)
        )
    with pytest.raises(PermissionDenied):
        await grpc_client.call(getattr(stub, method), request_, house.as_gateway(programme))


async def test_the_staff_looks_and_an_administrator_pauses_and_lets_go_on(house: House, stub: Any) -> None:
    programme = await _programme(house)
    auditor = house.as_staff("auditor", programme=programme)
    administrator = house.as_staff("admin", programme=programme)
    await house.partner(programme, "grocer")
    state = await grpc_client.call(stub.GetLogState, pb.GetLogStateRequest(), auditor)
    assert state.last_pos > 1
    assert state.last_at_us > 0
    assert (state.relayed_pos, state.relayed_at_us) == (0, 0)

    async def rating() -> pb.SubscriberState:
        answer = await grpc_client.call(stub.ListSubscribers, pb.ListSubscribersRequest(), auditor)
        (found,) = answer.subscribers
        return found

    assert not (await rating()).paused
    await grpc_client.call(stub.PauseSubscriber, _ORDERS[0][1], administrator)
    paused = await rating()
    assert (paused.paused, paused.paused_by, paused.note) == (True, "stf_test", "why")
    await grpc_client.call(stub.ResumeSubscriber, _ORDERS[1][1], administrator)
    assert not (await rating()).paused


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.ReplaySubscriberRequest(name="partners-rating", from_pos=1), "SUBSCRIBER_REFUSES"),
        (pb.ReplaySubscriberRequest(name="partners-rating", rebuild=True), "SUBSCRIBER_REFUSES"),
        (pb.ReplaySubscriberRequest(name="partners-rating", rebuild=True, from_pos=3), "INVALID_REQUEST"),
        (pb.ReplaySubscriberRequest(name="nobody", from_pos=1), "NOT_FOUND"),
    ],
    ids=["replay", "rebuild", "both", "nobody"],
)
async def test_what_a_subscriber_does_not_take_is_refused(
    house: House, stub: Any, request_: pb.ReplaySubscriberRequest, reason: str
) -> None:
    with pytest.raises(CoalitionError, match=reason):
        await grpc_client.call(stub.ReplaySubscriber, request_, house.as_host(await _programme(house)))
