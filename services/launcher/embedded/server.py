"""What the servers from wheels have in common: a port of their own, a start in three steps, a wait."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from services.launcher.child import ChildUnit, StopSteps, describe_exit
from services.launcher.errors import ServerFailed
from services.launcher.ports import free_port, is_free

PORT_ATTEMPTS_MAX: Final = 5
POLL_SECONDS: Final = 0.02


class EmbeddedServer(ChildUnit, ABC):
    """A server process of ours on 127.0.0.1, with its data in a state directory; a Unit of the supervisor.

    `start` is `prepare` (files, slow), `launch` (the fork, quick) and `wait_until_ready`. The three are
    apart because a child dies with the *thread* that forked it: `launch` belongs on a thread that lives
    as long as the server should.
    """

    program: str
    ready_timeout_seconds: float

    def __init__(self, log_path: Path, port: int | None, stop_steps: StopSteps) -> None:
        """`port` None: a free one."""
        super().__init__(log_path, stop_steps)
        self._port = port or free_port()
        self._port_is_final = port is not None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, with credentials. Final once `start` has returned."""

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1. Final once `start` has returned."""
        return self._port

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder if needed and end what an earlier run left behind in it. Raises ServerFailed."""

    @abstractmethod
    def launch(self) -> None:
        """Fork the server."""

    def start(self) -> str:
        """Prepare, launch, wait; recovers whatever state a kill -9 left. Returns the url.

        Starts on a free port, the same one every time for this object. Raises ServerFailed.
        """
        for attempt in range(1, PORT_ATTEMPTS_MAX + 1):
            self.prepare()
            self.launch()
            try:
                self.wait_until_ready()
                return self.url
            except ServerFailed:
                port_was_taken = "already in use" in self.log_tail()
                if self._port_is_final or not port_was_taken or attempt == PORT_ATTEMPTS_MAX:
                    raise
                self._port = free_port()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def is_ready(self) -> bool:
        """Whether it accepts clients now; looks once."""
        if not self.is_alive() or not self._accepts_clients():
            return False
        self._port_is_final = True
        return True

    def wait_until_ready(self) -> None:
        """Wait until it accepts clients, recovery included. Raises ServerFailed with the end of its log."""
        deadline = time.monotonic() + self.ready_timeout_seconds
        while not self.is_ready():
            status = self.exit_status()
            if status is not None or time.monotonic() > deadline:
                reason = (
                    describe_exit(status)
                    if status is not None
                    else f"not ready within {self.ready_timeout_seconds:.0f} s"
                )
                self.stop()
                raise ServerFailed(
                    f"{self.program} did not start on port {self._port} ({reason}); log {self.log_path}:\n{self.log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    @abstractmethod
    def _accepts_clients(self) -> bool: ...

    def _find_port(self) -> None:
        """Another free port, where the one that was found is taken by now and nobody was told it."""
        if not self._port_is_final and not is_free(self._port):
            self._port = free_port()
