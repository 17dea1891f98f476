"""A stream that has lost or garbled something is told from the log that it copies, and mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from coalition.operations.v1 import subscribers_pb2
from coalition.type.v1.event_record_pb2 import EventRecord

from services.operations.events import auditing
from services.operations.events.auditing import Audit, Range, audit
from services.operations.events.logs import Log
from services.runtime.bus import Bus, Stream
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme
from tests.integration.runtime.rig import Listener, Teller, running
from tests.support.own_nats import publish, stored
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick")]


@dataclass
class ToldLog:
    """The log of a teller as the audit reads it, all of it relayed."""

    teller: Teller
    slug: str

    @property
    def programme(self) -> Programme:
        return Programme(self.teller.ledgers[self.slug], self.slug, "UTC", "EUR", is_test=True)

    @property
    def stream(self) -> Stream:
        return self.teller.stream

    async def state(self) -> subscribers_pb2.GetLogStateResponse:
        last = len(await self.teller.told(self.slug))
        return subscribers_pb2.GetLogStateResponse(last_pos=last, relayed_pos=last)

    def read(self, from_pos: int, limit: int = 0) -> AsyncIterator[Sequence[EventRecord]]:
        return self.teller.read_events(self.slug, from_pos, limit)


def _nothing_there(_copies: object, _pos: int) -> list[int]:
    return []


async def _audit(log: ToldLog, bus: Bus, wanted: Range | None = None, *, mend: bool = False) -> Audit:
    return await audit(cast("Log", log), bus, wanted or Range(), mend=mend)


async def test_what_is_missing_is_found_and_put_back_although_it_had_been_there(
    teller: Teller, bus: Bus
) -> None:
    log, other = ToldLog(teller, teller.programme()), teller.programme()
    await teller.tell(log.slug, 30)
    await teller.tell(other, 5)
    await bus.ensure_stream(teller.stream)
    told = await teller.told(log.slug)
    lost = {1, 7, 8, 30}
    # JetStream knows the ids of all of them: to publish them again under these would do nothing.
    await publish(bus, teller.stream, log.slug, told)
    purged = await bus.jetstream.stream_info(teller.stream.name)
    await bus.jetstream.delete_stream(teller.stream.name)
    assert purged.state.messages == 30
    await bus.ensure_stream(teller.stream)
    await publish(bus, teller.stream, log.slug, [record for record in told if record.pos not in lost])
    await publish(bus, teller.stream, other, await teller.told(other))

    found = await _audit(log, bus)
    assert (found.events, found.missing, found.positions) == (30, 4, sorted(lost))
    assert (found.mended, found.differing, found.doubles, found.holds) == (0, 0, 0, False)
    part = await _audit(log, bus, Range(2, 20))
    assert (part.events, part.positions) == (19, [7, 8])

    mended = await _audit(log, bus, mend=True)
    assert (mended.missing, mended.mended, mended.holds) == (4, 4, True)
    again = await _audit(log, bus)
    assert (again.missing, again.doubles, again.holds) == (0, 0, True)
    assert sorted(record.pos for record in await stored(bus, teller.stream, log.slug)) == list(range(1, 31))
    # A subscriber that starts now meets what was mended out of its turn, and is not misled by it.
    listener = Listener(teller.database, bus, teller)
    async with running(listener.subscriber().run()):
        await until(lambda: listener.has_all(log.slug))
    await listener.assert_once_and_in_order(log.slug)


async def test_an_event_is_put_back_within_the_time_in_which_doubles_are_dropped(
    teller: Teller, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ToldLog(teller, teller.programme())
    await teller.tell(log.slug, 3)
    await bus.ensure_stream(teller.stream)
    await publish(bus, teller.stream, log.slug, await teller.told(log.slug))
    # The audit is made to believe that the stream has lost them all: the same ids would not be stored.
    monkeypatch.setattr("services.operations.events.auditing._Copies.of", _nothing_there)
    assert (await _audit(log, bus, mend=True)).mended == 3
    monkeypatch.undo()
    found = await _audit(log, bus)
    assert (found.missing, found.doubles, found.holds) == (0, 3, True)


async def test_a_message_that_says_something_else_is_told_and_cannot_be_taken_out(
    teller: Teller, bus: Bus
) -> None:
    log = ToldLog(teller, teller.programme())
    await teller.tell(log.slug, 3)
    await bus.ensure_stream(teller.stream)
    one, two, three = await teller.told(log.slug)
    garbled = EventRecord()
    garbled.CopyFrom(two)
    garbled.payload = b"something else"
    await publish(bus, teller.stream, log.slug, [one, garbled, three])
    found = await _audit(log, bus, mend=True)
    assert (found.missing, found.mended, found.differing, found.holds) == (1, 1, 1, False)
    assert (await _audit(log, bus)).differing == 1


async def test_ranges_that_make_no_sense_or_are_too_long_are_refused(
    teller: Teller, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ToldLog(teller, teller.programme())
    await teller.tell(log.slug, 4)
    for wanted in (Range(0), Range(3, 2)):
        with pytest.raises(InvalidRequest, match="ends where it starts"):
            await _audit(log, bus, wanted)
    monkeypatch.setattr(auditing, "POSITIONS_MAX", 3)
    with pytest.raises(InvalidRequest, match="give a range"):
        await _audit(log, bus)
