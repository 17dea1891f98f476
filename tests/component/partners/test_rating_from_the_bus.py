"""Every posting is rated once and in order, whatever the bus does to the events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from coalition.events.v1 import points_pb2 as told
from coalition.type.v1.event_record_pb2 import EventRecord

from services.runtime.bus import headers_of, subject_of
from services.runtime.principal import Programme
from tests.support.ledger import Burn, Earn, Expiry
from tests.support.partners import DAY_US, STARTS_AT_US, House, stop
from tests.support.waiting import until


async def rated_seqs(house: House, programme: Programme) -> list[int]:
    found = await house.fetch(
        "SELECT seq FROM rated_entry WHERE ledger_id = $1 AND line = 1 ORDER BY seq", programme.ledger_id
    )
    return [row["seq"] for row in found]


async def records(house: House, programme: Programme) -> list[EventRecord]:
    """All that the ledger has told of a programme."""
    ledger = house.ledger
    blocks = ledger.log.read(ledger.database.reader, programme.ledger_id, 1)
    return [record async for block in blocks for record in block]


async def publish(house: House, programme: Programme, wanted: Sequence[EventRecord], twist: str = "") -> None:
    """Puts events on the stream by hand; `twist` makes other messages of them, which no dedup window knows."""
    assert house.bus is not None
    await house.bus.ensure_stream(house.stream)
    for record in wanted:
        headers = headers_of(programme.slug, house.stream.service, record)
        headers["Nats-Msg-Id"] += twist
        subject = subject_of(programme.slug, house.stream.service, record)
        await house.bus.jetstream.publish(subject, record.payload, headers=headers)


async def test_what_the_ledger_relays_is_rated_once_in_order(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    rating = house.start_rating()
    house.start_relay()
    for _ in range(5):
        await house.ledger.post(programme, Earn(grocer, 5), Burn(grocer, [(grocer, 2)]), Expiry(grocer, 1))
    await house.rated(programme, 15)
    assert await rated_seqs(house, programme) == list(range(1, 16))
    await house.ledger.move_clock(programme, STARTS_AT_US + 3 * DAY_US)

    async def heard_of() -> bool:
        return (await house.status(programme)).now_us > STARTS_AT_US + 3 * DAY_US

    await until(heard_of)
    await house.close(programme)
    assert all(finding.holds for finding in (await house.findings(programme)).values())
    assert not rating.done()


async def test_doubles_holes_and_disorder_on_the_bus_change_nothing(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, *(Earn(grocer, 1 + n) for n in range(40)))
    events = await records(house, programme)
    house.start_rating()
    await publish(house, programme, events[:10])
    await publish(house, programme, events[:10], "again")
    # 10 to 19 never arrive, 20 to 29 come backwards, the last ones twice.
    await publish(house, programme, events[29:19:-1])
    await publish(house, programme, events[20:])
    await publish(house, programme, events[35:], "again")
    await house.rated(programme, 40)
    assert await rated_seqs(house, programme) == list(range(1, 41))
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_a_restart_in_the_middle_rates_nothing_twice(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    house.start_relay()
    for round_ in range(1, 4):
        rating = house.start_rating()
        await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(20)))
        await house.rated(programme, 20 * round_ - 10)
        await stop(rating)
    house.start_rating()
    await house.rated(programme, 60)
    assert await rated_seqs(house, programme) == list(range(1, 61))
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_two_replicas_rate_nothing_twice(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    one, two = house.start_rating(), house.start_rating()
    house.start_relay()
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(20)))
    await house.rated(programme, 20)
    await stop(one)
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(20)))
    await house.rated(programme, 40)
    assert not two.done()
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_a_wiped_stream_is_filled_from_the_ledgers_own_log(house_on_bus: House) -> None:
    house = house_on_bus
    assert house.bus is not None
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    relay = house.start_relay()
    house.start_rating()
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(10)))
    await house.rated(programme, 10)
    await stop(relay)
    await house.bus.jetstream.delete_stream(house.stream.name)
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(10)))
    await house.rated(programme, 20)
    house.start_relay()
    await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(10)))
    await house.rated(programme, 30)
    assert await rated_seqs(house, programme) == list(range(1, 31))
    assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_a_programme_that_waits_for_a_price_holds_up_no_other(house_on_bus: House) -> None:
    house = house_on_bus
    stuck, moving = await house.programme(), await house.programme()
    grocer = await house.partner(stuck, "grocer")
    leisure = await house.partner(stuck, "leisure", issue=None)
    fuel = await house.partner(moving, "fuel")
    house.start_rating()
    house.start_relay()
    await house.ledger.post(stuck, Earn(grocer, 1), Earn(grocer, 2), Earn(leisure, 3), Earn(grocer, 4))
    await house.ledger.post(moving, Earn(fuel, 1))
    await house.rated(moving, 1)
    # All before the posting without a price is rated, nothing after it.
    await house.rated(stuck, 2)
    assert (await house.status(stuck)).blocked.startswith("seq 3, ")
    await house.ledger.post(moving, Earn(fuel, 1))
    await house.ledger.post(stuck, Earn(grocer, 5))
    await house.rated(moving, 2)
    assert (await house.status(stuck)).rated_seq == 2
    await house.set_rates(stuck, leisure, 1, 1, STARTS_AT_US)
    await house.rated(stuck, 5)
    assert await rated_seqs(house, stuck) == [1, 2, 3, 4, 5]
    for programme in (stuck, moving):
        assert all(finding.holds for finding in (await house.findings(programme)).values())


async def test_a_new_price_takes_its_turn_with_rating(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 1, 1)
    house.start_rating()
    house.start_relay()
    known: list[int] = []

    async def price() -> None:
        for micros in range(2, 12):
            known.append((await house.set_rates(programme, grocer, micros, 1, STARTS_AT_US)).known_from_seq)
            await asyncio.sleep(0.05)

    async def post() -> None:
        for _ in range(20):
            await house.ledger.post(programme, *(Earn(grocer, 1) for _ in range(10)))
            await asyncio.sleep(0.02)

    await asyncio.gather(price(), post())
    await house.rated(programme, 200)
    entries = await house.fetch(
        "SELECT seq, version FROM rated_entry WHERE ledger_id = $1 ORDER BY seq", programme.ledger_id
    )
    for seq, version in ((row["seq"], row["version"]) for row in entries):
        assert version == 1 + sum(first <= seq for first in known)


async def test_a_journal_event_that_this_version_does_not_know_is_never_skipped(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 1))
    await house.ledger.tell(programme, "points.invented", told.PointsExpired(), seq=2)
    await house.ledger.tell(programme, "points.noticed", told.PointsExpired())
    house.start_rating()
    house.start_relay()

    async def blocked() -> bool:
        return "does not know how to rate points.invented" in (await house.status(programme)).blocked

    await until(blocked)
    await house.rated(programme, 1)


async def test_a_notice_without_a_seq_is_passed_over(house_on_bus: House) -> None:
    house = house_on_bus
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.tell(programme, "points.expiring", told.PointsExpired())
    await house.ledger.post(programme, Earn(grocer, 1))
    house.start_rating()
    house.start_relay()
    await house.rated(programme, 1)
    assert await rated_seqs(house, programme) == [1]


async def test_events_of_a_programme_that_is_not_registered_here_hold_up_nobody(house_on_bus: House) -> None:
    house = house_on_bus
    stranger = Programme(31_000, "stranger", "Europe/Berlin", "EUR", is_test=True)
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    house.start_rating()
    house.start_relay()
    await house.ledger.post(stranger, Earn(grocer, 1))
    await house.ledger.post(programme, Earn(grocer, 1))
    await house.rated(programme, 1)
    await house.ledger.post(stranger, Earn(grocer, 1))
    await house.ledger.post(programme, Earn(grocer, 1))
    await house.rated(programme, 2)
    rows: list[Any] = await house.fetch("SELECT 1 FROM rated_entry WHERE ledger_id = $1", stranger.ledger_id)
    assert rows == []
