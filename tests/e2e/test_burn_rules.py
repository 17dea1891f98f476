"""What a partner takes points for: set on the command line, held to at the tills, told to everybody."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import proofs
from tests.support.offline import burns_offline
from tests.support.operators_mall import Mall, body_of, burn_of, operators_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LINES = [
    {"sku": "1", "category": "food", "amount": 2000},
    {"sku": "2", "category": "tobacco", "amount": 500},
]
_BASKET = {"amount": 2500, "currency": "USD", "lines": _LINES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with operators_mall(platform) as mall:
        await burns_offline(mall.session, mall.programme, "fuel")
        yield mall


async def _refused(mall: Mall, partner: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await mall.tills[partner].post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code in (400, 409), answer.text
    return answer.json()


async def test_a_quoted_hold_and_the_sale_that_it_pays_for(mall: Mall) -> None:
    words = ("partner", "burn-rules", "set", "fuel", "--points", "100", "--worth", "1.00", "--minimum", "200")
    rule = await mall.told(
        *words, "--step", "10", "--share", "50", "--exclude-category", "tobacco", "--daily", "3000", "--from", "2024-01-01",
        by="pricing",
    )  # fmt: skip
    assert (rule["worth_minor"], rule["excluded_categories"], rule["treatment"]) == (
        100,
        ["tobacco"],
        "tender",
    )
    assert "PERMISSION_DENIED" in await mall.refusal(*words, "--from", "2024-01-01", by="maker")
    assert "minimum_points" in await mall.refusal(
        *words, "--step", "300", "--from", "2024-01-01", by="pricing"
    )
    code, out, _ = await mall.run("partner", "burn-rules", "list", "fuel", by="pricing")
    assert code == 0
    assert re.search(r"100 │ +100 │ tender │ +200 │ +10 │ +50 │ +3,000 │ tobacco", out), out

    card, _ = await mall.member()
    await mall.told("points", "adjust", card, "--points", "5000", "--reason", "other", by="maker")
    small = await _refused(mall, "fuel", "/v1/holds", burn_of(card, points=190, basket=_BASKET))
    assert (small["code"], small["minimum"], small["receipt_text"]) == (
        "burn_too_small", 200, "Points are taken from 200 on.",
    )  # fmt: skip
    uneven = await _refused(mall, "fuel", "/v1/holds", burn_of(card, points=215, basket=_BASKET))
    assert (uneven["code"], uneven["below"]) == ("burn_step", 210)
    # Half of 25.00 less 5.00 of tobacco: 10.00, which 1,000 points are worth.
    much = await _refused(mall, "fuel", "/v1/redemptions", burn_of(card, points=1010, basket=_BASKET))
    assert (much["code"], much["most"], much["most_minor"]) == ("burn_share", 1000, 1000)
    without = await _refused(mall, "fuel", "/v1/holds", burn_of(card, points=500))
    assert (without["code"], without["errors"][0]["pointer"]) == ("invalid_request", "/basket")
    in_money = {"amount": 1009, "currency": "USD"}
    held = await mall.posted("fuel", "/v1/holds", burn_of(card, points=None, money=in_money, basket=_BASKET))
    worth = {"amount": 1000, "currency": "USD", "treatment": "tender"}
    assert (held["points"], held["worth"]) == (1000, worth)

    sale = body_of(card, amount=2500, currency="USD", lines=_LINES, hold={"id": held["hold"]})
    wrong = await _refused(
        mall, "fuel", "/v1/purchases", {**sale, "tenders": [{"kind": "points", "amount": 900}]}
    )
    assert (wrong["code"], wrong["worth_minor"], wrong["treatment"]) == (
        "burn_worth_mismatch",
        1000,
        "tender",
    )
    tenders = [{"kind": "points", "amount": 1000}, {"kind": "card", "amount": 1500}]
    sold = await mall.posted("fuel", "/v1/purchases", {**sale, "tenders": tenders})
    assert (sold["burn"]["worth"], sold["earn"]["worth"], sold["earn"]["points"]) == (worth, None, 15)
    read = await mall.tills["fuel"].get(f"/v1/transactions/{sold['burn']['id']}")
    assert read.json() == sold["burn"]
    # A line of a batch is decided by it as well.
    large = {"amount": 9000, "currency": "USD", "lines": [{"sku": "1", "category": "food", "amount": 9000}]}
    line = {"type": "redemption", **body_of(card, points=2010, basket=large)}
    batch = await mall.posted("fuel", "/v1/batches", {"lines": [line]})
    (result,) = batch["results"]
    assert (result["error"]["code"], result["error"]["left"]) == ("burn_daily_limit", 2000)
    # At the other partner, which has no rule, points are worth what it likes.
    free = await mall.posted("grocer", "/v1/redemptions", burn_of(card, points=7))
    assert free["worth"] is None
    assert {
        proof.name: proof.breaches
        for proof in await proofs.prove_ledger(mall.session, mall.programme)
        if proof.breaches
    } == {}
