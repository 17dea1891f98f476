"""Streams that three servers keep: one is killed and wiped under traffic, and nothing is lost to anyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import nats.errors
import pytest
import pytest_asyncio

from services.runtime.bus import Bus, Stream
from services.runtime.relay import Relay
from services.runtime.streams import Outcome, StreamsRefused, reconcile
from tests.integration.runtime.rig import Listener, Teller, running
from tests.support.nats_cluster import ClusterMember, connected_to, crash, nats_cluster
from tests.support.own_nats import new_stream, own_nats, stored
from tests.support.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("quick"),
    pytest.mark.long,
    pytest.mark.timeout(240),
]
_EVENTS_A_TURN = 40
_CAUGHT_UP_SECONDS = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def members(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[ClusterMember]]:
    async with nats_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


async def _made(bus: Bus, stream: Stream) -> None:
    """Makes a stream; until the servers have found each other it is refused."""

    async def made() -> bool:
        try:
            await reconcile(bus, stream)
        except (StreamsRefused, TimeoutError):
            return False
        return True

    await until(made, _CAUGHT_UP_SECONDS)


async def _holds(bus: Bus, stream: Stream, servers: int) -> bool:
    """Whether all servers have all of it."""
    try:
        cluster = (await bus.jetstream.stream_info(stream.name)).cluster
    except (nats.errors.Error, TimeoutError):
        return False
    others = cluster.replicas or [] if cluster is not None else []
    return len(others) == servers - 1 and all(each.current and not each.offline for each in others)


async def test_one_of_three_servers_is_killed_and_wiped_and_nobody_misses_anything(
    teller: Teller, members: list[ClusterMember]
) -> None:
    programme = teller.programme()
    async with (
        connected_to(members, "relay") as relaying,
        connected_to(members, "one") as one,
        connected_to(members, "other") as other,
    ):
        await _made(one, teller.stream)
        assert (await one.jetstream.stream_info(teller.stream.name)).config.num_replicas == len(members)
        listeners = [Listener(teller.database, bus, teller, known=[programme]) for bus in (one, other)]
        telling = True

        async def tell() -> None:
            while telling:
                await teller.tell(programme, _EVENTS_A_TURN)
                await asyncio.sleep(0.02)

        async with running(
            Relay(teller.database, relaying, teller.stream).run(),
            *(listener.subscriber().run() for listener in listeners),
        ):
            traffic = asyncio.create_task(tell())
            # The one that leads the stream too, whichever it is by then.
            for member in members:
                before = await teller.relayed(programme)
                await crash(member)

                async def goes_on(before: int = before) -> bool:
                    return await teller.relayed(programme) > before + 5 * _EVENTS_A_TURN

                await until(goes_on, _CAUGHT_UP_SECONDS)
                await asyncio.to_thread(member.start)
                await until(lambda: _holds(one, teller.stream, len(members)), _CAUGHT_UP_SECONDS)
            telling = False
            await traffic
            for listener in listeners:
                await until(lambda listener=listener: listener.has_all(programme), _CAUGHT_UP_SECONDS)

            async def relayed() -> bool:
                return await teller.relayed(programme) == len(await teller.told(programme))

            await until(relayed, _CAUGHT_UP_SECONDS)
        for listener in listeners:
            await listener.assert_once_and_in_order(programme)
        # Each was wiped once, and still the stream has all of it: what it lacked came from the two others.
        assert await stored(one, teller.stream, programme) == await teller.told(programme)


async def test_a_stream_of_one_server_comes_to_be_kept_by_three_with_what_it_holds(
    teller: Teller, members: list[ClusterMember]
) -> None:
    programme = teller.programme()
    await teller.tell(programme, _EVENTS_A_TURN)
    async with connected_to(members) as bus:
        alone = Bus(members[0].url, "test", replicas=1)
        await alone.connect()
        await _made(alone, teller.stream)
        async with running(Relay(teller.database, alone, teller.stream).run()):
            await until(lambda: _has_relayed(teller, programme))
        await alone.close()
        changed = await reconcile(bus, teller.stream)
        assert (changed.outcome, changed.changes) == (Outcome.CHANGED, ("num_replicas: 1 → 3",))
        await until(lambda: _holds(bus, teller.stream, len(members)), _CAUGHT_UP_SECONDS)
        assert await stored(bus, teller.stream, programme) == await teller.told(programme)
        assert (await reconcile(bus, teller.stream)).outcome is Outcome.SAME


async def _has_relayed(teller: Teller, programme: str) -> bool:
    return await teller.relayed(programme) == _EVENTS_A_TURN


async def test_more_replicas_than_there_are_servers_are_refused_with_what_to_do(
    members: list[ClusterMember], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with own_nats(tmp_path_factory.mktemp("nats")) as server:
        for urls, replicas in ((server.url, 3), (members[0].url, 5)):
            bus = Bus(urls, "test", replicas)
            await bus.connect()
            try:
                with pytest.raises(
                    StreamsRefused, match=rf"COALITION_NATS_REPLICAS is {replicas}.* fewer servers"
                ):
                    await reconcile(bus, new_stream())
            finally:
                await bus.close()


async def test_a_stream_that_is_there_is_left_where_there_are_too_few_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with own_nats(tmp_path_factory.mktemp("nats")) as server:
        stream = new_stream()
        bus = Bus(server.url, "test", 1)
        await bus.connect()
        try:
            await reconcile(bus, stream)
            bus.replicas = 3
            with pytest.raises(
                StreamsRefused, match=r"num_replicas: 1 → 3.*left as it is.*COALITION_NATS_REPLICAS is 3"
            ):
                await reconcile(bus, stream)
            assert (await bus.jetstream.stream_info(stream.name)).config.num_replicas == 1
        finally:
            await bus.close()
