"""Whose card it is: staff at its employer, and somebody who tries card numbers out."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import members as operated
from services.operations import registry
from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_claims import spends
from tests.support.gateway_mall import OCCURRED_AT, Mall, key, new_card, posted, running_mall, sale
from tests.support.waiting import until as eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with running_mall(platform) as opened:
        yield opened


async def test_staff_earns_where_it_works_and_spends_elsewhere(mall: Mall) -> None:
    card, member = await mall.member(700)
    path = f"/v1/members/{member}/employment"
    assert (await mall.grocer.put(path, headers=key())).json()["works_for_you"] is True
    burn = {"member": {"card": card}, "points": 10, "occurred_at": OCCURRED_AT, "authorisation": CARD_READ}

    async def refused() -> bool:
        answer = await mall.grocer.post(
            "/v1/redemptions", json={**burn, "reference": secrets.token_hex(8)}, headers=key()
        )
        return answer.json().get("code") == "staff_card"

    await eventually(refused)
    await posted(mall.fuel, "/v1/redemptions", {**burn, "reference": secrets.token_hex(8)})
    await posted(mall.grocer, "/v1/earns", sale(card, 1_000))
    assert (await mall.grocer.delete(path, headers=key())).json()["works_for_you"] is False
    await eventually(lambda: spends(mall, burn))


async def test_who_tries_card_numbers_out_is_stopped_and_reported(mall: Mall) -> None:
    known, _ = await mall.member(0)
    secret = (await registry.issue_key(mall.session, mall.programme, "fuel", "stolen")).secret
    stolen = {"Authorization": f"Bearer {secret}"}
    codes: list[str] = []
    # 10,000 numbers, in batches and one by one, each time from another till.
    for number in range(2):
        lines = [
            {"type": "earn", **sale(new_card("9966"), 1, receipt={"till": str(number)})} for _ in range(4_990)
        ]
        answer = await mall.fuel.post("/v1/batches", json={"lines": lines}, headers={**stolen, **key()})
        codes += [each["error"]["code"] for each in answer.json()["results"]]
    for number in range(20):
        answer = await mall.fuel.post(
            "/v1/members/lookup", json={"card": new_card("9966"), "till": f"x{number}"}, headers=stolen
        )
        assert answer.status_code == 429, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        codes.append(answer.json()["code"])
    assert (len(codes), set(codes)) == (10_000, {"lookup_limited"})
    last = await mall.fuel.post("/v1/members/lookup", json={"card": known}, headers=stolen)
    assert (last.status_code, last.json()["code"]) == (429, "lookup_limited")
    # The partner's other key is not concerned, and the staff sees who it was, once for each source.
    assert (await mall.fuel.post("/v1/members/lookup", json={"card": known})).status_code == 200
    told = await operated.suspicions(mall.session, mall.programme, 100)
    by_key = [each for each in told if each["api_key"]]
    assert [(each["partner"], each["store"], each["till"]) for each in by_key] == [("fuel", None, None)]
    assert by_key[0]["unknown"] >= 201
    assert len({(each["api_key"], each["till"]) for each in told}) == len(told)
