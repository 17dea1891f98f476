"""Once what is left of a partner's points is bought out, nothing that follows owes or credits it for points, for ever."""

from __future__ import annotations

from collections.abc import Container, Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.entries import Entry, EntryKind
from services.partners.domain.netting import Fold, KindTotal, net_operator, net_partners
from services.partners.domain.rates import RateCards, RateVersion
from services.partners.domain.rating import Before, creditable_of, originals_of, rate
from services.partners.domain.standing.buy_out import WHOLE_BP, amount_of
from services.partners.domain.statement import lines_of
from tests.property.partners.test_clearing_properties import fold
from tests.property.partners.test_funding_properties import by_kind, charges, contracts
from tests.support.paper_lots import PARTNERS, PaperWallet, wallets

leavers = st.sampled_from(PARTNERS)
seqs = st.integers(1, 30)


def potential(entries: Sequence[Entry], partner: UUID) -> int:
    """What a partner would owe were all its points used that it pays for at redemption."""
    might = 0
    for each in entries:
        if each.partner_id != partner:
            continue
        if each.kind is EntryKind.ISSUED:
            might += each.points * each.redemption_micros
        elif each.kind is EntryKind.RELEASED:
            might -= each.points * each.redemption_micros
        elif each.kind is EntryKind.CHARGED:
            might -= each.points * each.price_micros
        elif each.kind is EntryKind.CREDITED:
            might += each.points * each.price_micros
    return might


def rated(cards: list[RateVersion], wallet: PaperWallet, leaver: UUID, known_from: int) -> list[Entry]:
    return rate(wallet.journal, 0, RateCards(1, cards, bought_out={leaver.bytes: known_from}))


@given(contracts(), wallets(), leavers, seqs)
def test_from_then_on_it_neither_owes_nor_is_credited_for_points_and_might_owe_nothing_more(
    cards: list[RateVersion], wallet: PaperWallet, leaver: UUID, known_from: int
) -> None:
    entries = rated(cards, wallet, leaver, known_from)
    before = [each for each in entries if each.seq < known_from]
    assert before == [each for each in rate(wallet.journal, 0, RateCards(1, cards)) if each.seq < known_from]
    outstanding = potential(before, leaver)
    assert outstanding >= 0
    own = (EntryKind.ISSUED, EntryKind.REVERSED, EntryKind.CHARGED, EntryKind.CREDITED, EntryKind.RELEASED)
    for each in entries:
        if each.seq >= known_from and each.partner_id == leaver and each.kind in own:
            assert (each.amount_micros, each.price_micros, each.redemption_micros) == (0, 0, 0)
    # The booking takes what was outstanding off, and nothing is ever added again.
    assert potential(entries, leaver) - outstanding == 0


@given(contracts(), wallets(), leavers, seqs)
def test_for_everybody_else_nothing_changes(
    cards: list[RateVersion], wallet: PaperWallet, leaver: UUID, known_from: int
) -> None:
    def told(entries: Sequence[Entry], kinds: Container[EntryKind] | None = None) -> list[Entry]:
        # (What is issued at nothing is followed no more: there are fewer lines, and the others move up.)
        return [
            each._replace(line=0)
            for each in entries
            if (each.kind in kinds if kinds else each.partner_id not in (leaver, None))
        ]

    usual = rate(wallet.journal, 0, RateCards(1, cards))
    entries = rated(cards, wallet, leaver, known_from)
    assert told(entries) == told(usual)
    # What the leaver is owed and owes as a redeemer stays too.
    burns = (EntryKind.BURNED, EntryKind.RETURNED, EntryKind.FEE)
    assert told(entries, burns) == told(usual, burns)


@given(contracts(), wallets(), leavers, seqs, st.integers(0, WHOLE_BP))
def test_with_the_booking_the_nets_sum_to_zero_and_lines_sum_to_the_net(
    cards: list[RateVersion], wallet: PaperWallet, leaver: UUID, known_from: int, rate_bp: int
) -> None:
    entries = rated(cards, wallet, leaver, known_from)
    outstanding = potential([each for each in entries if each.seq < known_from], leaver)
    amount = amount_of(outstanding, rate_bp)
    assert 0 <= amount <= outstanding
    assert abs(amount * WHOLE_BP - outstanding * rate_bp) * 2 <= WHOLE_BP
    folds = [*fold(entries), Fold(leaver, EntryKind.BUY_OUT, amount, 1, 0, amount, "")]
    nets = net_partners(PARTNERS, folds, {})
    operator = net_operator([*by_kind(entries), KindTotal(EntryKind.BUY_OUT, amount)], nets)
    assert sum(net.net_minor for net in nets) + operator.net_minor == 0
    for net in nets:
        assert sum(line.amount_micros for line in lines_of(folds, net)) == net.net_minor * 10_000


@given(contracts(), wallets(), leavers, seqs, st.lists(st.integers(0, 30), max_size=5))
def test_however_the_journal_is_split_the_entries_are_the_same(
    cards: list[RateVersion], wallet: PaperWallet, leaver: UUID, known_from: int, cuts: list[int]
) -> None:
    journal, pieces, done = wallet.journal, list[Entry](), 0
    book = RateCards(1, cards, bought_out={leaver.bytes: known_from})
    for cut in [*sorted(min(cut, len(journal)) for cut in cuts), len(journal)]:
        block = journal[done:cut]
        creditable = creditable_of(block, done)
        before = Before(
            {
                seq: [each for each in pieces if each.seq == seq]
                for seq in originals_of(block, done, book.at_redemption)
            },
            {
                (seq, partner): points
                for (seq, partner), points in charges(pieces).items()
                if seq is not None and seq in creditable
            },
        )
        pieces += rate(block, done, book, before)
        done = cut
    assert pieces == rated(cards, wallet, leaver, known_from)
