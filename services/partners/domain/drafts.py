"""Drafts: what one person wants and another decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID

from services.runtime.audit import canonical, length_prefixed, number_bytes
from services.runtime.errors import Fault, InvalidRequest
from services.runtime.ids import MalformedId

BODY_BYTES_MAX: Final = 65_536
SHA256_BYTES: Final = 32
PAGE_MAX: Final = 100
V = TypeVar("V")


class DraftState(StrEnum):
    """How a draft stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """Open for too long: it can still be rejected or withdrawn."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the staff."""

    staff_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a draft: `state` is APPROVED, REJECTED or WITHDRAWN. Wall-clock microseconds."""

    state: DraftState
    by: Person
    at_us: int
    why: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is kept. `body`: canonical JSON; `made_at_us`: wall-clock microseconds."""

    ledger_id: int
    draft_id: UUID
    kind: str
    body: bytes
    sha256: bytes
    made_by: Person
    made_at_us: int
    why: str
    decision: Decision | None = None

    def due_sha256(self) -> bytes:
        """The SHA-256 that is due to what is kept: it binds maker, time, reason and programme as well as the body."""
        fields = (
            number_bytes(self.ledger_id),
            self.draft_id.bytes,
            self.kind.encode(),
            self.made_by.staff_id.bytes,
            number_bytes(self.made_at_us),
            self.why.encode(),
            self.body,
        )
        return sha256(length_prefixed(*fields)).digest()

    def sealed(self) -> Draft:
        """The same draft with the hash that is due to it."""
        return replace(self, sha256=self.due_sha256())

    def state(self, now_us: int, life_us: int) -> DraftState:
        """How it stands at a wall-clock time."""
        if self.decision is not None:
            return self.decision.state
        return DraftState.EXPIRED if now_us > self.made_at_us + life_us else DraftState.OPEN


def read_document(body: bytes) -> dict[str, Any]:
    """What a body of 2 to 65,536 bytes says. Raises InvalidRequest unless it is a JSON object in its canonical form."""
    if not 2 <= len(body) <= BODY_BYTES_MAX:
        raise InvalidRequest(f"a draft has 2 to {BODY_BYTES_MAX:,} bytes", field="body")
    document: Any = None
    try:
        document = json.loads(body)
        written = canonical(document)
    except (ValueError, TypeError):
        written = ""
    if written.encode() != body or not body.startswith(b"{"):
        raise InvalidRequest("a draft is a JSON object in its canonical form", field="body")
    return document


def body_of(document: Mapping[str, Any]) -> bytes:
    """The canonical body of a draft."""
    return canonical(document).encode()


def parse_body(
    kind: str, body: bytes, read: Callable[[Mapping[str, Any]], V], write: Callable[[V], Mapping[str, Any]]
) -> V:
    """Reads the body of a draft of a kind. Raises Fault for one that its value would not `write`: nobody else makes any."""
    try:
        value = read(json.loads(body))
        again = body_of(write(value))
    except (ValueError, KeyError, TypeError, MalformedId, InvalidRequest) as error:
        raise Fault(f"the body of a draft of the kind {kind} cannot be read: {error}") from error
    if again != body:
        raise Fault(f"the body of a draft of the kind {kind} is not in its canonical form")
    return value


def whole(value: object) -> int:
    """A whole number of a body. Raises TypeError for anything else, true and false too."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def read_sha256(value: bytes) -> bytes:
    """A SHA-256. Raises InvalidRequest for another length."""
    if len(value) != SHA256_BYTES:
        raise InvalidRequest(f"a SHA-256 has {SHA256_BYTES} bytes", field="sha256")
    return value
