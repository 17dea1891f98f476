"""Requests without a valid key: bounded for each address, and no key that is in use pays for another's."""

from __future__ import annotations

from ipaddress import ip_network

import httpx2
import pytest

from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import new_card

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _nobody_s(number: int) -> str:
    """A key that looks like one."""
    return f"sk_test_{number:040x}"


async def _ask(house: House, secret: str, path: str = "/v1/me", **headers: str) -> httpx2.Response:
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    return await house.client.get(path, headers=headers)


async def test_too_many_without_a_valid_key_are_refused_and_who_is_known_is_served() -> None:
    async with open_house(keyless_per_minute_max=4) as house:
        in_use, unused = house.secret, house.new_key()
        assert (await _ask(house, in_use)).status_code == 200
        # Without a key, with nobody's, in a write, where parameters are read first.
        assert (await _ask(house, "")).status_code == 401
        assert (await _ask(house, _nobody_s(1))).status_code == 401
        assert (await house.client.post("/v1/members", json={"card": new_card()})).status_code == 401
        assert (await _ask(house, "", "/v1/transactions?limit=many")).status_code == 401
        asked = house.partners.authentications
        assert (await _ask(house, _nobody_s(2))).status_code == 401
        for secret in ("", _nobody_s(3), unused):
            refused = await _ask(house, secret)
            told = refused.json()
            assert (refused.status_code, told["code"], told["limit"], told["window_seconds"]) == (
                429, "rate_limited", 4, 60,
            )  # fmt: skip
            assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert house.partners.authentications == asked + 1
        assert (await _ask(house, in_use)).status_code == 200
        for path in ("/healthz", "/errors", "/openapi.json"):
            assert (await _ask(house, "", path)).status_code == 200


async def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_adds() -> None:
    async with open_house(trusted_proxies=(ip_network("127.0.0.0/8"),), keyless_per_minute_max=1) as house:
        for number in range(4):
            # What a client says of itself comes before what the proxy says of it.
            listed = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}
            assert (await _ask(house, "", **listed)).status_code == (401 if number < 2 else 429)
        other = {"X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
        assert (await _ask(house, "", **other)).status_code == 401
        # Whoever has an IPv6 address has many more of its network.
        for number in range(3):
            own = {"X-Forwarded-For": f"2001:db8:1:2::{number}"}
            assert (await _ask(house, "", **own)).status_code == (401 if number < 2 else 429)
        # Without the header nobody knows who it is.
        for _ in range(3):
            assert (await _ask(house, "")).status_code == 401


async def test_without_the_setting_nothing_is_bounded() -> None:
    async with open_house() as house:
        for _ in range(4):
            assert (await _ask(house, "")).status_code == 401
