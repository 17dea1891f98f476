from __future__ import annotations

import asyncio
from typing import Any, cast

import asyncpg
import pytest
from nats.js.errors import NotFoundError

from services.launcher.embedded.nats import EmbeddedNats
from services.runtime.bus import Bus
from services.runtime.database import LOST
from services.runtime.ids import from_text
from services.runtime.relay import LOCK_CLASS, Publisher, Relay
from tests.integration.runtime.rig import Teller, database_of, running
from tests.support.own_nats import connected, kill, stored, wipe
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick")]


async def _relayed(teller: Teller, programme: str, pos: int) -> bool:
    return await teller.relayed(programme) == pos


async def test_the_stream_gets_every_event_in_order_as_it_was_told(teller: Teller, bus: Bus) -> None:
    one, other = teller.programme(), teller.programme()
    await teller.tell(one, 5)
    async with running(Relay(teller.database, bus, teller.stream).run()):
        await until(lambda: _relayed(teller, one, 5))
        await teller.tell(one, 30)
        await teller.tell(other, 3)
        await until(lambda: _relayed(teller, one, 35))
        await until(lambda: _relayed(teller, other, 3))
    for programme in (one, other):
        assert await stored(bus, teller.stream, programme) == await teller.told(programme)


async def test_events_carry_subjects_by_programme_kind_partition_and_partner(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    await teller.tell(programme, 3)
    async with running(Relay(teller.database, bus, teller.stream).run()):
        await until(lambda: _relayed(teller, programme, 3))
    last = (await bus.jetstream.stream_info(teller.stream.name)).state.last_seq
    messages = [await bus.jetstream.get_msg(teller.stream.name, number) for number in range(1, last + 1)]
    own = [message for message in messages if f".{programme}." in (message.subject or "")]
    for record, message in zip(await teller.told(programme), own, strict=True):
        subject = (message.subject or "").split(".")
        assert subject[:5] == ["coalition", programme, teller.stream.service, "thing_happened", "v1"]
        assert subject[5] == f"p{record.partition:02d}"
        assert from_text("ptr", subject[6]).bytes == record.partner_id
        headers = cast("dict[str, str]", cast("Any", message).headers)
        identity = f"{teller.stream.service}:{programme}:{record.pos}"
        assert headers["Nats-Msg-Id"] == headers["ce-id"] == identity
        assert (headers["ce-type"], headers["ce-specversion"]) == ("thing.happened", "1.0")
        assert (headers["ce-pos"], headers["ce-seq"]) == (str(record.pos), str(record.seq))
        assert headers["ce-partitionprev"] == str(record.partition_prev)


async def test_a_killed_server_loses_nothing_and_doubles_nothing(
    teller: Teller, nats_server: EmbeddedNats
) -> None:
    programme = teller.programme()
    async with (
        connected(nats_server, "relay") as bus,
        running(Relay(teller.database, bus, teller.stream).run()),
    ):
        await teller.tell(programme, 20)
        await until(lambda: _relayed(teller, programme, 20))

        async def crash() -> None:
            for _ in range(2):
                kill(nats_server)
                await asyncio.sleep(0.05)
                await asyncio.to_thread(nats_server.start)
                await asyncio.sleep(0.2)

        crashing = asyncio.create_task(crash())
        for _ in range(10):
            await teller.tell(programme, 20)
            await asyncio.sleep(0.05)
        await crashing
        await until(lambda: _relayed(teller, programme, 220))
        events = await stored(bus, teller.stream, programme)
    assert events == await teller.told(programme)


async def test_a_relay_that_starts_again_sends_nothing_that_was_acknowledged(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    await teller.tell(programme, 7)
    for pos in (7, 14):
        async with running(Relay(teller.database, bus, teller.stream).run()):
            await until(lambda pos=pos: _relayed(teller, programme, pos))
        await teller.tell(programme, 7)
    events = [record.pos for record in await stored(bus, teller.stream, programme)]
    assert events == list(range(1, 15))


async def test_a_crash_between_acknowledgement_and_cursor_doubles_nothing(
    teller: Teller, bus: Bus, given: ServiceDatabase
) -> None:
    programme = teller.programme()
    await teller.tell(programme, 7)
    async with running(Relay(teller.database, bus, teller.stream).run()):
        await until(lambda: _relayed(teller, programme, 7))
    async with as_superuser(given) as connection:
        await connection.execute(
            "UPDATE relay_cursor SET pos = 2 WHERE ledger_id = $1", teller.ledgers[programme]
        )
    async with running(Relay(teller.database, bus, teller.stream).run()):
        await until(lambda: _relayed(teller, programme, 7))
    # JetStream knows the ids of those sent again.
    assert [record.pos for record in await stored(bus, teller.stream, programme)] == list(range(1, 8))


async def test_a_wiped_stream_is_made_again_and_the_relay_goes_on_from_its_cursor(
    teller: Teller, bus: Bus
) -> None:
    programme = teller.programme()
    await teller.tell(programme, 5)
    async with running(Relay(teller.database, bus, teller.stream).run()):
        await until(lambda: _relayed(teller, programme, 5))
        await wipe(bus, teller.stream)
        await teller.tell(programme, 5)
        await until(lambda: _relayed(teller, programme, 10))
    # What was lost with the stream is in the owner's log.
    assert [record.pos for record in await stored(bus, teller.stream, programme)] == [6, 7, 8, 9, 10]
    assert len(await teller.told(programme)) == 10


async def test_of_two_relays_one_works_and_the_other_takes_over(
    teller: Teller, bus: Bus, nats_server: EmbeddedNats, given: ServiceDatabase
) -> None:
    programme = teller.programme()
    await teller.tell(programme, 5)
    second = database_of(given, "second")
    try:
        async with (
            connected(nats_server, "second") as other_bus,
            running(
                Relay(teller.database, bus, teller.stream).run(),
                Relay(second, other_bus, teller.stream).run(),
            ) as relays,
        ):
            await until(lambda: _relayed(teller, programme, 5))
            assert await _holders(given, teller.ledgers[programme]) == 1
            for first in relays:
                # Whichever works, it goes.
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
                await teller.tell(programme, 5)
                if first is relays[0]:
                    await until(lambda: _relayed(teller, programme, 10))
    finally:
        await second.close()
    events = [record.pos for record in await stored(bus, teller.stream, programme)]
    assert events == list(range(1, 11))
    assert await _holders(given, teller.ledgers[programme]) == 0


async def test_a_relay_knows_whether_another_publishes_beside_it(
    teller: Teller, bus: Bus, given: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one does, the places of a block's ends prove nothing, and every event has to ask."""
    mine, theirs = teller.programme(), teller.programme()
    published: list[tuple[str, bool]] = []
    publish = Publisher.publish

    async def noted(
        self: Publisher, programme: str, service: str, records: Any, frames: Any, *, alone: bool
    ) -> int:
        published.append((programme, alone))
        return await publish(self, programme, service, records, frames, alone=alone)

    monkeypatch.setattr(Publisher, "publish", noted)
    await teller.tell(theirs, 3)
    async with as_superuser(given) as another:
        await another.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, teller.ledgers[theirs])
        async with running(Relay(teller.database, bus, teller.stream).run()):
            for count in (1, 2):
                await teller.tell(mine, 5)
                await until(lambda count=count: _relayed(teller, mine, 5 * count))
            assert published
            assert not any(alone for _, alone in published)
            await another.execute("SELECT pg_advisory_unlock_all()")
            await until(lambda: _relayed(teller, theirs, 3))
            published.clear()
            await teller.tell(mine, 5)
            await until(lambda: _relayed(teller, mine, 15))
            assert published
            assert all(alone for _, alone in published)
    for programme in (mine, theirs):
        assert await stored(bus, teller.stream, programme) == await teller.told(programme)


async def _holders(given: ServiceDatabase, ledger_id: int) -> int:
    async with as_superuser(given) as connection:
        return await connection.fetchval(
            """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
            ledger_id,
        )


async def test_a_relay_whose_database_connection_is_killed_goes_on(
    teller: Teller, bus: Bus, given: ServiceDatabase
) -> None:
    programme = teller.programme()
    async with running(Relay(teller.database, bus, teller.stream).run()):
        for count in (1, 2, 3):
            await teller.tell(programme, 10)
            await until(lambda count=count: _relayed(teller, programme, 10 * count))
            async with as_superuser(given) as connection:
                await connection.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'coalition-test'"""
                )
            await until(lambda: _writes(teller))
    events = await stored(bus, teller.stream, programme)
    assert events == await teller.told(programme)


async def _writes(teller: Teller) -> bool:
    """Whether the pool has got over the connections that it lost."""
    try:
        for _ in range(6):
            async with teller.database.writer.dedicated() as connection:
                await connection.execute("SELECT 1")
    except (asyncpg.PostgresError, *LOST):
        return False
    return True


async def test_the_stream_keeps_what_it_has_and_refuses_deletion(teller: Teller, bus: Bus) -> None:
    await bus.ensure_stream(teller.stream)
    await bus.ensure_stream(teller.stream)
    config = (await bus.jetstream.stream_info(teller.stream.name)).config
    assert (config.deny_delete, config.deny_purge, config.subjects) == (True, True, teller.stream.subjects)
    assert config.name == teller.stream.name
    with pytest.raises(NotFoundError):
        await bus.jetstream.stream_info("NO_SUCH_STREAM")


async def test_many_blocks_of_two_programmes_are_relayed_whole_while_the_server_is_killed(
    teller: Teller, nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.relay._BLOCK_EVENTS", 7)
    monkeypatch.setattr("services.runtime.relay._BLOCKS_AT_ONCE", 4)
    monkeypatch.setattr("services.runtime.relay._FRAMED_AT_ONCE", 3)
    one, other = teller.programme(), teller.programme()
    for programme in (one, other):
        await teller.tell(programme, 300)
    async with (
        connected(nats_server, "relay") as bus,
        running(Relay(teller.database, bus, teller.stream).run()),
    ):
        await until(lambda: _beyond(teller, one, 30))
        kill(nats_server)
        await asyncio.to_thread(nats_server.start)
        for programme in (one, other):
            await until(lambda programme=programme: _relayed(teller, programme, 300))
        for programme in (one, other):
            assert await stored(bus, teller.stream, programme) == await teller.told(programme)


async def _beyond(teller: Teller, programme: str, pos: int) -> bool:
    return await teller.relayed(programme) > pos
