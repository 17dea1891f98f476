"""PINs: which may be chosen, and when wrong ones lock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import InvalidRequest

_PIN: Final = re.compile("[0-9]{4,8}", re.ASCII)
LOCK_SECONDS_MAX: Final = 86_400
_DAY_US: Final = 86_400 * MICROS_PER_SECOND


def looks_like_pin(text: str) -> bool:
    """Whether a text can be anybody's PIN."""
    return _PIN.fullmatch(text) is not None


def read_new_pin(text: str) -> str:
    """A PIN to set. Raises InvalidRequest, which does not tell it, unless it has 4 to 8 digits that do not all stand one step apart.

    That bars 0000, 1234, 9876 and 7890.
    """
    if not looks_like_pin(text):
        raise InvalidRequest("a PIN has 4 to 8 digits", field="pin")
    digits = [int(digit) for digit in text]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise InvalidRequest("this PIN is too easy: all its digits are the same, or count", field="pin")
    return text


@dataclass(frozen=True, slots=True)
class PinRule:
    """So many wrong PINs in a row at a partner lock it there, first for so many seconds, then each time for twice as many, a day at most.

    `everywhere_max`: so many within a day, of no partner more than those that lock it there, lock it with all of them.
    """

    tries_max: int
    lock_seconds: int
    everywhere_max: int

    def lock_us(self, locks: int) -> int:
        """How long a lock lasts after so many before it, in microseconds."""
        return min(self.lock_seconds << min(locks, 20), LOCK_SECONDS_MAX) * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class PinGuard:
    """How a member's PIN stands with a partner: wrong ones since the last right one or lock, locks since the last right one, and until when it is locked.

    `recent` are wrong ones since `recent_since_us`, which is less than a day ago. Times are wall-clock microseconds; 0: never.
    """

    wrong: int = 0
    locks: int = 0
    locked_until_us: int = 0
    recent: int = 0
    recent_since_us: int = 0

    def after_wrong(self, now_us: int, counts_from_us: int, rule: PinRule) -> PinGuard:
        """The guard after another wrong PIN: locked where it was one too many. Recent ones from before `counts_from_us` are over."""
        goes_on = self.recent_since_us > counts_from_us
        recent, since_us = (self.recent + 1, self.recent_since_us) if goes_on else (1, now_us)
        if self.wrong + 1 < rule.tries_max:
            return PinGuard(self.wrong + 1, self.locks, self.locked_until_us, recent, since_us)
        return PinGuard(0, self.locks + 1, now_us + rule.lock_us(self.locks), recent, since_us)


@dataclass(frozen=True, slots=True)
class MemberLock:
    """Whether a member's PIN is locked with all partners: locks since the last right one, and until when."""

    locks: int = 0
    locked_until_us: int = 0

    def counts_from_us(self, now_us: int) -> int:
        """From when on wrong ones count towards the next lock: for a day, and not those that led to the last one."""
        return max(now_us - _DAY_US, self.locked_until_us)

    def after(self, recent: int, now_us: int, rule: PinRule) -> MemberLock:
        """The lock after so many wrong ones with all partners."""
        if recent < rule.everywhere_max:
            return self
        return MemberLock(self.locks + 1, now_us + rule.lock_us(self.locks))
