"""Files of credentials that are no use for a moment, as while they are written anew: told, and tried again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from services.runtime.bus import Bus
from services.runtime.bus_access import access_of
from services.runtime.bus_client import greet
from services.runtime.settings import BusSettings, settings_in
from tests.support.guarded_nats import credentials_file, user_key
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS: Final = 5.0
_INFO: Final = b'INFO {"version":"2.15.1","headers":true,"max_payload":1048576,"auth_required":true,"nonce":"bm9uY2U"}\r\n'


@dataclass
class Doorkeeper:
    """A server that lets in whoever signs."""

    greeted: int = 0
    left: int = 0
    let_in: int = 0
    open_ones: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.greeted += 1
        self.open_ones.append(writer)
        writer.write(_INFO)
        while line := await reader.readline():
            self.let_in += line.startswith(b"CONNECT")
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        self.left += 1

    def drop_all(self) -> None:
        """As a server that restarts."""
        for each in self.open_ones:
            each.close()
        self.open_ones.clear()


@pytest.mark.parametrize("kind", ["SEED_FILE", "CREDENTIALS_FILE"])
@pytest.mark.parametrize("broken", [b"SUAB", b"half a file", b"-----BEGIN USER NKEY SEED-----\nSUA"])
async def test_a_file_that_is_no_use_for_a_moment_is_read_again(
    tmp_path: Path, kind: str, broken: bytes
) -> None:
    file = tmp_path / "user"
    if kind == "SEED_FILE":
        file.write_bytes(user_key().seed)
    else:
        credentials_file(file)
    good, keeper = file.read_bytes(), Doorkeeper()
    async with await asyncio.start_server(keeper.serve, "127.0.0.1", 0) as server:
        url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        access = access_of(settings_in(BusSettings, {"NATS_URL": url, f"COALITION_NATS_{kind}": str(file)}))
        bus = Bus(access, "test")
        await asyncio.wait_for(bus.connect(), SECONDS)
        try:
            file.write_bytes(broken)
            keeper.drop_all()
            await until(lambda: keeper.greeted >= 2, SECONDS)
            await asyncio.sleep(0.05)
            file.write_bytes(good)
            await until(lambda: keeper.let_in >= 2, SECONDS)
            file.write_bytes(broken)
            with pytest.raises(ConnectionError):
                await greet(access, SECONDS)
        finally:
            await bus.close()
            keeper.drop_all()


async def test_what_fails_again_and_again_leaves_no_connections_behind(tmp_path: Path) -> None:
    file, keeper = tmp_path / "user", Doorkeeper()
    file.write_bytes(user_key().seed)
    async with await asyncio.start_server(keeper.serve, "127.0.0.1", 0) as server:
        url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        access = access_of(settings_in(BusSettings, {"NATS_URL": url, "COALITION_NATS_SEED_FILE": str(file)}))
        bus = Bus(access, "test")
        await asyncio.wait_for(bus.connect(), SECONDS)
        try:
            file.write_bytes(b"half a file")
            keeper.drop_all()
            await until(lambda: keeper.greeted >= 5, SECONDS)
            # Else the process runs out of files, and with them of all else.
            assert keeper.greeted - keeper.left <= 2
        finally:
            await bus.close()
            keeper.drop_all()
