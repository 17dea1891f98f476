from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from coalition.points.v1 import points_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.clock import MICROS_MAX, from_micros, in_zone, to_micros
from services.runtime.idempotency import request_hash
from services.runtime.secrets import MalformedKey, derive, read_key


@given(st.integers(-62_135_596_800_000_000, MICROS_MAX))
def test_microseconds_are_the_same_after_a_datetime(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_the_last_time_of_the_calendar_has_a_datetime() -> None:
    assert from_micros(MICROS_MAX) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_time_without_a_zone_has_no_place_on_the_clock() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_micros(datetime(2017, 1, 1))


@given(st.integers(0, 4_102_444_800_000_000), st.sampled_from(["Europe/Berlin", "Pacific/Apia", "UTC"]))
def test_a_local_time_is_the_same_instant(micros: int, zone: str) -> None:
    local = in_zone(micros, zone)
    assert (to_micros(local), local.tzinfo) == (micros, ZoneInfo(zone))


@pytest.mark.parametrize("padded", [True, False])
def test_a_key_setting_is_base64url_of_32_bytes(padded: bool) -> None:
    key = secrets.token_bytes(32)
    text = urlsafe_b64encode(key).decode()
    assert read_key(text if padded else text.rstrip("="), "name") == key


@pytest.mark.parametrize("text", ["", "short", "ä" * 43, urlsafe_b64encode(bytes(33)).decode()])
def test_a_malformed_key_is_named_and_never_shown(text: str) -> None:
    with pytest.raises(MalformedKey) as caught:
        read_key(text, "COALITION_X_SECRET_KEY")
    assert "COALITION_X_SECRET_KEY" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_keys_of_different_purposes_or_secrets_have_nothing_in_common() -> None:
    one, other = bytes(32), bytes([1] * 32)
    keys = {derive(one, "a"), derive(one, "b"), derive(other, "a"), derive(other, "b")}
    assert len(keys) == 4
    assert derive(one, "a") == derive(one, "a")
    assert len(derive(one, "a", 12)) == 12


def test_the_hash_of_a_request_is_keyed_and_tells_any_difference() -> None:
    one, other = points_pb2.CutAtRequest(boundary_us=1), points_pb2.CutAtRequest(boundary_us=2)
    assert request_hash(bytes(32), one) == request_hash(bytes(32), points_pb2.CutAtRequest(boundary_us=1))
    hashes = {request_hash(bytes(32), one), request_hash(bytes(32), other), request_hash(b"x" * 32, one)}
    assert len(hashes) == 3
