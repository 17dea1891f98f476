import asyncio
import contextlib

import nats.errors
import pytest
from coalition.events.v1 import members_pb2 as events_pb
from coalition.type.v1.event_record_pb2 import EventRecord
from coalition.type.v1.reason_pb2 import Reason
from nats.js import JetStreamContext

from services.members.domain.events import MemberClosed
from services.members.events.publishing import new_event
from services.members.storage import tables
from services.runtime.bus import MEMBERS, Bus, delivery_of
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError
from services.runtime.event_log import EventLog
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from services.runtime.relay import Relay
from tests.support.members import CARD, CUSTOMER, RunningMembers, card_number, identifier

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = 24


async def test_an_enrolment_and_a_closing_are_told_with_ids_and_times_only(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    assert partner.partner_id is not None
    member = (await partner.enrol(identifier(CARD, card_number()), identifier(CUSTOMER, "C-1"))).member
    await partner.close(member.member_id)

    enrolled, closed = await running.points(programme).events()

    assert (enrolled.pos, enrolled.type, closed.pos, closed.type) == (
        1,
        "member.enrolled",
        2,
        "member.closed",
    )
    assert enrolled.partner_id == closed.partner_id == partner.partner_id.bytes
    assert (enrolled.partition, enrolled.partition_prev, closed.partition_prev) == (closed.partition, 0, 1)
    assert events_pb.MemberEnrolled.FromString(enrolled.payload) == events_pb.MemberEnrolled(
        member_id=member.member_id,
        partner_id=partner.partner_id.bytes,
        enrolled_at_us=member.enrolled_at_us,
    )
    told = events_pb.MemberClosed.FromString(closed.payload)
    assert told.member_id == member.member_id
    assert told.closed_at_us == closed.recorded_at_us >= member.enrolled_at_us


async def test_events_are_read_from_a_position_up_to_a_limit(running: RunningMembers, programme: Programme):
    partner, reader = running.partner(programme), running.points(programme)
    for _ in range(4):
        await partner.enrol()

    async def positions(from_pos: int, limit: int) -> list[int]:
        return [event.pos for event in await reader.events(from_pos, limit)]

    assert await positions(0, 0) == await positions(1, 0) == [1, 2, 3, 4]
    assert await positions(3, 0) == [3, 4]
    assert await positions(2, 2) == [2, 3]
    assert await positions(4, 9) == [4]
    assert await positions(5, 0) == []
    for from_pos, limit in ((-1, 0), (1, -1)):
        with pytest.raises(CoalitionError) as refused:
            await positions(from_pos, limit)
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_a_long_log_comes_in_blocks_of_500(running: RunningMembers, programme: Programme):
    log, member_id = EventLog(tables.events), new_id()
    event = new_event(MemberClosed(member_id, None, wall_now_us()))
    async with running.members.database.writer.transaction() as connection:
        await log.append(connection, programme.ledger_id, programme.slug, [event] * 1_001)
    reader = running.points(programme)

    assert [len(block) for block in await reader.event_blocks()] == [500, 500, 1]
    assert [len(block) for block in await reader.event_blocks(2, 700)] == [500, 200]
    assert [record.pos for record in await reader.events()] == list(range(1, 1_002))


async def test_events_reach_jetstream_in_order_and_without_a_gap(
    running: RunningMembers, programme: Programme, nats_url: str
):
    partner = running.partner(programme)
    bus = Bus(nats_url, "members-test")
    await bus.connect()
    relay = asyncio.create_task(Relay(running.members.database, bus, MEMBERS).run())
    try:
        members = [
            answer.member
            for answer in await asyncio.gather(*(partner.enrol() for _ in range(EVENTS - EVENTS // 4)))
        ]
        await asyncio.gather(*(partner.close(member.member_id) for member in members[: EVENTS // 4]))
        await bus.ensure_stream(MEMBERS)
        subscription = await bus.jetstream.subscribe(f"coalition.{programme.slug}.members.>")
        published = await received(subscription, EVENTS)
    finally:
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay
        await bus.close()

    assert [record.pos for record in published] == list(range(1, EVENTS + 1))
    assert published == await running.points(programme).events()


async def received(subscription: JetStreamContext.PushSubscription, count: int) -> list[EventRecord]:
    records: list[EventRecord] = []
    while len(records) < count:
        try:
            message = await subscription.next_msg(timeout=20)
        except nats.errors.TimeoutError:
            pytest.fail(f"{len(records)} of {count} events came")
        records.append(delivery_of(message).record)
    return records
