"""Audit chains: rows that are only added, each with the hash of the one before.

    hash = SHA-256 over the fields ledger_id, number, at_us (8 bytes each, big-endian), by_kind, by_id, by_name,
           what, subject, before, after, why (UTF-8) and previous_hash, each after its length in 4 bytes, big-endian

Before the first row stand 32 zero bytes. `before` and `after` are canonical JSON, or empty. Used by the service that
keeps the chain and by whoever checks an export of it without the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

HASH_BYTES: Final = 32
NOTHING_BEFORE: Final = bytes(HASH_BYTES)
FAULTS_MAX: Final = 20
_LENGTH_BYTES: Final = 4
_NUMBER_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A change. `ledger_id` 0: of the whole host; `number` from 1; `at_us`: wall clock, microseconds since 1970 UTC."""

    ledger_id: int
    number: int
    at_us: int
    by_kind: str
    by_id: str
    by_name: str
    what: str
    subject: str
    before: str
    after: str
    why: str
    previous_hash: bytes
    hash: bytes = b""

    def sealed(self) -> AuditRow:
        """The same row with the hash that is due to it."""
        return replace(self, hash=hash_of(self))


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where a chain ends: the number of its last row (0: there is none) and that row's hash."""

    ledger_id: int
    number: int
    hash: bytes


def length_prefixed(*fields: bytes) -> bytes:
    """Fields one after the other, each after its length in 4 bytes, so that no two lists give the same bytes."""
    return b"".join(len(each).to_bytes(_LENGTH_BYTES, "big") + each for each in fields)


def number_bytes(number: int) -> bytes:
    """A whole number in 8 bytes, big-endian, signed."""
    return number.to_bytes(_NUMBER_BYTES, "big", signed=True)


def hash_of(row: AuditRow) -> bytes:
    """The SHA-256 that is due to a row; its own `hash` does not count."""
    numbers = (row.ledger_id, row.number, row.at_us)
    texts = (
        row.by_kind, row.by_id, row.by_name, row.what, row.subject, row.before, row.after, row.why,
    )  # fmt: skip
    fields = (*map(number_bytes, numbers), *(text.encode() for text in texts), row.previous_hash)
    return sha256(length_prefixed(*fields)).digest()


def canonical(document: Mapping[str, Any] | None) -> str:
    """A document as JSON that two machines write alike: sorted names, no spaces, whole numbers; empty for None.

    Raises TypeError for a float or anything else that JSON has several forms of.
    """
    if document is None:
        return ""
    _refuse_floats(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _refuse_floats(value: object) -> None:
    if isinstance(value, Mapping):
        for each in value.values():  # pyright: ignore[reportUnknownVariableType]
            _refuse_floats(each)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list | tuple):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            _refuse_floats(each)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, float):
        raise TypeError("a float has no canonical form")


@dataclass(slots=True)
class ChainWalk:
    """Goes through a chain from its first row to its head, and names the rows where it is broken."""

    ledger_id: int
    rows: int = 0
    found: int = 0
    named: list[str] = field(default_factory=list[str])
    _last: AuditRow | None = None

    def add(self, row: AuditRow) -> None:
        """Looks at the next row."""
        self.rows += 1
        number, last = self._last.number if self._last else 0, self._last
        if row.ledger_id != self.ledger_id:
            self._note(f"row {row.number} is of ledger {row.ledger_id}")
        if row.hash != hash_of(row):
            self._note(f"row {row.number} is not what was hashed")
        if row.number > number + 1:
            missing = (
                f"row {number + 1} is"
                if row.number == number + 2
                else f"rows {number + 1} to {row.number - 1} are"
            )
            self._note(f"{missing} missing")
        elif row.number <= number:
            self._note(f"row {row.number} stands after row {number}")
        elif row.previous_hash != (last.hash if last else NOTHING_BEFORE):
            self._note(
                f"row {row.number} does not follow row {number}" if last else "row 1 follows another row"
            )
        self._last = row

    def end(self, head: AuditHead | None) -> None:
        """Compares with where the chain says that it ends; None: it does not say."""
        number, last_hash = (self._last.number, self._last.hash) if self._last else (0, NOTHING_BEFORE)
        if head is None:
            self._note("the end of the chain is missing")
        elif head.ledger_id != self.ledger_id:
            self._note(f"the head is of ledger {head.ledger_id}")
        elif head.number > number:
            self._note(f"row {number + 1} and what follows it are missing: the head is row {head.number}")
        elif head.number < number:
            self._note(f"row {head.number + 1} stands beyond the head")
        elif head.hash != last_hash:
            self._note(f"row {number} is not the one that the head has")

    def _note(self, fault: str) -> None:
        self.found += 1
        if len(self.named) < FAULTS_MAX:
            self.named.append(fault)

    def faults(self) -> tuple[str, ...]:
        """The first twenty faults, then how many more; empty where the chain is whole."""
        more = self.found - len(self.named)
        return (*self.named, f"and {more:,} more") if more else tuple(self.named)
