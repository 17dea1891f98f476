"""Money paid ahead: what is asked for, given back or set off by order, and what a run makes of that.

It is security. While it is held it is nobody's turnover and no tax is on it; where it is set off it pays documents, with the tax
that is on them. Amounts are minor units of the programme's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.partners.domain.drafts import parse_body, whole
from services.partners.domain.legal_entities import ENTITIES_MAX
from services.partners.domain.payments.instructions import AMOUNT_MINOR_MAX
from services.partners.domain.text import read_why
from services.runtime.errors import InvalidRequest
from services.runtime.ids import from_text, to_text

KIND: Final = "prefunding"
#: Orders of a partner, ever: one a day for 27 years.
ORDERS_MAX: Final = 10_000
TOO_MUCH: Final = "more prefunding is to be given back than is held and paid"


class Turn(StrEnum):
    """What becomes of money that is paid ahead."""

    ASKED = "asked"
    """The next run asks for it, with a prepayment invoice (386)."""
    GIVEN_BACK = "given_back"
    """The next run pays it back, with a credit note (381)."""
    USED = "used"
    """The next run sets off as much of what is held, at most, against what the partner owes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted. `entity`: the company whose money it is; `amount_minor`: above zero where it is asked for, else below."""

    partner_id: UUID
    entity: int
    turn: Turn
    amount_minor: int
    why: str

    def checked(self) -> Order:
        """The same order. Raises InvalidRequest where a part of it is out of its range."""
        if not 1 <= self.entity <= ENTITIES_MAX:
            raise InvalidRequest(f"companies have the numbers 1 to {ENTITIES_MAX:,}", field="legal_entity")
        if not 1 <= abs(self.amount_minor) <= AMOUNT_MINOR_MAX:
            raise InvalidRequest(f"an amount is 1 to {AMOUNT_MINOR_MAX:,} minor units", field="amount_minor")
        if (self.amount_minor > 0) != (self.turn is Turn.ASKED):
            raise InvalidRequest("what is asked for is above zero, all else below", field="amount_minor")
        return replace(self, why=read_why(self.why))

    def document(self) -> dict[str, Any]:
        """What a draft and the audit log say of it."""
        return {
            "amount_minor": self.amount_minor,
            "legal_entity": self.entity,
            "partner_id": to_text("ptr", self.partner_id),
            "turn": self.turn.value,
            "why": self.why,
        }


def parse_order(body: bytes) -> Order:
    """Reads the body of a draft. Raises Fault for one that `Order.document` has not made: nobody else makes any."""
    return parse_body(KIND, body, _read, Order.document)


def _read(said: Mapping[str, Any]) -> Order:
    return Order(
        from_text("ptr", said["partner_id"]),
        whole(said["legal_entity"]),
        Turn(said["turn"]),
        whole(said["amount_minor"]),
        str(said["why"]),
    ).checked()


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order in the books: number from 1 a partner, programme time in microseconds. `run_number` None: it waits for a run."""

    order: Order
    number: int
    at_us: int
    by: str
    draft_id: UUID | None = None
    run_number: int | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """What a run did to the money of a company: above zero where it was asked for, else below."""

    entity: int
    turn: Turn
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Awaited:
    """What payments of a partner are waited for: that it pays ahead, and that it gets back."""

    unpaid_minor: int = 0
    leaving_minor: int = 0


NOTHING_AWAITED: Final = Awaited()


@dataclass(frozen=True, slots=True)
class Leaving:
    """Of a partner that has left: since when, and whether nothing can come to be owed by it or to it any more."""

    since_us: int
    is_over: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of a partner as a run is made, and what is wanted of it.

    `held`: by company, by its documents and set-offs, never below zero. `unpaid_minor`: what of that was asked for and is waited
    for. `waiting`: the orders that no run has taken.
    """

    held: Mapping[int, int] = field(default_factory=dict[int, int])
    unpaid_minor: int = 0
    waiting: Sequence[Ordered] = ()
    leaving: Leaving | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no run has anything to do about it."""
        return not self.waiting and not (self.leaving and any(self.held.values()))

    @property
    def at_us(self) -> int:
        """The time by which tax data count for its documents: that of the last order, or of leaving; the same each time it is looked at."""
        left = self.leaving.since_us if self.leaving else 0
        return max([left, *(each.at_us for each in self.waiting)])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does: `invoiced` by company is asked for (above zero) or given back, `set_off` by company pays what is owed.

    `orders`: the numbers of those that it takes. `why`: why it takes none.
    """

    invoiced: Mapping[int, int] = field(default_factory=dict[int, int])
    set_off: Mapping[int, int] = field(default_factory=dict[int, int])
    orders: tuple[int, ...] = ()
    why: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether a run does nothing by it."""
        return not self.orders and not self.invoiced and not self.set_off

    @property
    def set_off_minor(self) -> int:
        """All that is set off."""
        return sum(self.set_off.values())

    @property
    def movements(self) -> tuple[Movement, ...]:
        """What is written down of it."""
        turned = [
            Movement(entity, Turn.ASKED if amount > 0 else Turn.GIVEN_BACK, amount)
            for entity, amount in sorted(self.invoiced.items())
            if amount
        ]
        used = [Movement(entity, Turn.USED, -amount) for entity, amount in sorted(self.set_off.items())]
        return (*turned, *used)


def lacks(orders: Iterable[Order], held: Mapping[int, int], free_minor: int) -> str:
    """Why orders together cannot be: more is given back than a company has there, or than is paid; empty: they can.

    `free_minor`: what is held and paid. What was asked for and is in no run yet may be taken back by as much.
    """
    nets = _nets(orders)
    below = any(held.get(entity, 0) + amount < 0 for entity, amount in nets.items())
    return TOO_MUCH if below or _back(nets) > max(0, free_minor) else ""


def given_back(orders: Iterable[Ordered]) -> dict[UUID, int]:
    """What orders give back, above zero, less what they ask for of the same company: by partner."""
    by_partner: dict[UUID, list[Order]] = {}
    for each in orders:
        by_partner.setdefault(each.order.partner_id, []).append(each.order)
    return {partner_id: _back(_nets(some)) for partner_id, some in by_partner.items()}


def plan(holding: Holding, brought_forward_minor: int, due_minor: int) -> Plan:
    """What a run does about it. `due_minor`: what it comes to without prefunding, with what is brought forward.

    Nobody gets back what he has not paid: neither what a payment is waited for, nor as much as was brought forward and is owed.
    Where that is wanted no order is taken, and why is said. Who has left owes first: all that is held is set off, and what
    remains then is given back once nothing can follow.
    """
    orders = [each.order for each in holding.waiting]
    paid_minor = sum(holding.held.values()) - holding.unpaid_minor
    why = lacks(orders, holding.held, paid_minor - max(0, brought_forward_minor))
    if why:
        orders = []
    invoiced = {entity: amount for entity, amount in _nets(orders).items() if amount}
    back_minor = _back(invoiced)
    left_minor = max(0, min(due_minor - back_minor, paid_minor - back_minor))
    set_off: dict[int, int] = {}
    for entity, wanted in _wanted(holding, orders).items():
        amount = min(wanted, holding.held.get(entity, 0) + min(0, invoiced.get(entity, 0)), left_minor)
        if amount > 0:
            set_off[entity] = amount
            left_minor -= amount
    taken = (each for each in holding.waiting if not why)
    # What finds nothing to pay waits on.
    numbers = (
        each.number for each in taken if each.order.turn is not Turn.USED or each.order.entity in set_off
    )
    made = Plan(invoiced, set_off, tuple(numbers), why)
    if holding.leaving and holding.leaving.is_over and not holding.unpaid_minor:
        return _given_back(holding, made, due_minor)
    return made


def _given_back(holding: Holding, made: Plan, due_minor: int) -> Plan:
    """The rest goes back with the last run of a partner: of what it still owes nothing is left open by then."""
    if due_minor + sum(made.invoiced.values()) - made.set_off_minor > 0:
        return made
    invoiced = dict(made.invoiced)
    for entity, held in sorted(holding.held.items()):
        rest = held + invoiced.get(entity, 0) - made.set_off.get(entity, 0)
        if rest > 0:
            invoiced[entity] = invoiced.get(entity, 0) - rest
    return Plan(
        {key: amount for key, amount in invoiced.items() if amount}, made.set_off, made.orders, made.why
    )


def _wanted(holding: Holding, orders: Iterable[Order]) -> dict[int, int]:
    """How much may be set off, by company: as was ordered, and all of who has left."""
    if holding.leaving:
        return dict(sorted(holding.held.items()))
    found: dict[int, int] = {}
    for each in orders:
        if each.turn is Turn.USED:
            found[each.entity] = found.get(each.entity, 0) - each.amount_minor
    return dict(sorted(found.items()))


def _nets(orders: Iterable[Order]) -> dict[int, int]:
    """What is asked for less what is given back, by company."""
    found: dict[int, int] = {}
    for each in orders:
        if each.turn is not Turn.USED:
            found[each.entity] = found.get(each.entity, 0) + each.amount_minor
    return found


def _back(nets: Mapping[int, int]) -> int:
    return -sum(min(0, amount) for amount in nets.values())
