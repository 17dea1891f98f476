"""The load of posting.earn_batched, in a process of its own: `python -m tests.performance.posting_load`.

Reads what to do from standard input, builds all requests, says `ready`, waits for a line, sends them with
several calls in flight, looks at every answer afterwards, and prints what came of it as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

import grpc.aio
import uvloop
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime.grpc_client import open_channel
from services.runtime.principal import METADATA_KEY
from tests.performance.programme import OCCURRED_AT_US, unenrolled_member
from tests.performance.sale import sale_message

_METHOD: Final = "/coalition.points.v1.PointsService/Post"
_CALL_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Till:
    """Who posts: a partner's signed principal (base64) and its store's id (hexadecimal)."""

    principal: str
    store: str


@dataclass(frozen=True, slots=True)
class Order:
    """What to send. `run` makes keys and references distinct; members are numbered from `members_from`."""

    target: str
    run: str
    own_principal: str
    tills: list[Till]
    members_from: int
    members_until: int
    calls: int
    items_a_call: int
    in_flight: int

    def to_line(self) -> str:
        """The order as a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Order:
        """Reads it back."""
        told: dict[str, Any] = json.loads(line)
        told["tills"] = [Till(**each) for each in told["tills"]]
        return cls(**told)


def encode(token: bytes) -> str:
    """A signed principal as text."""
    return b64encode(token).decode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: items accepted, and how often each other thing happened."""

    accepted: int
    other: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]


def requests(order: Order) -> list[bytes]:
    """All requests, serialised: distinct keys and references, tills and members drawn anew for each item."""
    draw = random.Random(order.run)
    principals = [b64decode(till.principal) for till in order.tills]
    # The purchase is the same at one store, so it is built once for each.
    sales = [sale_message(bytes.fromhex(till.store), OCCURRED_AT_US) for till in order.tills]
    members = [unenrolled_member(no).bytes for no in range(order.members_from, order.members_until)]
    made: list[bytes] = []
    for call in range(order.calls):
        items: list[movement_pb2.Item] = []
        for place in range(order.items_a_call):
            till = draw.randrange(len(sales))
            reference = f"{order.run}-{call}-{place}"
            earn = movement_pb2.Earn(member_id=draw.choice(members), reference=reference, sale=sales[till])
            items.append(movement_pb2.Item(key=f"k:{reference}", principal=till, earn=earn))
        request = points_pb2.PostRequest(items=items, principals=principals)
        made.append(request.SerializeToString())
    return made


async def send(order: Order, made: list[bytes]) -> tuple[list[bytes], list[float], float]:
    """Sends all requests; answers the responses, each one's milliseconds, and the seconds of all."""
    channel: Any = open_channel(order.target)
    # No serializers: bytes were made before, and are looked at afterwards.
    post = channel.unary_unary(_METHOD)
    metadata = ((METADATA_KEY, b64decode(order.own_principal)),)
    await channel.channel_ready()
    left: Iterator[bytes] = iter(made)
    responses: list[bytes] = []
    call_ms: list[float] = []

    async def caller() -> None:
        for request in left:
            began = time.perf_counter()
            responses.append(await post(request, timeout=_CALL_SECONDS_MAX, metadata=metadata))
            call_ms.append((time.perf_counter() - began) * 1_000)

    started = time.perf_counter()
    try:
        await asyncio.gather(*(caller() for _ in range(order.in_flight)))
        return responses, call_ms, time.perf_counter() - started
    finally:
        await channel.close()


def count(responses: list[bytes]) -> Counter[str]:
    """How often each outcome came: `accepted`, `replayed`, or the reason of what was not accepted."""
    found: Counter[str] = Counter()
    for response in responses:
        for result in points_pb2.PostResponse.FromString(response).results:
            if result.outcome != movement_pb2.OUTCOME_ACCEPTED:
                found[f"{result.error.reason}: {result.error.message}"[:200]] += 1
            else:
                found["replayed" if result.replayed else "accepted"] += 1
    return found


def main() -> None:
    """Does one load."""
    order = Order.from_line(sys.stdin.readline())
    made = requests(order)
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = _cpu_us()
    try:
        responses, call_ms, seconds = uvloop.run(send(order, made))
    except grpc.aio.AioRpcError as error:
        sys.exit(f"a call failed: {error.code()}: {error.details()}")
    used = _cpu_us() - used_before
    found = count(responses)
    accepted = found.pop("accepted", 0)
    print(json.dumps(asdict(Outcome(accepted, dict(found), seconds, used, call_ms))), flush=True)


def _cpu_us() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1_000_000)


def owners(tills: list[tuple[bytes, UUID]]) -> list[Till]:
    """Tills from signed principals and store ids."""
    return [Till(encode(token), store.hex) for token, store in tills]


if __name__ == "__main__":
    main()
