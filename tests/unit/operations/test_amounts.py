"""Prices, money and times as an operator types and reads them."""

from __future__ import annotations

import pytest

from services.operations.amounts import (
    Unreadable,
    read_minor,
    read_price,
    read_time,
    write_micros,
    write_minor,
    write_time,
)


@pytest.mark.parametrize(
    ("text", "micros"), [("0.0105", 10_500), ("0", 0), ("1", 1_000_000), ("0.000001", 1)]
)
def test_a_price_is_read_to_the_millionth(text: str, micros: int) -> None:
    assert read_price(text) == micros


@pytest.mark.parametrize(
    "text", ["", "x", "0.0000001", "NaN", "Infinity", "0,01", "1e15", "1e999", "1e999999", "-1e9"]
)
def test_a_price_that_is_none_or_too_fine_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_price(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2017-01-01", "2017-01-01T00:00:00-05:00"),
        ("2017-07-01T12:30", "2017-07-01T12:30:00-04:00"),
        ("2017-07-01T12:30+00:00", "2017-07-01T08:30:00-04:00"),
    ],
)
def test_a_time_without_an_offset_is_local_to_the_programme(text: str, written: str) -> None:
    assert write_time(read_time(text, "America/New_York"), "America/New_York") == written


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_time("soon", "UTC")


@pytest.mark.parametrize(
    ("minor", "written"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (1_234_567, "12,345.67"), (-100, "-1.00")]
)
def test_minor_units_are_written_as_money(minor: int, written: str) -> None:
    assert write_minor(minor) == written


@pytest.mark.parametrize(
    ("micros", "written"),
    [
        (10_500, "0.0105"),
        (10_000, "0.0100"),
        (1, "0.000001"),
        (-1_234_567_890, "-1,234.56789"),
        (0, "0.0000"),
    ],
)
def test_micros_are_written_with_the_decimals_they_need(micros: int, written: str) -> None:
    assert write_micros(micros) == written


@pytest.mark.parametrize(
    ("text", "minor"), [("25.00", 2_500), ("0", 0), ("0.5", 50), ("-1.25", -125), ("1e3", 100_000)]
)
def test_amounts_are_read_exactly(text: str, minor: int) -> None:
    assert read_minor(text) == minor


@pytest.mark.parametrize("text", ["", "ten", "0.001", "nan", "inf", "1e12", "1e999999"])
def test_amounts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_minor(text)
