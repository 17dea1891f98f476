"""What comes to the lane for tills, in a process of its own: `python -m tests.performance.arrivals_load`.

Earns arrive at a fixed rate, each in a call of its own, however long the calls before take to be answered; what an earn
takes is counted from when it was due. Until it is told to stop. See load_process.py.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import grpc.aio
import uvloop

from services.runtime.grpc_client import open_channel
from services.runtime.principal import METADATA_KEY
from tests.performance.posting_calls import Call, Calls, Order
from tests.performance.posting_load import count, cpu_us

_METHOD: Final = "/coalition.points.v1.PointsService/Post"
_CALL_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: items accepted by kind, how often each other thing happened, and what each earn took."""

    accepted: dict[str, int]
    other: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]


@dataclass(slots=True)
class _Answers:
    responses: list[bytes] = field(default_factory=list[bytes])
    call_ms: list[float] = field(default_factory=list[float])
    seconds: float = 0.0


async def arrive(order: Order, per_second: int, calls: Sequence[Call]) -> _Answers:
    """Sends a call whenever one is due, until a line comes from standard input or none is left."""
    channel: Any = open_channel(order.targets[0])
    post = channel.unary_unary(_METHOD)
    metadata = ((METADATA_KEY, b64decode(order.own_principal)),)
    await channel.channel_ready()
    answers, under_way = _Answers(), set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()
    stop = loop.run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()

    async def one(request: bytes, due: float) -> None:
        answers.responses.append(await post(request, timeout=_CALL_SECONDS_MAX, metadata=metadata))
        answers.call_ms.append((time.perf_counter() - due) * 1_000)

    try:
        for number, call in enumerate(calls):
            due = started + number / per_second
            while not stop.done() and (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if stop.done():
                break
            under_way.add(asyncio.create_task(one(bytes(call.request), due)))
        await asyncio.gather(*under_way)
        answers.seconds = time.perf_counter() - started
        return answers
    finally:
        await channel.close()


def main() -> None:
    """Does one load."""
    told = json.loads(sys.stdin.readline())
    order = Order.from_line(told["order"])
    calls = Calls(order).earns()
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = cpu_us()
    try:
        answers = uvloop.run(arrive(order, told["per_second"], calls))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"a call failed: {error.code()}: {error.details()}")
    used = cpu_us() - used_before
    accepted, other = count(answers.responses)
    outcome = Outcome(dict(accepted), dict(other), answers.seconds, used, answers.call_ms)
    print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
