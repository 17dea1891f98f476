"""Looking at a stream without taking part in it: for people and audits, never for what has to be complete."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import nats.errors
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from services.runtime.bus import MESSAGE_ID, Bus, Delivery, Stream, delivery_of, headers_of, subject_of
from services.runtime.pull import Pull

_BLOCK_MAX: Final = 1_000
# Nothing is left of who looked soon after it went.
_GONE_AFTER_SECONDS: Final = 60.0
_MENDED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What has arrived: events, how many messages were none of ours, and whether more is there already."""

    deliveries: Sequence[Delivery]
    foreign: int
    more: bool


class Look:
    """A consumer of the looker's own, on subjects that match; it acknowledges nothing and holds up nobody.

    async with Look(bus, POINTS, "coalition.demo.points.>", live=True) as look: …
    """

    def __init__(self, bus: Bus, stream: Stream, subject: str, *, live: bool) -> None:
        """`live`: from now on; else from the first message of the stream."""
        self._bus, self._stream = bus, stream
        self._name = f"look-{secrets.token_hex(8)}"
        config = ConsumerConfig(
            durable_name=self._name,
            deliver_policy=DeliverPolicy.NEW if live else DeliverPolicy.ALL,
            ack_policy=AckPolicy.NONE,
            filter_subject=subject,
            inactive_threshold=_GONE_AFTER_SECONDS,
            mem_storage=True,
            num_replicas=1,
        )
        self._pull = Pull(bus, stream.name, config, _BLOCK_MAX)

    async def __aenter__(self) -> Look:
        """Makes the consumer, and the stream where its store was lost. Raises nats.errors.Error."""
        await self._bus.ensure_stream(self._stream)
        await self._pull.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it."""
        await self._pull.close()
        try:
            await self._bus.jetstream.delete_consumer(self._stream.name, self._name)
        except (nats.errors.Error, TimeoutError):
            # The server ends it by itself.
            return

    async def seen(self, seconds: float = 1.0) -> Seen:
        """The next messages, in the stream's order; waits so long for the first one. Raises nats.errors.Error."""
        messages = await self._pull.block(seconds)
        deliveries: list[Delivery] = []
        foreign = 0
        for message in messages:
            try:
                deliveries.append(delivery_of(message))
            except (ValueError, KeyError):
                foreign += 1
        return Seen(deliveries, foreign, await self._more(messages))

    async def _more(self, messages: Sequence[Msg]) -> bool:
        if messages:
            return messages[-1].metadata.num_pending > 0
        try:
            info = await self._bus.jetstream.consumer_info(self._stream.name, self._name)
        except NotFoundError:
            return False
        return bool(info.num_pending)


async def publish_again(
    bus: Bus, stream: Stream, programme: str, records: Sequence[EventRecord], suffix: str
) -> None:
    """Puts events on the stream that it has lost. Raises nats.errors.Error.

    Their message ids get a suffix: JetStream would take them for doubles of those that it had stored.
    """
    for first in range(0, len(records), _MENDED_AT_ONCE):
        await asyncio.gather(
            *(
                _publish(bus, stream, programme, record, suffix)
                for record in records[first : first + _MENDED_AT_ONCE]
            )
        )


async def _publish(bus: Bus, stream: Stream, programme: str, record: EventRecord, suffix: str) -> None:
    headers = headers_of(programme, stream.service, record)
    headers[MESSAGE_ID] += f":{suffix}"
    subject = subject_of(programme, stream.service, record)
    await bus.jetstream.publish(subject, record.payload, stream=stream.name, headers=headers)
