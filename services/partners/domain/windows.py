"""Clearing windows: ranges of the journal, weekly, one after the other without a gap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.partners.domain.programme import Registration, next_cut_us


class WindowState(StrEnum):
    """Where a window stands; it only ever moves down this list."""

    OPEN = "open"
    CLOSED = "closed"
    AGGREGATED = "aggregated"
    STATED = "stated"


class Step(StrEnum):
    """A step of closing a window, by the state that it moves windows to."""

    CUT = "closed"
    """Fixes the range of every window that is due."""
    AGGREGATE = "aggregated"
    """Nets those that are closed, once they are rated."""
    STATE = "stated"
    """Issues the statements of those that are netted."""

    @property
    def before(self) -> WindowState:
        """The state that it moves windows from."""
        states = tuple(WindowState)
        return states[states.index(self.after) - 1]

    @property
    def after(self) -> WindowState:
        """The state that it moves windows to."""
        return WindowState(self.value)


@dataclass(frozen=True, slots=True)
class Window:
    """A range of seq that is cleared together. Times are programme time, the end excluded.

    `last_seq` is first_seq − 1 for an empty window, and 0 while it is open. `fixed_at_us`: when its range was fixed, 0
    while it is open.
    """

    number: int
    starts_at_us: int
    ends_at_us: int
    first_seq: int
    last_seq: int
    state: WindowState
    fixed_at_us: int = 0

    def closed_at(self, last_seq: int, now_us: int) -> Window:
        """The window with its last seq fixed at a programme time. Raises ValueError for a range that runs backwards."""
        if last_seq < self.first_seq - 1:
            raise ValueError(f"window {self.number} starts at {self.first_seq} and cannot end at {last_seq}")
        return replace(self, last_seq=last_seq, state=WindowState.CLOSED, fixed_at_us=now_us)

    def moved_to(self, state: WindowState) -> Window:
        """The window in another state."""
        return replace(self, state=state)


def open_window(registration: Registration, last: Window | None) -> Window:
    """The window that takes postings now: the one after the last that was closed, or the first."""
    starts_at_us = last.ends_at_us if last else registration.starts_at_us
    return Window(
        number=last.number + 1 if last else 1,
        starts_at_us=starts_at_us,
        ends_at_us=next_cut_us(starts_at_us, registration.programme.zone),
        first_seq=last.last_seq + 1 if last else 1,
        last_seq=0,
        state=WindowState.OPEN,
    )
