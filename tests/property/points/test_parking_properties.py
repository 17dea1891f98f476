"""Earns that are parked, against the model of the ledger: floors are tight and park, and loosened later."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.points.promises import Fund, Promise, beginnings
from tests.property.points.roughs import Rough
from tests.property.points.side_by_side import (
    BACKDATE_DAYS,
    MEMBERS,
    PARTNERS,
    Close,
    Limit,
    Unparking,
    Wait,
    busy_batches,
    closes,
    compare,
    expiries,
    set_up,
    unpark,
    waits,
    with_rates,
)
from tests.support.ledger_facts import Expiry
from tests.support.ledger_model import LedgerModel
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import pair, posted_of

Round = tuple[Limit, list[Rough], list[Rough], Wait | Close, Limit, list[Rough], Unparking]
tight = st.builds(
    Limit, st.sampled_from(PARTNERS[:2]), st.sampled_from((-9, 0, 5, 15)), st.just(0), st.just(True)
)
looser = st.builds(
    Limit, st.sampled_from(PARTNERS[:2]), st.sampled_from((None, None, 10, 40)), st.just(0), st.booleans()
)
happenings = st.one_of(waits, waits, closes)
rounds = st.lists(
    st.tuples(
        tight, busy_batches, busy_batches, happenings, looser, busy_batches, st.just(Unparking())
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def _play(ledger: PaperLedger, model: LedgerModel, steps: Round) -> None:
    for step in steps:
        if isinstance(step, Wait):
            ledger.now_us += step.micros
        elif isinstance(step, Unparking):
            unpark(ledger, model)
        elif isinstance(step, Close):
            set_up(ledger, model, step)
        else:
            compare(ledger, model, [step])


@given(rounds, expiries, beginnings)
@settings(max_examples=120, deadline=None)
def test_what_is_parked_is_posted_once_taken_away_once_or_parked_still_as_the_model_has_it(
    script: list[Round], expiry: Expiry, beginning: tuple[Promise | Fund, ...]
) -> None:
    ledger, model = pair("America/New_York", expiry, BACKDATE_DAYS)
    with_rates(ledger, model)
    for step in beginning:
        set_up(ledger, model, step)
    for steps in script:
        _play(ledger, model, steps)
    assert [posted_of(ledger, seq) for seq in ledger.postings] == model.journal
    assert {member: ledger.balance(member) for member in MEMBERS} == {
        member: model.balance(member) for member in MEMBERS
    }
    assert set(ledger.parks.open) == set(model.parked)
    ends = [
        row.original_seq
        for row in ledger.postings.values()
        if row.original_seq and row.kind in ("earn", "unpark")
    ]
    assert sorted(ends) == sorted(set(ledger.parks.rows) - set(ledger.parks.open))
    ledger.check()


@given(rounds, expiries)
@settings(max_examples=60, deadline=None)
def test_nothing_is_parked_that_fits_once_the_job_has_been_there_and_nothing_twice(
    script: list[Round], expiry: Expiry
) -> None:
    ledger, model = pair("UTC", expiry, BACKDATE_DAYS)
    with_rates(ledger, model)
    for steps in script:
        _play(ledger, model, steps)
    before = (dict(ledger.postings), dict(ledger.parks.open))
    unpark(ledger, model)
    assert (ledger.postings, ledger.parks.open) == before
