"""From where a key is taken: what is read as a network, and what is a mistake."""

from __future__ import annotations

from datetime import date

import pytest

from services.partners.domain.key_addresses import NETWORKS_MAX, read_addresses
from services.runtime.api_versions import ApiVersion, read_version
from services.runtime.errors import InvalidRequest


def test_addresses_and_networks_get_one_form_and_come_once() -> None:
    asked = [" 203.0.113.7 ", "203.0.113.7/32", "198.51.100.0/24", "2001:DB8:0::/48", "2001:db8::1"]
    assert read_addresses(asked) == (
        "203.0.113.7/32",
        "198.51.100.0/24",
        "2001:db8::/48",
        "2001:db8::1/128",
    )
    assert read_addresses([]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "0.0.0.0/0", "::/0", "fe80::1%eth0", "::ffff:10.0.0.1", "::/64", "1" * 500,
    ],
)  # fmt: skip
def test_what_is_no_network_is_everywhere_or_could_never_match_is_a_mistake(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_addresses([text])
    assert caught.value.metadata["field"] == "addresses"
    assert len(caught.value.message) <= 300


def test_a_key_has_no_more_networks_than_the_limit() -> None:
    many = [f"10.0.0.{number}" for number in range(NETWORKS_MAX + 1)]
    assert len(read_addresses(many[:-1])) == NETWORKS_MAX
    with pytest.raises(InvalidRequest):
        read_addresses(many)


def test_a_version_that_there_is_not_names_those_that_there_are() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_version("2026-12-1" * 100)
    assert "2026-12-01" in caught.value.metadata["known"]
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("name", "deprecated_on", "sunset_on"),
    [
        ("20261201", None, None),
        ("soon", None, None),
        ("2026-12-01", None, "2031-01-01"),
        ("2026-12-01", "2031-01-02", "2031-01-01"),
    ],
)
def test_a_version_is_a_date_and_goes_after_it_was_deprecated(
    name: str, deprecated_on: str | None, sunset_on: str | None
) -> None:
    days = [date.fromisoformat(day) if day else None for day in (deprecated_on, sunset_on)]
    with pytest.raises(ValueError, match=r".+"):
        ApiVersion(name, *days)
