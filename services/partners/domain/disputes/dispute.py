"""A dispute of one line of a statement: what was claimed, what happened to it, and where it stands.

Its state follows from its events alone. Days are of the terms that held when it was opened, so a later change moves no deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.partners.domain.disputes.terms import DisputeTerms
from services.runtime.clock import MICROS_PER_DAY

DISPUTES_A_PAGE_MAX: Final = 100
#: How often evidence is added to one dispute: bounds what a reader gets, and what a partner can write.
EVIDENCE_MAX: Final = 40


class Mode(StrEnum):
    """What becomes of the disputed amount meanwhile."""

    PAY_FIRST = "pay_first"
    """The partner pays, and is given back what is accepted."""
    WITHHELD = "withheld"
    """The partner does not pay it, with its tax, until the dispute is decided."""


class Ground(StrEnum):
    """Why a line is disputed."""

    COUNT = "count"
    """There were not so many entries or points."""
    PRICE = "price"
    """They had another price."""
    TWICE = "twice"
    """It is charged elsewhere too."""
    OTHER = "other"


class State(StrEnum):
    """Where a dispute stands."""

    OPENED = "opened"
    EVIDENCE = "evidence"
    """The operator has asked for evidence, and the partner has days to give it."""
    ACCEPTED = "accepted"
    """In part at least."""
    REJECTED = "rejected"
    ESCALATED = "escalated"
    """The partner wants another person to decide."""
    CLOSED = "closed"


class Happened(StrEnum):
    """What is told of a dispute."""

    OPENED = "opened"
    ASKED = "asked"
    EVIDENCE = "evidence"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    OVERDUE = "overdue"
    """The days for a decision are over, and there is none. Nothing is decided by that."""
    CLOSED = "closed"


DECISIONS: Final = frozenset({Happened.ACCEPTED, Happened.REJECTED})
_UNDECIDED: Final = frozenset({State.OPENED, State.EVIDENCE, State.ESCALATED})
# From which states something can happen, and what it leads to; None: it changes nothing. `disputes.sql` has the same table.
_STEPS: Final[Mapping[Happened, tuple[frozenset[State], State | None]]] = {
    Happened.ASKED: (frozenset({State.OPENED}), State.EVIDENCE),
    Happened.EVIDENCE: (_UNDECIDED, None),
    Happened.ACCEPTED: (_UNDECIDED, State.ACCEPTED),
    Happened.REJECTED: (_UNDECIDED, State.REJECTED),
    Happened.ESCALATED: (frozenset({State.ACCEPTED, State.REJECTED}), State.ESCALATED),
    Happened.OVERDUE: (_UNDECIDED, None),
    Happened.CLOSED: (frozenset({State.ACCEPTED, State.REJECTED}), State.CLOSED),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `at_us`: programme time. `by`: the actor; `person`: of the staff, None for partners and this service.

    `accepted_minor`: what this decision accepts, net of tax, in minor units; `window`: in which it is given back (0: nothing is).
    `references`: what the text points to: numbers of receipts, addresses of files.
    """

    number: int
    kind: Happened
    state: State
    at_us: int
    by: str
    person: UUID | None = None
    text: str = ""
    references: tuple[str, ...] = ()
    accepted_minor: int = 0
    window: int = 0


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute with its events, oldest first.

    `line`: of the statement, from 1; `kind`: of that line; `entity`: the partner's company that it is about. `claimed_minor`: net of
    tax, minor units, above zero: what the partner wants back. `tax_basis_points`: of the line's supply when it was opened;
    `withheld_minor`: with that tax, 0 unless it is withheld.
    """

    dispute_id: UUID
    number: int
    statement_id: UUID
    line: int
    kind: str
    partner_id: UUID
    entity: int
    claimed_minor: int
    mode: Mode
    ground: Ground
    tax_basis_points: int
    withheld_minor: int
    terms: DisputeTerms
    events: tuple[Event, ...] = field(default=())

    @property
    def state(self) -> State:
        """By its last event."""
        return self.events[-1].state

    @property
    def accepted_minor(self) -> int:
        """What was accepted of it so far, net of tax."""
        return sum(each.accepted_minor for each in self.events)

    @property
    def left_minor(self) -> int:
        """What nobody has accepted."""
        return self.claimed_minor - self.accepted_minor

    @property
    def escalated(self) -> bool:
        """Whether it ever was: it is once at most."""
        return any(each.kind is Happened.ESCALATED for each in self.events)

    @property
    def asked(self) -> bool:
        """Whether evidence was asked for: that is once at most, for it moves the day of the decision."""
        return any(each.kind is Happened.ASKED for each in self.events)

    @property
    def evidence_count(self) -> int:
        """How often evidence was added."""
        return sum(each.kind is Happened.EVIDENCE for each in self.events)

    @property
    def deciders(self) -> frozenset[UUID]:
        """The persons who have decided it: none of them does again."""
        return frozenset(each.person for each in self.events if each.kind in DECISIONS and each.person)

    @property
    def evidence_until_us(self) -> int:
        """Until when the partner may give the evidence that it was asked for; 0: it was not asked, or has given it."""
        if self.state is not State.EVIDENCE:
            return 0
        return self._last(Happened.ASKED) + self.terms.evidence_days * MICROS_PER_DAY

    @property
    def decide_until_us(self) -> int:
        """Until when the operator decides; 0: there is nothing to decide. Time that the partner has for evidence does not count."""
        if self.state not in _UNDECIDED:
            return 0
        start = self._last(Happened.ESCALATED) if self.escalated else self.events[0].at_us
        if self.asked and not self.escalated:
            start = self._last(Happened.ASKED) + self.terms.evidence_days * MICROS_PER_DAY
        return start + self.terms.decision_days * MICROS_PER_DAY

    @property
    def escalate_until_us(self) -> int:
        """Until when the partner may escalate; 0: there is nothing that it could."""
        if self.state not in (State.ACCEPTED, State.REJECTED) or self.escalated or not self.left_minor:
            return 0
        return self.events[-1].at_us + self.terms.escalation_days * MICROS_PER_DAY

    def is_overdue(self, now_us: int) -> bool:
        """Whether a decision is due at a programme time, and there is none."""
        return 0 < self.decide_until_us <= now_us

    def may(self, happened: Happened) -> bool:
        """Whether something can happen in its state."""
        found = _STEPS.get(happened)
        return found is not None and self.state in found[0]

    def after(self, happened: Happened, by_partner: bool = False) -> State:
        """The state that something leads to, where it may happen. Evidence of the partner is what was waited for."""
        if happened is Happened.EVIDENCE and by_partner and self.state is State.EVIDENCE:
            return State.OPENED
        return _STEPS[happened][1] or self.state

    def is_over(self, now_us: int) -> bool:
        """Whether nothing can follow a decision at a programme time: all was accepted, it was the second, or nobody has escalated it in time."""
        return self.state in (State.ACCEPTED, State.REJECTED) and self.escalate_until_us <= now_us

    def over_since_us(self, now_us: int) -> int:
        """When that became so, whoever looks when: the end of the partner's days, or the decision itself."""
        return min(self.escalate_until_us or self.events[-1].at_us, now_us)

    def overdue_told(self) -> bool:
        """Whether it was told already that this decision is due."""
        since = self._last(Happened.ESCALATED)
        return any(each.kind is Happened.OVERDUE and each.at_us > since for each in self.events)

    def _last(self, kind: Happened) -> int:
        return max((each.at_us for each in self.events if each.kind is kind), default=0)
