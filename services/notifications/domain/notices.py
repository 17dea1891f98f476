"""A notice: that one member is to be told of one event, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.notifications.domain.channels import Channel
from services.notifications.domain.kinds import ABOUT, Kind
from services.runtime.clock import MICROS_PER_SECOND

_HOUR_US = 3_600 * MICROS_PER_SECOND
# Any pause is at its longest by then.
_DOUBLINGS_MAX = 40


class State(StrEnum):
    """What becomes of a notice."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"
    EXPIRED = "expired"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Whether nothing comes after it."""
        return self not in (State.WAITING, State.SENDING)


class Step(StrEnum):
    """What the log of deliveries tells."""

    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    PUT_OFF = "put_off"
    DROPPED = "dropped"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says that a member is told of.

    `facts` are figures by name: points, times in microseconds, ids as the numbers that they are. `useless_from_us`: when nobody needs to know it any more,
    programme time as the event has it; 0: by its age alone.
    """

    kind: Kind
    member_id: UUID
    facts: Mapping[str, int]
    useless_from_us: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the event of a notice is: the service that told it, and its position in that service's log of a programme."""

    programme: str
    source: str
    pos: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One that is to be sent. Times are wall-clock, in microseconds since 1970; `attempts` counts what was tried so far."""

    notice_id: UUID
    place: Place
    told: Told
    recorded_at_us: int
    stale_at_us: int
    attempts: int
    leased_until_us: int


@dataclass(frozen=True, slots=True)
class Move:
    """What is written of a notice: a line of the log, and its state from then on."""

    state: State
    step: Step
    reason: str = ""
    channel: Channel | None = None
    due_at_us: int = 0


def stale_at_us(told: Told, recorded_at_us: int, clock_offset_us: int) -> int:
    """When a notice is too old, by the wall clock. `clock_offset_us`: programme time less wall-clock time."""
    by_age = recorded_at_us + ABOUT[told.kind].shelf_hours * _HOUR_US
    if not told.useless_from_us:
        return by_age
    return min(by_age, told.useless_from_us - clock_offset_us)


def pause_us(attempts: int, first_us: int, longest_us: int) -> int:
    """How long to wait after so many attempts (from 1) that failed: twice as long each time; microseconds."""
    doublings = min(attempts - 1, _DOUBLINGS_MAX)
    return min(longest_us, first_us << doublings)
