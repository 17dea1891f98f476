"""PINs: which may be chosen, and when wrong ones lock."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import InvalidRequest

_PIN: Final = re.compile("[0-9]{4,8}", re.ASCII)
LOCK_SECONDS_MAX: Final = 86_400


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
class PinGuard:
    """How a member's PIN stands: wrong ones since the last right one or lock, locks since the last right one, and until when it is locked.

    `locked_until_us` is wall-clock time in microseconds; 0: never was.
    """

    wrong: int = 0
    locks: int = 0
    locked_until_us: int = 0

    def is_locked(self, now_us: int) -> bool:
        """Whether no PIN is looked at now."""
        return now_us < self.locked_until_us

    def after_wrong(self, now_us: int, rule: PinRule) -> PinGuard:
        """The guard after another wrong PIN: locked where it was one too many."""
        if self.wrong + 1 < rule.tries_max:
            return replace(self, wrong=self.wrong + 1)
        seconds = min(rule.lock_seconds << min(self.locks, 20), LOCK_SECONDS_MAX)
        return PinGuard(0, self.locks + 1, now_us + seconds * MICROS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class PinRule:
    """So many wrong PINs in a row lock it, first for so many seconds, then each time for twice as many, a day at most."""

    tries_max: int
    lock_seconds: int
