"""How a subscriber that takes events one by one is written: what it is given, and what it declares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final
from uuid import UUID

from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.catalogue import message_of

#: Pauses before an event that failed is tried again, in seconds; it is a dead letter after the last.
BACKOFF_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Order(Enum):
    """What becomes of the later events of a member of whom one could not be handled."""

    STRICT = "strict"
    """They wait, and are handled in their order once that one is."""
    NONE = "none"
    """They are handled as they come."""


@dataclass(frozen=True)
class Event:
    """One event as a handler gets it.

    `replayed`: it was handled before, or is part of a rebuild. What the handler writes in its transaction is to
    come out the same; nothing is to be sent for it, to nobody.
    """

    programme: str
    record: EventRecord
    replayed: bool = False

    @property
    def type(self) -> str:
        """Its type, e.g. `points.earned`."""
        return self.record.type

    @cached_property
    def message(self) -> Message | None:
        """The message of its type; None for one that this version does not know: pass over it."""
        return message_of(self.record)

    @property
    def member_id(self) -> UUID | None:
        """The member that it is about; None where it is about none."""
        found: bytes = getattr(self.message, "member_id", b"")
        return UUID(bytes=found) if found else None


#: Handles one event in the transaction given: all of it, or it raises. Nothing is done outside of the transaction.
Handle = Callable[[AsyncConnection, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Each:
    """A subscriber that is given its events one by one, so that one that fails holds up no other member's.

    An event whose handler raises is set aside and tried again after each pause of `backoff_seconds`; after the last
    it is a dead letter, until somebody has it replayed. `order` says what the later events of that member do
    meanwhile.
    """

    handle: Handle
    order: Order = Order.STRICT
    backoff_seconds: tuple[float, ...] = BACKOFF_SECONDS
