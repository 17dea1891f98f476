"""Where a request comes from: the connection's other end, unless a trusted proxy says otherwise."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from services.gateway.http.client_address import client_address
from services.gateway.settings import Settings
from tests.support.keys import key_text

_PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:99::/48"))


def _address(peer: str | None, *forwarded: str, trusted: bool = True) -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"client": (peer, 5_000) if peer else None, "headers": [(b"host", b"h"), *headers]}
    return str(client_address(scope, _PROXIES if trusted else ()))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        # Who is no proxy of ours may write what he likes.
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("2001:db8:99::1", ("2001:db8::7",), "2001:db8::7"),
        # The client's own words come first, and do not count.
        ("10.0.0.1", ("192.0.2.66, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("10.9.9.9, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.66", "198.51.100.1, 10.0.0.2"), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1:4711",), "198.51.100.1"),
        ("10.0.0.1", ("[2001:db8::7]:4711",), "2001:db8::7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", (" ",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3"),
        # What cannot be read is nobody, and never whoever stands before it.
        ("10.0.0.1", ("198.51.100.1, unknown",), "None"),
        ("10.0.0.1", ("198.51.100.1,",), "None"),
        ("10.0.0.1", ("\xff",), "None"),
        (None, ("198.51.100.1",), "None"),
        ("testclient", (), "None"),
        ("10.0.0.1", (", ".join(["198.51.100.1"] + ["10.0.0.2"] * 5_000),), "10.0.0.2"),
    ],
)
def test_the_caller_is_the_first_from_the_end_that_is_no_proxy_of_ours(
    peer: str | None, forwarded: tuple[str, ...], found: str
) -> None:
    assert _address(peer, *forwarded) == found


def test_without_trusted_proxies_the_header_says_nothing() -> None:
    assert _address("10.0.0.1", "198.51.100.1", trusted=False) == "10.0.0.1"


def test_proxies_are_named_as_networks_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_GATEWAY_TRUSTED_PROXIES", '["10.0.0.0/8", "2001:db8:99::/48"]')
    settings = Settings(database_url=SecretStr("postgresql://h/d"), secret_key=SecretStr(key_text()))
    assert settings.trusted_proxies == _PROXIES
    monkeypatch.setenv("COALITION_GATEWAY_TRUSTED_PROXIES", '["10.0.0.1/8"]')
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(database_url=SecretStr("postgresql://h/d"), secret_key=SecretStr(key_text()))
