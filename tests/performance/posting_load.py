"""The load of the posting rows, in a process of its own: `python -m tests.performance.posting_load`.

Reads what to do from standard input, builds all requests, says `ready`, waits for a line, sends them with
several calls in flight, looks at every answer afterwards, and prints what came of it as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import grpc.aio
import uvloop
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime.grpc_client import open_channel
from services.runtime.principal import METADATA_KEY
from tests.performance.posting_calls import Call, Order, lanes_of

_METHOD: Final = "/coalition.points.v1.PointsService/Post"
_CALL_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: items accepted by kind, and how often each other thing happened."""

    accepted: dict[str, int]
    other: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]

    @property
    def postings(self) -> int:
        """Items accepted, of all kinds."""
        return sum(self.accepted.values())


async def send(
    target: str, own_principal: bytes, lanes: list[Iterator[Call]]
) -> tuple[list[bytes], list[float], float]:
    """Sends all calls, one at a time in each lane; answers the responses, each one's milliseconds, and all seconds."""
    channel: Any = open_channel(target)
    # No serializers: bytes were made before, and are looked at afterwards.
    post = channel.unary_unary(_METHOD)
    metadata = ((METADATA_KEY, own_principal),)
    await channel.channel_ready()
    responses: list[bytes] = []
    call_ms: list[float] = []

    async def caller(lane: Iterator[Call]) -> None:
        holds: list[bytes] = []
        for call in lane:
            if call.captures:
                call.capture(holds)
            began = time.perf_counter()
            response = await post(bytes(call.request), timeout=_CALL_SECONDS_MAX, metadata=metadata)
            call_ms.append((time.perf_counter() - began) * 1_000)
            responses.append(response)
            if call.holds:
                results = points_pb2.PostResponse.FromString(response).results
                holds = [results[place].transaction.transaction_id for place in call.holds]

    started = time.perf_counter()
    try:
        await asyncio.gather(*(caller(lane) for lane in lanes))
        return responses, call_ms, time.perf_counter() - started
    finally:
        await channel.close()


def count(responses: list[bytes]) -> tuple[Counter[str], Counter[str]]:
    """How many of each kind were accepted, and how often anything else came: a replay, or the reason of a refusal."""
    accepted: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for response in responses:
        for result in points_pb2.PostResponse.FromString(response).results:
            if result.outcome != movement_pb2.OUTCOME_ACCEPTED:
                other[f"{result.error.reason}: {result.error.message}"[:200]] += 1
            elif result.replayed:
                other["replayed"] += 1
            else:
                kind = movement_pb2.MovementKind.Name(result.transaction.kind)
                accepted[kind.removeprefix("MOVEMENT_KIND_").lower()] += 1
    return accepted, other


def main() -> None:
    """Does one load."""
    order = Order.from_line(sys.stdin.readline())
    lanes = lanes_of(order)
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = _cpu_us()
    try:
        responses, call_ms, seconds = uvloop.run(send(order.target, b64decode(order.own_principal), lanes))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"a call failed: {error.code()}: {error.details()}")
    used = _cpu_us() - used_before
    accepted, other = count(responses)
    print(json.dumps(asdict(Outcome(dict(accepted), dict(other), seconds, used, call_ms))), flush=True)


def _cpu_us() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1_000_000)


if __name__ == "__main__":
    main()
