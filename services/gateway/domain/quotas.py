"""How much a key may ask: quotas, and what a gateway holds of one.

A quota is a bucket of `capacity` units that fills by `per_second` units. The database keeps one number of it: until when
all that was taken of it is spent, so that the bucket is full at that time and owes what is further off than it holds. A
gateway takes slices of it ahead of need and counts them down by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

NANOS: Final = 1_000_000_000
#: A slice has at least so many units, where the quota has them: a till sends a few requests together.
_SLICE_MIN: Final = 32


class QuotaClass(StrEnum):
    """What is counted: requests one by one, or lines of batches and files."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Quota:
    """`per_second` units (1 to 1,000,000), and as many as `window_seconds` of them at once (at least 1)."""

    per_second: int
    window_seconds: int

    @property
    def capacity(self) -> int:
        """The most units at once."""
        return self.per_second * self.window_seconds

    @property
    def interval_ns(self) -> int:
        """Nanoseconds in which a unit comes back, rounded down: never less than was said, and at most a thousandth more."""
        return NANOS // self.per_second

    def slice_of(self, milliseconds: int) -> int:
        """The units of so many milliseconds that one gateway takes at a time: the most that it can let on beyond the quota."""
        return min(self.capacity, max(_SLICE_MIN, self.per_second * milliseconds // 1_000))


@dataclass(frozen=True, slots=True)
class PartnersQuotas:
    """What was agreed with a partner for each of its keys, a second; 0: what the gateway's settings say."""

    interactive_per_second: int = 0
    bulk_per_second: int = 0

    def per_second(self, kind: QuotaClass) -> int:
        """Of one class."""
        return self.interactive_per_second if kind is QuotaClass.INTERACTIVE else self.bulk_per_second


#: Nothing was agreed.
USUAL_QUOTAS: Final = PartnersQuotas()


class Ask(NamedTuple):
    """What a gateway asks of a bucket: `owed` units that it has let on already, and `wanted` more."""

    ledger_id: int
    key_id: UUID
    kind: QuotaClass
    quota: Quota
    owed: int
    wanted: int


class Grant(NamedTuple):
    """What it gets: at most what it wanted. `spent_ns`: how long until the bucket is full again, as of now."""

    granted: int
    spent_ns: int


def grant(quota: Quota, spent_ns: int, owed: int, wanted: int) -> Grant:
    """Takes from a bucket that is full in `spent_ns` nanoseconds (0 or less: now). storage/quotas.py says the same in SQL."""
    spent = max(spent_ns, 0) + owed * quota.interval_ns
    left = max(0, (quota.capacity * quota.interval_ns - spent) // quota.interval_ns)
    granted = min(wanted, left)
    return Grant(granted, spent + granted * quota.interval_ns)


class Bucket:
    """What one gateway holds of a quota. All times are nanoseconds of the monotonic clock."""

    __slots__ = (
        "asked", "dry", "held", "key_id", "kind", "leased_ns", "ledger_id", "life_ns", "policy", "quota", "slice", "spent_until_ns",
    )  # fmt: skip

    def __init__(
        self, ledger_id: int, key_id: UUID, kind: QuotaClass, quota: Quota, slice_milliseconds: int
    ) -> None:
        self.ledger_id, self.key_id, self.kind, self.quota = ledger_id, key_id, kind, quota
        self.slice = quota.slice_of(slice_milliseconds)
        #: What is not used within this time is not used at all, so that nothing is hoarded.
        self.life_ns = 4 * slice_milliseconds * NANOS // 1_000
        #: Units that may be let on; below zero: that were let on and are still owed.
        self.held = 0
        #: Of what was let on in advance, what is being asked for now.
        self.asked = 0
        #: Whether the quota had less than was asked of it when it was asked last.
        self.dry = False
        self.spent_until_ns = 0
        self.leased_ns = 0
        self.policy = f'"{kind}";q={quota.capacity};w={quota.window_seconds}'.encode()

    @property
    def low(self) -> bool:
        """Whether it is time to ask for more."""
        return 2 * self.held <= self.slice

    @property
    def undecided(self) -> bool:
        """Whether nothing may be let on before the quota was asked, which may have more."""
        return not self.dry and self.held <= self.asked - self.slice

    def take(self, now_ns: int) -> bool:
        """Takes a unit; False: there is none. While the quota is not known to be used up, a slice is let on in advance."""
        if self.held > 0 and now_ns - self.leased_ns > self.life_ns:
            self.held = 0
        if self.held > 0 or (not self.dry and self.held > self.asked - self.slice):
            self.held -= 1
            return True
        return False

    def spend(self, units: int) -> None:
        """Takes units without asking whether they are there: what is owed is paid back before the next is let on."""
        self.held -= units

    def ask(self) -> Ask:
        """What to ask for now: what is owed, and a slice. Until the answer only what is taken meanwhile counts."""
        owed, self.held = max(0, -self.held), max(0, self.held)
        self.asked = owed
        return Ask(self.ledger_id, self.key_id, self.kind, self.quota, owed, self.slice - self.held)

    def give(self, asked: Ask, got: Grant, now_ns: int) -> None:
        """Takes what was granted."""
        self.held, self.asked = self.held + got.granted, 0
        self.dry = got.granted < asked.wanted
        self.spent_until_ns, self.leased_ns = now_ns + got.spent_ns, now_ns

    def left(self, now_ns: int) -> int:
        """Units that may be asked for now, as far as this gateway knows; other gateways may take some."""
        spent = max(0, self.spent_until_ns - now_ns)
        here = (self.quota.capacity * self.quota.interval_ns - spent) // self.quota.interval_ns + self.held
        return max(0, min(self.quota.capacity, here))

    def wait_ns(self, now_ns: int) -> int:
        """How long until a unit is there, from now; 0: it is."""
        whole = (self.quota.capacity - 1) * self.quota.interval_ns
        return max(0, self.spent_until_ns - now_ns - whole)

    def full_in_ns(self, now_ns: int) -> int:
        """How long until the quota is whole again, from now."""
        return max(0, self.spent_until_ns - now_ns - self.held * self.quota.interval_ns)
