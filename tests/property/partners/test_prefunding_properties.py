"""Whatever is asked for, paid, returned, given back and set off, in whatever order: what is held is that, and never below zero."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import pytest
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason
from hypothesis import given, settings
from hypothesis import strategies as st

from services.partners.domain.settlement.prefunding import (
    Holding,
    Leaving,
    Order,
    Ordered,
    Turn,
    plan,
)
from services.runtime.errors import CoalitionError
from tests.support.ledger import Earn
from tests.support.prefunding import ASK, BACK, USE, Till, position_of
from tests.support.rerating import Clearing
from tests.support.settling import Settling, settling_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PARTNER: Final = UUID(int=7)
_AMOUNTS: Final = st.integers(1, 60_000)
_ORDERS: Final = st.lists(st.tuples(st.sampled_from(Turn), st.integers(1, 3), _AMOUNTS), max_size=6)
_STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["ask", "back", "use", "week", "run", "pay", "return"]), _AMOUNTS),
    min_size=4,
    max_size=12,
)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    held = draw(st.dictionaries(st.integers(1, 3), _AMOUNTS, max_size=3))
    waiting = [
        Ordered(
            Order(_PARTNER, entity, turn, amount if turn is Turn.ASKED else -amount, "why"), number, 0, "x"
        )
        for number, (turn, entity, amount) in enumerate(draw(_ORDERS), 1)
    ]
    leaving = draw(st.none() | st.builds(Leaving, st.just(0), st.booleans()))
    return Holding(held, draw(st.integers(0, sum(held.values()))), waiting, leaving)


@given(holdings(), st.integers(-60_000, 60_000), st.integers(-60_000, 60_000))
async def test_a_plan_takes_no_more_than_is_held_and_paid_and_pays_no_more_than_is_due(
    holding: Holding, forward: int, documents: int
) -> None:
    due = forward + documents
    made = plan(holding, forward, due)
    moved: dict[int, int] = dict(holding.held)
    for each in made.movements:
        moved[each.entity] = moved.get(each.entity, 0) + each.amount_minor
        assert each.amount_minor
    assert min(moved.values(), default=0) >= 0
    back = -sum(min(0, amount) for amount in made.invoiced.values())
    paid = sum(holding.held.values()) - holding.unpaid_minor
    assert made.set_off_minor + back <= max(0, paid)
    # What is set off never makes the operator owe anything.
    assert made.set_off_minor <= max(0, due)
    taken = {each.number for each in holding.waiting}
    assert set(made.orders) <= taken
    if made.why:
        assert made.orders == ()
        assert all(amount < 0 for amount in made.invoiced.values())
    assert plan(holding, forward, due) == made


@dataclass
class Story:
    """What a partner did to its prefunding, counted by hand."""

    desk: Settling
    till: Till
    weeks: int = 1
    expected_minor: int = 0
    runs: list[pb.GetRunResponse] = field(default_factory=list[pb.GetRunResponse])

    async def step(self, word: str, amount: int) -> None:
        try:
            await self._step(word, amount)
        except CoalitionError as refused:
            assert word in {"back", "use", "run"}, refused
            assert refused.reason == Reason.REASON_INVALID_REQUEST, refused

    async def _step(self, word: str, amount: int) -> None:
        match word:
            case "ask" | "back" | "use":
                turn = {"ask": ASK, "back": BACK, "use": USE}[word]
                await self.till.order("grocer", turn, amount)
            case "week":
                self.weeks += 1
                await self.desk.week(self.weeks, Earn(self.desk.partners["grocer"], amount))
            case "run":
                run = await self.desk.settled()
                self.runs.append(run)
                position = position_of(self.desk, run, "grocer")
                self.expected_minor += position.prefunding_minor - position.set_off_minor
            case _:
                await self._bank(word)

    async def _bank(self, word: str) -> None:
        """The oldest payment that is open is paid, or the newest debit that is paid comes back."""
        listed = [each for run in self.runs for each in (await self.desk.run(run.run.number)).payments]
        if word == "pay":
            found = next((each for each in listed if each.state == "open"), None)
            if found is not None:
                await self.till.bank(found)
            return
        debits = [each for each in listed if each.state == "paid" and each.direction == "collect"]
        if debits:
            await self.till.came_back(debits[-1])


@pytest.mark.long
@settings(max_examples=8, deadline=None)
@given(steps=_STEPS)
async def test_what_is_held_is_what_was_asked_for_less_what_was_given_back_and_used(
    clearing: Clearing, steps: list[tuple[str, int]]
) -> None:
    desk = await settling_of(clearing.office)
    await desk.partner("grocer")
    story = Story(desk, Till(desk))
    await desk.week(1)
    # So that there is something to give back and to use, and some of it is used once at least.
    first, last = ("ask", "run", "pay"), ("use", "week", "run", "pay")
    told = [*((word, 50_000) for word in first), *steps, *((word, 20_000) for word in last)]
    for word, amount in told:
        await story.step(word, amount)
        held = await desk.accounts()
        assert -held.get(("prepaid", "grocer"), 0) == story.expected_minor >= 0
        found = await story.till.listed("grocer")
        assert sum(each.held_minor for each in found.held) == story.expected_minor
        assert 0 <= found.unpaid_minor <= story.expected_minor
