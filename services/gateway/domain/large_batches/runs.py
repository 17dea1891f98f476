"""What becomes of a large batch and of each of its lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.gateway.domain.caller import Caller


class LineOutcome(StrEnum):
    """Where a line stands, in the words of the API."""

    QUEUED = "queued"
    RETRYING = "retrying"
    WAITING = "waiting"
    PARKED = "parked"
    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


#: Outcomes of lines that the ledger has not got: a cancellation takes these back.
WITHDRAWABLE: Final = (LineOutcome.QUEUED, LineOutcome.RETRYING)


class RunStatus(StrEnum):
    """Where a large batch stands, in the words of the API."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LineCounts(NamedTuple):
    """How many lines stand where; all others sum to the first."""

    lines: int
    queued: int = 0
    retrying: int = 0
    waiting: int = 0
    parked: int = 0
    accepted: int = 0
    replayed: int = 0
    refused: int = 0
    cancelled: int = 0


class Run(NamedTuple):
    """A large batch whose lines are all stored. Times are wall-clock microseconds since 1970-01-01 UTC, 0: not yet.

    `from_file`: lines are counted from 1, as in a file, and pointers start at the line; else from 0, as in `lines` of JSON.
    `due_at_us`: when a line is worked on next, 0: never.
    """

    received_at_us: int
    started_at_us: int
    finished_at_us: int
    cancelled_at_us: int
    due_at_us: int
    from_file: bool
    counts: LineCounts

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        if self.cancelled_at_us:
            return RunStatus.CANCELLED
        if self.finished_at_us:
            return RunStatus.COMPLETED
        return RunStatus.IN_PROGRESS if self.started_at_us else RunStatus.QUEUED

    @property
    def percent(self) -> int:
        """How much of it is done, 0 to 100, rounded down."""
        counts = self.counts
        open_lines = counts.queued + counts.retrying
        if not self.finished_at_us:
            open_lines += counts.waiting + counts.parked
        return (counts.lines - open_lines) * 100 // counts.lines if counts.lines else 0


class NewLine(NamedTuple):
    """A line as it is stored: `body` is its JSON, empty where it cannot be read; then `error` says why, as JSON."""

    line: int
    type: str | None
    reference: str | None
    body: str
    error: str


class StoredLine(NamedTuple):
    """A line to work on. `sent`: the ledger may have it, and has not answered."""

    line: int
    outcome: LineOutcome
    attempts: int
    body: str
    sent: bool = False


class LineResult(NamedTuple):
    """What came of working on a line. `due_at_us`: when it is worked on again, 0: never. `transaction`, `error`: JSON, or empty.

    `sent`: the ledger may have it, and has not answered; such a line goes alone, and is not cancelled before it is known.
    """

    line: int
    outcome: LineOutcome
    attempts: int
    due_at_us: int
    transaction: str
    error: str
    sent: bool = False


class Flight(NamedTuple):
    """Lines that were or are about to be sent, and whose answers are not written yet: those from first to last that were due by then.

    `failures`: how many calls for them failed, less those that did not since they are fewer at a time.
    """

    first: int
    last: int
    due_us: int
    failures: int


class Standing(NamedTuple):
    """Where a batch stands when it has its turn."""

    cancelled: bool
    flight: Flight | None


class ToldLine(NamedTuple):
    """A line as it is read by its partner."""

    line: int
    type: str | None
    reference: str | None
    outcome: str
    attempts: int
    due_at_us: int
    transaction: str
    error: str


class OpenRun(NamedTuple):
    """What is needed to work on a run: whose it is, and what of its API key the gateway knows."""

    ledger_id: int
    batch_id: UUID
    key_sha256: bytes
    received_at_us: int
    from_file: bool


class Sender(NamedTuple):
    """Who sends a batch: the caller, and the hash of its API key, by which it is asked for while the lines are worked on."""

    caller: Caller
    key_sha256: bytes
