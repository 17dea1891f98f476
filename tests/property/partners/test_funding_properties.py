"""Whoever pays for points, and whenever: nothing is charged twice, nothing credited that was not charged, and sums hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.entries import Entry, EntryKind, totals_of
from services.partners.domain.netting import KindTotal, net_operator, net_partners
from services.partners.domain.rates import RateCards, Rates, RateVersion, TypePrices
from services.partners.domain.rating import Before, creditable_of, originals_of, rate
from services.partners.domain.statement import lines_of
from tests.property.partners.test_clearing_properties import fold
from tests.support.paper_lots import AT_END, PARTNERS, PaperWallet, wallets

prices = st.integers(0, 10**6)


@st.composite
def contracts(draw: st.DrawFn) -> list[RateVersion]:
    """A contract of each partner, of any kind, and some that follow."""
    made = [RateVersion(draw(terms(partner, 0)), 1, 1) for partner in PARTNERS]
    later = draw(st.lists(st.sampled_from(PARTNERS), max_size=4, unique=True))
    return made + [
        RateVersion(draw(terms(partner, draw(st.integers(1, AT_END)))), 2, draw(st.integers(1, 20)))
        for partner in later
    ]


@st.composite
def terms(draw: st.DrawFn, partner: UUID, from_us: int) -> Rates:
    bonus = draw(st.none() | st.builds(TypePrices, prices, prices))
    share = draw(st.sampled_from((0, 100)) | st.integers(1, 99))
    return Rates(
        partner, draw(prices), draw(prices), from_us, 0, share, draw(st.sampled_from((0, 50_000))), bonus
    )


def charges(entries: Sequence[Entry]) -> dict[tuple[int | None, UUID | None], int]:
    """Points that are charged and not credited, by their earn and who pays."""
    outstanding: dict[tuple[int | None, UUID | None], int] = defaultdict(int)
    for entry in entries:
        if entry.kind is EntryKind.CHARGED:
            outstanding[entry.earned_seq, entry.partner_id] += entry.points
        elif entry.kind is EntryKind.CREDITED:
            outstanding[entry.earned_seq, entry.partner_id] -= entry.points
    return outstanding


@given(contracts(), wallets(refunds=False))
def test_without_refunds_each_point_used_is_paid_for_at_its_whole_price_and_one_that_lapses_at_the_first_part(
    cards: list[RateVersion], wallet: PaperWallet
) -> None:
    entries = rate(wallet.journal, 0, RateCards(1, cards))
    used: dict[int, int] = defaultdict(int)
    for lots in wallet.burns.values():
        for lot in lots:
            used[lot.earned_seq] += lot.points
    for issued in (entry for entry in entries if entry.kind is EntryKind.ISSUED):
        paid = sum(
            entry.amount_micros
            for entry in entries
            if entry.partner_id == issued.partner_id
            and (entry == issued or (entry.kind is EntryKind.CHARGED and entry.earned_seq == issued.seq))
        )
        now, later = issued.price_micros, issued.redemption_micros
        assert paid == issued.points * now + used[issued.seq] * later
        version = next(
            each
            for each in cards
            if (each.rates.partner_id, each.version) == (issued.partner_id, issued.version)
        )
        share = version.rates.issue_share_percent
        assert abs(now * 100 - (now + later) * share) <= 50


@given(contracts(), wallets())
def test_what_is_charged_is_never_more_than_what_is_used_and_never_less_than_nothing(
    cards: list[RateVersion], wallet: PaperWallet
) -> None:
    entries = rate(wallet.journal, 0, RateCards(1, cards))
    used: dict[int, int] = defaultdict(int)
    last = 0
    for entry in entries:
        if entry.seq != last:
            last = entry.seq
            posting = wallet.journal[entry.seq - 1]
            for lot in posting.taken:
                used[lot.earned_seq] += lot.points
            for undone in posting.undoes:
                for lot in undone.used:
                    if lot.earned_seq != undone.original_seq:
                        used[lot.earned_seq] += lot.points
            assert all(points >= 0 for points in charges(entries[: entries.index(entry)]).values())
    for (earned_seq, _), points in charges(entries).items():
        assert earned_seq is not None
        assert 0 <= points <= used[earned_seq]


@given(contracts(), wallets())
def test_an_earn_that_is_taken_back_whole_owes_nothing_of_what_was_due_at_issuance_out_of_whichever_lots(
    cards: list[RateVersion], wallet: PaperWallet
) -> None:
    for seq in [seq for seq, lot in wallet.lots.items() if wallet.clawed[seq] < lot.points]:
        missing = wallet.lots[seq].points - wallet.clawed[seq]
        if wallet.balance >= missing:
            wallet.claw_back(seq, missing, AT_END)
    entries = rate(wallet.journal, 0, RateCards(1, cards))
    owed: dict[int, int] = defaultdict(int)
    for entry in entries:
        if entry.kind is EntryKind.ISSUED:
            owed[entry.seq] += entry.amount_micros
        elif entry.kind is EntryKind.REVERSED:
            owed[wallet.journal[entry.seq - 1].undoes[0].original_seq] += entry.amount_micros
    for seq, lot in wallet.lots.items():
        if wallet.clawed[seq] == lot.points:
            assert owed[seq] == 0


@given(contracts(), wallets())
def test_what_may_still_be_charged_is_what_is_left_in_the_lots(
    cards: list[RateVersion], wallet: PaperWallet
) -> None:
    """Issued less charged, credited and released: to the point, of every earn and everybody who pays for it."""
    entries = rate(wallet.journal, 0, RateCards(1, cards))
    left: dict[tuple[int, UUID | None], int] = {}
    for entry in entries:
        if entry.kind is EntryKind.ISSUED and entry.redemption_micros:
            left[entry.seq, entry.partner_id] = entry.points
        elif entry.earned_seq is not None:
            back = entry.kind is EntryKind.CREDITED
            left[entry.earned_seq, entry.partner_id] += entry.points if back else -entry.points
    swapped: dict[int, int] = defaultdict(int)
    for posting in wallet.journal:
        for undone in posting.undoes:
            others = (lot.points for lot in undone.used if lot.earned_seq != undone.original_seq)
            swapped[undone.original_seq] += sum(others)
    for (seq, _), points in left.items():
        # What others took the place of may come back when its burn is given back: then it is there, and not charged.
        assert wallet.left[seq] - swapped[seq] <= points <= wallet.left[seq]
        if not swapped[seq]:
            assert points == wallet.left[seq]


@given(contracts(), wallets(), st.lists(st.integers(0, 30), max_size=5))
def test_however_the_journal_is_split_the_entries_are_the_same(
    cards: list[RateVersion], wallet: PaperWallet, cuts: list[int]
) -> None:
    journal = wallet.journal
    whole = rate(journal, 0, RateCards(1, cards))
    pieces: list[Entry] = []
    done = 0
    for cut in [*sorted(min(cut, len(journal)) for cut in cuts), len(journal)]:
        block = journal[done:cut]
        wanted = originals_of(block, done, RateCards(1, cards).at_redemption)
        creditable = creditable_of(block, done)
        # What the database would answer.
        before = Before(
            {seq: [entry for entry in pieces if entry.seq == seq] for seq in wanted},
            {
                (seq, partner): points
                for (seq, partner), points in charges(pieces).items()
                if seq is not None and seq in creditable
            },
        )
        pieces += rate(block, done, RateCards(1, cards), before)
        done = cut
    assert pieces == whole
    assert totals_of(whole).entries == len(whole)


@given(contracts(), wallets(), st.lists(st.integers(0, 30), max_size=5))
def test_every_window_sums_to_zero_with_the_operator_and_lines_sum_to_the_net(
    cards: list[RateVersion], wallet: PaperWallet, cuts: list[int]
) -> None:
    entries = rate(wallet.journal, 0, RateCards(1, cards))
    carries: dict[UUID, int] = {}
    first = 1
    for last in [*sorted(cuts), len(wallet.journal)]:
        mine = [entry for entry in entries if first <= entry.seq <= last]
        nets = net_partners(PARTNERS, fold(mine), carries)
        operator = net_operator(by_kind(mine), nets)
        assert sum(net.net_minor for net in nets) + operator.net_minor == 0
        for net in nets:
            assert sum(line.amount_micros for line in lines_of(fold(mine), net)) == net.net_minor * 10_000
        carries = {net.party_id: net.carry_out_micros for net in nets}
        first = last + 1


def by_kind(entries: Sequence[Entry]) -> list[KindTotal]:
    """The operator's side: points times price, a fee by itself."""
    sums: dict[EntryKind, int] = defaultdict(int)
    for entry in entries:
        sums[entry.kind] += (1 if entry.kind is EntryKind.FEE else entry.points) * entry.price_micros
    return [KindTotal(kind, micros) for kind, micros in sums.items()]
