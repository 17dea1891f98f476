"""A sale and its refunds end at the same points and the same money, in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.answers import Accepted, Refused, Replay, Waiting
from services.points.domain.earning import EarnRate
from services.points.domain.movements import CreditFloor, FloorChange, Movement, Refund, Reversal, WaitsOver
from services.points.domain.opened import LedgerRules
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from tests.support.ledger_facts import DAY_US, SECOND_US, Ask
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of

NOW_US = 1_490_000_000 * SECOND_US
ISSUER, OTHER, MEMBER, ANOTHER = (UUID(int=number) for number in (0xA0, 0xB1, 0x10, 0x11))
BACKDATE_DAYS = 400


def _ledger(rule: RefundRule, before: int, pending_days: int) -> PaperLedger:
    """With points from elsewhere in the wallet, so that there is something to burn; those of the sale may be pending."""
    ledger = PaperLedger(LedgerRules("UTC", BACKDATE_DAYS))
    ledger.now_us = NOW_US
    ledger.rates = {ISSUER: [EarnRate(1, 3, 7, pending_days)], OTHER: [EarnRate(1, 1, 1)]}
    ledger.refund_rules[ISSUER] = rule
    ledger.post([movement_of(Ask("earn", OTHER, "before", MEMBER, "before", NOW_US, before))])
    return ledger


def _refund(ledger: PaperLedger, number: int, amount: int) -> Refund:
    """By the reference of the sale, as the reader and the look-up for what it refunds make it."""
    found = [seq for seq, row in ledger.postings.items() if row.kind == "earn" and row.reference == "sale"]
    ask = Ask("refund", ISSUER, f"k{number}", MEMBER, f"f{number}", NOW_US, amount)
    made = movement_of(ask, sale=ledger.sale(1))
    assert isinstance(made, Refund)
    made = made._replace(original_id=None, original_reference="sale", amount_minor=amount, points=0)
    if found:
        return made._replace(sale=ledger.sale(found[0]))
    return made._replace(sale=None, member_id=UUID(int=0))


def _sale(whole: int, in_points: int, burned: int) -> list[Movement]:
    earn = Ask("earn", ISSUER, "sale", MEMBER, "sale", NOW_US, whole, in_points=in_points, linked=burned > 0)
    burn = Ask("redeem", ISSUER, "burn", MEMBER, "burn", NOW_US, burned)
    return [movement_of(earn), *([movement_of(burn)] if burned else [])]


def _state(ledger: PaperLedger) -> object:
    """Balances of all accounts that have one, and what each refund came to, in their order."""
    balances = {
        key: ledger.counters[number][1] - ledger.counters[number][0]
        for key, number in ledger.accounts.items()
        if ledger.counters[number][0] != ledger.counters[number][1]
    }
    told = [
        (row.given, row.returned, row.clawed_back, row.owed, row.written_off, row.money_minor)
        for row in ledger.refunds
    ]
    return balances, told


pending = st.sampled_from((0, 14))
rules = st.builds(RefundRule, st.sampled_from(list(Shortfall)), st.sampled_from(list(TenderOrder)))


@given(
    rules,
    st.integers(0, 300),
    st.integers(1, 900),
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
    st.integers(0, 60),
    st.integers(0, 5),
    st.booleans(),
    pending,
)
@settings(max_examples=300, deadline=None)
def test_any_order_of_a_sale_and_its_refunds_ends_at_the_same_points_and_the_same_money(
    rule: RefundRule,
    before: int,
    whole: int,
    amounts: Sequence[int],
    burned: int,
    early: int,
    at_once: bool,
    pending_days: int,
) -> None:
    burned = min(burned, before)
    in_points = min(whole, burned)
    first, late = _ledger(rule, before, pending_days), _ledger(rule, before, pending_days)
    first.post(_sale(whole, in_points, burned))
    for number, amount in enumerate(amounts):
        first.post([_refund(first, number, amount)])

    ahead = [(number, amount) for number, amount in enumerate(amounts) if number < early]
    waiting = [_refund(late, number, amount) for number, amount in ahead]
    sale = _sale(whole, in_points, burned)
    if at_once:
        answers = late.post([*waiting, *sale])[: len(waiting)]
    else:
        answers = [late.post([item])[0] for item in waiting]
        late.post(sale)
    assert answers == [Waiting()] * len(ahead)
    for number, amount in enumerate(amounts):
        again = late.post([_refund(late, number, amount)])[0]
        if number < early:
            assert isinstance(again, Replay) or (isinstance(again, Refused) and again.replayed)
    assert _state(late) == _state(first)
    assert late.waits.open == {}
    first.check()
    late.check()


@given(
    rules,
    st.lists(st.integers(0, 400), min_size=1, max_size=4),
    st.sampled_from((0, 1, 399, 400, 401, 500)),
    pending,
)
@settings(max_examples=60, deadline=None)
def test_what_waits_is_decided_with_its_sale_or_refused_once_that_could_not_come_any_more(
    rule: RefundRule, amounts: Sequence[int], days: int, pending_days: int
) -> None:
    ledger = _ledger(rule, 100, pending_days)
    items = [_refund(ledger, number, amount) for number, amount in enumerate(amounts)]
    ledger.post(items)
    ledger.now_us = NOW_US + days * DAY_US
    over = days > BACKDATE_DAYS
    ledger.post([WaitsOver()])
    assert len(ledger.waits.open) == (0 if over else len(items))
    sale = movement_of(Ask("earn", ISSUER, "sale", MEMBER, "sale", ledger.now_us, 500))
    (sold,) = ledger.post([sale])
    assert isinstance(sold, Accepted)
    assert ledger.waits.open == {}
    assert bool(ledger.refunds) == (not over)
    for item in items:
        earlier = ledger.decisions[item.partner_id, item.key]
        assert (earlier.seq is None) == (earlier.refusal is not None)
    ledger.check()


@given(
    rules,
    st.lists(st.integers(0, 400), min_size=1, max_size=4),
    st.sampled_from(("reversed", "closed", "posted")),
    st.sampled_from((0, 399, 401, 900)),
    pending,
)
@settings(max_examples=80, deadline=None)
def test_what_waits_for_a_parked_sale_ends_with_it_and_touches_no_other_sale(
    rule: RefundRule, amounts: Sequence[int], end: str, days: int, pending_days: int
) -> None:
    ledger = _ledger(rule, 100, pending_days)
    ledger.post([FloorChange(ISSUER, CreditFloor(0, 0, parks=True), "stf_1")])
    ledger.post(_sale(900, 0, 0))
    items = [_refund(ledger, number, amount) for number, amount in enumerate(amounts)]
    ledger.post(items)
    ledger.now_us = NOW_US + days * DAY_US
    # However late it is: as long as the sale is parked, so is what waits for it.
    ledger.post([WaitsOver()])
    assert (len(ledger.parks.open), len(ledger.waits.open)) == (1, len(items))
    if end == "reversed":
        ledger.post([Reversal("undo", ISSUER, b"undo", ledger.now_us, "sale", "", 0, MEMBER)])
    else:
        ledger.closed |= {MEMBER} if end == "closed" else set()
        if end == "posted":
            ledger.post([FloorChange(ISSUER, CreditFloor(None, 1), "stf_1")])
        ledger.post(ledger.parks.acts(ledger))
    assert (ledger.parks.open, ledger.waits.open) == ({}, {})
    ended = [ledger.decisions[item.partner_id, item.key] for item in items]
    ledger.check()
    if end == "posted":
        assert ledger.refunds
        return
    assert not ledger.refunds
    assert {earlier.refusal.reason for earlier in ended if earlier.refusal} == {
        Reason.REASON_ORIGINAL_UNKNOWN
    }
    ledger.post([FloorChange(ISSUER, CreditFloor(None, 1), "stf_1")])
    another = Ask("earn", ISSUER, "another", ANOTHER, "sale", ledger.now_us, 900)
    (sold,) = ledger.post([movement_of(another)])
    assert isinstance(sold, Accepted)
    assert not ledger.refunds
    ledger.check()
