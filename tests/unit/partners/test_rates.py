"""Which version of a rate card rates a posting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.partners.domain.rates import PRICE_MICROS_MAX, RateCards, Rates, RateVersion, TypePrices
from services.runtime.errors import InvalidRequest

PARTNER = UUID(int=7)


def version(number: int, from_us: int, to_us: int = 0, known: int = 1, price: int = 0) -> RateVersion:
    return RateVersion(Rates(PARTNER, price or number, number, from_us, to_us), number, known)


def chosen(cards: RateCards, effective_us: int, seq: int) -> int | None:
    found = cards.price(PARTNER.bytes, effective_us, seq)
    return found.version if found else None


def test_the_highest_version_that_applies_wins() -> None:
    cards = RateCards(1, [version(1, 100), version(3, 200, 300), version(2, 150)])
    assert [chosen(cards, at, 1) for at in (99, 100, 149, 150, 200, 299, 300)] == [None, 1, 1, 2, 3, 3, 2]


def test_a_version_is_valid_from_its_first_moment_until_before_its_last() -> None:
    cards = RateCards(1, [version(1, 100, 200)])
    assert [chosen(cards, at, 1) for at in (99, 100, 199, 200)] == [None, 1, 1, None]


def test_a_version_never_rates_what_was_rated_before_it_was_known() -> None:
    cards = RateCards(1, [version(1, 0), version(2, 0, known=50)])
    assert [chosen(cards, 10, seq) for seq in (1, 49, 50)] == [1, 1, 2]


def test_a_partner_without_a_card_has_no_price() -> None:
    assert RateCards(1, [version(1, 0)]).price(UUID(int=8).bytes, 10, 1) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issue_micros": -1}, "issue_micros"),
        ({"issue_micros": PRICE_MICROS_MAX + 1}, "issue_micros"),
        ({"reimbursement_micros": PRICE_MICROS_MAX + 1}, "reimbursement_micros"),
        ({"valid_from_us": -1}, "valid_from_us"),
        ({"valid_to_us": 10}, "valid_to_us"),
        ({"valid_from_us": 2**62}, "valid_from_us"),
        ({"valid_to_us": 2**62}, "valid_to_us"),
        ({"issue_share_percent": -1}, "issue_share_percent"),
        ({"issue_share_percent": 101}, "issue_share_percent"),
        ({"transaction_fee_micros": -1}, "transaction_fee_micros"),
        ({"bonus": TypePrices(-1, 0)}, "bonus.issue_micros"),
        ({"bonus": TypePrices(0, PRICE_MICROS_MAX + 1)}, "bonus.reimbursement_micros"),
    ],
)
def test_prices_and_times_out_of_range_are_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        replace(Rates(PARTNER, 1, 1, 10, 0), **change).checked()
    assert refused.value.metadata["field"] == field
