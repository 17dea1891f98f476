"""Refunds: however they are split, they end at the same points and at the same money."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.points.domain.earning import EarnRate
from services.points.domain.opened import LedgerRules
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from tests.support.ledger_facts import SECOND_US, Ask
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of

NOW_US = 1_490_000_000 * SECOND_US
ISSUER, OTHER, MEMBER = (UUID(int=number) for number in (0xA0, 0xB1, 0x10))


@dataclass(frozen=True)
class Sale:
    """A sale of `whole` minor units, `in_points` of them paid with `burned` points; `spent` points are gone since.

    What it earned is pending still, or has been spendable at once.
    """

    whole: int
    in_points: int
    burned: int
    before: int
    spent: int
    rate: tuple[int, int]
    pending: bool


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    whole = draw(st.integers(1, 3_000))
    in_points = draw(st.one_of(st.just(0), st.integers(0, whole)))
    burned = draw(st.integers(0, 300)) if in_points or draw(st.booleans()) else 0
    rate = draw(st.tuples(st.integers(0, 7), st.integers(1, 40)))
    before = draw(st.integers(0, 400)) + burned
    pending = draw(st.booleans())
    left = before - burned + (0 if pending else (whole - in_points) * rate[0] // rate[1])
    return Sale(whole, in_points, burned, before, draw(st.integers(0, left)), rate, pending)


def _sold(sale: Sale, rule: RefundRule) -> PaperLedger:
    ledger = PaperLedger(LedgerRules("UTC", 400))
    ledger.now_us = NOW_US
    ledger.rates = {ISSUER: [EarnRate(1, *sale.rate, 14 if sale.pending else 0)], OTHER: [EarnRate(1, 1, 1)]}
    ledger.refund_rules[ISSUER] = rule
    at = (MEMBER, "r", NOW_US)
    asks = [Ask("earn", OTHER, "before", *at, sale.before)]
    asks.append(
        Ask("earn", ISSUER, "sale", *at, sale.whole, in_points=sale.in_points, linked=sale.burned > 0)
    )
    if sale.burned:
        asks.append(Ask("redeem", ISSUER, "burn", *at, sale.burned))
    if sale.spent:
        asks.append(Ask("redeem", OTHER, "spent", *at, sale.spent))
    for decision in ledger.post([movement_of(ask) for ask in asks]):
        assert not hasattr(decision, "reason"), decision
    return ledger


def _refund(ledger: PaperLedger, parts: list[int], at_once: bool) -> int:
    """Refunds in parts, in one batch or one after the other; answers the money paid out."""
    asks = [
        Ask("refund", ISSUER, f"k{place}", MEMBER, f"f{place}", NOW_US, part, original_seq=2)
        for place, part in enumerate(parts)
    ]
    movements = [movement_of(ask, sale=ledger.sale(2)) for ask in asks]
    for batch in [movements] if at_once else [[movement] for movement in movements]:
        ledger.post(batch)
    ledger.check()
    return sum(row.money_minor for row in ledger.refunds)


def _points(ledger: PaperLedger) -> dict[tuple[str, UUID], int]:
    return {
        (key.kind, key.owner_id): ledger.counters[number][1] - ledger.counters[number][0]
        for key, number in ledger.accounts.items()
        if ledger.counters[number][0] != ledger.counters[number][1]
    }


rules = st.builds(RefundRule, st.sampled_from(list(Shortfall)), st.sampled_from(list(TenderOrder)))


@given(sales(), rules, st.data(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_split_ends_at_the_same_points_and_the_same_money(
    sale: Sale, rule: RefundRule, data: st.DataObject, at_once: bool
) -> None:
    given_back = data.draw(st.integers(1, sale.whole), "given back in all")
    cuts = data.draw(st.sets(st.integers(1, given_back), max_size=8), "cuts")
    parts = [after - before for before, after in pairwise([0, *sorted(cuts | {given_back})])]
    whole, split = _sold(sale, rule), _sold(sale, rule)
    money = _refund(whole, [given_back], at_once=True)
    assert _refund(split, parts, at_once) == money
    assert _points(split) == _points(whole)
    assert money <= min(given_back, sale.whole - sale.in_points)


@given(sales(), rules)
@settings(max_examples=200, deadline=None)
def test_a_whole_refund_undoes_the_sale(sale: Sale, rule: RefundRule) -> None:
    ledger = _sold(sale, rule)
    money = _refund(ledger, [sale.whole], at_once=True)
    refund = ledger.refunds[-1]
    earned = ledger.postings[2].amount
    assert money == sale.whole - sale.in_points
    assert refund.returned == sale.burned
    assert refund.clawed_back + refund.owed + refund.written_off == earned
    assert (refund.owed == 0) or rule.shortfall is Shortfall.ALLOW_NEGATIVE
    assert (refund.written_off == 0) or rule.shortfall is not Shortfall.ALLOW_NEGATIVE
    if rule.shortfall is Shortfall.PENDING_ONLY:
        assert refund.clawed_back == (earned if sale.pending else 0)
    if rule.shortfall is Shortfall.ALLOW_NEGATIVE:
        # As if it had never been: what the member has, less what is owed, and what each partner has issued and burned.
        points = _points(ledger)
        member = points.get(("wallet", MEMBER), 0) + points.get(("debt", MEMBER), 0)
        assert member == sale.before - sale.spent
        assert ("issuance", ISSUER) not in points
        assert ("redemption", ISSUER) not in points


@given(sales(), rules, st.integers(1, 5_000))
@settings(max_examples=150, deadline=None)
def test_what_is_owed_is_paid_before_anything_can_be_spent(sale: Sale, rule: RefundRule, earned: int) -> None:
    assume(rule.shortfall is Shortfall.ALLOW_NEGATIVE)
    ledger = _sold(sale, rule)
    _refund(ledger, [sale.whole], at_once=True)
    owed = ledger.refunds[-1].owed
    ledger.post([movement_of(Ask("earn", OTHER, "later", MEMBER, "later", NOW_US, earned))])
    ledger.check()
    left = sum(debt.left for debt in ledger.debts.values())
    assert left == max(0, owed - earned)
    if owed:
        assert ledger.balance(MEMBER) == max(0, earned - owed)
