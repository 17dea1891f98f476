from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from coalition.type.v1.event_record_pb2 import EventRecord

from services.launcher.embedded.nats import EmbeddedNats
from services.runtime.bus import Bus
from services.runtime.relay import Relay
from services.runtime.subscriber import Postponed
from tests.integration.runtime.rig import Listener, Teller, database_of, running
from tests.support.own_nats import connected, kill, publish, wipe
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick")]


async def test_every_event_is_applied_once_and_in_order(teller: Teller, bus: Bus) -> None:
    one, other = teller.programme(), teller.programme()
    listener = Listener(teller.database, bus, teller)
    async with running(Relay(teller.database, bus, teller.stream).run(), listener.subscriber().run()):
        await asyncio.gather(teller.tell(one, 120), teller.tell(other, 40))
        await until(lambda: listener.has_all(one))
        await until(lambda: listener.has_all(other))
    for programme in (one, other):
        await listener.assert_once_and_in_order(programme)


async def test_what_was_committed_but_not_acknowledged_comes_again_and_is_dropped(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    listener = Listener(teller.database, bus, teller)
    await teller.tell(programme, 6)
    await bus.ensure_stream(teller.stream)
    told = await teller.told(programme)
    # As a process that was killed right after its commit.
    await listener.inbox.apply(
        teller.database.writer, programme, told[:4], listener._apply  # pyright: ignore[reportPrivateUsage]
    )  # fmt: skip
    await publish(bus, teller.stream, programme, told)
    async with running(listener.subscriber().run()):
        await until(lambda: listener.has_all(programme))
    await listener.assert_once_and_in_order(programme)


@pytest.mark.parametrize("lost", [{1}, {3, 4}, {1, 2, 5}, {6}], ids=str)
async def test_what_the_bus_lost_is_read_from_the_owner(teller: Teller, bus: Bus, lost: set[int]) -> None:
    programme = teller.programme()
    listener = Listener(teller.database, bus, teller, known=[programme])
    await teller.tell(programme, 6)
    await bus.ensure_stream(teller.stream)
    told = await teller.told(programme)
    await publish(bus, teller.stream, programme, [record for record in told if record.pos not in lost])
    async with running(listener.subscriber().run()):
        await until(lambda: listener.has_all(programme))
    await listener.assert_once_and_in_order(programme)


async def test_a_wiped_stream_is_caught_up_on_from_the_owner_and_new_events_come_over_the_bus(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    listener = Listener(teller.database, bus, teller)
    async with running(Relay(teller.database, bus, teller.stream).run(), listener.subscriber().run()):
        await teller.tell(programme, 10)
        await until(lambda: listener.has_all(programme))
        await wipe(bus, teller.stream)
        await teller.tell(programme, 10)
        await until(lambda: listener.has_all(programme))
    await listener.assert_once_and_in_order(programme)


async def test_with_nothing_on_the_bus_at_all_the_owners_log_is_applied(teller: Teller, bus: Bus) -> None:
    programme = teller.programme()
    await teller.tell(programme, 25)
    listener = Listener(teller.database, bus, teller, known=[programme])
    async with running(listener.subscriber().run()):
        await until(lambda: listener.has_all(programme))
        await teller.tell(programme, 5)
        await until(lambda: listener.has_all(programme))
    await listener.assert_once_and_in_order(programme)


async def test_a_handler_that_fails_is_tried_again_and_nothing_is_skipped(teller: Teller, bus: Bus) -> None:
    programme = teller.programme()
    failures = 3

    async def fail(_: str, records: Sequence[EventRecord]) -> None:
        nonlocal failures
        if failures and any(record.pos == 4 for record in records):
            failures -= 1
            raise RuntimeError("not yet")

    listener = Listener(teller.database, bus, teller, before=fail, known=[programme])
    async with running(Relay(teller.database, bus, teller.stream).run(), listener.subscriber().run()):
        await teller.tell(programme, 12, block=3)
        await until(lambda: listener.has_all(programme))
    assert failures == 0
    await listener.assert_once_and_in_order(programme)


async def test_a_handler_that_waits_gets_the_same_events_later_in_their_order(
    teller: Teller, bus: Bus
) -> None:
    waits, free = teller.programme(), teller.programme()
    ready = asyncio.Event()

    async def wait(programme: str, records: Sequence[EventRecord]) -> None:
        late = [record.pos for record in records if record.pos >= 5]
        if programme == waits and late and not ready.is_set():
            raise Postponed("the price is not known yet", seconds=0.05, pos=late[0])

    listener = Listener(teller.database, bus, teller, before=wait)
    async with running(Relay(teller.database, bus, teller.stream).run(), listener.subscriber().run()):
        await teller.tell(waits, 10)
        await teller.tell(free, 10)
        await until(lambda: listener.has_all(free))
        # What comes before the one that waits need not wait.
        await until(lambda: _applied(listener, waits, 4))
        ready.set()
        await until(lambda: listener.has_all(waits))
    for programme in (waits, free):
        await listener.assert_once_and_in_order(programme)


async def _applied(listener: Listener, programme: str, count: int) -> bool:
    return len(await listener.applied(programme)) == count


async def test_of_two_subscribers_one_works_and_the_other_takes_over(
    teller: Teller, bus: Bus, nats_server: EmbeddedNats, given: ServiceDatabase
) -> None:
    programme = teller.programme()
    first = Listener(teller.database, bus, teller)
    second_database = database_of(given, "second")
    try:
        async with connected(nats_server, "second") as other_bus:
            second = Listener(second_database, other_bus, teller, name=first.name)
            async with running(
                Relay(teller.database, bus, teller.stream).run(),
                first.subscriber().run(),
                second.subscriber().run(),
            ) as tasks:
                for task in tasks[1:]:
                    await teller.tell(programme, 20)
                    await until(lambda: first.has_all(programme))
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
    finally:
        await second_database.close()
    await first.assert_once_and_in_order(programme)


async def test_through_kills_of_bus_and_database_and_a_wiped_stream_all_is_applied_once_and_in_order(
    teller: Teller, nats_server: EmbeddedNats, given: ServiceDatabase
) -> None:
    one, other = teller.programme(), teller.programme()
    databases = [database_of(given, name) for name in ("storm-relay", "storm-listener")]

    async def storm(bus: Bus) -> None:
        for disaster in ("bus", "database", "stream", "database", "bus"):
            await asyncio.sleep(0.15)
            if disaster == "bus":
                kill(nats_server)
                await asyncio.to_thread(nats_server.start)
            elif disaster == "stream":
                await until(lambda: bus.client.is_connected)
                await wipe(bus, teller.stream)
            else:
                async with as_superuser(given) as connection:
                    await connection.execute(
                        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name LIKE 'coalition-storm-%'"""
                    )

    async def traffic() -> None:
        for _ in range(25):
            await teller.tell(one, 6, block=3)
            await teller.tell(other, 2)
            await asyncio.sleep(0.02)

    try:
        async with connected(nats_server, "storm-relay") as relay_bus, connected(nats_server, "storm") as bus:
            listener = Listener(databases[1], bus, teller, known=[one, other])
            async with running(
                Relay(databases[0], relay_bus, teller.stream).run(), listener.subscriber().run()
            ):
                await asyncio.gather(traffic(), storm(relay_bus))
                await until(lambda: _calm(listener, one))
                await until(lambda: _calm(listener, other))
            for programme in (one, other):
                await Listener(teller.database, bus, teller, listener.name).assert_once_and_in_order(
                    programme
                )
    finally:
        for database in databases:
            await database.close()


async def _calm(listener: Listener, programme: str) -> bool:
    """Whether all is applied; looked at over the teller's connections, which nobody kills."""
    return await Listener(listener.owner.database, listener.bus, listener.owner, listener.name).has_all(
        programme
    )
