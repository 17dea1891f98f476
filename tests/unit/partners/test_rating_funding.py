"""Who pays for points when: at issuance, once they are used, or a share of the price each."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import pytest

from services.partners.domain.entries import Entry, EntryKind
from services.partners.domain.postings import LotTaken, Posting, Share, Undone, Unrateable
from services.partners.domain.rates import RateCards, Rates, RateVersion, TypePrices
from services.partners.domain.rating import Before, creditable_of, originals_of, rate

GROCER, FUEL, CINEMA, DELI = (UUID(int=number) for number in range(1, 5))
OPERATOR = UUID(int=0)
# The grocer pays at issuance; fuel at redemption, from 500 on at issuance; the cinema 35 per cent at issuance, and has a fee.
CARDS = RateCards(
    1,
    [
        RateVersion(Rates(GROCER, 10_000, 8_000, 0, 0), 1, 1),
        RateVersion(Rates(FUEL, 10_500, 8_000, 0, 0, issue_share_percent=0), 1, 1),
        RateVersion(Rates(FUEL, 20_000, 9_000, 500, 0), 2, 1),
        RateVersion(
            Rates(CINEMA, 11_501, 7_500, 0, 0, issue_share_percent=35, transaction_fee_micros=50_000), 1, 1
        ),
        RateVersion(Rates(DELI, 10_000, 8_000, 0, 0, bonus=TypePrices(4_000, 6_000)), 1, 1),
    ],
)


def earn(seq: int, partner: UUID, points: int, at: int = 100) -> Posting:
    return Posting(seq + 100, seq, partner.bytes, at, points, seq)


def lot(earned_seq: int, issuer: UUID, points: int, point_type: str = "base") -> LotTaken:
    return LotTaken(issuer.bytes, point_type, points, earned_seq)


def burn(seq: int, partner: UUID, *lots: LotTaken, at: int = 100) -> Posting:
    return Posting(seq + 100, seq, partner.bytes, at, sum(each.points for each in lots), 0, lots)


def lapse(seq: int, *lots: LotTaken) -> Posting:
    return Posting(seq + 100, seq, b"", 700, lapsed=lots)


def clawed(seq: int, original: int, partner: UUID, *used: LotTaken) -> Posting:
    taken = (LotTaken(partner.bytes, "base", sum(each.points for each in used)),)
    return Posting(
        seq + 100,
        seq,
        partner.bytes,
        900,
        undoes=(Undone(EntryKind.REVERSED, original, partner.bytes, taken, used),),
    )


def back(seq: int, original: int, partner: UUID, *lots: LotTaken) -> Posting:
    return Posting(
        seq + 100, seq, b"", 900, undoes=(Undone(EntryKind.RETURNED, original, partner.bytes, lots),)
    )


def owed(entries: list[Entry]) -> dict[UUID, int]:
    """What each partner owes in all, in micros."""
    sums: dict[UUID, int] = defaultdict(int)
    for entry in entries:
        if entry.partner_id is not None:
            sums[entry.partner_id] += entry.amount_micros
    return dict(sums)


def brief(entries: list[Entry]) -> list[tuple[object, ...]]:
    return [(each.kind, each.partner_id, each.points, each.price_micros, each.earned_seq) for each in entries]


def test_at_redemption_an_issuer_owes_nothing_until_its_points_are_used_and_nothing_for_those_that_expire() -> (
    None
):
    journal = [earn(1, FUEL, 100), burn(2, GROCER, lot(1, FUEL, 60)), lapse(3, lot(1, FUEL, 40))]
    entries = rate(journal, 0, CARDS)
    assert brief(entries) == [
        (EntryKind.ISSUED, FUEL, 100, 0, None),
        (EntryKind.BURNED, GROCER, 60, 8_000, None),
        (EntryKind.CHARGED, FUEL, 60, 10_500, 1),
        (EntryKind.RELEASED, FUEL, 40, 0, 1),
    ]
    assert (entries[0].redemption_micros, entries[3].redemption_micros) == (10_500, 10_500)
    assert owed(entries) == {FUEL: 630_000, GROCER: -480_000}


def test_points_that_were_paid_for_when_they_were_issued_lapse_without_a_trace_but_their_seq() -> None:
    entries = rate([earn(1, GROCER, 100), lapse(2, lot(1, GROCER, 100))], 0, CARDS)
    assert brief(entries)[1:] == [(EntryKind.NOTHING, None, 0, 0, None)]


def test_a_share_is_rounded_once_and_both_parts_make_the_price() -> None:
    entries = rate([earn(1, CINEMA, 10), burn(2, GROCER, lot(1, CINEMA, 10))], 0, CARDS)
    # 35 per cent of 11,501 are 4,025.35.
    assert [(each.kind, each.price_micros) for each in entries] == [
        (EntryKind.ISSUED, 4_025),
        (EntryKind.FEE, 50_000),
        (EntryKind.BURNED, 8_000),
        (EntryKind.CHARGED, 7_476),
    ]
    assert owed(entries)[CINEMA] == 10 * 11_501 + 50_000


def test_a_later_contract_touches_new_points_only() -> None:
    entries = rate(
        [
            earn(1, FUEL, 100),
            earn(2, FUEL, 100, at=600),
            burn(3, GROCER, lot(1, FUEL, 10), lot(2, FUEL, 10), at=700),
        ],
        0,
        CARDS,
    )
    assert [(each.price_micros, each.redemption_micros) for each in entries[:2]] == [(0, 10_500), (20_000, 0)]
    assert brief(entries)[3:] == [(EntryKind.CHARGED, FUEL, 10, 10_500, 1)]


def test_a_fee_is_owed_for_sales_that_earn_and_for_redemptions_and_a_refund_does_not_give_it_back() -> None:
    entries = rate(
        [
            earn(1, CINEMA, 10),
            earn(2, CINEMA, 0),
            burn(3, CINEMA, lot(1, CINEMA, 5)),
            back(4, 3, CINEMA, lot(1, CINEMA, 5)),
            clawed(5, 1, CINEMA, lot(1, CINEMA, 10)),
        ],
        0,
        CARDS,
    )
    fees = [each for each in entries if each.kind is EntryKind.FEE]
    assert [(each.seq, each.points, each.issuer_id, each.amount_micros) for each in fees] == [
        (1, 0, None, 50_000),
        (3, 0, None, 50_000),
    ]
    assert owed(entries) == {CINEMA: 100_000}


def test_a_burn_that_is_returned_is_credited_to_who_was_charged_at_the_price_of_then() -> None:
    entries = rate(
        [earn(1, FUEL, 100), burn(2, GROCER, lot(1, FUEL, 60)), back(3, 2, GROCER, lot(1, FUEL, 25))],
        0,
        CARDS,
    )
    assert brief(entries)[3:] == [
        (EntryKind.RETURNED, GROCER, 25, 8_000, None),
        (EntryKind.CREDITED, FUEL, 25, 10_500, 1),
    ]


def test_an_earn_taken_back_out_of_its_own_lot_was_never_charged() -> None:
    entries = rate([earn(1, FUEL, 100), clawed(2, 1, FUEL, lot(1, FUEL, 100))], 0, CARDS)
    assert brief(entries)[1:] == [
        (EntryKind.REVERSED, FUEL, 100, 0, None),
        (EntryKind.RELEASED, FUEL, 100, 0, 1),
    ]


def test_a_claw_back_out_of_another_issuers_lot_uses_that_lot_and_credits_what_the_own_points_had_cost() -> (
    None
):
    """60 of fuel's 100 points are spent; a refund of its earn takes its 40 and 60 of the cinema's."""
    entries = rate(
        [
            earn(1, FUEL, 100),
            earn(2, CINEMA, 80),
            burn(3, GROCER, lot(1, FUEL, 60)),
            clawed(4, 1, FUEL, lot(1, FUEL, 40), lot(2, CINEMA, 60)),
        ],
        0,
        CARDS,
    )
    assert brief([each for each in entries if each.seq == 4]) == [
        (EntryKind.REVERSED, FUEL, 100, 0, None),
        (EntryKind.CHARGED, CINEMA, 60, 7_476, 2),
        (EntryKind.CREDITED, FUEL, 60, 10_500, 1),
        (EntryKind.RELEASED, FUEL, 60, 0, 1),
        (EntryKind.RELEASED, FUEL, 40, 0, 1),
    ]
    # Fuel's earn is as if it had never been; the cinema pays for 60 points that were used, of 80 issued.
    assert owed(entries) == {FUEL: 0, CINEMA: 80 * 4_025 + 50_000 + 60 * 7_476, GROCER: -480_000}


def test_points_that_expired_uncharged_are_not_credited_when_others_take_their_place() -> None:
    entries = rate(
        [
            earn(1, FUEL, 100),
            earn(2, GROCER, 100),
            lapse(3, lot(1, FUEL, 100)),
            clawed(4, 1, FUEL, lot(2, GROCER, 100)),
        ],
        0,
        CARDS,
    )
    assert owed(entries) == {FUEL: 0, GROCER: 1_000_000}


def test_debts_are_paid_out_of_lots_that_are_used_by_it_and_credit_each_earn_they_undo() -> None:
    paid = [
        Undone(EntryKind.REVERSED, 1, FUEL.bytes, (LotTaken(FUEL.bytes, "base", 30),), (lot(3, CINEMA, 30),)),
        Undone(
            EntryKind.REVERSED, 2, GROCER.bytes, (LotTaken(GROCER.bytes, "base", 20),), (lot(3, CINEMA, 20),)
        ),
    ]
    entries = rate(
        [
            earn(1, FUEL, 30),
            earn(2, GROCER, 20),
            earn(3, CINEMA, 50),
            burn(4, GROCER, lot(1, FUEL, 30), lot(2, GROCER, 20)),
            Posting(105, 5, b"", 900, undoes=paid),
        ],
        0,
        CARDS,
    )
    assert brief([each for each in entries if each.seq == 5]) == [
        (EntryKind.REVERSED, FUEL, 30, 0, None),
        (EntryKind.REVERSED, GROCER, 20, 10_000, None),
        (EntryKind.CHARGED, CINEMA, 30, 7_476, 3),
        (EntryKind.CREDITED, FUEL, 30, 10_500, 1),
        (EntryKind.RELEASED, FUEL, 30, 0, 1),
        (EntryKind.CHARGED, CINEMA, 20, 7_476, 3),
    ]
    assert owed(entries)[FUEL] == 0


def test_a_grant_is_charged_to_each_funder_by_its_own_contract() -> None:
    shares = [Share(OPERATOR.bytes, 20), Share(FUEL.bytes, 50), Share(DELI.bytes, 30)]
    grant = Posting(102, 2, GROCER.bytes, 100, 10, 2, funders=shares)
    entries = rate([earn(1, GROCER, 5), grant, burn(3, GROCER, lot(2, GROCER, 4, "bonus"))], 0, CARDS)
    assert brief(entries)[1:] == [
        (EntryKind.ISSUED, FUEL, 10, 0, None),
        (EntryKind.ISSUED, DELI, 10, 1_200, None),
        (EntryKind.BURNED, GROCER, 4, 8_000, None),
        (EntryKind.CHARGED, FUEL, 4, 5_250, 2),
    ]
    assert [each.redemption_micros for each in entries[1:3]] == [5_250, 0]


def test_bonus_points_may_have_prices_of_their_own_where_they_are_burned_and_given_back() -> None:
    grant = Posting(102, 2, GROCER.bytes, 100, 10, 2, funders=[Share(OPERATOR.bytes, 100)])
    taken = lot(1, GROCER, 5), lot(2, GROCER, 4, "bonus")
    entries = rate([earn(1, GROCER, 5), grant, burn(3, DELI, *taken), back(4, 3, DELI, *taken)], 0, CARDS)
    assert [(each.kind, each.point_type, each.price_micros) for each in entries[2:]] == [
        (EntryKind.BURNED, "base", 8_000),
        (EntryKind.BURNED, "bonus", 6_000),
        (EntryKind.RETURNED, "base", 8_000),
        (EntryKind.RETURNED, "bonus", 6_000),
    ]
    assert owed(entries)[DELI] == 0


def test_points_that_were_not_burned_there_are_not_given_back() -> None:
    with pytest.raises(Unrateable, match="burned no such points"):
        rate(
            [earn(1, GROCER, 9), burn(2, DELI, lot(1, GROCER, 5)), back(3, 2, DELI, lot(1, FUEL, 5))],
            0,
            CARDS,
        )


def test_a_lot_whose_earn_is_not_rated_stops_rating() -> None:
    with pytest.raises(Unrateable, match="seq 7, whose points it moves, is not rated"):
        rate([earn(1, FUEL, 9), burn(2, DELI, lot(7, FUEL, 5))], 0, CARDS)


def test_what_has_to_be_looked_up_is_what_is_undone_and_where_some_pay_at_redemption_what_is_used() -> None:
    postings = [
        burn(10, GROCER, lot(1, FUEL, 5), lot(9, FUEL, 5)),
        clawed(11, 2, FUEL, lot(2, FUEL, 1), lot(3, CINEMA, 1)),
        back(12, 4, GROCER, lot(5, FUEL, 1)),
    ]
    assert originals_of(postings, 8) == {2, 4}
    assert originals_of(postings, 8, at_redemption=True) == {1, 2, 3, 4, 5}
    assert creditable_of(postings, 8) == {2, 5}


def test_what_was_charged_before_is_credited_and_no_more() -> None:
    journal = [earn(1, FUEL, 100), earn(2, GROCER, 100), burn(3, GROCER, lot(1, FUEL, 60))]
    rated = rate(journal, 0, CARDS)
    by_seq = {seq: [each for each in rated if each.seq == seq] for seq in (1, 2, 3)}
    wanted = clawed(4, 1, FUEL, lot(2, GROCER, 80))
    entries = rate([wanted], 3, CARDS, Before(by_seq, {(1, FUEL): 60}))
    assert brief(entries)[1:] == [
        (EntryKind.CREDITED, FUEL, 60, 10_500, 1),
        (EntryKind.RELEASED, FUEL, 60, 0, 1),
    ]


@pytest.mark.parametrize("share", [0, 35, 99])
def test_cards_know_whether_anything_can_be_due_at_redemption(share: int) -> None:
    at_issuance = RateVersion(Rates(GROCER, 1, 1, 0, 0), 1, 1)
    assert not RateCards(1, [at_issuance]).at_redemption
    other = RateVersion(Rates(FUEL, 1, 1, 0, 0, issue_share_percent=share), 1, 1)
    assert RateCards(1, [at_issuance, other]).at_redemption
