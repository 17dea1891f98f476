"""nats-server from the wheel."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest

from services.launcher.embedded.nats import EmbeddedNats, read_greeting
from tests.integration.launcher.rig import runs, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    server = EmbeddedNats(tmp_path, password="p-w", sync_interval="always")
    server.start()
    yield server
    server.stop()


async def test_what_jetstream_acknowledged_survives_kill_9_on_the_same_port(server: EmbeddedNats) -> None:
    client = await nats.connect(server.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="KEPT", subjects=["kept.>"])
    await jetstream.publish("kept.one", b"1")
    await client.close()
    url, pid = server.url, server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not server.is_alive(), "nats-server dies")

    assert server.start() == url
    client = await nats.connect(url)
    message = await client.jetstream().get_msg("KEPT", 1)
    assert message.data == b"1"
    await client.close()


def test_it_asks_for_the_password(server: EmbeddedNats) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b'CONNECT {"user":"coalition","pass":"wrong","verbose":true}\r\n')
        with connection.makefile("rb") as replies:
            assert replies.readline().startswith(b"INFO")
            assert replies.readline() == b"-ERR 'Authorization Violation'\r\n"


def test_its_configuration_is_readable_by_its_owner_only(server: EmbeddedNats, tmp_path: Path) -> None:
    assert (tmp_path / "nats" / "nats.conf").stat().st_mode & 0o777 == 0o600
    assert server.is_alive()


def test_the_next_start_ends_one_that_was_left_behind(server: EmbeddedNats, tmp_path: Path) -> None:
    left = server.pid
    successor = EmbeddedNats(tmp_path, password="p-w")
    successor.start()
    assert not runs(left)
    assert successor.is_alive()
    successor.stop()


def test_a_greeting_is_read_only_from_a_nats_server(unused_port: int) -> None:
    assert read_greeting("127.0.0.1", unused_port) is None


@pytest.fixture
def unused_port() -> int:
    from services.launcher.ports import free_port

    return free_port()
