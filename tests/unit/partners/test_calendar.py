"""Windows are cut on Mondays at midnight of the programme's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.partners.domain.programme import Registration, next_cut_us
from services.partners.domain.windows import WindowState, open_window
from services.runtime.clock import in_zone, to_micros
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.principal import Programme


def at(text: str, zone: str = "UTC") -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("zone", "after", "cut"),
    [
        ("America/New_York", "2017-01-01 00:00", "2017-01-02 00:00"),
        ("America/New_York", "2017-01-02 00:00", "2017-01-09 00:00"),
        ("America/New_York", "2017-01-08 23:59:59.999999", "2017-01-09 00:00"),
        ("Europe/Berlin", "2024-02-28 12:00", "2024-03-04 00:00"),
        ("Asia/Kolkata", "2023-12-31 10:00", "2024-01-01 00:00"),
    ],
)
def test_the_next_cut_is_the_monday_midnight_after(zone: str, after: str, cut: str) -> None:
    assert next_cut_us(at(after, zone), zone) == at(cut, zone)


def test_a_week_with_a_change_of_clocks_is_an_hour_shorter_or_longer() -> None:
    zone, hour_us = "America/New_York", 3_600_000_000
    for monday, hours in (("2017-03-06 00:00", 167), ("2017-10-30 00:00", 169), ("2017-06-05 00:00", 168)):
        start = at(monday, zone)
        assert next_cut_us(start, zone) - start == hours * hour_us


def test_a_midnight_that_clocks_jump_over_is_cut_at_the_jump() -> None:
    # Tehran skipped 00:00 to 01:00 on Monday 2021-03-22.
    cut = next_cut_us(at("2021-03-18 12:00", "Asia/Tehran"), "Asia/Tehran")
    assert cut == at("2021-03-21 20:30")
    assert in_zone(cut, "Asia/Tehran").hour == 1


def test_a_cut_always_lies_after_the_moment_it_follows() -> None:
    # Tehran went back from Monday 00:00 to Sunday 23:00 in 2014: that hour was there twice.
    zone, hour_us = "Asia/Tehran", 3_600_000_000
    start = at("2014-09-21 17:30")
    cuts = [next_cut_us(start + n * hour_us // 2, zone) for n in range(8)]
    assert all(cut > start + n * hour_us // 2 for n, cut in enumerate(cuts))
    assert sorted(set(cuts)) == [at("2014-09-21 20:30"), at("2014-09-28 20:30")]


def test_the_first_window_starts_with_the_programme_and_the_next_where_it_ends() -> None:
    zone = "America/New_York"
    starts_at_us = at("2017-01-01 00:00", zone)
    registration = Registration(Programme(1, "demo", zone, "USD", True), "Demo", starts_at_us, DEFAULT_POLICY)
    first = open_window(registration, None)
    assert (first.number, first.starts_at_us, first.ends_at_us, first.first_seq, first.state) == (
        1,
        starts_at_us,
        at("2017-01-02 00:00", zone),
        1,
        WindowState.OPEN,
    )
    second = open_window(registration, first.closed_at(7, 5))
    assert (second.number, second.starts_at_us, second.first_seq) == (2, first.ends_at_us, 8)


def test_an_empty_window_ends_before_it_starts_and_none_runs_backwards() -> None:
    zone = "Europe/Berlin"
    facts = Programme(1, "demo", zone, "EUR", True)
    registration = Registration(facts, "Demo", at("2024-01-01 00:00", zone), DEFAULT_POLICY)
    window = open_window(registration, open_window(registration, None).closed_at(10, 5))
    assert window.closed_at(10, 5).last_seq == window.first_seq - 1
    with pytest.raises(ValueError, match="cannot end at 9"):
        window.closed_at(9, 5)
