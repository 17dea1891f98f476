"""From rated entries to nets, to the minor unit."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import (
    OPERATOR,
    Fold,
    KindTotal,
    Net,
    NotBalanced,
    half_even,
    net_operator,
    net_partner,
    net_partners,
)
from services.partners.domain.statement import LineKind, lines_of

GROCER, FUEL, CINEMA = UUID(int=1), UUID(int=2), UUID(int=3)


def issued(partner: UUID, points: int, price: int) -> Fold:
    return Fold(partner, EntryKind.ISSUED, price, 1, points, points * price)


def burned(partner: UUID, points: int, price: int) -> Fold:
    return Fold(partner, EntryKind.BURNED, price, 1, points, -points * price)


def reversed_(partner: UUID, points: int, price: int) -> Fold:
    return Fold(partner, EntryKind.REVERSED, price, 1, points, -points * price)


def returned(partner: UUID, points: int, price: int) -> Fold:
    return Fold(partner, EntryKind.RETURNED, price, 1, points, points * price)


def kinds(folds: list[Fold]) -> list[KindTotal]:
    return [
        KindTotal(kind, sum(fold.points * fold.price_micros for fold in folds if fold.kind is kind))
        for kind in EntryKind
    ]


@pytest.mark.parametrize(
    ("micros", "minor"),
    [
        (0, 0), (4_999, 0), (5_000, 0), (5_001, 1), (14_999, 1), (15_000, 2), (15_001, 2), (25_000, 2),
        (-4_999, 0), (-5_000, 0), (-5_001, -1), (-15_000, -2), (-25_000, -2), (-25_001, -3), (10_000, 1),
    ],
)  # fmt: skip
def test_a_tie_goes_to_the_even_minor_unit(micros: int, minor: int) -> None:
    assert half_even(micros) == minor


def test_the_coalition_of_three_clears_to_the_cent() -> None:
    # The three partners of the design's example, before fees: the operator receives what they pay.
    folds = [
        issued(GROCER, 29_400_000, 10_000), burned(GROCER, 13_800_000, 8_000),
        issued(FUEL, 11_900_000, 10_500), burned(FUEL, 3_000_000, 8_000),
        issued(CINEMA, 1_000_000, 11_500), burned(CINEMA, 8_900_000, 7_500),
    ]  # fmt: skip
    nets = net_partners((GROCER, FUEL, CINEMA), folds, {})
    assert [net.net_minor for net in nets] == [18_360_000, 10_095_000, -5_525_000]
    operator = net_operator(kinds(folds), nets)
    assert (operator.party_id, operator.net_minor) == (OPERATOR, -22_930_000)


def test_refunds_of_the_coalition_of_three_are_lines_of_their_own_and_change_no_net() -> None:
    # The same sums as above, in the figures that the design's example starts from.
    folds = [
        issued(GROCER, 30_000_000, 10_000), reversed_(GROCER, 600_000, 10_000),
        burned(GROCER, 14_000_000, 8_000), returned(GROCER, 200_000, 8_000),
        issued(FUEL, 12_000_000, 10_500), reversed_(FUEL, 100_000, 10_500), burned(FUEL, 3_000_000, 8_000),
        issued(CINEMA, 1_000_000, 11_500), burned(CINEMA, 9_000_000, 7_500), returned(CINEMA, 100_000, 7_500),
    ]  # fmt: skip
    nets = net_partners((GROCER, FUEL, CINEMA), folds, {})
    assert [net.net_minor for net in nets] == [18_360_000, 10_095_000, -5_525_000]
    assert [
        (net.points_issued, net.points_reversed, net.points_burned, net.points_returned) for net in nets
    ] == [
        (30_000_000, 600_000, 14_000_000, 200_000),
        (12_000_000, 100_000, 3_000_000, 0),
        (1_000_000, 0, 9_000_000, 100_000),
    ]
    assert net_operator(kinds(folds), nets).net_minor == -22_930_000


@pytest.mark.parametrize("kind", [EntryKind.ISSUED, EntryKind.REVERSED, EntryKind.BURNED, EntryKind.RETURNED])
def test_every_kind_weighs_on_the_operators_side(kind: EntryKind) -> None:
    folds = [issued(GROCER, 9, 7), reversed_(GROCER, 2, 7), burned(GROCER, 5, 3), returned(GROCER, 1, 3)]
    nets = net_partners((GROCER,), folds, {})
    with pytest.raises(NotBalanced):
        net_operator([total for total in kinds(folds) if total.kind is not kind], nets)


def test_a_window_of_refunds_alone_is_owed_to_one_and_by_another() -> None:
    folds = [reversed_(GROCER, 10, 10_000), returned(CINEMA, 10, 7_500)]
    nets = net_partners((GROCER, CINEMA), folds, {})
    assert [net.net_minor for net in nets] == [-10, 8]
    operator = net_operator(kinds(folds), nets)
    assert (operator.net_minor, operator.carry_out_micros) == (2, 5_000)


def test_what_rounding_leaves_over_is_carried_to_the_next_statement() -> None:
    first = net_partner(FUEL, {}, 12_345, 0)
    second = net_partner(FUEL, {}, 2_655, first.carry_out_micros)
    assert (first.net_minor, first.carry_out_micros) == (1, 2_345)
    assert (second.carry_in_micros, second.net_minor, second.carry_out_micros) == (2_345, 0, 5_000)


def test_the_operator_keeps_the_rounding_account_of_all_partners() -> None:
    folds = [issued(GROCER, 1, 12_345), issued(FUEL, 1, 3_333), burned(CINEMA, 1, 7_777)]
    carries = {GROCER: 100, FUEL: -4_000, CINEMA: 55}
    nets = net_partners((GROCER, FUEL, CINEMA), folds, carries)
    operator = net_operator(kinds(folds), nets)
    assert operator.carry_in_micros == -sum(carries.values())
    assert operator.carry_out_micros == -sum(net.carry_out_micros for net in nets)
    assert operator.net_minor + sum(net.net_minor for net in nets) == 0


def test_a_partner_without_entries_still_has_a_net() -> None:
    (net,) = net_partners((CINEMA,), [], {CINEMA: -3})
    assert net == Net(CINEMA, 0, 0, 0, 0, 0, -3, 0, -3)


def test_an_operators_side_that_differs_by_a_micro_is_not_stated() -> None:
    folds = [issued(GROCER, 3, 10_001)]
    nets = net_partners((GROCER,), folds, {})
    with pytest.raises(NotBalanced):
        net_operator([KindTotal(EntryKind.ISSUED, 30_002)], nets)


def test_entries_of_somebody_who_is_no_partner_are_noticed() -> None:
    folds = [issued(GROCER, 1, 20_000), issued(FUEL, 1, 10_000)]
    with pytest.raises(NotBalanced):
        net_operator(kinds(folds), net_partners((GROCER,), folds, {}))


def test_the_lines_of_a_statement_sum_to_its_net_without_a_rest() -> None:
    folds = [
        burned(FUEL, 7, 8_035), issued(FUEL, 9, 11_575), burned(FUEL, 2, 8_475), issued(GROCER, 1, 1),
        returned(FUEL, 1, 8_475), reversed_(FUEL, 4, 11_050),
    ]  # fmt: skip
    net = net_partners((FUEL,), folds, {FUEL: 1_234})[0]
    lines = lines_of(folds, net)
    assert [(line.kind, line.price_micros) for line in lines] == [
        (LineKind.ISSUED, 11_575),
        (LineKind.REVERSED, 11_050),
        (LineKind.BURNED, 8_035),
        (LineKind.BURNED, 8_475),
        (LineKind.RETURNED, 8_475),
        (LineKind.CARRY_IN, 0),
        (LineKind.CARRY_OUT, 0),
    ]
    assert sum(line.amount_micros for line in lines) == net.net_minor * 10_000


def test_lines_that_are_not_what_the_net_was_made_of_are_refused() -> None:
    net = net_partners((FUEL,), [issued(FUEL, 9, 11_575)], {})[0]
    with pytest.raises(ValueError, match="not those that its net"):
        lines_of([issued(FUEL, 8, 11_575)], net)
