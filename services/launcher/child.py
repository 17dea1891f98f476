"""A child process that dies with its parent, logs to a file and is stopped step by step."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.launcher.embedded import tether

StopSteps = tuple[tuple[signal.Signals, float], ...]

#: Signal to send and seconds to wait for the end after it; the next step follows when they pass.
GRACEFUL: Final[StopSteps] = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))

#: A log is moved aside (one generation is kept) when a process starts and it is larger than this.
LOG_SIZE_MAX_BYTES: Final = 32 * 1024 * 1024
LOG_TAIL_BYTES: Final = 2_000


@dataclass(frozen=True)
class SystemUser:
    """An unprivileged user of the machine that a child runs as."""

    name: str
    uid: int
    gid: int


class ChildProcess:
    """A running child in a session of its own, so that Ctrl-C in a terminal reaches only the parent.

    It must be created by a thread that outlives it: the kernel ties it to that thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log_path: Path,
        environment: Mapping[str, str],
        user: SystemUser | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
        working_directory: Path | None = None,
    ) -> None:
        """Start `command` (absolute path first) as `user`, or as ourselves. Raises OSError."""
        _set_aside_large_log(log_path)
        identity = (str(user.uid), str(user.gid)) if user else ("-", "-")
        shim = (sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(int(death_signal)))
        log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log_path = log_path
        self._log_start = os.fstat(log_fd).st_size
        try:
            self._popen = subprocess.Popen(
                (*shim, *identity, *command),
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                env=dict(environment),
                cwd=working_directory,
                start_new_session=True,
            )
        finally:
            os.close(log_fd)

    @property
    def pid(self) -> int:
        """Process id; the shim becomes the command, so it never changes."""
        return self._popen.pid

    def exit_status(self) -> int | None:
        """None while it runs; then the exit status, negative for the signal that ended it."""
        return self._popen.poll()

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.exit_status() is None

    def stop(self, steps: StopSteps = GRACEFUL) -> None:
        """Send each step's signal and wait its seconds; blocks for at most their sum.

        SIGKILL goes to the whole session, so that nothing it started survives it.
        """
        for number, patience_seconds in steps:
            if not self.is_alive():
                break
            if number == signal.SIGKILL:
                kill_session(self.pid)
            else:
                self._popen.send_signal(number)
            try:
                self._popen.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                continue

    def log_tail(self) -> str:
        """The end of what this process wrote to its log, at most 2,000 bytes."""
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - LOG_TAIL_BYTES))
                return log.read(LOG_TAIL_BYTES).decode(errors="replace").strip()
        except OSError as error:
            return f"(no log: {error})"


class ChildUnit:
    """What every unit of the supervisor tells of its child, and how it ends it; `launch` sets the child."""

    def __init__(self, log_path: Path, stop_steps: StopSteps = GRACEFUL) -> None:
        self._log_path, self._stop_steps = log_path, stop_steps
        self._child: ChildProcess | None = None

    @property
    def log_path(self) -> Path:
        """Where its output goes."""
        return self._log_path

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child and self._child.is_alive() else None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.pid is not None

    def exit_status(self) -> int | None:
        """How the last process ended; None while one runs or before the first."""
        return self._child.exit_status() if self._child else None

    def log_tail(self) -> str:
        """The end of what the last process wrote to its log."""
        return self._child.log_tail() if self._child else ""

    def stop(self) -> None:
        """End it step by step, by force in the end. Does nothing when it is not running."""
        if self._child is not None:
            self._child.stop(self._stop_steps)


def kill_session(pid: int) -> None:
    """SIGKILL the process group that `pid` leads; does nothing when it is gone."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def describe_exit(status: int | None) -> str:
    """`exit status 1`, or `signal SIGKILL`, for a message."""
    if status is None:
        return "still running"
    if status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"


def _set_aside_large_log(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.stat().st_size > LOG_SIZE_MAX_BYTES:
            path.replace(path.with_suffix(path.suffix + ".1"))
    except FileNotFoundError:
        return
