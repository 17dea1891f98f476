"""Who tries identifiers out: what is counted of a till and of an API key, and when it is too much.

Somebody who tries card numbers meets hardly any that members have; an honest till, even one that sends two hours of sales
at once, meets few that nobody has. So both count: how many were unknown, and their share of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.principal import Kind, Principal


@dataclass(frozen=True, slots=True)
class Source:
    """Who is counted: a till of a partner (then without a key), or an API key with all of its tills."""

    partner_id: UUID
    api_key: str = ""
    store: str = ""
    till: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom an identifier is looked up; `earns`: a card of a card range is enrolled where nobody has it."""

    partner_id: UUID
    api_key: str
    store: str = ""
    till: str = ""
    earns: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """All that this counts for: the key, since a till is only what the caller calls itself, and the till."""
        key = Source(self.partner_id, api_key=self.api_key)
        if not self.store and not self.till:
            return (key,)
        return key, Source(self.partner_id, store=self.store, till=self.till)


def asking_of(principal: Principal) -> Asking | None:
    """A partner that asks with its own key, without a till; None for staff and services, who are not counted."""
    if principal.kind is not Kind.PARTNER or principal.partner_id is None:
        return None
    return Asking(principal.partner_id, principal.actor)


@dataclass(frozen=True, slots=True)
class Tally:
    """Identifiers asked for: unknown ones, cards that were enrolled without a name, and those of members."""

    unknown: int = 0
    enrolled: int = 0
    known: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.unknown + other.unknown, self.enrolled + other.enrolled, self.known + other.known)

    @property
    def missed(self) -> int:
        """Those that no member had."""
        return self.unknown + self.enrolled


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may ask for within a window, before more than `share_percent` of it may not be unknown."""

    window_seconds: int
    till_unknown_max: int
    key_unknown_max: int
    till_enrolled_max: int
    key_enrolled_max: int
    share_percent: int

    def window_start_us(self, now_us: int) -> int:
        """When the window of a moment began; windows follow each other from 1970 on."""
        return now_us - now_us % (self.window_seconds * MICROS_PER_SECOND)

    def seconds_left(self, now_us: int) -> int:
        """Whole seconds until the next window, at least 1."""
        left_us = self.window_start_us(now_us) + self.window_seconds * MICROS_PER_SECOND - now_us
        return -(-left_us // MICROS_PER_SECOND)

    def exceeded(self, source: Source, tally: Tally) -> bool:
        """Whether a source has asked for too much: more than the limit, and more than the share of all."""
        unknown_max = self.key_unknown_max if source.api_key else self.till_unknown_max
        enrolled_max = self.key_enrolled_max if source.api_key else self.till_enrolled_max
        if tally.unknown <= unknown_max and tally.enrolled <= enrolled_max:
            return False
        return tally.missed * 100 > self.share_percent * (tally.missed + tally.known)
