"""Headers: idempotency keys, request ids, hosts."""

from __future__ import annotations

from typing import Any

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.http.bodies import idempotency_key
from services.gateway.http.exchange import Exchange
from services.runtime.errors import CoalitionError


def _exchange(*headers: tuple[str, str], scheme: str = "http") -> Exchange:
    async def send(_: Any) -> None:
        return

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Exchange({"type": "http", "scheme": scheme, "path": "/", "headers": pairs}, send, 10.0)


def _key(*values: str) -> str:
    return idempotency_key(_exchange(*(("idempotency-key", value) for value in values)))


@pytest.mark.parametrize(
    ("given", "key"),
    [("abc", "abc"), ('"abc"', "abc"), (" abc ", "abc"), ("a,b;c=d", "a,b;c=d"), ("x" * 255, "x" * 255)],
)
async def test_a_key_is_bare_or_quoted(given: str, key: str) -> None:
    assert _key(given) == key


@pytest.mark.parametrize("given", [(), ("",), ('""',), ("  ",)])
async def test_a_write_without_a_key_is_told_so(given: tuple[str, ...]) -> None:
    with pytest.raises(CoalitionError) as caught:
        _key(*given)
    assert caught.value.reason == Reason.REASON_IDEMPOTENCY_KEY_MISSING


@pytest.mark.parametrize(
    "given", [("x" * 256,), ("a b",), ("ä",), ('"abc',), ('"a"b"',), ("a\tb",), ("a", "b")]
)
async def test_a_malformed_key_is_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(CoalitionError) as caught:
        _key(*given)
    assert caught.value.reason == Reason.REASON_INVALID_REQUEST


async def test_a_sane_request_id_is_kept_and_any_other_is_replaced() -> None:
    assert _exchange(("request-id", "till-7.1001_a")).request_id == "till-7.1001_a"
    for odd in ("", "a b", "x" * 65, "<script>", "é"):
        assert _exchange(("request-id", odd)).request_id.startswith("req_")


async def test_pages_of_reasons_are_where_the_client_sees_this_host() -> None:
    assert _exchange(("host", "api.example.com")).origin("") == "http://api.example.com"
    assert _exchange(("host", "api.example.com")).origin("https://p.example/") == "https://p.example"
    assert _exchange(("host", "evil/<x>")).origin("") == ""
    assert _exchange().origin("") == ""
