"""What comes to the public API, in a process of its own: `python -m tests.performance.http_arrivals_load`.

Earns arrive at a fixed rate, each as a request of its own, however long those before take to be answered; what one takes is counted
from when it was due. Until it is told to stop. See load_process.py; wrk has no fixed rate, and a client for every day would take
more time than the gateway.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final, cast

import uvloop

from tests.performance.posting_load import cpu_us

#: Opened before the first is due, and at most; those due beyond wait for one.
_CONNECTIONS, _CONNECTIONS_MAX = 64, 512
_ANSWER_SECONDS_MAX: Final = 30.0
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where: purchases in pieces, as load.lua puts them together. `count`: no more than so many.

    `tills`: secret and store of partners; `host`: host:port.
    """

    host: str
    path: str
    run: str
    per_second: int
    count: int
    pieces: list[str]
    cards: list[str]
    tills: list[list[str]]

    def to_line(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    def requests(self) -> Iterator[bytes]:
        """Requests, each with a key and a reference of its own; members and partners in turn."""
        start, to_reference, to_store, end = self.pieces
        for number in range(self.count):
            secret, store = self.tills[number % len(self.tills)]
            key = f"{self.run}-{number}"
            card = self.cards[number * 7_919 % len(self.cards)]
            body = f"{start}{card}{to_reference}{key}{to_store}{store}{end}"
            yield (
                f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {secret}\r\n"
                f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: how often each status was answered (0: none), and what each request took. `complaint`: a wrong answer."""

    statuses: dict[str, int]
    seconds: float
    cpu_us: int
    call_ms: list[float]
    complaint: str = ""


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # (uvloop's is one in all but name.)
        self._transport = cast("asyncio.Transport", transport)

    @property
    def is_open(self) -> bool:
        """Whether it can be asked on."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; 0 where the connection was lost or nothing came."""
        if self._transport is None or self._transport.is_closing():
            return 0, b"no connection"
        self._answer, self._held = asyncio.get_running_loop().create_future(), b""
        self._transport.write(request)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                return await self._answer
        except TimeoutError:
            return 0, b"no answer"

    def data_received(self, data: bytes) -> None:
        self._held += data
        head_ends = self._held.find(_HEAD_END)
        told = _LENGTH.search(self._held, 0, head_ends) if head_ends > 0 else None
        if told and len(self._held) >= head_ends + len(_HEAD_END) + int(told[1]):
            self._tell(int(self._held[9:12]), self._held[head_ends + len(_HEAD_END) :])

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(0, repr(exc).encode())

    def _tell(self, status: int, body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, body))


@dataclass(slots=True)
class _Answers:
    statuses: Counter[str] = field(default_factory=Counter[str])
    call_ms: list[float] = field(default_factory=list[float])
    seconds: float = 0.0
    complaint: str = ""


class _Connections:
    """Those that rest, and how many there are."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._resting: deque[_Connection] = deque()
        self._slots = asyncio.Semaphore(_CONNECTIONS_MAX)

    async def open(self) -> None:
        """Opens the first ones."""
        self._resting.extend(await asyncio.gather(*(self._another() for _ in range(_CONNECTIONS))))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Sends a request on one that rests, else on another."""
        async with self._slots:
            connection = self._rested() or await self._another()
            try:
                return await connection.ask(request)
            finally:
                self._resting.append(connection)

    def _rested(self) -> _Connection | None:
        """One that is open still: those that rest for long the gateway closes."""
        while self._resting:
            connection = self._resting.pop()
            if connection.is_open:
                return connection
        return None

    async def _another(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            _Connection, self._host, self._port
        )
        return connection


async def arrive(order: Order, requests: list[bytes]) -> _Answers:
    """Sends a request whenever one is due, until a line comes from standard input or none is left."""
    host, _, port = order.host.rpartition(":")
    connections = _Connections(host, int(port))
    await connections.open()
    answers, under_way = _Answers(), set[asyncio.Task[None]]()
    stop = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()

    async def one(request: bytes, due: float) -> None:
        status, body = await connections.ask(request)
        answers.call_ms.append((time.perf_counter() - due) * 1_000)
        answers.statuses[str(status)] += 1
        if status != 201 and not answers.complaint:
            answers.complaint = body.decode(errors="replace")[:300]

    for number, request in enumerate(requests):
        due = started + number / order.per_second
        while not stop.done() and (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if stop.done():
            break
        task = asyncio.create_task(one(request, due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    answers.seconds = time.perf_counter() - started
    return answers


def main() -> None:
    """Does one load."""
    order = Order(**json.loads(sys.stdin.readline()))
    requests = list(order.requests())
    print("ready", flush=True)
    sys.stdin.readline()
    used_before = cpu_us()
    answers = uvloop.run(arrive(order, requests))
    used = cpu_us() - used_before
    outcome = Outcome(dict(answers.statuses), answers.seconds, used, answers.call_ms, answers.complaint)
    print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
