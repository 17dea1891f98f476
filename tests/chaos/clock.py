"""The wall clock of the processes under test, which can be stepped while they run: libfaketime with a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

#: Where Debian and Ubuntu put it (`apt-get install faketime`), by architecture.
_LIBRARIES: Final = ("usr/lib/*/faketime/libfaketime.so.1", "usr/lib/faketime/libfaketime.so.1")

_SHARED_MEMORY: Final = Path("/dev/shm")


def library() -> Path | None:
    """The library that steps clocks; None where it is not installed."""
    return next((path for pattern in _LIBRARIES for path in sorted(Path("/").glob(pattern))), None)


class Clock:
    """The clock that all processes of a run share, so many seconds ahead of the machine's. It steps at once."""

    def __init__(self, folder: Path, *, is_real: bool = False) -> None:
        """`folder` exists; every user may enter it. `is_real`: it is the machine's own, and never steps.

        One that steps is read from its file each time, under one lock of a process: with twenty threads or so, that is all they do.
        """
        self._file = folder / "clock"
        self._library = None if is_real else library()
        self.offset_seconds = 0
        self.step(0)

    @property
    def steps(self) -> bool:
        """Whether it can be stepped here."""
        return self._library is not None

    def step(self, offset_seconds: int) -> None:
        """Sets how far it is ahead of the machine's clock; below zero: behind it."""
        self.offset_seconds = offset_seconds
        # Replaced as a whole: a process that reads it meanwhile must not find half of it.
        work = self._file.with_suffix(".new")
        work.write_text(f"{offset_seconds:+d}\n")
        work.chmod(0o644)
        work.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to go by it; nothing where it cannot be stepped."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # What waits and times out goes by the monotonic clock, which never steps.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def command(self, *words: str) -> tuple[str, ...]:
        """A command that goes by it.

        Set by `env` at the very end: what starts a process and then becomes another user must not load the library,
        which makes a semaphore of the user that it finds.
        """
        settings = (f"{name}={value}" for name, value in self.environment.items())
        return ("/usr/bin/env", *settings, *words)

    @staticmethod
    def forget(pids: Iterable[int]) -> None:
        """Removes what the library has left in shared memory of processes that were killed.

        By their ids: a later process of another user's that got one of them could not be started.
        """
        for pid in pids:
            for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
                (_SHARED_MEMORY / name).unlink(missing_ok=True)
