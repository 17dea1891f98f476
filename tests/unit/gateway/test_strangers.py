"""Addresses that send requests without a valid key."""

from __future__ import annotations

import pytest

from services.gateway.auth.strangers import Strangers, source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("unknown", ""),
        ("", ""),
        ("203.0.113.7:8080", ""),
    ],
)
def test_what_is_counted_of_an_address(address: str, source: str) -> None:
    assert source_of(address) == source


def test_so_many_addresses_are_known_and_the_oldest_goes_first() -> None:
    strangers = Strangers(1, 2)
    for last in (1, 2, 3):
        for _ in range(2):
            strangers.count(f"203.0.113.{last}")
    assert strangers.refusal("203.0.113.1") is None
    assert strangers.refusal("203.0.113.2") is not None
    assert strangers.refusal("203.0.113.3") is not None
    assert strangers.any_stopped


def test_a_minute_later_it_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = 1_000_000_000
    monkeypatch.setattr("services.gateway.auth.strangers.time.monotonic_ns", lambda: now_ns)
    strangers = Strangers(2, 10)
    for _ in range(3):
        assert not strangers.any_stopped
        strangers.count("203.0.113.7")
    refusal = strangers.refusal("203.0.113.7")
    assert refusal is not None
    assert refusal.metadata["retry_after_seconds"] == "60"
    now_ns += 59_500_000_000
    later = strangers.refusal("203.0.113.7")
    assert later is not None
    assert later.metadata["retry_after_seconds"] == "1"
    now_ns += 500_000_000
    assert strangers.refusal("203.0.113.7") is None
    assert not strangers.any_stopped
    strangers.count("203.0.113.7")
    assert not strangers.any_stopped
