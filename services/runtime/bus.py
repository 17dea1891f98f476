"""NATS JetStream: streams, subjects, headers. Nothing else in the house speaks to NATS.

Subject: `coalition.<programme>.<service>.<event>.v1.<p00–p15>.<partner or ->`, always 7 tokens; dots in an
event's type become underscores. Headers: CloudEvents 1.0 binary mode with the extension attributes `pos`
(position in the owner's log), `partitionprev` (the position before it in its partition) and `seq`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, cast
from uuid import UUID

import nats.errors
from coalition.type.v1.event_record_pb2 import EventRecord
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.runtime import logging, telemetry
from services.runtime.bus_access import BusAccess, access_of
from services.runtime.bus_client import RECONNECT_SECONDS, EventClient, trouble
from services.runtime.clock import from_micros, to_micros
from services.runtime.ids import from_text, to_text
from services.runtime.settings import BusSettings

_log = logging.get(__name__)
#: What everything here raises where the bus does not do what it should.
BusError = nats.errors.Error
MESSAGE_ID: Final = "Nats-Msg-Id"
_DUPLICATES_SECONDS: Final = 120
# The same trouble is told so often, however often it is met.
_SAY_AGAIN_SECONDS: Final = 10.0
_TOLD_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream: all events of one service, of all programmes."""

    name: str
    service: str

    @property
    def subjects(self) -> list[str]:
        """What it takes in."""
        return [f"coalition.*.{self.service}.>"]

    def subject(self, partition: int | None = None) -> str:
        """The subject of all that is in it, or of one partition."""
        return (
            self.subjects[0] if partition is None else f"coalition.*.{self.service}.*.v1.p{partition:02d}.*"
        )


MEMBERS: Final = Stream("MEMBERS", "members")
POINTS: Final = Stream("POINTS", "points")
PARTNERS: Final = Stream("PARTNERS", "partners")
STREAMS: Final = (MEMBERS, POINTS, PARTNERS)


def config_of(stream: Stream, replicas: int) -> StreamConfig:
    """The settings of a stream: nothing in it is ever deleted, and where it is full, it takes in no more."""
    return StreamConfig(
        name=stream.name,
        subjects=stream.subjects,
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        deny_purge=True,
        max_age=0,
        max_msgs=-1,
        max_bytes=-1,
        num_replicas=replicas,
        duplicate_window=_DUPLICATES_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as a subscriber sees it."""

    programme: str
    record: EventRecord


def subject_of(programme: str, service: str, record: EventRecord) -> str:
    """The subject that an event is published under."""
    return _subject(programme, service, record.type, record.partition, record.partner_id)


@lru_cache(maxsize=16_384)
def _subject(programme: str, service: str, type_: str, partition: int, partner_id: bytes) -> str:
    partner = to_text("ptr", UUID(bytes=partner_id)) if partner_id else "-"
    return f"coalition.{programme}.{service}.{type_.replace('.', '_')}.v1.p{partition:02d}.{partner}"


def headers_of(programme: str, service: str, record: EventRecord) -> dict[str, str]:
    """CloudEvents headers of an event, with the trace context of the request behind it."""
    identity = f"{service}:{programme}:{record.pos}"
    headers = {
        MESSAGE_ID: identity,
        "ce-specversion": "1.0",
        "ce-id": identity,
        "ce-source": f"/coalition/{programme}/{service}",
        "ce-type": record.type,
        "ce-time": from_micros(record.recorded_at_us).isoformat(),
        "ce-pos": str(record.pos),
        "ce-partitionprev": str(record.partition_prev),
        "content-type": "application/protobuf",
    }
    if record.seq:
        headers["ce-seq"] = str(record.seq)
    if record.traceparent:
        headers[telemetry.TRACEPARENT] = record.traceparent
    return headers


def frame_of(programme: str, service: str, record: EventRecord, reply: str) -> bytes:
    """An event as the protocol's publish command, headers and all (docs.nats.io, client protocol: HPUB).

    `reply` is where the acknowledgement goes; none is asked for where it is empty.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers_of(programme, service, record).items())
    head = f"NATS/1.0\r\n{lines}\r\n".encode()
    payload = record.payload
    subject = subject_of(programme, service, record)
    asking = f"{reply} " if reply else ""
    command = f"HPUB {subject} {asking}{len(head)} {len(head) + len(payload)}\r\n"
    return b"".join((command.encode(), head, payload, b"\r\n"))


def delivery_of(message: Msg) -> Delivery:
    """Reads a message back into the event it carries. Raises ValueError for one that is not of ours."""
    tokens = message.subject.split(".")
    headers: Mapping[str, str] = message.headers or {}
    if len(tokens) != 7 or "ce-pos" not in headers:
        raise ValueError(f"not an event: {message.subject}")
    record = EventRecord(
        pos=int(headers["ce-pos"]),
        type=headers["ce-type"],
        partition=int(tokens[5][1:]),
        partition_prev=int(headers["ce-partitionprev"]),
        partner_id=_partner_bytes(tokens[6]) if tokens[6] != "-" else b"",
        seq=int(headers.get("ce-seq", "0")),
        recorded_at_us=to_micros(datetime.fromisoformat(headers["ce-time"])),
        traceparent=headers.get(telemetry.TRACEPARENT, ""),
        payload=message.data,
    )
    return Delivery(tokens[1], record)


@lru_cache(maxsize=4_096)
def _partner_bytes(text: str) -> bytes:
    return from_text("ptr", text).bytes


class Bus:
    """A connection to JetStream that heals itself."""

    def __init__(self, access: BusAccess | str, process: str, replicas: int = 1) -> None:
        """`access` may be a plain URL. `replicas`: of a stream that has to be made, in a cluster 3 or 5."""
        self._access = BusAccess((access,)) if isinstance(access, str) else access
        self._process, self.replicas = process, replicas
        self._client: EventClient | None = None
        self._connecting = asyncio.Lock()

    @classmethod
    def of(cls, settings: BusSettings, process: str) -> Bus:
        """The bus that settings name, not connected yet. Raises Misconfigured."""
        return cls(access_of(settings), process, settings.nats_replicas)

    @property
    def client(self) -> EventClient:
        """The connected client. Raises RuntimeError before connect."""
        if self._client is None:
            raise RuntimeError("the bus is not connected")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream on this connection; calls time out after 5 seconds."""
        return self.client.jetstream(timeout=5)

    async def connect(self) -> None:
        """Connects, trying for as long as it takes: the bus may start after us. Does nothing when it is connected."""
        # A relay and a subscriber of one process come here together, and are to share one connection.
        async with self._connecting:
            await self._connect()

    async def _connect(self) -> None:
        told: dict[str, float] = {}

        async def on_error(error: Exception) -> None:
            words, now = trouble(error, self._access), time.monotonic()
            if now - told.get(words, -_SAY_AGAIN_SECONDS) >= _SAY_AGAIN_SECONDS:
                if len(told) >= _TOLD_MAX:
                    told.clear()
                told[words] = now
                _log.warning("bus.error", address=self._access.addresses, error=words)

        async def on_lost() -> None:
            # Closing ends in it as well.
            if self._client is not None:
                _log.warning("bus.disconnected")

        async def on_back() -> None:
            _log.info("bus.reconnected")

        while self._client is None:
            client = EventClient(self._access)
            try:
                await client.connect(
                    **self._access.options(),
                    name=f"coalition-{self._process}",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=cast("int", RECONNECT_SECONDS),
                    ping_interval=10,
                    max_outstanding_pings=3,
                    connect_timeout=5,
                    error_cb=on_error,
                    disconnected_cb=on_lost,
                    reconnected_cb=on_back,
                    pending_size=32 * 1024 * 1024,
                )
                self._client = client
            except (OSError, nats.errors.Error, TimeoutError) as error:
                _log.warning(
                    "bus.unreachable", address=self._access.addresses, error=trouble(error, self._access)
                )
                await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Sends what is buffered and closes; at most 5 seconds."""
        if self._client is not None:
            client, self._client = self._client, None
            try:
                await asyncio.wait_for(client.drain() if client.is_connected else client.close(), 5)
            except (TimeoutError, nats.errors.Error):
                await client.close()

    async def ensure_stream(self, stream: Stream) -> None:
        """Makes a stream where it is not there; one that is there stays as it is (`coalition migrate` changes it)."""
        jetstream = self.jetstream
        try:
            await jetstream.stream_info(stream.name)
        except NotFoundError:
            await jetstream.add_stream(config_of(stream, self.replicas))
