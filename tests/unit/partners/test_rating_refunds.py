"""What a refund undoes, it undoes at the price of then."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.partners.domain.entries import Entry, EntryKind, Totals, totals_of
from services.partners.domain.postings import LotTaken, Posting, Share, Undone, Unrateable
from services.partners.domain.rates import RateCards, Rates, RateVersion
from services.partners.domain.rating import Before, originals_of, rate

GROCER, FUEL = UUID(int=1), UUID(int=2)
OPERATOR = UUID(int=0)
# Fuel's prices change at 500; the grocer's stay.
CARDS = RateCards(
    1,
    [
        RateVersion(Rates(GROCER, 10_000, 8_000, 0, 0), 1, 1),
        RateVersion(Rates(FUEL, 11_050, 8_475, 0, 0), 1, 1),
        RateVersion(Rates(FUEL, 11_575, 8_035, 500, 0), 2, 1),
    ],
)


def earn(seq: int, partner: UUID, points: int, at: int = 100) -> Posting:
    return Posting(seq + 100, seq, partner.bytes, at, points, seq if points else 0)


def lots(*taken: tuple[UUID, str, int]) -> list[LotTaken]:
    return [LotTaken(issuer.bytes, kind, points) for issuer, kind, points in taken]


def burn(seq: int, partner: UUID, *taken: tuple[UUID, str, int], at: int = 100) -> Posting:
    return Posting(seq + 100, seq, partner.bytes, at, sum(points for _, _, points in taken), 0, lots(*taken))


def reversal(original: int, partner: UUID, points: int) -> Undone:
    return Undone(EntryKind.REVERSED, original, partner.bytes, lots((partner, "base", points)))


def returned(original: int, partner: UUID, *taken: tuple[UUID, str, int]) -> Undone:
    return Undone(EntryKind.RETURNED, original, partner.bytes, lots(*taken))


def undo(seq: int, *undoes: Undone, at: int = 900) -> Posting:
    return Posting(seq + 100, seq, b"", at, undoes=undoes)


def test_points_clawed_back_are_credited_at_the_price_they_were_issued_at() -> None:
    entries = rate([earn(1, FUEL, 100), earn(2, FUEL, 100, at=800), undo(3, reversal(1, FUEL, 40))], 0, CARDS)
    assert entries[2] == Entry(
        3, 1, EntryKind.REVERSED, FUEL, FUEL, "base", None, 1, 40, 11_050, -442_000, 900, entity=1
    )


def test_points_returned_are_owed_back_at_the_reimbursement_of_then_apart_by_issuer_and_type() -> None:
    taken = (GROCER, "base", 30), (FUEL, "base", 5), (GROCER, "bonus", 7), (GROCER, "base", 20)
    entries = rate([burn(1, FUEL, *taken), undo(2, returned(1, FUEL, *taken))], 0, CARDS)
    assert entries[3:] == [
        Entry(2, 1, EntryKind.RETURNED, FUEL, GROCER, "base", None, 1, 50, 8_475, 423_750, 900, entity=1),
        Entry(2, 2, EntryKind.RETURNED, FUEL, FUEL, "base", None, 1, 5, 8_475, 42_375, 900, entity=1),
        Entry(2, 3, EntryKind.RETURNED, FUEL, GROCER, "bonus", None, 1, 7, 8_475, 59_325, 900, entity=1),
    ]
    assert sum(entry.amount_micros for entry in entries) == 0


def test_debts_that_are_paid_are_reversed_for_each_partner_at_the_price_of_each_earn() -> None:
    postings = [
        earn(1, FUEL, 100),
        earn(2, GROCER, 100),
        earn(3, FUEL, 100, at=500),
        undo(4, reversal(1, FUEL, 3), reversal(2, GROCER, 5), reversal(3, FUEL, 7), reversal(1, FUEL, 4)),
    ]
    found = rate(postings, 0, CARDS)[3:]
    assert [
        (each.line, each.partner_id, each.issuer_id, each.version, each.amount_micros) for each in found
    ] == [
        (1, FUEL, FUEL, 1, -7 * 11_050),
        (2, GROCER, GROCER, 1, -5 * 10_000),
        (3, FUEL, FUEL, 2, -7 * 11_575),
    ]


def test_an_original_that_was_rated_before_is_taken_from_the_books_whatever_the_cards_say_today() -> None:
    dearer = RateCards(2, [RateVersion(Rates(FUEL, 99_999, 99_999, 0, 0), 3, 1)])
    earned, burned = rate([earn(1, FUEL, 10), burn(2, FUEL, (GROCER, "base", 6))], 0, CARDS)
    postings = [undo(3, reversal(1, FUEL, 10)), undo(4, returned(2, FUEL, (GROCER, "base", 6)))]
    assert originals_of(postings, 2) == {1, 2}
    found = rate(postings, 2, dearer, Before({1: [earned], 2: [burned]}))
    assert [(each.version, each.price_micros) for each in found] == [(1, 11_050), (1, 8_475)]
    assert sum(each.amount_micros for each in (earned, burned, *found)) == 0


def test_only_originals_that_are_rated_already_are_looked_up() -> None:
    postings = [
        earn(5, FUEL, 10), undo(6, reversal(5, FUEL, 10)), undo(7, reversal(4, FUEL, 1), reversal(2, FUEL, 1)),
    ]  # fmt: skip
    assert originals_of(postings, 4) == {2, 4}
    assert originals_of([earn(5, FUEL, 10), burn(6, FUEL, (FUEL, "base", 10))], 4) == set()


@pytest.mark.parametrize(
    ("undone", "why"),
    [
        (reversal(9, FUEL, 1), "seq 9, whose points it moves, is not rated"),
        (reversal(4, FUEL, 1), "seq 4, whose points it moves, is not rated"),
        (reversal(1, GROCER, 1), "seq 1, which it undoes, has no points issued by its partner"),
        (returned(1, FUEL, (FUEL, "base", 1)), "seq 1, which it undoes, has no points burned by its partner"),
        (reversal(2, FUEL, 1), "seq 2, which it undoes, has no points issued by its partner"),
        (
            returned(2, GROCER, (FUEL, "base", 1)),
            "seq 2, which it undoes, has no points burned by its partner",
        ),
        (reversal(3, FUEL, 1), "seq 3, which it undoes, has no points issued by its partner"),
        (returned(2, FUEL), "undoes no points"),
    ],
)
def test_rating_stands_still_before_what_undoes_nothing_that_was_rated(undone: Undone, why: str) -> None:
    before = [earn(1, FUEL, 10), burn(2, FUEL, (FUEL, "base", 5)), earn(3, FUEL, 0)]
    with pytest.raises(Unrateable, match=why) as stopped:
        rate([*before, undo(4, undone), earn(5, FUEL, 1)], 0, CARDS)
    assert (stopped.value.posting.seq, stopped.value.price_missing) == (4, False)


def test_totals_of_what_is_undone_are_kept_beside_those_of_what_was_done() -> None:
    entries = rate(
        [
            earn(1, FUEL, 100),
            burn(2, GROCER, (FUEL, "base", 10), (GROCER, "base", 5)),
            undo(3, reversal(1, FUEL, 40)),
            undo(4, returned(2, GROCER, (FUEL, "base", 10), (GROCER, "base", 1))),
        ],
        0,
        CARDS,
    )
    totals = totals_of(entries)
    assert totals == Totals(
        issued=1, issued_points=100, issued_micros=1_105_000,
        reversed=1, reversed_points=40, reversed_micros=442_000,
        burned=2, burned_points=15, burned_micros=120_000,
        returned=2, returned_points=11, returned_micros=88_000,
    )  # fmt: skip
    assert totals.entries == len(entries)


def grant(seq: int, partner: UUID, points: int, *shares: tuple[UUID, int], at: int = 100) -> Posting:
    funders = [Share(funder.bytes, percent) for funder, percent in shares]
    return Posting(seq + 100, seq, partner.bytes, at, points, seq, funders=funders)


def test_each_partner_that_funds_a_grant_owes_its_share_of_its_own_price_and_the_operator_nothing() -> None:
    shares = (GROCER, 35), (FUEL, 50), (OPERATOR, 15)
    entries = rate([grant(1, GROCER, 40, *shares)], 0, CARDS)
    assert entries == [
        Entry(1, 1, EntryKind.ISSUED, GROCER, GROCER, "bonus", 1, 1, 40, 3_500, 140_000, 100, entity=1),
        # Half of 11,050.
        Entry(1, 2, EntryKind.ISSUED, FUEL, GROCER, "bonus", 1, 1, 40, 5_525, 221_000, 100, entity=1),
    ]


@pytest.mark.parametrize(("percent", "price"), [(50, 5_788), (10, 1_158), (1, 116), (90, 10_418)])
def test_the_price_of_a_share_is_rounded_once_to_the_nearest_micro_a_tie_to_the_even_one(
    percent: int, price: int
) -> None:
    (entry,) = rate([grant(1, GROCER, 3, (FUEL, percent), (OPERATOR, 100 - percent), at=500)], 0, CARDS)
    assert (entry.version, entry.price_micros, entry.amount_micros) == (2, price, 3 * price)


def test_what_the_operator_alone_pays_for_moves_no_money_and_nor_does_taking_it_back() -> None:
    postings = [
        grant(1, FUEL, 40, (OPERATOR, 100)),
        undo(2, reversal(1, FUEL, 40)),
        earn(3, FUEL, 5),
        undo(4, reversal(1, FUEL, 2), reversal(3, FUEL, 5)),
    ]
    entries = rate(postings, 0, CARDS)
    assert [(each.seq, each.kind, each.point_type, each.points) for each in entries] == [
        (1, EntryKind.NOTHING, "bonus", 0),
        (2, EntryKind.NOTHING, None, 0),
        (3, EntryKind.ISSUED, "base", 5),
        (4, EntryKind.REVERSED, "base", 5),
    ]


def test_however_a_grant_is_taken_back_its_funders_owe_nothing_for_it_in_the_end() -> None:
    made = grant(1, GROCER, 41, (GROCER, 33), (FUEL, 67))
    undone = [undo(2, reversal(1, GROCER, 13)), undo(3, reversal(1, GROCER, 27), reversal(1, GROCER, 1))]
    entries = rate([made, *undone], 0, CARDS)
    assert [(each.line, each.partner_id, each.points) for each in entries if each.seq == 3] == [
        (1, GROCER, 28),
        (2, FUEL, 28),
    ]
    for partner in (GROCER, FUEL):
        assert sum(each.amount_micros for each in entries if each.partner_id == partner) == 0


def test_a_funder_without_a_price_is_named() -> None:
    stranger = UUID(int=9)
    with pytest.raises(Unrateable) as stop:
        rate([grant(1, GROCER, 4, (GROCER, 50), (stranger, 50))], 0, CARDS)
    assert stop.value.price_missing
    assert stop.value.posting.partner == stranger.bytes
