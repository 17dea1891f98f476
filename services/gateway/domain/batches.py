"""Batches of movements."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from services.gateway.domain.large_batches.runs import Run


class Counts(NamedTuple):
    """How many lines came to what; all others sum to the first."""

    lines: int
    accepted: int
    replayed: int
    refused: int
    waiting: int = 0
    parked: int = 0


class StoredBatch(NamedTuple):
    """A batch as the gateway keeps it; `counts` and `answer` (JSON) are None while it is in progress.

    A large one never has them: it has a `run`, and its lines have their results each.
    """

    batch_id: UUID
    request_hash: bytes
    created_at_us: int
    counts: Counts | None
    answer: bytes | None
    run: Run | None = None
