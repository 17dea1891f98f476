"""What a partner asks to have compared, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.gateway.domain.reconciliation.days import BusinessDay
from services.gateway.domain.reconciliation.operations import OperationKind


@dataclass(frozen=True, slots=True)
class AskedComparison:
    """The day that a file is of, the kinds of operations that it has all of, and whether their amounts count."""

    day: date
    kinds: frozenset[OperationKind]
    amounts: bool
    as_csv: bool

    @property
    def said(self) -> bytes:
        """All of it as bytes: with the file, what a key stands for."""
        kinds = ",".join(sorted(self.kinds))
        return f"{self.day} {kinds} {self.amounts} {self.as_csv}\n".encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison came to, but for the differences: `read` and `unreadable` lines; `kept` differences of all there are."""

    upload_id: UUID
    created_at_us: int
    asked: AskedComparison
    day: BusinessDay
    read: int
    unreadable: int
    kept: int


class StoredUpload(NamedTuple):
    """A comparison as the gateway keeps it; `answer` is JSON."""

    upload_id: UUID
    request_hash: bytes
    differences: int
    answer: bytes


class StoredDifference(NamedTuple):
    """A difference as the gateway keeps it; `answer` is JSON."""

    number: int
    answer: bytes
