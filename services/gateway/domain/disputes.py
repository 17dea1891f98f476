"""Disputes of statement lines as the partners service tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Mode(StrEnum):
    """What becomes of the disputed amount meanwhile."""

    PAY_FIRST = "pay_first"
    WITHHELD = "withheld"


class Ground(StrEnum):
    """Why a line is disputed."""

    COUNT = "count"
    PRICE = "price"
    TWICE = "twice"
    OTHER = "other"


class State(StrEnum):
    """Where a dispute stands."""

    OPENED = "opened"
    EVIDENCE = "evidence"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is disputed: minor units, net of tax; `line` from 1."""

    statement_id: UUID
    line: int
    claimed_minor: int
    ground: Ground
    mode: Mode
    text: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `at_us`: programme time in microseconds; `by_you`: a key of the partner did it."""

    kind: str
    state: State
    at_us: int
    by_you: bool
    text: str
    references: tuple[str, ...]
    accepted_minor: int
    window: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute with its events, oldest first. Minor units net of tax, `withheld_minor` with it; times 0: there is none."""

    dispute_id: UUID
    number: int
    statement_id: UUID
    line: int
    line_type: str
    legal_entity: int
    claimed_minor: int
    accepted_minor: int
    withheld_minor: int
    mode: Mode
    ground: Ground
    state: State
    evidence_until_us: int
    decide_until_us: int
    escalate_until_us: int
    is_overdue: bool
    events: tuple[Event, ...]
