"""What each posting makes a partner owe, or be owed."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.partners.domain.entries import Entry, EntryKind, Totals, totals_of
from services.partners.domain.postings import LotTaken, Posting, Unrateable
from services.partners.domain.rates import PRICE_MICROS_MAX, RateCards, Rates, RateVersion
from services.partners.domain.rating import rate

GROCER, FUEL, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)
CARDS = RateCards(
    1,
    [
        RateVersion(Rates(GROCER, 10_000, 8_000, 0, 0), 1, 1),
        RateVersion(Rates(FUEL, 11_050, 8_475, 0, 0), 1, 1),
        RateVersion(Rates(FUEL, 11_575, 8_035, 500, 0), 2, 1),
    ],
)


def earn(seq: int, partner: UUID = GROCER, points: int = 10, at: int = 100) -> Posting:
    return Posting(seq + 100, seq, partner.bytes, at, points, seq if points else 0)


def burn(seq: int, partner: UUID, *taken: tuple[UUID, str, int], at: int = 100) -> Posting:
    lots = [LotTaken(issuer.bytes, kind, points) for issuer, kind, points in taken]
    return Posting(seq + 100, seq, partner.bytes, at, sum(lot.points for lot in lots), 0, lots)


def test_an_earn_makes_its_issuer_owe_the_price_of_every_point_of_the_lot() -> None:
    (entry,) = rate([earn(1, GROCER, 123)], 0, CARDS)
    assert entry == Entry(
        1, 1, EntryKind.ISSUED, GROCER, GROCER, "base", 1, 1, 123, 10_000, 1_230_000, 100, entity=1
    )


def test_the_tills_clock_decides_the_price() -> None:
    entries = rate([earn(1, FUEL, 1, at=499), earn(2, FUEL, 1, at=500)], 0, CARDS)
    assert [(entry.version, entry.price_micros) for entry in entries] == [(1, 11_050), (2, 11_575)]


def test_a_redemption_is_owed_its_own_reimbursement_apart_by_issuer_and_type() -> None:
    posting = burn(
        4, FUEL, (GROCER, "base", 100), (FUEL, "base", 5), (GROCER, "bonus", 7), (GROCER, "base", 50)
    )
    entries = rate([posting], 3, CARDS)
    assert [
        (entry.line, entry.partner_id, entry.issuer_id, entry.point_type, entry.points, entry.amount_micros)
        for entry in entries
    ] == [
        (1, FUEL, GROCER, "base", 150, -150 * 8_475),
        (2, FUEL, FUEL, "base", 5, -5 * 8_475),
        (3, FUEL, GROCER, "bonus", 7, -7 * 8_475),
    ]
    assert all(entry.lot_no is None for entry in entries)


def test_points_that_expire_and_purchases_without_points_move_no_money_but_have_an_entry() -> None:
    entries = rate([earn(1, STRANGER, 0), Posting(2, 2, b"", 50)], 0, CARDS)
    assert [(entry.seq, entry.kind, entry.partner_id, entry.amount_micros) for entry in entries] == [
        (1, EntryKind.NOTHING, None, 0),
        (2, EntryKind.NOTHING, None, 0),
    ]


def test_totals_are_kept_by_kind_without_a_sign() -> None:
    entries = rate(
        [earn(1), burn(2, FUEL, (GROCER, "base", 4)), earn(3, points=0), earn(4, points=1)], 0, CARDS
    )
    assert totals_of(entries) == Totals(
        issued=2, issued_points=11, issued_micros=110_000, burned=1, burned_points=4, burned_micros=4 * 8_475,
        nothings=1,
    )  # fmt: skip


def test_rating_stands_still_before_a_posting_without_a_price() -> None:
    with pytest.raises(Unrateable) as stopped:
        rate([earn(1), earn(2, STRANGER), earn(3)], 0, CARDS)
    assert (stopped.value.posting.seq, stopped.value.posting.pos, stopped.value.price_missing) == (
        2,
        102,
        True,
    )


@pytest.mark.parametrize("seqs", [(6, 8), (7,), (5,), (6, 6)])
def test_a_posting_out_of_its_turn_is_never_rated(seqs: tuple[int, ...]) -> None:
    with pytest.raises(Unrateable, match="was expected") as stopped:
        rate([earn(seq) for seq in seqs], 5, CARDS)
    assert not stopped.value.price_missing


def test_an_amount_beyond_the_books_is_not_rated() -> None:
    dear = RateCards(1, [RateVersion(Rates(GROCER, PRICE_MICROS_MAX, 0, 0, 0), 1, 1)])
    with pytest.raises(Unrateable, match="more than a book can hold"):
        rate([earn(1, points=10**10)], 0, dear)
