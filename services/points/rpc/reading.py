"""How fields of movements are read off the wire, and what becomes of those that cannot be."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import TurnedAway
from services.runtime.ids import from_bytes

UUID_BYTES: Final = 16
KEY_CHARACTERS_MAX: Final = 300
REFERENCE_CHARACTERS_MAX: Final = 255
POINTS_MAX: Final = 10**9
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Unreadable(Exception):
    """Why an item cannot be read, as its answer."""

    def __init__(self, field: str, message: str, reason: Reason.ValueType, **metadata: str) -> None:
        self.answer = TurnedAway(reason, f"{field}: {message}", {"field": field, **metadata})

    def within(self, field: str) -> Unreadable:
        """The same of a part of a field."""
        told = self.answer.metadata["field"]
        self.answer = self.answer._replace(
            message=f"{field}.{self.answer.message}",
            metadata={**self.answer.metadata, "field": f"{field}.{told}"},
        )
        return self


def invalid(field: str, message: str) -> Unreadable:
    """A field that is missing, malformed or out of its range."""
    return Unreadable(field, message, Reason.REASON_INVALID_REQUEST)


def check_text(field: str, text: str, characters_max: int) -> None:
    """Raises Unreadable unless this is visible text, not empty and no longer than that."""
    if not 1 <= len(text) <= characters_max or not text.isprintable():
        raise invalid(field, f"1 to {characters_max} visible characters")


def read_member(field: str, value: bytes) -> UUID:
    """A member's id. Raises Unreadable."""
    if len(value) != UUID_BYTES:
        raise invalid(field, "not an id")
    return from_bytes(value)


def traceparent(item: pb.Item) -> str:
    """The trace context, or none where it is malformed: it goes into a row and a header."""
    return item.traceparent if _TRACEPARENT.fullmatch(item.traceparent) else ""
