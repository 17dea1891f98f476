"""nats-py's client as ours: quicker at what a relay does, and true to what was set about TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import nats.errors
import nkeys
from nats.aio.client import Client
from nats.aio.transport import TcpTransport

from services.runtime.bus_access import CERTIFICATE, CREDENTIALS_FILE, SEED_FILE, BusAccess

# The library says int and takes any number.
RECONNECT_SECONDS: Final = 0.25
# It says so and closes at once; what it said is lost where we were writing still.
_CLOSED: Final = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


class _Transport(TcpTransport):
    """The library's, which after a failed handshake waits for the end of its connection for ever, and so never tries again."""

    def __init__(self) -> None:
        super().__init__()
        self._handshake_failed = False

    def __bool__(self) -> bool:
        # The client makes one of its own in place of one that is not connected.
        return True

    async def connect(self, *arguments: Any, **named: Any) -> None:
        """As the library's, which leaves the connection before open where it was not let in: one more with each time that it tries again."""
        for writer in (self._io_writer, self._bare_io_writer):
            if writer is not None:
                writer.transport.abort()
        self._handshake_failed = False
        await super().connect(*arguments, **named)

    async def connect_tls(self, *arguments: Any, **named: Any) -> None:
        """As the library's."""
        try:
            await super().connect_tls(*arguments, **named)
        except BaseException:
            self._handshake_failed = True
            raise

    async def readline(self) -> bytes:
        """As the library's, which reads lines until it is let in, and takes the end of the connection for being so."""
        line = await super().readline()
        if not line:
            raise ConnectionResetError("closed before it let us in")
        return line

    async def wait_closed(self) -> None:
        """As the library's, but for a connection whose stream was given away to a handshake: it never hears of its end."""
        if not self._handshake_failed:
            await super().wait_closed()


class EventClient(Client):
    """nats-py's client with a header parser a fifth as dear: its own looks at every character of every name.

    And with a way to publish a block of events in one write: one by one, checks and copies cost more than
    all else the relay does. And with TLS that is not given up where the server offers none.
    """

    def __init__(self, access: BusAccess) -> None:
        super().__init__()
        self._access = access
        self._transport = _Transport()

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """Read anew for each connection."""
        return self._access.context()

    @property
    def server_info(self) -> Mapping[str, Any]:
        """What the server said of itself."""
        return self._server_info

    def _connect_command(self) -> bytes:
        # The library goes on in plain, password and all, where the server's greeting does not ask for TLS. Whoever stands
        # between could have taken that out.
        if self._access.encrypted and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server does not ask for TLS, and NATS_URL begins with tls://")
        with _usable_files():
            return super()._connect_command()

    def _setup_nkeys_connect(self) -> None:
        with _usable_files():
            super()._setup_nkeys_connect()

    async def publish_frames(self, frames: Sequence[bytes]) -> None:
        """Sends publish commands made by frame_of. Raises nats.errors.Error where that cannot be done now."""
        if not self.is_connected:
            raise nats.errors.ConnectionClosedError
        self.stats["out_msgs"] += len(frames)
        await self._send_command(b"".join(frames))
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                headers[name] = value.strip()
        return headers


@contextmanager
def _usable_files() -> Generator[None]:
    """Tells what is wrong with a file of credentials as an error of the connection, which is tried again.

    Anything else ends the library's task that reconnects, without a word, and for good: a file that is written anew may be no use
    for a moment.
    """
    try:
        yield
    except (nkeys.NkeysError, ValueError, TypeError, AttributeError):
        # Without the library's words, which may quote the file.
        raise nats.errors.Error(f"the file of {SEED_FILE} or {CREDENTIALS_FILE} cannot be used") from None


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a NATS server that has let us in says of itself, and whether the connection is encrypted."""

    version: str
    jetstream: bool
    encrypted: bool


async def greet(access: BusAccess, timeout_seconds: float) -> Greeting:
    """Signs in once and leaves again. Raises ConnectionError, which says why it did not come to that."""
    met: list[Exception] = []

    async def on_error(error: Exception) -> None:
        met.append(error)

    client = EventClient(access)
    try:
        async with asyncio.timeout(timeout_seconds):
            await client.connect(
                **access.options(),
                name="coalition-doctor",
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=cast("int", RECONNECT_SECONDS),
                error_cb=on_error,
            )
            info = client.server_info
            return Greeting(
                str(info.get("version", "")),
                info.get("jetstream") is True,
                bool(info.get("tls_required")),
            )
    except (OSError, nats.errors.Error, TimeoutError, ValueError) as error:
        raise ConnectionError(trouble(met[-1] if met else error, access)) from error
    finally:
        # (What did not come so far as to connect has nothing to close, and the library says so.)
        with suppress(AssertionError):
            await client.close()


def trouble(error: Exception, access: BusAccess) -> str:
    """An error of the connection for a person: what was met, and which setting it is about. No secret is in it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    words = str(error) or type(error).__name__
    if "authorization violation" in words.lower():
        return "it refuses our credentials, see NATS_URL and COALITION_NATS_…"
    if "CERTIFICATE_REQUIRED" in words or isinstance(error, _CLOSED):
        wants = (
            f" or wants a certificate ({CERTIFICATE})" if access.encrypted and not access.certificate else ""
        )
        return f"it closed the connection at once: it refuses our credentials{wants}, see NATS_URL and COALITION_NATS_…"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or words}"
    return words
