"""What passes from wallet to wallet: nothing is made or lost, and nobody is owed less for it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.accounts import AccountKind
from services.points.domain.answers import Accepted
from services.points.domain.earning import EarnRate
from services.points.domain.movements import Movement
from services.points.domain.opened import LedgerRules
from services.points.domain.terms import Limits
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, ExpiryRule
from tests.support.ledger_facts import DAY_US, OPERATOR, SECOND_US, Ask
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of

NOW_US = 1_490_000_000 * SECOND_US
GROCER, FUEL = UUID(int=0xA0), UUID(int=0xB1)
FIRST, SECOND, THIRD = (UUID(int=number) for number in (0x10, 0x21, 0x32))


@dataclass(frozen=True)
class Deal:
    """A sale of one of two members, what was burned with it, and how much of it is refunded later."""

    member: UUID
    partner: UUID
    amount: int
    burned: int
    refunded: int


deals = st.lists(
    st.builds(
        Deal, st.sampled_from((FIRST, SECOND)), st.sampled_from((GROCER, FUEL)), st.integers(1, 60),
        st.integers(0, 20), st.integers(0, 60),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


policies = st.sampled_from(
    (
        *(ExpiryPolicy(ExpiryRule.MONTHS_AFTER_EARN, months, 0, 0, 0) for months in (0, 2)),
        ExpiryPolicy(ExpiryRule.FIXED_DATE, 1, 3, 31, 0),
        ExpiryPolicy(ExpiryRule.ACTIVITY, 1, 0, 0, 0),
    )
)


def _ledger(expiry: ExpiryPolicy = DEFAULT_POLICY) -> PaperLedger:
    ledger = PaperLedger(LedgerRules("America/New_York", 400), expiry=expiry)
    ledger.now_us = NOW_US
    ledger.rates = {GROCER: [EarnRate(1, 1, 1)], FUEL: [EarnRate(1, 2, 3)]}
    ledger.limits = Limits(10_000, 50, 70)
    return ledger


def _post(ledger: PaperLedger, *movements: Movement) -> list[object]:
    decisions = ledger.post(movements)
    ledger.check()
    return list(decisions)


def _sell(ledger: PaperLedger, done: list[Deal]) -> dict[int, int]:
    """Rings the deals up; answers the seq of each one's earn."""
    seqs: dict[int, int] = {}
    for place, deal in enumerate(done):
        earn = Ask("earn", deal.partner, f"e{place}", deal.member, f"e{place}", ledger.now_us, deal.amount)
        (sold,) = _post(ledger, movement_of(earn))
        assert isinstance(sold, Accepted)
        seqs[place] = sold.transaction.seq
        burn = Ask("redeem", FUEL, f"b{place}", deal.member, f"b{place}", ledger.now_us, deal.burned)
        if deal.burned and deal.burned <= ledger.balance(deal.member):
            _post(ledger, movement_of(burn))
    return seqs


def _refund(ledger: PaperLedger, done: list[Deal], seqs: dict[int, int], *, whole: bool) -> None:
    for place, deal in enumerate(done):
        given = deal.amount if whole else min(deal.refunded, deal.amount)
        if given:
            ask = Ask(
                "refund", deal.partner, f"r{place}", ledger.now_of(deal.member), f"r{place}", ledger.now_us, given,
                original_seq=seqs[place],
            )  # fmt: skip
            (answer,) = _post(ledger, movement_of(ask, sale=ledger.sale(seqs[place])))
            assert isinstance(answer, Accepted)


def _held(ledger: PaperLedger) -> dict[tuple[str, UUID], int]:
    """What each partner has issued and burned, and what the members have together, less what they owe."""
    found: dict[tuple[str, UUID], int] = {}
    for key, number in ledger.accounts.items():
        debited, credited, _, _ = ledger.counters[number]
        members = key.kind in (AccountKind.WALLET, AccountKind.DEBT)
        place = ("members", OPERATOR) if members else (key.kind.value, key.owner_id)
        found[place] = found.get(place, 0) + credited - debited
    return {place: points for place, points in found.items() if points}


@given(deals, st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_refunds_after_a_merge_end_where_they_would_have_ended_without(
    done: list[Deal], whole: bool, chained: bool
) -> None:
    apart, merged = _ledger(), _ledger()
    seqs = _sell(apart, done)
    assert _sell(merged, done) == seqs
    (first,) = _post(merged, movement_of(Ask("merge", OPERATOR, "m1", FIRST, "", 0, 0, other=SECOND)))
    assert isinstance(first, Accepted)
    if chained:
        _post(merged, movement_of(Ask("merge", OPERATOR, "m2", SECOND, "", 0, 0, other=THIRD)))
    for ledger in (apart, merged):
        _refund(ledger, done, seqs, whole=whole)
    assert _held(merged) == _held(apart)


@given(deals, st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=8), policies)
@settings(max_examples=200, deadline=None)
def test_points_given_away_keep_issuer_earn_and_expiry(
    done: list[Deal], gifts: list[tuple[bool, int]], expiry: ExpiryPolicy
) -> None:
    ledger = _ledger(expiry)
    _sell(ledger, done)

    def facts() -> dict[tuple[UUID, int, int, int], int]:
        found: dict[tuple[UUID, int, int, int], int] = {}
        for row in ledger.lots.values():
            lot = row.lot
            place = (lot.issuer_id, lot.earned_at_us, lot.expires_at_us, lot.earned_seq)
            found[place] = found.get(place, 0) + lot.remaining
        return {place: points for place, points in found.items() if points}

    before, given_today = facts(), {FIRST: 0, SECOND: 0}
    for place, (forth, points) in enumerate(gifts):
        giver, other = (FIRST, SECOND) if forth else (SECOND, FIRST)
        ask = Ask("transfer", GROCER, f"t{place}", giver, f"t{place}", ledger.now_us, points, other=other)
        had = ledger.balance(giver)
        (answer,) = _post(ledger, movement_of(ask))
        fits = points <= min(50, 70 - given_today[giver], had)
        assert isinstance(answer, Accepted) == fits
        given_today[giver] += points if fits else 0
    assert facts() == before
    ledger.now_us += DAY_US
    ask = Ask("transfer", GROCER, "next", FIRST, "next", ledger.now_us, 1, other=SECOND)
    (answer,) = _post(ledger, movement_of(ask))
    assert isinstance(answer, Accepted) == (ledger.balance(FIRST) + isinstance(answer, Accepted) > 0)
