"""The `coalition` command, each time in a process of its own that is forked from one which has imported it already.

A command takes half a second to import what it needs, and tests run hundreds of them. One process a test worker imports that
once and forks for each command: the child gets arguments, environment, standard output and error of its own, and runs what
the command line runs. (Where a command starts from nothing, tests start it so: see tests/e2e/test_public_api.py.)
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

_IMPORTED: Final = (
    "approvals", "audit", "campaign", "events", "insights", "members", "notifications", "partner", "points",
    "programme", "settle", "staff", "verify",
)  # fmt: skip
_STDOUT: Final = 1
_EXIT_SECONDS: Final = 10.0


class CommandLine:
    """The process that forks, and the commands under way."""

    def __init__(self) -> None:
        """Starts it; it ends with this process."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Future[int]]] = {}
        self._asked = 0
        threading.Thread(target=self._listen, name="command line", daemon=True).start()

    async def run(self, words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of `coalition WORDS`."""
        loop = asyncio.get_running_loop()
        self._asked += 1
        answer: asyncio.Future[int] = loop.create_future()
        self._waiting[self._asked] = loop, answer
        with tempfile.TemporaryDirectory(prefix="coalition-command-") as folder:
            request = {"id": self._asked, "words": words, "environment": dict(environment), "folder": folder}
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            status = await answer
            return status, Path(folder, "out").read_text(), Path(folder, "err").read_text()

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_EXIT_SECONDS)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            loop, waiting = self._waiting.pop(answer["id"])
            loop.call_soon_threadsafe(_give, waiting, answer["status"])


def _give(waiting: asyncio.Future[int], status: int) -> None:
    if not waiting.done():
        waiting.set_result(status)


_started: CommandLine | None = None


async def run_command(*words: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `coalition WORDS`, with this process's environment and more."""
    global _started
    if _started is None:
        _started = CommandLine()
        atexit.register(_started.close)
    return await _started.run(words, {**os.environ, **environment})


def _main() -> None:
    """The process that forks: a request a line on standard input, an answer a line on standard output.

    It has one thread only, so that a child inherits nothing that another one holds.
    """
    for name in _IMPORTED:
        if importlib.util.find_spec(f"services.launcher.commands.{name}") is not None:
            importlib.import_module(f"services.launcher.commands.{name}")
    numbers: dict[int, int] = {}
    ended: dict[int, int] = {}

    def tell() -> None:
        for pid in [pid for pid in ended if pid in numbers]:
            answer = {"id": numbers.pop(pid), "status": os.waitstatus_to_exitcode(ended.pop(pid))}
            os.write(_STDOUT, (json.dumps(answer) + "\n").encode())

    def reap(_number: int, _frame: object) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                ended[found[0]] = found[1]
        tell()

    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(request)
        numbers[pid] = request["id"]
        # One that was as quick as this.
        tell()


def _become(request: dict[str, Any]) -> NoReturn:
    """The command, in the child."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, name in ((1, "out"), (2, "err")):
            opened = os.open(Path(request["folder"], name), os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["coalition", *request["words"]]
        # What usage says the program is called.
        sys.modules["__main__"].__package__ = None
        from services.launcher.cli import main

        main()
        status = 0
    except SystemExit as exited:
        status = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _main()
