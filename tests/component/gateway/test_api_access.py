"""Keys with an end and with addresses, and versions of the API, over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from coalition.partners.v1 import partners_pb2
from structlog.testing import capture_logs

from services.gateway.domain.api_versions import Versions
from services.gateway.http.app import create_app
from services.gateway.schemas.platform import Me, Problem
from services.runtime.api_versions import NEWEST, VERSIONS, ApiVersion
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from tests.support.gateway import House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")
_OLD = ApiVersion("2025-01-01", date(2029, 7, 1), date(2030, 1, 1))


def _known(house: House, secret: str) -> partners_pb2.AuthenticateApiKeyResponse:
    return house.partners.keys[sha256(secret.encode()).digest()]


@asynccontextmanager
async def _with_an_old_version(house: House) -> AsyncGenerator[httpx2.AsyncClient]:
    """The same gateway as if there had been a version before."""
    app = create_app(replace(house.gateway, versions=Versions([_OLD, *VERSIONS])))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://gateway",
        headers={"Authorization": f"Bearer {house.secret}"},
    ) as client:
        yield client


async def test_a_key_is_told_its_end_its_addresses_and_its_version(house: House) -> None:
    secret = house.new_key()
    known = _known(house, secret)
    plain = (await house.get("/v1/me", secret=house.secret)).json()
    assert (plain["ends_at"], plain["addresses"], plain["api_version"]) == (None, [], NEWEST)
    known.api_key.ends_at_us = wall_now_us() + 3_600 * MICROS_PER_SECOND
    known.api_key.addresses.extend(["127.0.0.0/8", "2001:db8::/32"])
    known.api_version = NEWEST
    told = Me.model_validate_json((await house.get("/v1/me", secret=secret)).content)
    assert told.ends_at is not None
    assert (told.addresses, told.api_version) == (["127.0.0.0/8", "2001:db8::/32"], NEWEST)


async def test_a_key_whose_time_is_over_opens_nothing(house: House) -> None:
    secret = house.new_key()
    _known(house, secret).api_key.ends_at_us = wall_now_us() - 1
    answer = await house.get("/v1/me", secret=secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_key_is_refused_from_elsewhere_whatever_a_header_says(house: House) -> None:
    secret = house.new_key()
    _known(house, secret).api_key.addresses.append("203.0.113.0/24")
    headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "203.0.113.7"}
    asked = house.partners.authentications
    with capture_logs() as logs:
        for path in ("/v1/me", "/v1/stores", "/v1/stores?limit=nonsense"):
            answer = await house.client.get(path, headers=headers)
            told = Problem.model_validate_json(answer.content)
            assert (told.status, told.code) == (403, "address_not_allowed"), path
            assert told.detail == "this API key is not taken from 127.0.0.1"
            # What is refused here uses up nothing of the partner's quota.
            assert "ratelimit" not in answer.headers
    refused = [line for line in logs if line["event"] == "keys.address_refused"]
    assert [(line["address"], line["key_id"][:4]) for line in refused] == [("127.0.0.1", "key_")]
    assert secret not in str(logs)
    assert house.partners.authentications == asked + 1


async def test_behind_a_trusted_proxy_the_caller_is_whom_the_proxy_names() -> None:
    async with open_house(trusted_proxies=(ip_network("127.0.0.0/8"),)) as house:
        _known(house, house.secret).api_key.addresses.append("203.0.113.0/24")

        async def status(*forwarded: str) -> int:
            headers = [("Authorization", f"Bearer {house.secret}")]
            headers += [("X-Forwarded-For", value) for value in forwarded]
            return (await house.client.get("/v1/me", headers=headers)).status_code

        assert await status("203.0.113.7") == 200
        assert await status("198.51.100.1", "203.0.113.7") == 200
        assert await status("203.0.113.7", "198.51.100.1") == 403
        assert await status("203.0.113.7, 198.51.100.1") == 403
        assert await status() == 403


async def test_every_answer_of_the_api_says_its_version_and_no_other_answer_does(house: House) -> None:
    for path, status in (
        ("/v1/ping", 200),
        ("/v1/me", 200),
        ("/v1/nothing", 404),
        ("/v1/transactions/x", 404),
    ):
        answer = await house.get(path)
        assert (answer.status_code, answer.headers["coalition-version"]) == (status, NEWEST), path
        assert not {"deprecation", "sunset"} & set(answer.headers)
    nobody = await house.client.get("/v1/me")
    assert (nobody.status_code, nobody.headers["coalition-version"]) == (401, NEWEST)
    for path in ("/healthz", "/openapi.json", "/errors"):
        assert "coalition-version" not in (await house.client.get(path)).headers


async def test_an_unknown_version_is_refused_by_every_operation_and_only_to_who_has_a_key(
    house: House,
) -> None:
    document = (await house.client.get("/openapi.json")).json()
    bad = {"Coalition-Version": "1999-12-31", "Idempotency-Key": "k"}
    for path, operations in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(operations):
            filled = re.sub(r"\{[a-z_]+\}", "x", path)
            answer = await house.client.request(
                method, filled, headers={**bad, "Authorization": f"Bearer {house.secret}"}
            )
            if not path.startswith("/v1/"):
                assert answer.status_code == 200, path
                continue
            told = answer.json()
            assert (answer.status_code, told["code"]) == (400, "api_version_unknown"), (method, path)
            assert told["known"] == NEWEST
            assert told["errors"][0]["header"] == "Coalition-Version"
            assert answer.headers["coalition-version"] == NEWEST
            nobody = await house.client.request(method, filled, headers=bad)
            assert nobody.status_code == (400 if path == "/v1/ping" else 401), (method, path)


async def test_a_partner_is_answered_by_what_it_is_pinned_to_or_by_what_it_asks_for(house: House) -> None:
    async with open_house() as fresh, _with_an_old_version(fresh) as client:
        _known(fresh, fresh.secret).api_version = _OLD.name

        async def told(path: str, version: str | None) -> dict[str, Any]:
            headers = {} if version is None else {"Coalition-Version": version}
            answer = await client.get(path, headers=headers)
            return {name: answer.headers.get(name) for name in ("coalition-version", "deprecation", "sunset")}

        old = {
            "coalition-version": _OLD.name,
            "deprecation": "@1877558400",
            "sunset": "Tue, 01 Jan 2030 00:00:00 GMT",
        }
        new = {"coalition-version": NEWEST, "deprecation": None, "sunset": None}
        assert await told("/v1/me", None) == old
        assert await told("/v1/me", NEWEST) == new
        assert await told("/v1/me", _OLD.name) == old
        # Also of what is refused, and where there is no key to go by.
        assert await told("/v1/transactions/txn_nonsense", None) == old
        assert await told("/v1/me", "1999-12-31") == old
        assert await told("/v1/ping", None) == new
        assert await told("/v1/ping", _OLD.name) == old
        assert (await client.get("/v1/me")).json()["api_version"] == _OLD.name
        document = (await client.get("/openapi.json")).json()
        (parameter,) = document["paths"]["/v1/me"]["get"]["parameters"]
        assert parameter["schema"]["enum"] == [_OLD.name, NEWEST]
