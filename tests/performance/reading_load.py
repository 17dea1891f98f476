"""The load of the reading rows, in a process of its own: `python -m tests.performance.reading_load`.

Asks for one member's balance with several calls in flight until the time is up. See load_process.py.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from base64 import b64decode
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final

import grpc.aio
import uvloop
from coalition.points.v1 import points_pb2

from services.runtime.grpc_client import open_channel
from services.runtime.principal import METADATA_KEY
from tests.performance.posting_load import cpu_us

_METHOD: Final = "/coalition.points.v1.PointsService/GetBalance"
_CALL_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask, and for how many seconds. `own_principal` in base64, `member` in hexadecimal."""

    target: str
    own_principal: str
    member: str
    seconds: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: how often each balance was answered."""

    balances: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]


async def ask(order: Order) -> tuple[Counter[int], list[float], float]:
    """Asks until the time is up; answers how often each balance came, milliseconds of each call, and all seconds."""
    channel: Any = open_channel(order.target)
    read = channel.unary_unary(
        _METHOD,
        request_serializer=points_pb2.GetBalanceRequest.SerializeToString,
        response_deserializer=points_pb2.GetBalanceResponse.FromString,
    )
    request = points_pb2.GetBalanceRequest(member_id=bytes.fromhex(order.member))
    metadata = ((METADATA_KEY, b64decode(order.own_principal)),)
    found: Counter[int] = Counter()
    call_ms: list[float] = []
    await channel.channel_ready()
    started = time.perf_counter()

    async def caller() -> None:
        began = time.perf_counter()
        while began - started < order.seconds:
            answer = await read(request, timeout=_CALL_SECONDS_MAX, metadata=metadata)
            ended = time.perf_counter()
            found[answer.available] += 1
            call_ms.append((ended - began) * 1_000)
            began = ended

    try:
        await asyncio.gather(*(caller() for _ in range(order.in_flight)))
        return found, call_ms, time.perf_counter() - started
    finally:
        await channel.close()


def main() -> None:
    """Does one load."""
    order = Order(**json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = cpu_us()
    try:
        found, call_ms, seconds = uvloop.run(ask(order))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"a call failed: {error.code()}: {error.details()}")
    balances = {str(balance): times for balance, times in found.items()}
    print(json.dumps(asdict(Outcome(balances, seconds, cpu_us() - used_before, call_ms))), flush=True)


if __name__ == "__main__":
    main()
