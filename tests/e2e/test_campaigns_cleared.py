"""A campaign from the operator's command line to the statements of those who fund it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.operators_mall import PRICES, STARTS_AT, WEEK, Mall, body_of, operators_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")
LATER = f"{STARTS_AT + timedelta(days=30):%Y-%m-%d}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with operators_mall(platform) as mall:
        yield mall


async def test_a_campaign_is_set_loaded_and_listed_by_staff_for_prices(mall: Mall) -> None:
    words = ("campaign", "set", "--name", "Triple", "--multiplier", "300", "--from", "2024-01-01")
    assert "PERMISSION_DENIED" in await mall.refusal(*words, by="maker")
    assert "a new campaign needs --from" in await mall.refusal(*words[:6], by="pricing")
    assert "PARTNER_UNKNOWN" in await mall.refusal(*words, "--partner", "nobody", by="pricing")
    assert "'grocer' is not a funder" in await mall.refusal(*words, "--funder", "grocer", by="pricing")
    assert "sum to 100" in await mall.refusal(*words, "--funder", "grocer=60", by="pricing")
    funders = ("--funder", "grocer=35", "--funder", "fuel=45", "--funder", "operator=20")
    answer = await mall.told(*words, "--partner", "grocer", *funders, by="pricing")
    assert (answer["version"], answer["gives"], answer["partners"], answer["left"]) == (
        1, "300 % of the points", ["grocer"], 0,
    )  # fmt: skip
    assert {who["funder"]: who["percent"] for who in answer["funders"]} == {
        "grocer": 35, "fuel": 45, "operator": 20,
    }  # fmt: skip
    load = ("campaign", "load", answer["id"], "--points", "500", "--key", "first")
    assert (await mall.told(*load, by="pricing"))["left"] == 500
    again = await mall.told(*load, by="pricing")
    assert (again["left"], again["replayed"]) == (500, True)
    # What is not named stays.
    ended = await mall.told("campaign", "set", answer["id"], "--to", LATER, by="pricing")
    assert (ended["version"], ended["name"], ended["valid_to"][:10]) == (2, "Triple", LATER)
    (listed,) = await mall.told("campaign", "list")
    assert listed == {name: value for name, value in ended.items() if name in listed}
    code, out, _ = await mall.run("campaign", "list")
    assert code == 0
    assert re.search(r"cmp_", out)


async def test_its_funders_pay_their_shares_of_what_it_gave_and_nothing_for_what_came_back(
    mall: Mall,
) -> None:
    card, _ = await mall.member()
    kept = await mall.posted("grocer", "/v1/purchases", body_of(card, amount=3_000, currency="USD"))
    assert (kept["earn"]["points"], kept["bonus_points"], kept["balance"]) == (30, 60, 91)
    assert kept["receipt"]["lines"][:3] == ["Points earned: 30", "Bonus points: 60", "Balance: 91 points"]
    (bonus,) = kept["bonus"]
    assert (bonus["points"], bonus["campaign"]["version"]) == (60, 2)
    back = await mall.posted("grocer", "/v1/earns", body_of(card, amount=1_000, currency="USD"))
    assert (back["points"], back["bonus_points"]) == (10, 20)
    refund = body_of(card, original={"transaction": back["id"]})
    refund.pop("member")
    assert (await mall.posted("grocer", "/v1/refunds", refund))["points_clawed_back"] == 30
    listed = (await mall.tills["grocer"].get("/v1/transactions", params={"limit": 100})).json()["data"]
    bonuses = [each for each in listed if each["type"] == "bonus"]
    assert [(each["points"], each["campaign"]) for each in bonuses] == [
        (20, bonus["campaign"]), (60, bonus["campaign"]),
    ]  # fmt: skip
    assert bonuses[1]["original"] == kept["earn"]["id"]
    (campaign,) = await mall.told("campaign", "list")
    assert (campaign["granted"], campaign["taken_back"], campaign["left"]) == (80, 20, 440)

    end = STARTS_AT + WEEK
    await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(minutes=1)))
    await mall.told("settle", "close", "--until", f"{end:%Y-%m-%d}")
    # 35 % of 10,000 micros and 45 % of 9,000, to the micro.
    grocer, fuel = PRICES["grocer"][0] * 35 // 100, PRICES["fuel"][0] * 45 // 100
    nets = {net["party"]: net for net in await mall.told("settle", "nets")}
    owed = {"grocer": 30 * PRICES["grocer"][0] + 60 * grocer, "fuel": 60 * fuel}
    assert {party: nets[party]["exact_micros"] for party in owed} == owed
    assert nets["operator"]["exact_micros"] == -sum(owed.values())
    statement = await mall.told("settle", "statement", "--partner", "fuel", "--window", "1")
    lines = [
        (line["kind"], line["point_type"], line["points"], line["price_micros"])
        for line in statement["lines"]
        if line["points"]
    ]
    assert lines == [("issued", "bonus", 80, fuel), ("reversed", "bonus", 20, fuel)]
    for what in ("ledger", "clearing"):
        proofs = await mall.told("verify", what)
        assert [proof for proof in proofs if not proof["holds"]] == []
