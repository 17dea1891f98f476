"""The pure decision against the model of the ledger, over random batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.earning import EarnRate
from services.points.domain.movements import Act, CreditFloor, FloorChange, Movement, Overdue
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from services.points.domain.terms import Limits
from tests.property.points.promises import Fund, Promise, beginnings, fund, funds, promise, promises
from tests.property.points.roughs import NOTHING_SEEN, Referred, Rough, Seen, roughs, without_hasty
from tests.support.credit_model import issued, set_floor
from tests.support.ledger_facts import DAY_US, SECOND_US, Ask, Expiry, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of, pair, posted_of, reversal_of, verdict_of

NOW_US = 1_490_000_000 * SECOND_US
BACKDATE_DAYS = 400
PARTNERS = [UUID(int=number) for number in (0xA0, 0xB1, 0xC2)]
MEMBERS = [UUID(int=number) for number in (0x10, 0x21, 0x31)]
RATES = {
    PARTNERS[0]: [(1, 1, 1), (NOW_US + DAY_US, 1, 1, 70), (NOW_US + 200 * DAY_US, 2, 1)],
    PARTNERS[1]: [(1, 3, 7, 40), (NOW_US - 20 * DAY_US, 0, 1), (NOW_US - DAY_US // 2, 5, 2, 14)],
}
# Offsets from the ledger's clock to the till's, and those at both edges of what is taken.
OFFSETS_US = (0, 0, 0, -1, -DAY_US, -35 * DAY_US, -200 * DAY_US, -500 * DAY_US, 400 * SECOND_US)
EDGES_US = (-BACKDATE_DAYS * DAY_US, -BACKDATE_DAYS * DAY_US - 1, 300 * SECOND_US, 300 * SECOND_US + 1)


@dataclass(frozen=True)
class Close:
    member: UUID


@dataclass(frozen=True)
class Allow:
    """What one person may adjust alone, and members give each other at once and in a day."""

    points: tuple[int, int, int]


@dataclass(frozen=True)
class Wait:
    micros: int


@dataclass(frozen=True)
class Rule:
    partner: UUID
    shortfall: Shortfall
    order: TenderOrder


@dataclass(frozen=True)
class Limit:
    """A credit floor so many points below what the partner has issued (None: none), on what was there `late` seqs ago."""

    partner: UUID
    room: int | None
    late: int

    def asked(self, model: LedgerModel) -> CreditFloor:
        """The floor, as of now."""
        floor = None if self.room is None else -issued(model, self.partner) - self.room
        return CreditFloor(floor, max(0, len(model.journal) - self.late))


limits = st.builds(
    Limit,
    st.sampled_from((PARTNERS[0], *PARTNERS)),
    st.sampled_from((None, -9, 0, 5, 30, 60)),
    st.sampled_from((0, 0, 2)),
)
rules = st.builds(
    Rule, st.sampled_from(PARTNERS[:2]), st.sampled_from(list(Shortfall)), st.sampled_from(list(TenderOrder))
)
allows = st.builds(
    Allow,
    st.tuples(st.sampled_from((0, 20, 10_000)), st.integers(0, 40), st.sampled_from((0, 30, 60, 10_000))),
)
waits = st.builds(Wait, st.sampled_from((0, 1, DAY_US, 31 * DAY_US, 400 * DAY_US)))
closes = st.builds(Close, st.sampled_from(MEMBERS))
batches = st.lists(roughs(PARTNERS, MEMBERS, OFFSETS_US), min_size=1, max_size=14)
edgy_batches = st.lists(roughs(PARTNERS, MEMBERS, OFFSETS_US + EDGES_US), min_size=1, max_size=12)
# Many at the clock's own time, so that there is much to refer to.
busy_batches = st.lists(roughs(PARTNERS, MEMBERS, (0, 0, 0, -1, -35 * DAY_US)), min_size=4, max_size=14)
# Floors that are set between the items of one batch.
gated_batches = st.tuples(limits, busy_batches, limits, busy_batches, limits)
scripts = st.lists(
    st.one_of(
        busy_batches,
        busy_batches,
        edgy_batches,
        gated_batches,
        waits,
        closes,
        rules,
        limits,
        allows,
        promises(PARTNERS),
        funds,
    ),
    min_size=2,
    max_size=12,
)
expiries = st.sampled_from(
    (
        *(Expiry("months_after_earn", months) for months in (0, 1, 2, 24)),
        Expiry("fixed_date", 0, 3, 31),
        Expiry("fixed_date", 1, 2, 29),
        Expiry("fixed_date", 6, 12, 31),
        *(Expiry("activity", months) for months in (1, 2, 12)),
    )
)


def _with_rates(ledger: PaperLedger, model: LedgerModel) -> None:
    for partner, rates in RATES.items():
        ledger.rates[partner] = [EarnRate(*rate) for rate in rates]
        for rate in rates:
            model.set_rate(partner, *rate)
    ledger.now_us = NOW_US
    _allow(ledger, model, Allow((30, 25, 60)))


def _set(ledger: PaperLedger, model: LedgerModel, step: Close | Allow | Rule | Promise | Fund) -> None:
    """What the operator sets, in both."""
    if isinstance(step, Close):
        ledger.closed.add(step.member)
        model.closed.add(step.member)
    elif isinstance(step, Allow):
        _allow(ledger, model, step)
    elif isinstance(step, Promise):
        promise(ledger, model, step)
    elif isinstance(step, Fund):
        fund(ledger, model, step)
    else:
        ledger.refund_rules[step.partner] = RefundRule(step.shortfall, step.order)
        model.refund_rules[step.partner] = (step.shortfall.value, step.order.value)


def _allow(ledger: PaperLedger, model: LedgerModel, allow: Allow) -> None:
    ledger.limits = Limits(*allow.points)
    model.limits = allow.points


def _seen(ledger: PaperLedger) -> Seen:
    """The holds, and what can be refunded by itself."""
    found = Seen([], [], list(ledger.decisions))
    for told in ledger.told:
        each = told.transaction
        if each.partner_id is not None:
            by = Referred(each.seq, each.partner_id, ledger.now_of(each.member_id))
            if told.kind == "held":
                found = found._replace(holds=[*found.holds, by])
            elif ledger.sale(each.seq) is not None:
                found = found._replace(sales=[*found.sales, by])
    return found


def _movements(ledger: PaperLedger, asks: Sequence[Ask]) -> list[Movement]:
    return [
        movement
        for ask in asks
        for movement in [
            reversal_of(ask, ledger)
            if ask.kind == "reverse"
            else movement_of(ask, sale=ledger.sale(ask.original_seq))
        ]
        if movement is not None
    ]


def _reachable(ledger: PaperLedger, asks: Sequence[Ask]) -> list[Ask]:
    """Those that come to the door: a refund or a void is not reversed."""
    return [
        ask for ask in without_hasty(asks) if ask.kind != "reverse" or reversal_of(ask, ledger) is not None
    ]


def _asks(batch: Sequence[Rough], now_us: int, seen: Seen = NOTHING_SEEN) -> list[Ask]:
    return [ask for rough in batch for ask in rough.at(now_us, seen)]


def _compare(ledger: PaperLedger, model: LedgerModel, parts: Sequence[Limit | list[Rough]]) -> None:
    """Posts movements and floors in one batch, and one after the other by the model."""
    now_us = max(ledger.now_us, ledger.last_time_us + 1)
    seen, met, given_up = _seen(ledger), set[tuple[UUID, str]](), set[UUID]()
    acts: list[Act] = []
    steps: list[list[Ask] | tuple[UUID, CreditFloor]] = []
    for part in parts:
        if isinstance(part, Limit):
            asked = part.asked(model)
            acts.append(FloorChange(part.partner, asked, "stf_1"))
            steps.append((part.partner, asked))
        else:
            asks = _reachable(ledger, _asks(part, now_us, seen))
            asks = [ask for ask in asks if ask.kind != "reverse" or (ask.partner, ask.target) not in met]
            met |= {(ask.partner, ask.key) for ask in asks}
            # A refund that meets the merge of its own member is asked again: it comes to the door for the other one then.
            given_up |= {ask.member for ask in asks if ask.kind == "merge"}
            asks = [ask for ask in asks if ask.kind != "refund" or ask.member not in given_up]
            acts += _movements(ledger, asks)
            steps.append(asks)
    verdicts = [verdict_of(each, ledger) for each in ledger.post(acts)]
    expected: list[Verdict] = []
    for step in steps:
        if isinstance(step, list):
            expected += model.post_all(step, now_us)
        else:
            set_floor(model, step[0], *step[1], now_us)
    assert verdicts == expected


@given(scripts, expiries, beginnings)
@settings(max_examples=200, deadline=None)
def test_every_answer_and_posting_is_the_models(
    script: list[
        list[Rough] | tuple[Limit | list[Rough], ...] | Wait | Close | Rule | Limit | Allow | Promise | Fund
    ],
    expiry: Expiry,
    beginning: tuple[Promise | Fund, ...],
) -> None:
    ledger, model = pair("America/New_York", expiry, BACKDATE_DAYS)
    _with_rates(ledger, model)
    for step in (*beginning, *script):
        if isinstance(step, Wait):
            ledger.now_us += step.micros
        elif isinstance(step, Close | Allow | Rule | Promise | Fund):
            _set(ledger, model, step)
        else:
            _compare(ledger, model, [step] if isinstance(step, list | Limit) else step)
    assert [posted_of(ledger, seq) for seq in ledger.postings] == model.journal
    assert {member: ledger.balance(member) for member in MEMBERS} == {
        member: model.balance(member) for member in MEMBERS
    }
    ledger.check()


def _unhurried(chains: Sequence[list[Ask]]) -> list[list[Ask]]:
    kept = without_hasty([ask for chain in chains for ask in chain])
    return [chain for chain in chains if all(ask in kept for ask in chain)]


def _but_for_micros(verdict: Verdict) -> Verdict:
    """A hold's life begins when it is recorded, a microsecond or so sooner or later."""
    posted = verdict.posted
    if posted is None or posted.kind != "hold":
        return verdict
    return replace(verdict, posted=replace(posted, expires_us=round(posted.expires_us, -5)))


@given(st.lists(batches, min_size=1, max_size=4), expiries, st.sampled_from((None, 0, -20, -90)))
@settings(max_examples=100, deadline=None)
def test_how_items_fall_into_batches_changes_no_answer(
    groups: list[list[Rough]], expiry: Expiry, floor: int | None
) -> None:
    together, _ = pair("Europe/Berlin", expiry, BACKDATE_DAYS)
    apart, _ = pair("Europe/Berlin", expiry, BACKDATE_DAYS)
    for ledger in (together, apart):
        _with_rates(ledger, LedgerModel("Europe/Berlin", expiry, BACKDATE_DAYS))
        ledger.post([FloorChange(PARTNERS[0], CreditFloor(floor, 0), "stf_1")])
    for group in groups:
        # Both are asked at the same time of the clock; a batch moves it by a microsecond a posting.
        # (No hold's life ends on a multiple of this, and nothing is said to have happened then: those microseconds end no
        # hold, and leave what an adjustment gives behind what was earned before it.)
        apart.now_us = together.now_us = together.now_us + SECOND_US * 3 // 2
        seen = _seen(together)
        chains = [
            chain
            for rough in group
            if (chain := _reachable(together, rough.at(together.now_us - SECOND_US // 10, seen)))
        ]
        chains = _unhurried(chains)
        items = _movements(together, [ask for chain in chains for ask in chain])
        at_once = [_but_for_micros(verdict_of(each, together)) for each in together.post(items)]
        one_by_one = [
            _but_for_micros(verdict_of(each, apart))
            for chain in chains
            for each in apart.post(_movements(apart, chain))
        ]
        assert at_once == one_by_one


def _but_for_places(verdict: Verdict) -> object:
    """What a caller is told, whatever else has been posted in between."""
    told = verdict.posted
    moved = (
        (told.kind, told.points, told.balance_after, told.held, told.figures) if told is not None else None
    )
    return verdict.outcome, verdict.reason, verdict.available, verdict.replayed, moved


@given(st.lists(st.tuples(batches, st.sets(st.sampled_from(MEMBERS))), min_size=1, max_size=5), expiries)
@settings(max_examples=150, deadline=None)
def test_no_answer_depends_on_when_what_is_over_was_ended(
    steps: list[tuple[list[Rough], set[UUID]]], expiry: Expiry
) -> None:
    left_alone, swept = (pair("Europe/Berlin", expiry, BACKDATE_DAYS)[0] for _ in range(2))
    for ledger in (left_alone, swept):
        _with_rates(ledger, LedgerModel("Europe/Berlin", expiry, BACKDATE_DAYS))
    for batch, members in steps:
        left_alone.now_us = swept.now_us = left_alone.now_us + 33 * DAY_US + SECOND_US * 3 // 2
        swept.post([Overdue(member) for member in sorted(members)])
        # Holds and sales by what they are, not by their seq, which a lapse moves on.
        asks = [ask for rough in batch for ask in rough.at(left_alone.now_us)]
        answers = [
            [_but_for_places(verdict_of(each, ledger)) for each in ledger.post(_movements(ledger, asks))]
            for ledger in (left_alone, swept)
        ]
        assert answers[0] == answers[1]
        swept.check()


@given(batches)
@settings(max_examples=50, deadline=None)
def test_a_batch_sent_again_answers_the_same_and_posts_nothing(batch: list[Rough]) -> None:
    ledger, model = pair("UTC", Expiry("months_after_earn", 24), BACKDATE_DAYS)
    _with_rates(ledger, model)
    # A key once a batch: what a caller repeats is what it had asked.
    asks = _reachable(ledger, _asks(list({rough.key: rough for rough in batch}.values()), NOW_US))
    first = [verdict_of(each, ledger) for each in ledger.post(_movements(ledger, asks))]
    journal = dict(ledger.postings)
    again = [verdict_of(each, ledger) for each in ledger.post(_movements(ledger, asks))]
    for before, after in zip(first, again, strict=True):
        if before.outcome == "turned away":
            # Not remembered, so only the word that it is not taken stands.
            assert after.outcome != "accepted"
        else:
            assert after == replace(before, replayed=True)
    assert ledger.postings == journal


@given(batches)
@settings(max_examples=50, deadline=None)
def test_each_posting_tells_one_event_with_its_place_in_the_partition(batch: list[Rough]) -> None:
    ledger, model = pair("UTC", Expiry("months_after_earn", 24), BACKDATE_DAYS)
    _with_rates(ledger, model)
    ledger.post(_movements(ledger, _reachable(ledger, _asks(batch, NOW_US))))
    last: dict[int, int] = {}
    for pos, (row, told) in enumerate(zip(ledger.postings.values(), ledger.told, strict=True), start=1):
        assert row.partition == told.transaction.member_id.int % 16
        assert row.partition_prev == last.get(row.partition, 0)
        last[row.partition] = pos
    assert [told.transaction.seq for told in ledger.told] == list(ledger.postings)
