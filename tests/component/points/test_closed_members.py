"""`member.closed` reaches the ledger over the bus, or from the members' own log where the bus has lost it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.events.v1 import members_pb2
from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message
from nats.js.errors import NotFoundError

from services.launcher.embedded.nats import EmbeddedNats
from services.points import service
from services.runtime.bus import MEMBERS, Bus
from services.runtime.clock import wall_now_us
from tests.support.own_nats import connected, own_nats, publish
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_database import as_superuser
from tests.support.points_wire import earn, reason, redemption
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nats_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedNats]:
    folder: Path = tmp_path_factory.mktemp("nats")
    async with own_nats(folder) as server:
        yield server


@asynccontextmanager
async def _subscribed(running: RunningPoints, server: EmbeddedNats) -> AsyncGenerator[None]:
    async with connected(server, "points") as bus:
        task = asyncio.create_task(service.closed_members(running.wired, bus).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _enrolled(pos: int, member: UUID) -> EventRecord:
    message = members_pb2.MemberEnrolled(member_id=member.bytes)
    return EventRecord(
        pos=pos, type="member.enrolled", recorded_at_us=wall_now_us(), payload=message.SerializeToString()
    )


def _closed(pos: int, member: UUID) -> EventRecord:
    message = members_pb2.MemberClosed(member_id=member.bytes, closed_at_us=wall_now_us())
    return EventRecord(
        pos=pos, type="member.closed", recorded_at_us=wall_now_us(), payload=message.SerializeToString()
    )


async def _stream_is_there(bus: Bus) -> bool:
    try:
        await bus.jetstream.stream_info(MEMBERS.name)
    except NotFoundError:
        return False
    return True


async def _is_closed(house: PointsHouse, member: UUID) -> bool:
    async with as_superuser(house.database) as connection:
        return await connection.fetchval(
            "SELECT EXISTS (SELECT FROM closed_member WHERE ledger_id = $1 AND member_id = $2)",
            house.programme.ledger_id,
            member,
        )


async def _with_points(house: PointsHouse) -> tuple[Till, UUID]:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    return till, member


async def _refused(till: Till, member: UUID) -> bool:
    results = [await till.earn(member, 1_000), await till.redeem(member, 1)]
    assert {result.outcome for result in results} in ({pb.OUTCOME_ACCEPTED}, {pb.OUTCOME_REFUSED})
    return {reason(result) for result in results} == {"MEMBER_CLOSED"}


async def test_after_member_closed_neither_earn_nor_burn_is_taken(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house = running.house()
    (till, gone), stays = await _with_points(house), house.member()
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        await publish(
            bus, MEMBERS, house.programme.slug, [_enrolled(1, gone), _enrolled(2, stays), _closed(3, gone)]
        )
        await until(lambda: _is_closed(house, gone))
    assert await _refused(till, gone)
    assert not await _refused(till, stays)
    assert (await till.balance(gone)).available == 10
    await house.assert_sound()


async def test_a_closing_that_the_bus_lost_is_read_from_the_members_own_log(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house = running.house()
    (till, lost), other = await _with_points(house), house.member()
    log = [_enrolled(1, other), _closed(2, lost), _enrolled(3, other)]
    running.neighbours.member_events[house.programme.slug] = log
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        # Position 2 never comes.
        await publish(bus, MEMBERS, house.programme.slug, [log[0], log[2]])
        await until(lambda: _is_closed(house, lost))
    assert await _refused(till, lost)


async def test_a_closing_in_another_programme_closes_nobody_here(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house, elsewhere = running.house(), running.house()
    till, member = await _with_points(house)
    await elsewhere.head()
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        await publish(bus, MEMBERS, elsewhere.programme.slug, [_closed(1, member)])
        await until(lambda: _is_closed(elsewhere, member))
    assert not await _refused(till, member)


async def test_a_movement_answered_before_the_closing_keeps_its_answer(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house = running.house()
    till, member = await house.till(), house.member()
    before = await till.earn(member, 1_000, key="one", reference="r")
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        await publish(bus, MEMBERS, house.programme.slug, [_closed(1, member)])
        await until(lambda: _is_closed(house, member))
    again = await till.earn(member, 1_000, key="one", reference="r")
    assert (again.replayed, again.transaction) == (True, before.transaction)


def _record(pos: int, kind: str, message: Message) -> EventRecord:
    return EventRecord(pos=pos, type=kind, recorded_at_us=wall_now_us(), payload=message.SerializeToString())


async def _bars(house: PointsHouse) -> set[tuple[UUID, UUID, bool]]:
    async with as_superuser(house.database) as connection:
        rows = await connection.fetch(
            "SELECT member_id, partner_id, barred FROM burn_bar WHERE ledger_id = $1",
            house.programme.ledger_id,
        )
    return {(row["member_id"], row["partner_id"], row["barred"]) for row in rows}


async def test_a_card_that_nobody_has_enrolled_earns_only_until_it_is_claimed(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house = running.house()
    till, card, to_member = await house.till(), house.member(), house.member()
    # The ledger hears of it when it meets it first, before any event.
    running.neighbours.anonymous.add(card.bytes)
    assert reason(await till.earn(card, 10_000)) == ""
    burns = [await till.redeem(card, 10), await till.hold(card, 10), await till.earn(card, 1_000)]
    assert [reason(each) for each in burns] == ["MEMBER_ANONYMOUS", "MEMBER_ANONYMOUS", ""]
    # Nor with a sale, which is not posted without.
    pair = await till.post(earn(card, 1_000, linked=True), redemption(card, 10))
    assert [reason(each) for each in pair] == ["LINKED_ITEM_FAILED", "MEMBER_ANONYMOUS"]
    enrolled = members_pb2.MemberEnrolled(member_id=card.bytes, anonymous=True)
    claimed = members_pb2.MemberClaimed(member_id=card.bytes, claimed_at_us=wall_now_us())
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        log = [_record(1, "member.enrolled", enrolled), _record(2, "member.claimed", claimed)]
        await publish(bus, MEMBERS, house.programme.slug, log)
        await until(lambda: _is(house, {(card, UUID(int=0), False)}))
    assert reason(await till.redeem(card, 10)) == ""
    assert reason(await till.redeem(to_member, 10)) == "INSUFFICIENT_POINTS"
    await house.assert_sound()


async def test_staff_spends_elsewhere_and_earns_everywhere(
    running: RunningPoints, nats_server: EmbeddedNats
) -> None:
    house = running.house()
    till, other, member = await house.till(), await house.till(), house.member()
    running.neighbours.employers[member.bytes] = [till.partner_id.bytes]
    assert reason(await till.earn(member, 10_000)) == ""
    held = await other.hold(member, 10)
    assert [reason(await each.redeem(member, 10)) for each in (till, other)] == ["STAFF_CARD", ""]
    assert reason(await till.hold(member, 10)) == "STAFF_CARD"

    def changed(pos: int, at: Till, *, employed: bool, earlier_us: int = 0) -> EventRecord:
        message = members_pb2.MemberEmploymentChanged(
            member_id=member.bytes,
            partner_id=at.partner_id.bytes,
            employed=employed,
            changed_at_us=wall_now_us() - earlier_us,
        )
        return _record(pos, "member.employment_changed", message)

    log = [
        changed(1, till, employed=False),
        changed(2, other, employed=True),
        # Told late: what is there is newer.
        changed(3, till, employed=True, earlier_us=60_000_000),
    ]
    async with connected(nats_server) as bus, _subscribed(running, nats_server):
        await until(lambda: _stream_is_there(bus))
        await publish(bus, MEMBERS, house.programme.slug, log)
        expected = {(member, till.partner_id, False), (member, other.partner_id, True)}
        await until(lambda: _is(house, expected))
    assert [reason(await each.redeem(member, 10)) for each in (till, other)] == ["", "STAFF_CARD"]
    # What was set aside before is spent.
    assert reason(await other.capture(held.transaction.transaction_id)) == ""


async def _is(house: PointsHouse, expected: set[tuple[UUID, UUID, bool]]) -> bool:
    return await _bars(house) == expected
