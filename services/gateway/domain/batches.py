"""Batches of movements."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class Counts(NamedTuple):
    """How many lines came to what; all others sum to the first."""

    lines: int
    accepted: int
    replayed: int
    refused: int
    waiting: int = 0
    parked: int = 0


class StoredBatch(NamedTuple):
    """A batch as the gateway keeps it; `counts` and `answer` (JSON) are None while it is in progress."""

    batch_id: UUID
    request_hash: bytes
    created_at_us: int
    counts: Counts | None
    answer: bytes | None
