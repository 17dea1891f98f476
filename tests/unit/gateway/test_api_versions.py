"""Versions of the API: which one a request is answered by, and what its answer says of it."""

from __future__ import annotations

from datetime import date

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.api_versions import Versions
from services.runtime.api_versions import VERSIONS, ApiVersion
from services.runtime.errors import CoalitionError

_OLD = ApiVersion("2026-12-01", date(2029, 7, 1), date(2030, 1, 1))
_THREE = Versions([_OLD, ApiVersion("2029-07-01"), ApiVersion("2028-01-01", date(2029, 7, 1))])


@pytest.mark.parametrize(
    ("pinned", "answered"),
    [
        ("2026-12-01", "2026-12-01"),
        ("2028-01-01", "2028-01-01"),
        # Pinned by a newer release to what this one does not know, to what is gone, to nothing.
        ("2033-05-01", "2029-07-01"),
        ("2028-06-01", "2028-01-01"),
        ("2025-01-01", "2026-12-01"),
        ("", "2029-07-01"),
    ],
)
def test_a_partner_gets_what_it_is_pinned_to_or_what_comes_closest(pinned: str, answered: str) -> None:
    assert _THREE.pinned(pinned).name == answered


def test_a_request_gets_what_it_names() -> None:
    assert _THREE.asked(b"2028-01-01").name == "2028-01-01"
    assert _THREE.newest.name == "2029-07-01"


@pytest.mark.parametrize(
    "given", [b"", b"2026-12-02", b"2026-12-01 ", b"v1", b"2026-12-01, 2028-01-01", b"\xff" * 5_000]
)
def test_any_other_is_refused_with_the_list_of_those_there_are(given: bytes) -> None:
    with pytest.raises(CoalitionError) as caught:
        _THREE.asked(given)
    assert caught.value.reason == Reason.REASON_API_VERSION_UNKNOWN
    assert caught.value.metadata["known"] == "2026-12-01, 2028-01-01, 2029-07-01"
    assert len(caught.value.message) < 400


def test_a_version_that_goes_says_when_by_the_two_standards() -> None:
    assert dict(_THREE.asked(b"2026-12-01").headers) == {
        b"coalition-version": b"2026-12-01",
        b"deprecation": b"@1877558400",
        b"sunset": b"Tue, 01 Jan 2030 00:00:00 GMT",
    }
    assert dict(_THREE.asked(b"2028-01-01").headers) == {
        b"coalition-version": b"2028-01-01",
        b"deprecation": b"@1877558400",
    }
    assert dict(_THREE.newest.headers) == {b"coalition-version": b"2029-07-01"}


def test_those_that_there_are_stand_oldest_first_and_once() -> None:
    names = [version.name for version in VERSIONS]
    assert names == sorted(set(names))
    # Nobody is pinned to what goes.
    assert VERSIONS[-1].deprecated_on is None
