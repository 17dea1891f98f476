"""The pure decision against the model of the ledger, over random batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.earning import EarnRate
from tests.support.ledger_model import DAY_US, SECOND_US, Ask, Kind, LedgerModel, Verdict
from tests.support.paper_ledger import PaperLedger, movement_of, pair, posted_of, verdict_of

NOW_US = 1_490_000_000 * SECOND_US
BACKDATE_DAYS = 400
PARTNERS = [UUID(int=number) for number in (0xA0, 0xB1, 0xC2)]
MEMBERS = [UUID(int=number) for number in (0x10, 0x21, 0x31)]
RATES = {
    PARTNERS[0]: [(1, 1, 1)],
    PARTNERS[1]: [(1, 3, 7), (NOW_US - 20 * DAY_US, 0, 1), (NOW_US + 15 * DAY_US, 5, 2)],
}
# Offsets from the ledger's clock to the till's, and those at both edges of what is taken.
OFFSETS_US = (0, 0, 0, -1, -DAY_US, -35 * DAY_US, -200 * DAY_US, -500 * DAY_US, 400 * SECOND_US)
EDGES_US = (-BACKDATE_DAYS * DAY_US, -BACKDATE_DAYS * DAY_US - 1, 300 * SECOND_US, 300 * SECOND_US + 1)


@dataclass(frozen=True)
class Close:
    member: UUID


@dataclass(frozen=True)
class Wait:
    micros: int


class HeldBy(NamedTuple):
    """A hold that there is or was."""

    seq: int
    partner: UUID
    member: UUID


@dataclass(frozen=True)
class Rough:
    """An ask whose time is still relative to the clock."""

    kind: str
    partner: UUID
    key: int
    member: UUID
    reference: int
    offset_us: int
    amount: int
    seconds: int = 1

    def at(self, now_us: int, holds: Sequence[HeldBy] = ()) -> Ask:
        """The ask at a time. What shall resolve a hold takes one of those given, or opens one where there is none."""
        common = (self.partner, f"k{self.key}")
        own = [hold for hold in holds if hold.partner == self.partner]
        if self.kind in ("capture", "void") and own:
            hold = own[self.reference % len(own)]
            amount = self.amount if self.kind == "capture" else 0
            kind = "capture" if self.kind == "capture" else "void"
            return Ask(kind, *common, hold.member, "", now_us + self.offset_us, amount, 0, hold.seq)
        kinds: dict[str, Kind] = {"earn": "earn", "redeem": "redeem"}
        kind = kinds.get(self.kind, "hold")
        return Ask(
            kind, *common, self.member, f"r{self.reference}", now_us + self.offset_us, max(1, self.amount),
            self.seconds if kind == "hold" else 0,
        )  # fmt: skip


def _roughs(offsets_us: Sequence[int]) -> st.SearchStrategy[Rough]:
    return st.builds(
        Rough,
        kind=st.sampled_from(("earn", "earn", "earn", "redeem", "hold", "hold", "capture", "void")),
        partner=st.sampled_from((PARTNERS[0], PARTNERS[0], PARTNERS[1], PARTNERS[2])),
        key=st.integers(0, 30),
        member=st.sampled_from(MEMBERS),
        reference=st.integers(0, 30),
        offset_us=st.sampled_from(offsets_us),
        amount=st.integers(0, 40),
        seconds=st.sampled_from((1, 900, 40 * 86_400)),
    )


waits = st.builds(Wait, st.sampled_from((0, 1, DAY_US, 31 * DAY_US, 400 * DAY_US)))
closes = st.builds(Close, st.sampled_from(MEMBERS))
batches = st.lists(_roughs(OFFSETS_US), min_size=1, max_size=12)
edgy_batches = st.lists(_roughs(OFFSETS_US + EDGES_US), min_size=1, max_size=12)
scripts = st.lists(st.one_of(edgy_batches, edgy_batches, edgy_batches, waits, closes), max_size=10)
months = st.sampled_from((0, 1, 2, 24))


def _with_rates(ledger: PaperLedger, model: LedgerModel) -> None:
    for partner, rates in RATES.items():
        ledger.rates[partner] = [EarnRate(*rate) for rate in rates]
        for start, points, per_minor in rates:
            model.set_rate(partner, start, points, per_minor)
    ledger.now_us = NOW_US


def _holds(ledger: PaperLedger) -> list[HeldBy]:
    opened = [told.transaction for told in ledger.told if told.kind == "held"]
    return [HeldBy(each.seq, each.partner_id, each.member_id) for each in opened if each.partner_id]


@given(scripts, months)
@settings(max_examples=150, deadline=None)
def test_every_answer_and_posting_is_the_models(
    script: list[list[Rough] | Wait | Close], expiry_months: int
) -> None:
    ledger, model = pair("America/New_York", expiry_months, BACKDATE_DAYS)
    _with_rates(ledger, model)
    for step in script:
        if isinstance(step, Wait):
            ledger.now_us += step.micros
        elif isinstance(step, Close):
            ledger.closed.add(step.member)
            model.closed.add(step.member)
        else:
            now_us = max(ledger.now_us, ledger.last_time_us + 1)
            asks = [rough.at(now_us, _holds(ledger)) for rough in step]
            decisions = ledger.post([movement_of(ask) for ask in asks])
            assert [verdict_of(each, ledger) for each in decisions] == model.post_all(asks, now_us)
    assert [posted_of(ledger, seq) for seq in ledger.postings] == model.journal
    assert {member: ledger.balance(member) for member in MEMBERS} == {
        member: sum(lot.remaining for lot in model.lots.get(member, [])) for member in MEMBERS
    }
    ledger.check()


def _but_for_micros(verdict: Verdict) -> Verdict:
    """A hold's life begins when it is recorded, a microsecond or so sooner or later."""
    posted = verdict.posted
    if posted is None or posted.kind != "hold":
        return verdict
    return replace(verdict, posted=replace(posted, expires_us=round(posted.expires_us, -5)))


@given(st.lists(batches, min_size=1, max_size=4), months)
@settings(max_examples=100, deadline=None)
def test_how_items_fall_into_batches_changes_no_answer(groups: list[list[Rough]], expiry_months: int) -> None:
    together, _ = pair("Europe/Berlin", expiry_months, BACKDATE_DAYS)
    apart, _ = pair("Europe/Berlin", expiry_months, BACKDATE_DAYS)
    for ledger in (together, apart):
        _with_rates(ledger, LedgerModel("Europe/Berlin", expiry_months, BACKDATE_DAYS))
    for group in groups:
        # Both are asked at the same time of the clock; a batch moves it by a microsecond a posting.
        # (No hold's life ends on a multiple of this, so those microseconds end none.)
        apart.now_us = together.now_us = together.now_us + SECOND_US * 3 // 2
        items = [movement_of(rough.at(together.now_us, _holds(together))) for rough in group]
        at_once = [_but_for_micros(verdict_of(each, together)) for each in together.post(items)]
        one_by_one = [_but_for_micros(verdict_of(apart.post([item])[0], apart)) for item in items]
        assert at_once == one_by_one


@given(batches)
@settings(max_examples=50, deadline=None)
def test_a_batch_sent_again_answers_the_same_and_posts_nothing(batch: list[Rough]) -> None:
    ledger, model = pair("UTC", 24, BACKDATE_DAYS)
    _with_rates(ledger, model)
    # A key once a batch: what a caller repeats is what it had asked.
    asks = list({rough.key: rough.at(NOW_US) for rough in batch}.values())
    first = [verdict_of(each, ledger) for each in ledger.post([movement_of(ask) for ask in asks])]
    journal = dict(ledger.postings)
    again = [verdict_of(each, ledger) for each in ledger.post([movement_of(ask) for ask in asks])]
    for before, after in zip(first, again, strict=True):
        if before.outcome == "turned away":
            # Not remembered, so only the word that it is not taken stands.
            assert after.outcome == "turned away"
        else:
            assert after == replace(before, replayed=True)
    assert ledger.postings == journal


@given(batches)
@settings(max_examples=50, deadline=None)
def test_each_posting_tells_one_event_with_its_place_in_the_partition(batch: list[Rough]) -> None:
    ledger, model = pair("UTC", 24, BACKDATE_DAYS)
    _with_rates(ledger, model)
    ledger.post([movement_of(rough.at(NOW_US)) for rough in batch])
    last: dict[int, int] = {}
    for pos, (row, told) in enumerate(zip(ledger.postings.values(), ledger.told, strict=True), start=1):
        assert row.partition == told.transaction.member_id.int % 16
        assert row.partition_prev == last.get(row.partition, 0)
        last[row.partition] = pos
    assert [told.transaction.seq for told in ledger.told] == list(ledger.postings)
