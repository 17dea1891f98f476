"""Streams as they are declared, and what is made of those that are not as they should be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nats.js.api import StreamConfig

from services.launcher.embedded.nats import EmbeddedNats
from services.runtime import streams
from services.runtime.bus import Bus, Stream
from services.runtime.settings import BusSettings, settings_in
from services.runtime.streams import Outcome, StreamsRefused, reconcile, reconcile_at
from tests.integration.runtime.rig import Teller
from tests.support.own_nats import new_stream, publish, stored

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_stream_is_made_once_and_left_alone_after_that(bus: Bus) -> None:
    stream = new_stream()
    assert [(await reconcile(bus, stream)).outcome for _ in range(2)] == [Outcome.MADE, Outcome.SAME]


async def test_settings_that_differ_are_changed_and_what_is_stored_stays(
    teller: Teller, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, programme = teller.stream, teller.programme()
    declared = streams.config_of

    def earlier(wanted: Stream, replicas: int) -> StreamConfig:
        return declared(wanted, replicas).evolve(duplicate_window=30, max_msgs=100_000, description="ours")

    monkeypatch.setattr(streams, "config_of", earlier)
    await reconcile(bus, stream)
    await teller.tell(programme, 4)
    await publish(bus, stream, programme, await teller.told(programme))
    made = await bus.jetstream.stream_info(stream.name)

    monkeypatch.setattr(streams, "config_of", declared)
    found = await reconcile(bus, stream)
    assert found.outcome is Outcome.CHANGED
    assert str(found) == "changed (max_msgs: 100000 → -1, duplicate_window: 30.0 → 120)"
    now = await bus.jetstream.stream_info(stream.name)
    assert (now.config.max_msgs, now.config.duplicate_window) == (-1, 120)
    # The operator's own words stay, and so does all that was stored.
    assert (now.config.description, now.created) == ("ours", made.created)
    assert await stored(bus, stream, programme) == await teller.told(programme)
    assert (await reconcile(bus, stream)).outcome is Outcome.SAME


async def test_a_service_leaves_a_stream_that_is_there_as_it_is(bus: Bus) -> None:
    """Two versions of it, each with settings of its own, would take turns at changing it."""
    stream = new_stream()
    await bus.ensure_stream(stream)
    await bus.ensure_stream(replace(stream, service=f"{stream.service}-later"))
    assert (await bus.jetstream.stream_info(stream.name)).config.subjects == stream.subjects


async def test_what_the_server_does_not_change_is_told_and_the_stream_is_left(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = new_stream()
    await reconcile(bus, stream)
    declared = streams.config_of

    def loose(wanted: Stream, replicas: int) -> StreamConfig:
        return declared(wanted, replicas).evolve(deny_delete=False)

    monkeypatch.setattr(streams, "config_of", loose)
    with pytest.raises(StreamsRefused, match=rf"{stream.name} .*deny_delete: True → False.*left as it is"):
        await reconcile(bus, stream)
    assert (await bus.jetstream.stream_info(stream.name)).config.deny_delete is True


async def test_all_streams_of_a_server_are_brought_to_what_is_declared(nats_server: EmbeddedNats) -> None:
    made = await reconcile_at(settings_in(BusSettings, {"NATS_URL": nats_server.url}))
    assert [(each.stream, str(each)) for each in made] == [
        ("MEMBERS", "made"),
        ("POINTS", "made"),
        ("PARTNERS", "made"),
    ]
    assert {
        each.outcome for each in await reconcile_at(settings_in(BusSettings, {"NATS_URL": nats_server.url}))
    } == {Outcome.SAME}


async def test_a_server_that_is_not_there_is_told_of_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(StreamsRefused, match="did not answer"):
        await reconcile_at(settings_in(BusSettings, {"NATS_URL": "nats://127.0.0.1:9"}))
