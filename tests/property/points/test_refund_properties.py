"""Refunds: however they are split, they end at the same points and at the same money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.points.domain.campaigns import Funder
from services.points.domain.earning import EarnRate
from services.points.domain.opened import LedgerRules
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from services.points.domain.wallet_movements import Load
from tests.support.campaign_model import Deal
from tests.support.ledger_facts import SECOND_US, Ask
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of

NOW_US = 1_490_000_000 * SECOND_US
ISSUER, OTHER, MEMBER = (UUID(int=number) for number in (0xA0, 0xB1, 0x10))
BUDGET = 100_000


@dataclass(frozen=True)
class Sale:
    """A sale of `whole` minor units, `in_points` of them paid with `burned` points; `spent` points are gone since.

    What it earned is pending still, or has been spendable at once. Campaigns gave points on top of it by `deals`.
    """

    whole: int
    in_points: int
    burned: int
    before: int
    spent: int
    rate: tuple[int, int]
    pending: bool
    deals: tuple[Deal, ...]

    @property
    def bonus(self) -> int:
        """All that campaigns gave."""
        paid = self.whole - self.in_points
        base = paid * self.rate[0] // self.rate[1]
        return sum(deal.bonus(base, paid) for deal in self.deals)


deals = st.builds(
    Deal, st.just(1), percent=st.sampled_from((101, 250, 300)), fixed=st.sampled_from((0, 0, 9)),
    least=st.sampled_from((0, 100, 700)), partners=st.just(frozenset((ISSUER,))),
)  # fmt: skip


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    whole = draw(st.integers(1, 3_000))
    in_points = draw(st.one_of(st.just(0), st.integers(0, whole)))
    burned = draw(st.integers(0, 300)) if in_points or draw(st.booleans()) else 0
    rate = draw(st.tuples(st.integers(0, 7), st.integers(1, 40)))
    before = draw(st.integers(0, 400)) + burned
    pending = draw(st.booleans())
    given = tuple(draw(st.lists(deals, max_size=2)))
    sale = Sale(whole, in_points, burned, before, 0, rate, pending, given)
    brought = 0 if pending else (whole - in_points) * rate[0] // rate[1] + sale.bonus
    return replace(sale, spent=draw(st.integers(0, before - burned + brought)))


def _sold(sale: Sale, rule: RefundRule) -> PaperLedger:
    ledger = PaperLedger(LedgerRules("UTC", 400))
    ledger.now_us = NOW_US
    ledger.rates = {ISSUER: [EarnRate(1, *sale.rate, 14 if sale.pending else 0)], OTHER: [EarnRate(1, 1, 1)]}
    ledger.refund_rules[ISSUER] = rule
    for number, deal in enumerate(sale.deals):
        campaign = UUID(int=0xD0 + number)
        ledger.campaigns.set(campaign, deal, (Funder(ISSUER, 100),))
        ledger.post([Load(f"load-{number}", campaign, b"", BUDGET, "stf_1", "", 0)])
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


def _seq(ledger: PaperLedger) -> int:
    """Where the sale is."""
    return next(seq for seq, row in ledger.postings.items() if row.key == "sale")


def _refund(ledger: PaperLedger, parts: list[int], at_once: bool) -> int:
    """Refunds in parts, in one batch or one after the other; answers the money paid out."""
    asks = [
        Ask("refund", ISSUER, f"k{place}", MEMBER, f"f{place}", NOW_US, part, original_seq=_seq(ledger))
        for place, part in enumerate(parts)
    ]
    movements = [movement_of(ask, sale=ledger.sale(_seq(ledger))) for ask in asks]
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


# Two points left for five that are due, of the sale and of its bonus: which two must not depend on the split.
SHORT = Sale(
    140,
    0,
    0,
    289,
    374,
    (1, 4),
    False,
    (Deal(1, percent=250, fixed=0, least=0, partners=frozenset((ISSUER,))),),
)


@pytest.mark.parametrize("shortfall", [Shortfall.WITHIN_BALANCE, Shortfall.ALLOW_NEGATIVE])
@pytest.mark.parametrize("parts", [[1, 4], [2, 3], [1, 1, 1, 1, 1], [4, 1]])
def test_which_points_a_short_wallet_gives_does_not_depend_on_the_split(
    shortfall: Shortfall, parts: list[int]
) -> None:
    rule = RefundRule(shortfall, TenderOrder.PRO_RATA)
    whole, split = _sold(SHORT, rule), _sold(SHORT, rule)
    _refund(whole, [5], at_once=True)
    _refund(split, parts, at_once=False)
    assert _points(split) == _points(whole)


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
    earned = ledger.postings[_seq(ledger)].amount + sale.bonus
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
        assert [points["budget", UUID(int=0xD0 + number)] for number in range(len(sale.deals))] == [
            BUDGET
        ] * len(sale.deals)


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
