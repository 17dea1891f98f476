from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.event_log import PARTITIONS, NewEvent
from services.runtime.ids import new_id
from tests.integration.runtime.rig import Teller

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_positions_are_gapless_whoever_appends_at_once(teller: Teller) -> None:
    programme = teller.programme()
    await asyncio.gather(*(teller.tell(programme, 12, block=4) for _ in range(5)))
    told = await teller.told(programme)
    assert [record.pos for record in told] == list(range(1, 61))


async def test_each_event_names_the_one_before_in_its_partition(teller: Teller) -> None:
    programme = teller.programme()
    await teller.tell(programme, 40)
    last: dict[int, int] = {}
    for record in await teller.told(programme):
        assert record.partition_prev == last.get(record.partition, 0)
        last[record.partition] = record.pos
    assert len(last) > 1


async def test_what_is_rolled_back_leaves_no_gap(teller: Teller) -> None:
    programme = teller.programme()
    await teller.tell(programme, 3)
    event = NewEvent("x", b"", wall_now_us())
    async with teller.database.writer.transaction() as connection:
        assert await teller.log.append(connection, teller.ledgers[programme], programme, [event]) == 4
        await connection.rollback()
    await teller.tell(programme, 2)
    assert [record.pos for record in await teller.told(programme)] == [1, 2, 3, 4, 5]


async def test_programmes_have_positions_of_their_own(teller: Teller) -> None:
    one, other = teller.programme(), teller.programme()
    await teller.tell(one, 3)
    await teller.tell(other, 2)
    assert [record.pos for record in await teller.told(one)] == [1, 2, 3]
    assert [record.pos for record in await teller.told(other)] == [1, 2]


async def test_an_event_is_read_as_it_was_told(teller: Teller) -> None:
    programme = teller.programme()
    member, partner, now_us = new_id(), new_id(), wall_now_us()
    traceparent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    event = NewEvent("thing.happened", b"\x00payload", now_us, member, partner, 77, traceparent)
    bare = NewEvent("thing.noticed", b"", now_us)
    async with teller.database.writer.transaction() as connection:
        last = await teller.log.append(connection, teller.ledgers[programme], programme, [event, bare])
    first, second = await teller.told(programme)
    assert last == 2
    assert (first.type, first.payload, first.recorded_at_us, first.seq, first.traceparent) == (
        "thing.happened", b"\x00payload", now_us, 77, traceparent,
    )  # fmt: skip
    assert (first.partner_id, first.partition) == (partner.bytes, member.int % PARTITIONS)
    assert (second.partner_id, second.partition, second.seq, second.traceparent) == (b"", 0, 0, "")


async def test_nothing_told_makes_no_programme(teller: Teller) -> None:
    programme = teller.programme()
    async with teller.database.writer.transaction() as connection:
        assert await teller.log.append(connection, teller.ledgers[programme], programme, []) == 0
    assert await teller.told(programme) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def long(database: Database) -> tuple[Teller, str]:
    """A log of 1,202 events."""
    teller = Teller(database)
    programme = teller.programme()
    await teller.tell(programme, 1_202, block=601)
    return teller, programme


@pytest.mark.parametrize(
    ("from_pos", "limit", "expected"),
    [
        (1, 0, range(1, 1_203)),
        (0, 3, range(1, 4)),
        (500, 501, range(500, 1_001)),
        (1_202, 0, range(1_202, 1_203)),
        (1_203, 0, range(0)),
        (1, 500, range(1, 501)),
    ],
)
async def test_a_log_is_read_in_blocks_from_anywhere_to_anywhere(
    long: tuple[Teller, str], from_pos: int, limit: int, expected: range
) -> None:
    teller, programme = long
    blocks = [block async for block in teller.read_events(programme, from_pos, limit)]
    assert [record.pos for block in blocks for record in block] == list(expected)
    assert all(len(block) <= 500 for block in blocks)
