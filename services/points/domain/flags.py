"""What went beyond a guard, and what became of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.points.domain.guarding import Measure, Subject


class Verdict(StrEnum):
    """What became of a flag."""

    ALLOWED = "allowed"
    CONFIRMED = "confirmed"


class Flag(NamedTuple):
    """A burn (refused) or an earn (posted) beyond a limit of its day. Times in microseconds UTC, programme time.

    `points`: of the act; `reached`: what was counted before it. `verdict`: None as long as it is open.
    """

    flag_id: UUID
    day: date
    subject: Subject
    member_id: UUID
    reference: str
    measure: Measure
    limit: int
    reached: int
    points: int
    flagged_at_us: int
    verdict: Verdict | None
    note: str
    reviewed_by: str
    reviewed_at_us: int
