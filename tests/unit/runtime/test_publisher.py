"""The relay's publisher against a client that acknowledges what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.aio.msg import Msg

from services.runtime.bus import Bus
from services.runtime.relay import Publisher


class Client:
    """Notes reply subjects; acknowledges nothing by itself."""

    def __init__(self) -> None:
        self.replies: list[str] = []
        self.sent = asyncio.Event()
        self._callback: Any = None

    def new_inbox(self) -> str:
        return "_INBOX.test"

    async def subscribe(self, subject: str, cb: Any) -> None:
        self.subject, self._callback = subject, cb

    async def publish_frames(self, frames: Sequence[bytes]) -> None:
        heads = [frame.split(b"\r\n")[0].decode().split(" ") for frame in frames]
        self.replies = [head[2] if len(head) == 5 else "" for head in heads]
        self.sent.set()

    async def acknowledge(self, reply: str, place: int = 1) -> None:
        await self.answer(reply, f'{{"stream":"POINTS","seq":{place}}}'.encode())

    async def answer(self, reply: str, data: bytes) -> None:
        assert reply
        await self._callback(Msg(cast("Any", None), subject=reply, data=data))


class FakeBus:
    def __init__(self, client: Client) -> None:
        self.client = client


def _records(count: int, first: int = 1) -> list[EventRecord]:
    return [EventRecord(pos=pos, type="points.earned", payload=b"x") for pos in range(first, first + count)]


async def _publisher() -> tuple[Publisher, Client]:
    client = Client()
    publisher = Publisher(cast("Bus", FakeBus(client)))
    await publisher.start()
    return publisher, client


async def _publish(
    publisher: Publisher, client: Client, programme: str, records: list[EventRecord], *, alone: bool = True
) -> asyncio.Task[int]:
    client.sent.clear()
    task = asyncio.create_task(publisher.publish(programme, "points", records, alone=alone))
    await client.sent.wait()
    return task


async def _publish_with_care(
    publisher: Publisher, client: Client, programme: str, records: list[EventRecord]
) -> asyncio.Task[int]:
    """A block whose ends told of a gap, so that it goes again with every event asking."""
    task = await _publish(publisher, client, programme, records)
    client.sent.clear()
    for place, reply in enumerate((client.replies[0], client.replies[-1])):
        await client.acknowledge(reply, place=10 + place)
    await client.sent.wait()
    assert all(client.replies)
    return task


async def test_a_block_whose_ends_lie_so_far_apart_in_the_stream_as_in_the_log_is_stored() -> None:
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(5, first=7))
    assert [bool(reply) for reply in client.replies] == [True, False, False, False, True]
    await client.acknowledge(client.replies[4], place=104)
    await client.acknowledge(client.replies[0], place=100)
    assert await task == 11


@pytest.mark.parametrize("count", [1, 2])
async def test_of_a_short_block_every_event_asks(count: int) -> None:
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(count))
    for place, reply in enumerate(client.replies, start=3):
        await client.acknowledge(reply, place=place)
    assert await task == count


async def test_beside_another_publisher_every_event_asks_at_once() -> None:
    """One of ours lost and one of another's in its place would look like a whole block from its ends."""
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(5), alone=False)
    assert all(client.replies)
    for pos in (0, 1, 2, 4):
        await client.acknowledge(client.replies[pos], place=100 + pos)
    client.sent.clear()
    await client.answer(client.replies[3], b"")
    assert await task == 3
    assert not client.sent.is_set(), "nothing was sent a second time"


async def test_two_events_that_another_publisher_came_between_are_stored_all_the_same() -> None:
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(2))
    await client.acknowledge(client.replies[0], place=3)
    await client.acknowledge(client.replies[1], place=9)
    assert await task == 2


@pytest.mark.parametrize("place_of_last", [102, 103, 105, 99])
async def test_a_block_whose_ends_tell_of_a_gap_goes_again_and_reaches_its_end(place_of_last: int) -> None:
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(5, first=7))
    client.sent.clear()
    await client.acknowledge(client.replies[0], place=100)
    await client.acknowledge(client.replies[4], place=place_of_last)
    await client.sent.wait()
    for reply in reversed(client.replies):
        await client.acknowledge(reply)
    assert await task == 11


@pytest.mark.parametrize(
    ("acknowledged", "reached"),
    [(set[int](), 0), ({2, 3}, 0), ({1}, 1), ({1, 2, 4}, 2), ({1, 2, 3}, 3)],
)
async def test_without_an_answer_the_cursor_stops_before_the_first_gap(
    acknowledged: set[int], reached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.relay._ACK_SECONDS", 0.05)
    publisher, client = await _publisher()
    task = await _publish_with_care(publisher, client, "demo", _records(4))
    for pos in acknowledged:
        await client.acknowledge(client.replies[pos - 1])
    assert await task == reached


REFUSALS = [b"", b"{}", b"[1]", b"no", b'{"error":{"code":503,"description":"no space left"},"seq":0}']


@pytest.mark.parametrize("data", REFUSALS)
async def test_a_refused_event_ends_the_block_before_it(data: bytes) -> None:
    publisher, client = await _publisher()
    task = await _publish_with_care(publisher, client, "demo", _records(4))
    for reply in client.replies[:2]:
        await client.acknowledge(reply)
    await client.answer(client.replies[2], data)
    assert await task == 2


@pytest.mark.parametrize("data", REFUSALS)
async def test_a_block_one_end_of_which_is_refused_goes_again(data: bytes) -> None:
    publisher, client = await _publisher()
    task = await _publish(publisher, client, "demo", _records(4))
    client.sent.clear()
    await client.answer(client.replies[3], data)
    await client.sent.wait()
    for reply in client.replies:
        await client.acknowledge(reply)
    assert await task == 4


async def test_late_acknowledgements_of_one_programme_do_not_count_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publisher, client = await _publisher()
    monkeypatch.setattr("services.runtime.relay._ACK_SECONDS", 0.05)
    assert await (await _publish_with_care(publisher, client, "slow", _records(3))) == 0
    late = client.replies
    task = await _publish_with_care(publisher, client, "other", _records(3))
    for reply in late:
        await client.acknowledge(reply)
    await client.acknowledge(client.replies[0])
    assert await task == 1


async def test_a_late_refusal_does_not_fail_the_next_block(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, client = await _publisher()
    monkeypatch.setattr("services.runtime.relay._ACK_SECONDS", 0.05)
    assert await (await _publish(publisher, client, "demo", _records(2))) == 0
    late = client.replies
    monkeypatch.setattr("services.runtime.relay._ACK_SECONDS", 30)
    task = await _publish(publisher, client, "demo", _records(2))
    await client.answer(late[0], b"")
    for reply in client.replies:
        await client.acknowledge(reply)
    assert await task == 2
