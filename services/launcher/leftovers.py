"""Finding and ending what an earlier supervisor left running, and nothing else.

A process counts as ours only by evidence that it carries itself: the folder it works in and the program
it runs, or a marker in its environment. Process ids in files are not evidence: they get reused.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

#: Set in the environment of every supervised process to the state directory it belongs to.
MARKER: Final = "COALITION_SUPERVISED_BY"
POLL_SECONDS: Final = 0.05


def processes_in(directory: Path, program: str) -> list[int]:
    """Ids of the processes whose working directory is `directory` and whose program is named `program`.

    PostgreSQL's processes all work in their data directory, whatever became of their parent.
    """
    return [
        pid
        for pid in _process_ids()
        if _link(pid, "cwd") == str(directory) and Path(_link(pid, "exe")).name == program
    ]


def processes_marked(state_dir: Path, program: str | None = None) -> list[int]:
    """Ids of the processes that a supervisor of `state_dir` started; of one `program` only, if named."""
    marker = f"{MARKER}={state_dir}".encode()
    return [
        pid
        for pid in _process_ids()
        if marker in _environment(pid) and program in (None, Path(_link(pid, "exe")).name)
    ]


def end_processes(pids: Sequence[int], steps: Sequence[tuple[signal.Signals, float]]) -> list[int]:
    """Send each step's signal to those alive and wait its seconds; returns those that still live."""
    alive = list(pids)
    for number, patience_seconds in steps:
        for pid in alive:
            _send(pid, number)
        deadline = time.monotonic() + patience_seconds
        while (alive := [pid for pid in alive if _runs(pid)]) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if not alive:
            break
    return alive


def _process_ids() -> Iterator[int]:
    own = os.getpid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _link(pid: int, name: str) -> str:
    """Target of /proc/PID/name; empty for processes that are gone or are not ours to look at."""
    try:
        # The kernel appends this when the file was replaced since, for instance by a new wheel.
        return str(Path(f"/proc/{pid}/{name}").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def _environment(pid: int) -> Sequence[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ()


def _runs(pid: int) -> bool:
    """Whether the process exists and is more than a zombie that nobody has waited for yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # The state follows the name, which is in brackets and may itself hold brackets and blanks.
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
