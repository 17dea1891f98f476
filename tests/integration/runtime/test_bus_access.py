"""NATS over TLS and with credentials: a real server, a real relay and subscriber, and each way of not being let in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from services.launcher.connections import Greets, served_certificate, with_certificate
from services.runtime.bus import Bus
from services.runtime.bus_access import BusAccess, access_of
from services.runtime.bus_client import greet
from services.runtime.relay import Relay
from services.runtime.settings import BusSettings, settings_in
from tests.integration.runtime.rig import Listener, Teller, running
from tests.support.certificates import Authority, Issued
from tests.support.guarded_nats import GuardedNats, credentials_file, guarded_nats, tls_rule, user_key
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("quick")]

PASSWORD: Final = "correct-horse"
WRONG: Final = "swordfish-4711"
SECONDS: Final = 5.0
#: What docs/operators.md says that an account needs, and no more.
SUBJECTS: Final = '["coalition.>", "$JS.API.>", "$JS.ACK.>", "_INBOX.>"]'


@dataclass(frozen=True)
class House:
    """A server that demands TLS with certificates of clients, and a user or an nkey."""

    server: GuardedNats
    client: Issued
    stranger: Issued
    seed: Path

    def access(self, **changes: str) -> BusAccess:
        """As the environment says; `changes` are variables without COALITION_NATS_, empty: not set."""
        given = {
            "AUTHORITY": str(self.client.authority),
            "CERTIFICATE": str(self.client.certificate),
            "KEY": str(self.client.key),
            "USER": "relay",
            "PASSWORD": PASSWORD,
            **changes,
        }
        url = given.pop("URL", f"tls://127.0.0.1:{self.server.port}")
        return _access(url, **given)


def _access(url: str, **given: str) -> BusAccess:
    variables = {f"COALITION_NATS_{name}": value for name, value in given.items()}
    return access_of(settings_in(BusSettings, {"NATS_URL": url, **variables}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("guarded")
    ours, theirs, key = (
        Authority(folder / "ours"),
        Authority(folder / "theirs", "another authority"),
        user_key(),
    )
    seed = folder / "user.nk"
    seed.write_bytes(key.seed + b"\n")
    granted = f"permissions: {{ publish: {SUBJECTS}, subscribe: {SUBJECTS} }}"
    users = (
        f"authorization {{ users = [ {{user: relay, password: {PASSWORD}, {granted}}}, "
        f"{{nkey: {key.public}, {granted}}} ] }}"
    )
    async with guarded_nats(folder / "nats", tls_rule(ours.issue("nats")), users) as server:
        yield House(server, ours.issue("client", "relay"), theirs.issue("stranger"), seed)


@asynccontextmanager
async def _connected(access: BusAccess) -> AsyncGenerator[Bus]:
    bus = Bus(access, "test")
    await asyncio.wait_for(bus.connect(), SECONDS)
    try:
        yield bus
    finally:
        await bus.close()


async def test_a_relay_with_a_password_and_a_subscriber_with_an_nkey_meet_over_tls(
    house: House, teller: Teller
) -> None:
    programme = teller.programme()
    by_key = house.access(USER="", PASSWORD="", SEED_FILE=str(house.seed))
    async with _connected(house.access()) as relaying, _connected(by_key) as reading:
        listener = Listener(teller.database, reading, teller)
        async with running(
            Relay(teller.database, relaying, teller.stream).run(), listener.subscriber().run()
        ):
            await teller.tell(programme, 20)
            await until(lambda: listener.has_all(programme))
        await listener.assert_once_and_in_order(programme)
        assert (await greet(by_key, SECONDS)).encrypted
    shown = await asyncio.to_thread(served_certificate, "127.0.0.1", house.server.port, Greets.NATS)
    assert "TLS, certificate until 20" in with_certificate("NATS", "it", shown).found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PASSWORD": WRONG}, "it refuses our credentials, see NATS_URL and COALITION_NATS_"),
        ({"USER": "", "PASSWORD": ""}, "it refuses our credentials"),
        (
            {"AUTHORITY": "stranger"},
            "its certificate is not believed: unable to get local issuer certificate",
        ),
        ({"AUTHORITY": ""}, "its certificate is not believed: unable to get local issuer certificate"),
        ({"SERVER_NAME": "nats.example"}, "its certificate is not believed: Hostname mismatch"),
        (
            {"CERTIFICATE": "", "KEY": ""},
            "it refuses our credentials or wants a certificate (COALITION_NATS_CERTIFICATE)",
        ),
    ],
    ids=str,
)
async def test_who_is_not_let_in_is_told_why_and_no_secret(
    house: House, changes: dict[str, str], words: str
) -> None:
    if changes.get("AUTHORITY"):
        changes = {"AUTHORITY": str(house.stranger.authority)}
    access = house.access(**changes)
    with pytest.raises(ConnectionError) as caught:
        await greet(access, SECONDS)
    with capture_logs() as logs:
        bus = Bus(access, "test")
        connecting = asyncio.ensure_future(bus.connect())
        await until(lambda: any(each["event"] == "bus.error" for each in logs), SECONDS)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
    for told in (str(caught.value), *(each["error"] for each in logs if "error" in each)):
        assert words in told
    shown = f"{logs} {caught.value} {access!r} {bus!r}"
    assert PASSWORD not in shown
    assert WRONG not in shown


async def test_a_server_that_asks_for_no_tls_hears_nothing_of_us() -> None:
    """As one that stands between would answer: a greeting without TLS. The library would go on in plain."""
    heard = bytearray()

    async def greet_in_plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b'INFO {"version":"2.15.1","headers":true,"max_payload":1048576,"auth_required":true}\r\n'
        )
        heard.extend(await reader.read(1024))
        writer.close()

    server = await asyncio.start_server(greet_in_plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        access = _access(f"tls://127.0.0.1:{port}", USER="relay", PASSWORD=PASSWORD)
        with pytest.raises(ConnectionError, match="does not ask for TLS, and NATS_URL begins with tls://"):
            await greet(access, SECONDS)
    assert bytes(heard) == b""


async def test_a_server_that_closes_without_a_word_has_not_let_us_in() -> None:
    """The library would take the end of the connection for the answer that it waits for."""

    async def greet_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"version":"2.15.1","headers":true,"max_payload":1048576}\r\n')
        heard = b""
        while b"PING" not in heard:
            heard += await reader.read(1024)
        writer.close()

    async with await asyncio.start_server(greet_and_leave, "127.0.0.1", 0) as server:
        url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ConnectionError, match="it closed the connection at once"):
            await greet(_access(url), SECONDS)


async def test_a_token_and_a_credentials_file_are_let_in_and_wrong_ones_are_not(tmp_path: Path) -> None:
    rules = credentials_file(tmp_path / "relay.creds")
    credentials_file(tmp_path / "other.creds")
    async with guarded_nats(tmp_path / "token", "authorization { token: s3cr3t-t0ken }") as server:
        url = f"nats://127.0.0.1:{server.port}"
        assert not (await greet(_access(url, TOKEN="s3cr3t-t0ken"), SECONDS)).encrypted
        with pytest.raises(ConnectionError, match="it refuses our credentials"):
            await greet(_access(url, TOKEN=WRONG), SECONDS)
    async with guarded_nats(tmp_path / "jwt", rules) as server:
        url = f"nats://127.0.0.1:{server.port}"
        assert await greet(_access(url, CREDENTIALS_FILE=str(tmp_path / "relay.creds")), SECONDS)
        with pytest.raises(ConnectionError, match="it refuses our credentials"):
            await greet(_access(url, CREDENTIALS_FILE=str(tmp_path / "other.creds")), SECONDS)
