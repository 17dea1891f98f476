"""With the real runtime and a real bus: each event is noted once, and a rebuild sends nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from coalition.events.v1 import points_pb2
from coalition.operations.v1 import subscribers_pb2
from coalition.operations.v1.subscribers_pb2_grpc import SubscribersServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord

from services.notifications import service
from services.notifications.domain.kinds import Kind
from services.notifications.events.consume import SUBSCRIBERS
from services.runtime import grpc_client
from services.runtime.bus import POINTS, Bus
from services.runtime.clock import wall_now_us
from services.runtime.event_log import payload_of
from services.runtime.ids import new_id
from services.runtime.subscribing import desk
from tests.integration.runtime.rig import running
from tests.support.notifying import Desk
from tests.support.waiting import until


class Log:
    """The event log of points in one programme, as its owner answers it."""

    def __init__(self, slug: str) -> None:
        self.slug, self.records = slug, list[EventRecord]()

    async def programmes(self) -> Sequence[str]:
        return [self.slug]

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        if programme == self.slug and self.records[from_pos - 1 :]:
            yield self.records[from_pos - 1 :]

    def tell(
        self, member_id: bytes, kind: Any = points_pb2.PointsRedeemed, name: str = "points.redeemed"
    ) -> None:
        event = kind(transaction_id=new_id().bytes, member_id=member_id, points=5, balance_after=1)
        self.records.append(
            EventRecord(
                pos=len(self.records) + 1, type=name, recorded_at_us=wall_now_us(),
                payload=payload_of(event),
            )
        )  # fmt: skip


async def test_each_event_is_noted_once_and_a_rebuild_sends_nothing(
    house: Desk, nats_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.runtime.subscriber._CATCH_UP_SECONDS", 0.2)
    monkeypatch.setattr("services.notifications.events.consume._SWITCHES_SECONDS", 0)
    monkeypatch.setattr(desk, "_LOOK_SECONDS", 0.1)
    members = [house.member() for _ in range(6)]
    log = Log(house.programme.slug)
    for member in members:
        log.tell(member.bytes)
    log.tell(members[0].bytes, points_pb2.PointsEarned, "points.earned")
    made = service.subscriptions(house.app, {POINTS: log})
    bus = Bus(nats_url, "notifications-test")
    try:
        async with running(service.subscribe(house.app, bus, made)):
            await until(lambda: _noted(house, 6))
            await house.send()
            # One that is on by now, of an event that was read while it was off.
            await house.turn(Kind.POINTS_EARNED, on=True)
            name = SUBSCRIBERS["points"]
            request = subscribers_pb2.ReplaySubscriberRequest(name=name, rebuild=True)
            assert (await _order(house, "ReplaySubscriber", request)).until_pos == 7

            async def rebuilt() -> bool:
                answer = await _order(house, "ListSubscribers", subscribers_pb2.ListSubscribersRequest())
                (found,) = [each for each in answer.subscribers if each.name == name]
                return found.pos == 7 and not found.rebuild_ordered

            await until(rebuilt)
            assert len(await house.notices()) == 6
            log.tell(members[0].bytes)
            await until(lambda: _noted(house, 7))
            await house.send()
    finally:
        await bus.close()
    assert sorted(len(house.mails(member)) for member in members) == [1, 1, 1, 1, 1, 2]


async def _noted(house: Desk, count: int) -> bool:
    return len(await house.notices()) == count


async def _order(house: Desk, method: str, request: Any) -> Any:
    stub = SubscribersServiceStub(house.channel)
    return await grpc_client.call(getattr(stub, method), request, house.signers["cli"].own(house.programme))
