"""Liability holds together whatever becomes of points: figures add up, journals balance, order says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.liability.cohorts import (
    PARTS,
    Cohort,
    Flow,
    Month,
    Paid,
    cohorts_of,
    triangle_of,
)
from services.partners.domain.liability.estimates import Estimate, estimate
from services.partners.domain.liability.ifrs15 import RollForward, roll_forwards, standings_of
from services.partners.domain.liability.journals import Settled, balances_of, journals_of, margin_of
from services.partners.domain.liability.lots import LotKind

FIRST: Final = Month.of(2025, 11)
PARTNERS: Final = (UUID(int=1), UUID(int=2))


@st.composite
def cohort_flows(draw: st.DrawFn, first: int, months: int) -> list[tuple[Flow, int]]:
    """What becomes of the points of one cohort, and at which price they were issued."""
    issue = Month(FIRST.number + first)
    left = draw(st.integers(1, 10_000))
    price = draw(st.integers(0, 20_000))
    is_opening = draw(st.booleans()) and not price
    flows = [(Flow(issue, issue, LotKind.ISSUED, left, is_opening), price)]
    used = 0
    for age in range(months - first):
        month = Month(issue.number + age)
        for kind in draw(
            st.lists(st.sampled_from((LotKind.BURNED, LotKind.LAPSED, LotKind.REVERSED)), max_size=2)
        ):
            points = draw(st.integers(0, left))
            left -= points
            used += points if kind is LotKind.BURNED else 0
            flows.append((Flow(issue, month, kind, points, is_opening), price))
        if used and draw(st.booleans()):
            points = draw(st.integers(0, used))
            used, left = used - points, left + points
            flows.append((Flow(issue, month, LotKind.RETURNED, points, is_opening), price))
    return flows


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Flow, int]]:
    """A year of cohorts at most, of which some months have none."""
    months = draw(st.integers(1, 12))
    wanted = draw(st.lists(st.integers(0, months - 1), unique=True))
    return [flow for first in wanted for flow in draw(cohort_flows(first, months))]


def as_of(history: Sequence[tuple[Flow, int]], last: Month, tail: int = 0) -> tuple[list[Cohort], Estimate]:
    """The cohorts at the end of a month, a partner paying half at issuance and half once points are used."""
    seen = [(flow, price) for flow, price in history if flow.month <= last]
    flows = [flow for flow, _ in seen]
    prices = {flow.cohort: price for flow, price in seen if not flow.is_opening}
    paid = [
        Paid(each.month, PARTNERS[each.month.number % 2], prices[each.month], prices[each.month], PARTS, each.issued, each.used, each.lapsed)
        for each in cohorts_of([flow for flow in flows if not flow.is_opening], [])
    ]  # fmt: skip
    cohorts = cohorts_of(flows, paid)
    return cohorts, estimate(cohorts, triangle_of(flows, last), 80, tail)


@given(histories(), st.integers(0, 11), st.integers(0, 11), st.sampled_from((0, 1_000_000, 1_300_000)))
def test_the_roll_forward_ties_and_journals_balance(
    history: list[tuple[Flow, int]], one: int, other: int, tail: int
):
    first, last = sorted((one, other))
    before = standings_of(as_of(history, Month(FIRST.number + first), tail)[1].cohorts)
    after = standings_of(as_of(history, Month(FIRST.number + last), tail)[1].cohorts)
    rolled = roll_forwards(before, after)
    for each in rolled.values():
        assert each.opening + each.deferred - each.revenue == each.closing
    total = sum(rolled.values(), RollForward())
    assert total.opening == sum(each.liability for each in before.values())
    assert total.closing == sum(each.liability for each in after.values())
    journals = journals_of(total, margin_of(total, Settled(3, 7), Settled(12, 5)))
    assert sum(balances_of(journals).values()) == 0
    for journal in journals:
        assert sum(line.debit_minor for line in journal.lines) == sum(
            line.credit_minor for line in journal.lines
        )


@given(histories(), st.integers(1, 10))
def test_two_periods_are_one(history: list[tuple[Flow, int]], middle: int):
    ends = [standings_of(as_of(history, Month(FIRST.number + end))[1].cohorts) for end in (0, middle, 11)]
    halves = [sum(roll_forwards(*pair).values(), RollForward()) for pair in pairwise(ends)]
    whole = sum(roll_forwards(ends[0], ends[2]).values(), RollForward())
    assert whole.deferred == sum(each.deferred for each in halves)
    assert whole.redeemed == sum(each.redeemed for each in halves)
    assert whole.revenue == sum(each.revenue for each in halves)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_says_nothing(history: list[tuple[Flow, int]], source: object):
    shuffled = list(history)
    source.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    last = Month(FIRST.number + 11)
    straight, turned = as_of(history, last), as_of(shuffled, last)
    assert straight[0] == turned[0]
    assert straight[1].cohorts == turned[1].cohorts
    assert straight[1].interval == turned[1].interval


@given(histories(), st.integers(0, 11))
def test_a_cohort_of_nothing_changes_nothing(history: list[tuple[Flow, int]], place: int):
    last = Month(FIRST.number + 11)
    empty = Month(FIRST.number + place)
    kinds = (LotKind.ISSUED, LotKind.BURNED)
    with_empty = [*history, *((Flow(empty, empty, kind, 0), 0) for kind in kinds)]
    before, after = as_of(history, last)[1], as_of(with_empty, last)[1]
    assert (before.more, before.interval, before.factors) == (after.more, after.interval, after.factors)


@given(histories(), st.integers(0, 11), st.sampled_from((0, 1_000_000, 1_700_000)))
def test_what_is_expected_lies_between_nothing_and_all_and_carriers_carry_all(
    history: list[tuple[Flow, int]], end: int, tail: int
):
    cohorts, found = as_of(history, Month(FIRST.number + end), tail)
    for each in found.cohorts:
        assert 0 <= each.more <= each.cohort.outstanding
        assert 0 <= each.share_used <= 1
    for cohort in cohorts:
        assert cohort.outstanding >= 0
        assert sum(parts for _, parts in cohort.carried) == cohort.outstanding * PARTS
        assert all(parts > 0 for _, parts in cohort.carried)
    for standing in standings_of(found.cohorts).values():
        assert 0 <= standing.recognised <= standing.allocated
    outstanding = sum(cohort.outstanding for cohort in cohorts)
    assert 0 <= found.interval.low <= found.interval.high <= outstanding
