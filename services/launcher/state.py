"""The state directory of an installation that `coalition up` runs: `.coalition/`, or COALITION_STATE_DIR.

lock                held (flock) by the supervisor; contains its process id
run.json            what runs now: process ids, ports, environment; removed at an orderly stop
secrets.json        passwords and keys, each made once
logs/NAME.log       one file per process
postgres/, nats/    data of the embedded servers (as root PostgreSQL's may be elsewhere: postgres.location)
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from services.launcher.credentials import Credentials, write_private_file
from services.launcher.errors import LauncherError, StateLocked

STATE_DIR_VARIABLE: Final = "COALITION_STATE_DIR"
STATE_DIR_DEFAULT: Final = ".coalition"


@dataclass(frozen=True)
class Running:
    """The run file: what a supervisor runs. Process ids are None between a death and the restart.

    `environment` is what clients and tools need, keys and passwords included (the file is 0600).
    """

    supervisor_pid: int
    gateway_url: str
    pids: dict[str, int | None]
    restarts: dict[str, int]
    environment: dict[str, str]


@dataclass(frozen=True)
class StateDirectory:
    """Paths and files of one installation. `path` is absolute."""

    path: Path

    @classmethod
    def default(cls) -> "StateDirectory":
        """COALITION_STATE_DIR, or .coalition in the current directory."""
        return cls.at(Path(os.environ.get(STATE_DIR_VARIABLE) or STATE_DIR_DEFAULT))

    @classmethod
    def at(cls, path: Path) -> "StateDirectory":
        """The directory at `path`, which need not exist."""
        return cls(path.expanduser().resolve())

    @property
    def logs_dir(self) -> Path:
        """Where each process has its log file."""
        return self.path / "logs"

    @property
    def run_file(self) -> Path:
        """Written whole at each change while a supervisor runs."""
        return self.path / "run.json"

    def ensure(self) -> None:
        """Make the directory, private. An existing one keeps its permissions. Raises LauncherError."""
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                # Root's PostgreSQL is another user, and has to pass through to its own folder inside.
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.logs_dir.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LauncherError(
                f"cannot make the state directory {self.path} ({error}): run from a folder you may write to, or "
                f"set {STATE_DIR_VARIABLE}"
            ) from error

    def credentials(self) -> Credentials:
        """Passwords and keys, made at the first call that needs them. Raises LauncherError where the file is damaged."""
        return Credentials.load_or_generate(self.path / "secrets.json")

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the directory for one supervisor. Raises StateLocked, naming the process that has it."""
        fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(fd, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = file.read().strip() or "unknown"
                raise StateLocked(
                    f"{self.path} is in use by process {holder}: stop that one (kill {holder}), or give this one "
                    f"a directory of its own with {STATE_DIR_VARIABLE} and ports with --free-ports"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
            # The file stays: removing it would let two processes lock two files of the same name.
            file.seek(0)
            file.truncate(0)

    def write_running(self, running: Running) -> None:
        """Replace the run file."""
        write_private_file(self.run_file, json.dumps(asdict(running), indent=2))

    def clear_running(self) -> None:
        """Remove the run file, if there is one."""
        self.run_file.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """What runs here now; None when no supervisor of this directory is alive."""
        try:
            stored: dict[str, Any] = json.loads(self.run_file.read_text())
            found = Running(**stored)
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return found if self._is_held() else None

    def _is_held(self) -> bool:
        """Whether somebody holds the lock; a process id in a file proves nothing."""
        try:
            with (self.path / "lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False
