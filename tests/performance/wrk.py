"""wrk: the HTTP load, from a process that is quicker than what it measures."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.performance import sale
from tests.performance.plan import BATCH_CONNECTIONS, HTTP_CONNECTIONS, LINES_A_BATCH, RowFailed
from tests.performance.programme import OCCURRED_AT_US, Bench
from tests.performance.results import Latency

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_RESULT: Final = "BENCH "
_ANSWER_SECONDS_MAX: Final = 30
#: Batches under way when the time is up are waited for so long.
_BATCH_GRACE_SECONDS: Final = 3
_GRACE_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class HttpLoad:
    """What came of a load: requests answered, and lines where they were batches."""

    requests: int
    lines: int
    seconds: float
    latency: Latency


async def run(
    url: str, bench: Bench, run: str, seconds: float, *, batches: bool = False, burns: bool = False
) -> HttpLoad:
    """Posts purchases to a URL for so many seconds; `burns`: such that points pay for in part.

    Raises RowFailed for any answer that is not a success, a line that is not accepted, or a lost connection.
    """
    connections = BATCH_CONNECTIONS if batches else HTTP_CONNECTIONS
    lines = LINES_A_BATCH if batches else 0
    # One thread: it makes some ten times the load that one Python process answers.
    command = [
        *("wrk", "-t", "1", "-c", str(connections), "--timeout", f"{_ANSWER_SECONDS_MAX}s", "-s", str(_SCRIPT)),
        *("-d", f"{round(seconds) + (_BATCH_GRACE_SECONDS if batches else 0)}s", url),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="coalition-load-") as folder:
        order = Path(folder) / "load-order.lua"
        order.write_text(_order(url, bench, run, lines, seconds, burns=burns))
        told = await _told(command, {**os.environ, "COALITION_BENCH_LOAD": str(order)}, seconds)
    found = _found(told)
    _check(found, lines)
    latency = Latency(found["p50_us"] / 1_000, found["p99_us"] / 1_000)
    took = found["lines_seconds"] if batches else found["seconds"]
    return HttpLoad(found["requests"], found["accepted"], took, latency)


def _order(url: str, bench: Bench, run: str, lines: int, seconds: float, *, burns: bool) -> str:
    parts = urlsplit(url)
    fields = {
        "run": _lua(run),
        "path": _lua(parts.path),
        "host": _lua(parts.netloc),
        "lines": str(lines),
        "seconds": str(seconds),
        "pieces": _lua_list(
            [_lua(piece) for piece in sale.http_pieces(OCCURRED_AT_US, in_batch=lines > 0, burns=burns)]
        ),
        "cards": _lua_list([_lua(member.card) for member in bench.members]),
        "tills": _lua_list(
            [_lua_list([_lua(each.secret), _lua(each.store_code)]) for each in bench.partners]
        ),
    }
    return "return {" + ", ".join(f"{name} = {value}" for name, value in fields.items()) + "}\n"


def _lua(text: str) -> str:
    """A Lua string literal. JSON's escapes for the characters we use are Lua's as well."""
    return json.dumps(text)


def _lua_list(values: Sequence[str]) -> str:
    return "{" + ", ".join(values) + "}"


async def _told(command: Sequence[str], environment: dict[str, str], seconds: float) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds + _BATCH_GRACE_SECONDS + _GRACE_SECONDS):
            told, _ = await process.communicate()
    except TimeoutError:
        raise RowFailed("wrk did not end") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RowFailed(f"wrk failed: {told.decode(errors='replace')[-500:]}")
    return told.decode(errors="replace")


def _found(told: str) -> dict[str, Any]:
    for line in told.splitlines():
        if line.startswith(_RESULT):
            return json.loads(line.removeprefix(_RESULT))
    raise RowFailed(f"wrk told nothing: {told[-500:]}")


def _check(found: dict[str, Any], lines: int) -> None:
    troubles = {
        name: found[name]
        for name in ("status", "connect", "read", "write", "timeout", "wrong")
        if found[name]
    }
    if troubles:
        raise RowFailed(f"of {found['requests']} requests failed: {troubles} {found['complaint']}".rstrip())
    if not found["requests"]:
        raise RowFailed("not one request was answered")
    if found["accepted"] != found["requests"] * lines:
        raise RowFailed(f"{found['accepted']} lines accepted of {found['requests'] * lines} sent")
