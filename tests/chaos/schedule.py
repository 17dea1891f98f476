"""What breaks when: drawn from the seed alone, so that a seed can be run again."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultKind(StrEnum):
    """Ways in which something breaks."""

    KILL = "kill"
    CRASH_POSTGRES = "crash-postgres"
    RESTART_POSTGRES = "restart-postgres"
    COMMIT = "commit"
    CUT = "cut"
    DELAY = "delay"
    FREEZE = "freeze"
    REFUSE = "refuse"
    CLOCK = "clock"


class Moment(StrEnum):
    """When a connection goes, seen from the process that sends COMMIT."""

    BEFORE = "before-commit"
    AT = "at-commit"
    UNHEARD = "after-commit"


class Aftermath(StrEnum):
    """What else dies with a connection that is cut at a COMMIT."""

    NOTHING = "nothing"
    CRASH = "crash-postgres"
    KILL = "kill-process"


#: Processes that may be killed at any time; PostgreSQL has kinds of its own.
KILLED: Final = (
    "points", "points-2", "points", "points-2", "gateway", "gateway-2", "partners", "members", "points-relay",
    "nats",
)  # fmt: skip
#: Connections that lead through a proxy.
LINKS: Final = ("postgres", "points")
#: Whose writing transactions are cut at their COMMIT: mostly the ledger's.
COMMITTERS: Final = (
    "points", "points", "points", "points", "points", "partners", "partners", "points-relay", "gateway", "members",
)  # fmt: skip
#: How often each kind is drawn, of all together.
_SHARES: Final = {
    FaultKind.KILL: 7,
    FaultKind.COMMIT: 8,
    FaultKind.CUT: 3,
    FaultKind.DELAY: 2,
    FaultKind.FREEZE: 3,
    FaultKind.REFUSE: 1,
    FaultKind.CRASH_POSTGRES: 2,
    FaultKind.RESTART_POSTGRES: 2,
    FaultKind.CLOCK: 3,
}
_FIRST_SECONDS: Final = 1.0
_GAP_SECONDS: Final = (1.0, 7.0)
#: Nothing breaks any more so shortly before the traffic ends.
_CALM_SECONDS: Final = 1.0
_STEP_SECONDS_MAX: Final = 900


@dataclass(frozen=True)
class Fault:
    """Something that breaks `at_seconds` after the traffic has begun.

    `target` is a process or a link; `seconds` how long it lasts; `amount` the seconds of delay, or those that the
    clock is ahead of the real one from then on (below zero: behind it).
    """

    at_seconds: float
    kind: FaultKind
    target: str = ""
    seconds: float = 0.0
    amount: float = 0.0
    moment: Moment = Moment.UNHEARD
    aftermath: Aftermath = Aftermath.NOTHING

    def __str__(self) -> str:
        words = [self.kind.value, self.target]
        if self.kind is FaultKind.COMMIT:
            words += [self.moment, *([self.aftermath] if self.aftermath is not Aftermath.NOTHING else [])]
        if self.amount:
            words.append(f"{self.amount:+.3g} s")
        if self.seconds:
            words.append(f"for {self.seconds:.1f} s")
        return " ".join(word for word in words if word)


def schedule(seed: int, seconds: float, kinds: Collection[FaultKind] = tuple(FaultKind)) -> list[Fault]:
    """The faults of a run, in order of time; the same ones for the same seed, length and kinds."""
    rng = random.Random(f"{seed}/faults")
    faults: list[Fault] = []
    at = _FIRST_SECONDS
    for kind in _dealt(rng, [kind for kind in _SHARES if kind in kinds]):
        if at > seconds - _CALM_SECONDS:
            return faults
        faults.append(_drawn(rng, round(at, 2), kind))
        at += rng.uniform(*_GAP_SECONDS)
    return faults


def _dealt(rng: random.Random, kinds: list[FaultKind]) -> Iterator[FaultKind]:
    """Kinds by their shares, as from a deck of cards: first one of each, so that short runs see all of them."""
    cards = list(kinds)
    while cards:
        rng.shuffle(cards)
        yield from cards
        cards = [kind for kind in kinds for _ in range(_SHARES[kind])]


def _drawn(rng: random.Random, at: float, kind: FaultKind) -> Fault:
    if kind is FaultKind.KILL:
        return Fault(at, kind, rng.choice(KILLED))
    if kind is FaultKind.COMMIT:
        moment = rng.choice((Moment.UNHEARD, Moment.UNHEARD, Moment.AT, Moment.BEFORE))
        aftermath = rng.choice((Aftermath.NOTHING, Aftermath.CRASH, Aftermath.KILL))
        return Fault(at, kind, rng.choice(COMMITTERS), moment=moment, aftermath=aftermath)
    if kind is FaultKind.CLOCK:
        return Fault(at, kind, amount=rng.randint(-_STEP_SECONDS_MAX, _STEP_SECONDS_MAX))
    if kind is FaultKind.DELAY:
        delay = round(rng.choice((rng.uniform(0.005, 0.05), rng.uniform(0.1, 0.8))), 3)
        return Fault(at, kind, rng.choice(LINKS), round(rng.uniform(1.0, 4.0), 2), delay)
    if kind in (FaultKind.FREEZE, FaultKind.REFUSE):
        return Fault(at, kind, rng.choice(LINKS), round(rng.uniform(0.5, 6.0), 2))
    return Fault(at, kind, rng.choice(LINKS) if kind is FaultKind.CUT else "")
