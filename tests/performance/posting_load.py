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
from dataclasses import asdict, dataclass, field
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
    """What came of a load: items accepted by kind, and how often each other thing happened.

    `calls`: calls answered by each target; `done_at`: when each was answered, by the clock of `time.perf_counter`, which all
    processes share.
    """

    accepted: dict[str, int]
    other: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]
    calls: list[int]
    done_at: list[float]

    @property
    def postings(self) -> int:
        """Items accepted, of all kinds."""
        return sum(self.accepted.values())


@dataclass(slots=True)
class Answers:
    """What came back: responses, the milliseconds of each call, calls by target, and the seconds of all."""

    calls: list[int]
    responses: list[bytes] = field(default_factory=list[bytes])
    call_ms: list[float] = field(default_factory=list[float])
    done_at: list[float] = field(default_factory=list[float])
    seconds: float = 0.0


async def send(targets: list[str], own_principal: bytes, lanes: list[Iterator[Call]]) -> Answers:
    """Sends all calls, one at a time in each lane; the lanes take the targets in turn."""
    channels: list[Any] = [open_channel(target) for target in targets]
    metadata = ((METADATA_KEY, own_principal),)
    answers = Answers([0] * len(targets))
    for channel in channels:
        await channel.channel_ready()

    async def caller(target: int, lane: Iterator[Call]) -> None:
        # No serializers: bytes were made before, and are looked at afterwards.
        post = channels[target].unary_unary(_METHOD)
        holds: list[bytes] = []
        for call in lane:
            if call.captures:
                call.capture(holds)
            began = time.perf_counter()
            response = await post(bytes(call.request), timeout=_CALL_SECONDS_MAX, metadata=metadata)
            done = time.perf_counter()
            answers.call_ms.append((done - began) * 1_000)
            answers.done_at.append(done)
            answers.responses.append(response)
            answers.calls[target] += 1
            if call.holds:
                results = points_pb2.PostResponse.FromString(response).results
                holds = [results[place].transaction.transaction_id for place in call.holds]

    started = time.perf_counter()
    try:
        await asyncio.gather(*(caller(number % len(targets), lane) for number, lane in enumerate(lanes)))
        answers.seconds = time.perf_counter() - started
        return answers
    finally:
        for channel in channels:
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
    used_before = cpu_us()
    try:
        answers = uvloop.run(send(order.targets, b64decode(order.own_principal), lanes))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"a call failed: {error.code()}: {error.details()}")
    used = cpu_us() - used_before
    accepted, other = count(answers.responses)
    outcome = Outcome(
        dict(accepted), dict(other), answers.seconds, used, answers.call_ms, answers.calls, answers.done_at
    )
    print(json.dumps(asdict(outcome)), flush=True)


def cpu_us() -> int:
    """CPU time of this process so far, in microseconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1_000_000)


if __name__ == "__main__":
    main()
