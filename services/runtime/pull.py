"""A durable pull consumer that is always asked a little ahead, and hands on whatever has arrived.

nats-py's own `fetch` makes a task, a timer and a random id for every message, which costs several times what
reading it does. Here messages come on one subscription, and requests for more are made before the last ones
are used up.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import ConsumerConfig

from services.runtime.bus import Bus

# How long the server keeps a request. What it has not filled by then is asked for again.
_REQUEST_SECONDS: Final = 5.0
# A request not heard of for so much longer is taken for lost, with the server that had it.
_LOST_SECONDS: Final = 2.0
_STATUS: Final = "Status"
_NO_RESPONDERS: Final = "503"
_UNUSED: Final = "Nats-Pending-Messages"


class Pull:
    """The messages of one durable consumer, in the order of their stream."""

    def __init__(self, bus: Bus, stream: str, config: ConsumerConfig, block_max: int) -> None:
        """`block_max`: the most messages that a block holds; twice as many are asked for ahead."""
        self._bus, self._stream, self._config, self._block_max = bus, stream, config, block_max
        self._arrived: deque[Msg] = deque()
        self._some = asyncio.Event()
        self._subscription: Subscription | None = None
        self._inbox = ""
        # Messages that the server may still send on our requests, and when the last of these has surely ended.
        self._expected, self._ended_at = 0, 0.0
        self._gone = False

    async def open(self) -> None:
        """Makes the consumer where it is not there, and listens. Raises nats.errors.Error."""
        await self._bus.jetstream.add_consumer(self._stream, self._config)
        self._inbox = self._bus.client.new_inbox()
        self._subscription = await self._bus.client.subscribe(self._inbox, cb=self._on_message)

    async def block(self, seconds: float) -> list[Msg]:
        """What has arrived, at most a block; waits for the first message, and is empty after so long.

        Raises nats.errors.NoRespondersError where stream or consumer have gone.
        """
        await self._ask()
        if not self._arrived:
            self._some.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._some.wait()
            except TimeoutError:
                return []
        if self._gone:
            raise nats.errors.NoRespondersError
        return [self._arrived.popleft() for _ in range(min(self._block_max, len(self._arrived)))]

    async def close(self) -> None:
        """Stops listening. What has arrived and was not acknowledged comes again."""
        if self._subscription is not None:
            try:
                await self._subscription.unsubscribe()
            except nats.errors.Error:
                return

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        if now > self._ended_at:
            self._expected = 0
        if self._expected + len(self._arrived) > self._block_max:
            return
        more = 2 * self._block_max - self._expected - len(self._arrived)
        request = {"batch": more, "expires": round(_REQUEST_SECONDS * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._config.durable_name}"
        await self._bus.client.publish(subject, json.dumps(request).encode(), reply=self._inbox)
        self._expected += more
        self._ended_at = now + _REQUEST_SECONDS + _LOST_SECONDS

    async def _on_message(self, message: Msg) -> None:
        headers = message.headers
        if headers and _STATUS in headers and not message.data:
            self._on_status(headers)
            return
        self._expected -= 1
        self._arrived.append(message)
        self._some.set()

    def _on_status(self, headers: dict[str, str]) -> None:
        """The end of a request, before it was filled (time, restart, deletion), or nobody there to take it."""
        if headers[_STATUS] == _NO_RESPONDERS:
            self._gone = True
            self._some.set()
        elif headers[_STATUS] != "100":
            self._expected = max(0, self._expected - int(headers.get(_UNUSED, self._expected)))
