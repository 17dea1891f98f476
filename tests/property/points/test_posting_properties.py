"""The pure decision against the model of the ledger, over random batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.movements import CreditFloor, FloorChange, Overdue
from tests.property.points.promises import Fund, Promise, beginnings, funds, promises
from tests.property.points.roughs import Rough, without_hasty
from tests.property.points.side_by_side import (
    BACKDATE_DAYS,
    MEMBERS,
    NOW_US,
    PARTNERS,
    Allow,
    Close,
    Limit,
    Rule,
    Take,
    Unparking,
    Wait,
    allows,
    asks_of,
    batches,
    busy_batches,
    closes,
    compare,
    edgy_batches,
    expiries,
    gated_batches,
    limits,
    movements_of,
    reachable,
    rules,
    seen_in,
    set_up,
    takes,
    unpark,
    waits,
    with_rates,
)
from tests.support.ledger_facts import DAY_US, SECOND_US, Ask, Expiry, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.paper_words import pair, posted_of, verdict_of

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
        st.just(Unparking()),
        promises(PARTNERS),
        funds,
        takes,
    ),
    min_size=2,
    max_size=12,
)


@given(scripts, expiries, beginnings)
@settings(max_examples=200, deadline=None)
def test_every_answer_and_posting_is_the_models(
    script: list[
        list[Rough]
        | tuple[Limit | list[Rough], ...]
        | Wait
        | Close
        | Rule
        | Limit
        | Allow
        | Promise
        | Fund
        | Take
        | Unparking
    ],
    expiry: Expiry,
    beginning: tuple[Promise | Fund, ...],
) -> None:
    ledger, model = pair("America/New_York", expiry, BACKDATE_DAYS)
    with_rates(ledger, model)
    for step in (*beginning, *script):
        if isinstance(step, Wait):
            ledger.now_us += step.micros
        elif isinstance(step, Unparking):
            unpark(ledger, model)
        elif isinstance(step, Close | Allow | Rule | Promise | Fund | Take):
            set_up(ledger, model, step)
        else:
            compare(ledger, model, [step] if isinstance(step, list | Limit) else step)
    assert [posted_of(ledger, seq) for seq in ledger.postings] == model.journal
    assert {member: ledger.balance(member) for member in MEMBERS} == {
        member: model.balance(member) for member in MEMBERS
    }
    ledger.check()


def _unhurried(chains: Sequence[list[Ask]]) -> list[list[Ask]]:
    kept = without_hasty([ask for chain in chains for ask in chain])
    kept_chains = [chain for chain in chains if all(ask in kept for ask in chain)]
    # Points that are given are earned when that is posted: of two at once at the same time, one by one a microsecond apart. Where a
    # transfer brings them into one wallet, that decides which of them are used first; so there is one such a batch.
    given = [chain for chain in kept_chains if chain[0].kind == "adjust" and chain[0].amount > 0]
    return [chain for chain in kept_chains if chain not in given[1:]]


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
        with_rates(ledger, LedgerModel("Europe/Berlin", expiry, BACKDATE_DAYS))
        ledger.post([FloorChange(PARTNERS[0], CreditFloor(floor, 0), "stf_1")])
    for group in groups:
        # Both are asked at the same time of the clock; a batch moves it by a microsecond a posting.
        # (No hold's life ends on a multiple of this, and nothing is said to have happened then: those microseconds end no
        # hold, and leave what an adjustment gives behind what was earned before it.)
        apart.now_us = together.now_us = together.now_us + SECOND_US * 3 // 2
        seen = seen_in(together)
        chains = [
            chain
            for rough in group
            if (chain := reachable(together, rough.at(together.now_us - SECOND_US // 10, seen)))
        ]
        chains = _unhurried(chains)
        items = movements_of(together, [ask for chain in chains for ask in chain])
        at_once = [_but_for_micros(verdict_of(each, together)) for each in together.post(items)]
        one_by_one = [
            _but_for_micros(verdict_of(each, apart))
            for chain in chains
            for each in apart.post(movements_of(apart, chain))
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
        with_rates(ledger, LedgerModel("Europe/Berlin", expiry, BACKDATE_DAYS))
    for batch, members in steps:
        left_alone.now_us = swept.now_us = left_alone.now_us + 33 * DAY_US + SECOND_US * 3 // 2
        swept.post([Overdue(member) for member in sorted(members)])
        # Holds and sales by what they are, not by their seq, which a lapse moves on.
        asks = [ask for rough in batch for ask in rough.at(left_alone.now_us)]
        answers = [
            [_but_for_places(verdict_of(each, ledger)) for each in ledger.post(movements_of(ledger, asks))]
            for ledger in (left_alone, swept)
        ]
        assert answers[0] == answers[1]
        swept.check()


@given(batches)
@settings(max_examples=50, deadline=None)
def test_a_batch_sent_again_answers_the_same_and_posts_nothing(batch: list[Rough]) -> None:
    ledger, model = pair("UTC", Expiry("months_after_earn", 24), BACKDATE_DAYS)
    with_rates(ledger, model)
    # A key once a batch: what a caller repeats is what it had asked.
    asks = reachable(ledger, asks_of(list({rough.key: rough for rough in batch}.values()), NOW_US))
    first = [verdict_of(each, ledger) for each in ledger.post(movements_of(ledger, asks))]
    journal = dict(ledger.postings)
    again = [verdict_of(each, ledger) for each in ledger.post(movements_of(ledger, asks))]
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
    with_rates(ledger, model)
    ledger.post(movements_of(ledger, reachable(ledger, asks_of(batch, NOW_US))))
    last: dict[int, int] = {}
    for pos, (row, told) in enumerate(zip(ledger.postings.values(), ledger.told, strict=True), start=1):
        assert row.partition == told.transaction.member_id.int % 16
        assert row.partition_prev == last.get(row.partition, 0)
        last[row.partition] = pos
    assert [told.transaction.seq for told in ledger.told] == list(ledger.postings)
