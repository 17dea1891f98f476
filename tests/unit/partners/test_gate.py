"""From money to points: how far a partner may issue."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.credit_limits import CreditLimit, OnLimit
from services.partners.domain.gate import (
    FLOOR_MAX,
    Exposure,
    dearest_micros,
    floor_of,
    headroom_micros,
    is_warned,
    is_worth_sending,
)
from services.partners.domain.rates import Rates, RateVersion

PARTNER = UUID(int=1)
DAY_US = 86_400 * 1_000_000
# 5,000.00, and 1,000.00 are guaranteed on top.
LIMIT = CreditLimit(PARTNER, 500_000, 100_000, OnLimit.REFUSE, 80)


def version(number: int, issue: int, fee: int = 0, from_us: int = 0, to_us: int = 0) -> RateVersion:
    return RateVersion(Rates(PARTNER, issue, 8_000, from_us, to_us, transaction_fee_micros=fee), number, 1)


def test_headroom_is_limit_and_prefunding_less_what_is_owed_and_may_be_plus_what_is_reimbursed() -> None:
    exposure = Exposure(
        owed_micros=3_000_000_000, potential_micros=500_000_000, reimbursed_micros=200_000_000
    )
    assert headroom_micros(LIMIT, exposure) == 6_000_000_000 - 3_300_000_000
    assert headroom_micros(replace(LIMIT, limit_minor=None), exposure) is None
    assert headroom_micros(LIMIT, Exposure(7_000_000_000)) == -1_000_000_000


def test_what_is_paid_ahead_is_headroom_and_warned_at_its_share_too() -> None:
    ahead = Exposure(5_000_000_000, prefunding_micros=1_000_000_000)
    assert headroom_micros(LIMIT, ahead) == 7_000_000_000 - 5_000_000_000
    assert is_warned(LIMIT, replace(ahead, prefunding_micros=0))
    assert not is_warned(LIMIT, ahead)
    assert is_warned(LIMIT, replace(ahead, owed_micros=5_600_000_000))
    assert ahead.plus(ahead).prefunding_micros == 2_000_000_000


def test_the_dearest_price_counts_that_may_still_apply_with_its_fee() -> None:
    now_us = 1_000 * DAY_US
    versions = [
        version(1, 90_000, to_us=now_us - 401 * DAY_US),
        version(2, 30_000, to_us=now_us - 10 * DAY_US),
        version(3, 10_000, fee=5_000),
        version(4, 12_000, from_us=now_us + DAY_US),
    ]
    assert dearest_micros(versions, now_us) == 30_000
    assert dearest_micros(versions[2:], now_us) == 15_000
    assert dearest_micros([], now_us) == 0
    # What is parked may be sold at a price that ended long before.
    assert dearest_micros(versions, now_us, may_wait=True) == 90_000


@pytest.mark.parametrize(
    ("balance", "headroom", "dearest", "floor"),
    [
        (-1_000, 10_000_000, 10_000, -2_000),
        (-1_000, 10_009_999, 10_000, -2_000),
        (-1_000, 0, 10_000, -1_000),
        (-1_000, -1, 10_000, -999),
        (-1_000, None, 10_000, None),
        (-1_000, 10_000_000, 0, None),
        (0, 10**18, 1, -FLOOR_MAX),
    ],
)
def test_a_floor_is_the_balance_less_the_points_that_headroom_pays_for(
    balance: int, headroom: int | None, dearest: int, floor: int | None
) -> None:
    assert floor_of(balance, headroom, dearest) == floor


@given(
    st.integers(0, 10**9), st.integers(0, 10**13), st.integers(1, 10**6), st.integers(0, 10**6),
    st.lists(st.integers(1, 10**6), max_size=20),
)  # fmt: skip
def test_whatever_is_issued_down_to_a_floor_stays_within_the_headroom_and_a_new_one_is_never_tighter(
    issued: int, headroom: int, dearest: int, cheaper: int, earns: list[int]
) -> None:
    """At any price up to the dearest: an old floor refuses early, never late."""
    price = max(0, dearest - cheaper)
    floor = floor_of(-issued, headroom, dearest)
    assert floor is not None
    balance, left = -issued, headroom
    for points in earns:
        if balance - points >= floor:
            balance -= points
            left -= points * price
        fresh = floor_of(balance, left, dearest)
        assert left >= 0
        assert fresh is not None
        assert fresh <= floor or floor == -FLOOR_MAX
        assert not is_worth_sending(fresh, floor, balance) or fresh < floor


def test_a_floor_is_sent_when_it_is_tighter_or_a_twentieth_of_what_is_left_has_changed() -> None:
    assert is_worth_sending(-1_000, None, 0)
    assert is_worth_sending(None, -1_000, 0)
    assert not is_worth_sending(None, None, 0)
    assert not is_worth_sending(-1_000, -1_000, 0)
    assert is_worth_sending(-999, -1_000, 0)
    assert not is_worth_sending(-1_052, -1_000, 0)
    assert is_worth_sending(-1_053, -1_000, 0)


@pytest.mark.parametrize(("owed_minor", "warned"), [(479_999, False), (480_000, True), (700_000, True)])
def test_a_warning_is_given_at_its_share_of_limit_and_prefunding(owed_minor: int, warned: bool) -> None:
    exposure = Exposure(owed_minor * 10_000)
    assert is_warned(LIMIT, exposure) is warned
    assert not is_warned(replace(LIMIT, limit_minor=None), exposure)
