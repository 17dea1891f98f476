"""Rating and netting hold for whatever partners do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.entries import Entry, EntryKind, totals_of
from services.partners.domain.netting import (
    MICROS_PER_MINOR,
    OPERATOR,
    Fold,
    KindTotal,
    Net,
    half_even,
    net_operator,
    net_partners,
)
from services.partners.domain.postings import LotTaken, Posting, Share, Undone
from services.partners.domain.rates import RateCards, Rates, RateVersion
from services.partners.domain.rating import Before, originals_of, rate
from services.partners.domain.statement import lines_of

PARTNERS = tuple(UUID(int=number) for number in range(1, 6))
prices = st.integers(0, 10**9)
points = st.integers(1, 10**6)
partners = st.sampled_from(PARTNERS)
times = st.integers(0, 1_000)


@st.composite
def versions(draw: st.DrawFn) -> list[RateVersion]:
    """Rate cards in which every partner has a price at every time, and some newer ones over it."""
    made = [RateVersion(Rates(partner, draw(prices), draw(prices), 0, 0), 1, 1) for partner in PARTNERS]
    last = dict.fromkeys(PARTNERS, 1)
    for _ in range(draw(st.integers(0, 8))):
        partner, start = draw(partners), draw(times)
        end = draw(st.one_of(st.just(0), st.integers(start + 1, 1_001)))
        last[partner] += 1
        rates = Rates(partner, draw(prices), draw(prices), start, end)
        made.append(RateVersion(rates, last[partner], draw(st.integers(1, 30))))
    return made


@st.composite
def shares(draw: st.DrawFn) -> list[Share]:
    """Who pays for a grant: partners, the operator, or both."""
    funders = draw(st.lists(st.sampled_from((*PARTNERS, OPERATOR)), min_size=1, max_size=4, unique=True))
    cuts = draw(st.sets(st.integers(1, 99), min_size=len(funders) - 1, max_size=len(funders) - 1))
    percents = [after - before for before, after in pairwise([0, *sorted(cuts), 100])]
    return [Share(funder.bytes, percent) for funder, percent in zip(funders, percents, strict=True)]


@st.composite
def journals(draw: st.DrawFn) -> list[Posting]:
    """Postings from seq 1 on: earns, burns of one or more lots, grants, expiries, and parts of refunds of these."""
    made: list[Posting] = []
    for seq in range(1, draw(st.integers(1, 30)) + 1):
        kind, partner, at = draw(st.sampled_from("eebgxuu")), draw(partners), draw(times)
        undoable = [each for each in made if each.points]
        if kind == "e":
            made.append(Posting(seq, seq, partner.bytes, at, draw(st.integers(0, 10**6)), seq))
        elif kind == "b":
            lots = [
                LotTaken(draw(partners).bytes, "base", draw(points)) for _ in range(draw(st.integers(1, 4)))
            ]
            made.append(Posting(seq, seq, partner.bytes, at, sum(lot.points for lot in lots), 0, lots))
        elif kind == "g":
            given = draw(points)
            made.append(Posting(seq, seq, partner.bytes, at, given, seq, funders=draw(shares())))
        elif kind == "u" and undoable:
            originals = draw(st.lists(st.sampled_from(undoable), min_size=1, max_size=3))
            made.append(Posting(seq, seq, b"", at, undoes=[draw(undoings(each)) for each in originals]))
        else:
            made.append(Posting(seq, seq, b"", at))
    return made


@st.composite
def undoings(draw: st.DrawFn, original: Posting) -> Undone:
    """Some of the points of an earn or a burn, or all of them."""
    whole = everything(original)
    some = [lot._replace(points=draw(st.integers(1, lot.points))) for lot in whole.taken]
    return draw(st.sampled_from([whole, whole._replace(taken=some)]))


def fold(entries: Sequence[Entry]) -> list[Fold]:
    """What the database answers of a window: entries summed by partner, kind, type of points, company and price."""
    summed: dict[tuple[UUID, EntryKind, int, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in entries:
        if entry.partner_id is not None:
            row = summed[
                entry.partner_id, entry.kind, entry.price_micros, entry.point_type or "", entry.entity
            ]
            row[0] += 1
            row[1] += entry.points
            row[2] += entry.amount_micros
    return [
        Fold(partner, kind, price, row[0], row[1], row[2], point_type, entity)
        for (partner, kind, price, point_type, entity), row in summed.items()
    ]


def by_kind(entries: Sequence[Entry]) -> list[KindTotal]:
    return [
        KindTotal(kind, sum(entry.points * entry.price_micros for entry in entries if entry.kind is kind))
        for kind in EntryKind
    ]


def clear(entries: Sequence[Entry], cuts: Sequence[int]) -> list[dict[UUID, Net]]:
    """Nets window by window, the operator's with them; cuts are last seqs."""
    windows: list[dict[UUID, Net]] = []
    carries: dict[UUID, int] = {}
    first = 1
    for last in cuts:
        mine = [entry for entry in entries if first <= entry.seq <= last]
        nets = net_partners(PARTNERS, fold(mine), carries)
        operator = net_operator(by_kind(mine), nets)
        windows.append({net.party_id: net for net in (*nets, operator)})
        carries = {net.party_id: net.carry_out_micros for net in nets}
        first = last + 1
    return windows


@given(versions(), journals(), st.lists(st.integers(0, 30), max_size=6))
def test_nets_of_every_window_sum_to_zero_with_the_operator(
    cards: list[RateVersion], journal: list[Posting], cuts: list[int]
) -> None:
    entries = rate(journal, 0, RateCards(1, cards))
    for window in clear(entries, [*sorted(cuts), len(journal)]):
        assert sum(net.net_minor for net in window.values()) == 0
        assert sum(net.carry_out_micros for net in window.values()) == 0
        assert sum(net.exact_micros for net in window.values()) == 0


@given(versions(), journals(), st.lists(st.integers(0, 30), max_size=6))
def test_cutting_more_often_changes_no_total(
    cards: list[RateVersion], journal: list[Posting], cuts: list[int]
) -> None:
    entries = rate(journal, 0, RateCards(1, cards))
    (once,) = clear(entries, [len(journal)])
    often = clear(entries, [*sorted(cuts), len(journal)])
    for party, whole in once.items():
        paid = sum(window[party].net_minor for window in often) * MICROS_PER_MINOR
        assert paid + often[-1][party].carry_out_micros == whole.exact_micros
        assert sum(window[party].exact_micros for window in often) == whole.exact_micros
        for points_of in ("points_issued", "points_reversed", "points_burned", "points_returned"):
            assert sum(getattr(window[party], points_of) for window in often) == getattr(whole, points_of)


@given(versions(), journals(), st.lists(st.integers(0, 30), max_size=6))
def test_a_net_is_within_half_a_minor_unit_of_what_is_due_and_its_lines_sum_to_it(
    cards: list[RateVersion], journal: list[Posting], cuts: list[int]
) -> None:
    entries = rate(journal, 0, RateCards(1, cards))
    first = 1
    for last, window in zip(
        [*sorted(cuts), len(journal)], clear(entries, [*sorted(cuts), len(journal)]), strict=True
    ):
        folds = fold([entry for entry in entries if first <= entry.seq <= last])
        for partner in PARTNERS:
            net = window[partner]
            due = net.exact_micros + net.carry_in_micros
            assert abs(due - net.net_minor * MICROS_PER_MINOR) * 2 <= MICROS_PER_MINOR
            assert (
                sum(line.amount_micros for line in lines_of(folds, net)) == net.net_minor * MICROS_PER_MINOR
            )
        first = last + 1


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**6))
def test_half_even_is_nearest_and_ties_are_even(micros: int, per_minor: int) -> None:
    minor = half_even(micros, per_minor)
    distance = abs(micros - minor * per_minor) * 2
    assert distance <= per_minor
    if distance == per_minor:
        assert minor % 2 == 0
    assert half_even(-micros, per_minor) == -minor


@given(versions(), journals())
def test_the_version_that_rates_is_the_highest_of_those_that_apply(
    cards: list[RateVersion], journal: list[Posting]
) -> None:
    taken_at = {posting.seq: posting for posting in journal}
    for entry in rate(journal, 0, RateCards(1, cards)):
        if entry.kind not in (EntryKind.ISSUED, EntryKind.BURNED):
            continue
        posting = taken_at[entry.seq]
        applying = [
            each
            for each in cards
            if each.rates.partner_id == entry.partner_id
            and each.rates.valid_from_us <= posting.effective_us
            and posting.effective_us < (each.rates.valid_to_us or 10**18)
            and each.known_from_seq <= posting.seq
        ]
        best = max(applying, key=lambda each: each.version)
        assert entry.version == best.version
        price = best.rates.reimbursement_micros
        if entry.kind is EntryKind.ISSUED:
            price = best.rates.issue_micros
        if posting.funders:
            share = dict(posting.funders)[best.rates.partner_id.bytes]
            # The share of the price, to the nearest micro.
            assert abs(entry.price_micros * 100 - price * share) <= 50
            price = entry.price_micros
        else:
            assert posting.partner == best.rates.partner_id.bytes
        assert entry.price_micros == price


@given(versions(), journals(), st.lists(st.integers(0, 30), max_size=6))
def test_however_the_journal_is_split_into_blocks_the_entries_are_the_same(
    cards: list[RateVersion], journal: list[Posting], cuts: list[int]
) -> None:
    whole = rate(journal, 0, RateCards(1, cards))
    pieces: list[Entry] = []
    done = 0
    for cut in [*sorted(min(cut, len(journal)) for cut in cuts), len(journal)]:
        # What the database would answer.
        wanted = originals_of(journal[done:cut], done)
        found = {seq: [entry for entry in pieces if entry.seq == seq] for seq in wanted}
        pieces += rate(journal[done:cut], done, RateCards(1, cards), Before(found))
        done = cut
    assert pieces == whole
    assert totals_of(whole).entries == len(whole)
    assert all(
        (entry.point_type == "bonus") == bool(journal[entry.seq - 1].funders)
        for entry in whole
        if entry.kind is EntryKind.ISSUED
    )
    assert {entry.seq for entry in whole} == set(range(1, len(journal) + 1))


@given(versions(), journals())
def test_what_is_undone_is_undone_for_its_partner_at_the_price_and_version_of_then(
    cards: list[RateVersion], journal: list[Posting]
) -> None:
    entries = rate(journal, 0, RateCards(1, cards))
    for posting in journal:
        made: dict[object, int] = defaultdict(int)
        expected: dict[object, int] = defaultdict(int)
        for undone in posting.undoes:
            whole = [entry for entry in entries if entry.seq == undone.original_seq]
            burned = undone.kind is EntryKind.RETURNED
            for original in whole[:1] if burned else whole:
                if original.kind is EntryKind.NOTHING:
                    continue
                for issuer, _, amount, _ in undone.taken:
                    key = (
                        undone.kind,
                        original.partner_id,
                        UUID(bytes=issuer),
                        original.version,
                        original.price_micros,
                    )
                    expected[key] += (1 if burned else -1) * amount * original.price_micros
        for entry in (entry for entry in entries if entry.seq == posting.seq and posting.undoes):
            key = entry.kind, entry.partner_id, entry.issuer_id, entry.version, entry.price_micros
            if entry.kind is not EntryKind.NOTHING:
                made[key] += entry.amount_micros
        assert made == expected


@given(versions(), journals(), times)
def test_a_journal_that_is_undone_as_a_whole_nets_to_nothing_whatever_prices_did_meanwhile(
    cards: list[RateVersion], journal: list[Posting], at: int
) -> None:
    done = [posting._replace(undoes=()) for posting in journal]
    last = len(done)
    undone = [
        Posting(last + place, last + place, b"", at, undoes=[everything(posting)])
        for place, posting in enumerate((each for each in done if each.points), start=1)
    ]
    entries = rate(done + undone, 0, RateCards(1, cards))
    first, second = clear(entries, [last, last + len(undone)])
    for party, net in second.items():
        assert net.exact_micros == -first[party].exact_micros
        assert (net.net_minor, net.carry_out_micros) == (-first[party].net_minor, 0)
        assert (net.points_reversed, net.points_returned) == (
            first[party].points_issued,
            first[party].points_burned,
        )


def everything(original: Posting) -> Undone:
    """All points of an earn or a burn."""
    taken = original.taken or [LotTaken(original.partner, "base", original.points)]
    kind = EntryKind.RETURNED if original.taken else EntryKind.REVERSED
    return Undone(kind, original.seq, original.partner, taken)
