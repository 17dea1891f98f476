"""Quotes, explanations and exchanges that are asked for wrongly: refused here, with what and where, and the ledger hears of none."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_bodies import new_card, new_reference, refund

pytestmark = pytest.mark.asyncio(loop_scope="module")
_AT = "2026-03-14T09:26:53+01:00"
_SALE = {"amount": 1250, "currency": "EUR"}


def _quote(**changes: Any) -> dict[str, Any]:
    body = {"member": {"card": "6035550000000018"}, "occurred_at": _AT, "sale": _SALE, **changes}
    return {name: value for name, value in body.items() if value is not None}


def _exchange(**changes: Any) -> dict[str, Any]:
    taken = {"reference": new_reference(), "amount": 2_000, "currency": "EUR", **changes}
    return refund(original={"reference": new_reference()}, exchange=taken)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (_quote(sale=None), ""),
        (_quote(member=None), ""),
        (_quote(refund={"original": {"reference": "R1"}}), ""),
        (_quote(sale={**_SALE, "amount": -1}), "/sale/amount"),
        (_quote(sale={**_SALE, "amount": "1250"}), "/sale/amount"),
        (_quote(sale={"amount": 1250}), "/sale/currency"),
        (_quote(sale={**_SALE, "tenders": [{"kind": "points", "amount": 1251}]}), ""),
        (_quote(sale={**_SALE, "lines": [{"sku": "A", "amount": 1}] * 501}), "/sale/lines"),
        (_quote(occurred_at="2026-03-14T09:26:53"), "/occurred_at"),
        (_quote(reference="R1"), "/reference"),
        (_quote(member=None, sale=None, refund={"original": {}}), "/refund/original"),
        (
            _quote(member=None, sale=None, refund={"original": {"reference": "R1"}, "amount": 1}),
            "/refund/currency",
        ),
    ],
)
async def test_a_quote_that_makes_no_sense_is_told_where(
    house: House, body: dict[str, Any], pointer: str
) -> None:
    answer = await house.post("/v1/quotes", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0].get("pointer", "") == pointer


async def test_a_quote_for_nobody_at_no_store_or_without_the_scope_is_none(house: House) -> None:
    card = new_card()
    unknown = await house.post("/v1/quotes", _quote(member={"card": card}))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "member_unknown")
    assert unknown.json()["errors"][0]["pointer"] == "/member/card"
    house.members.enrolled(card)
    nowhere = await house.post("/v1/quotes", _quote(member={"card": card}, store="S9"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "store_unknown")
    poor = house.new_key([POINTS_EARN], house.partner_id)
    denied = await house.post("/v1/quotes", _quote(member={"card": card}), secret=poor)
    assert (denied.status_code, denied.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("name", ["txn_short", "txn_", "R1", "mem_01kkq63v1rf62tab8c4d6e8f0g", "%00"])
async def test_what_is_no_transaction_is_not_explained(house: House, name: str) -> None:
    answer = await house.get(f"/v1/transactions/{name}/explain")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_explanation_needs_the_scope(house: House) -> None:
    poor = house.new_key([POINTS_EARN], house.partner_id)
    path = f"/v1/transactions/{to_text('txn', new_id())}/explain"
    assert (await house.get(path, secret=poor)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": -1}, "/exchange/amount"),
        ({"amount": True}, "/exchange/amount"),
        ({"amount": 10**16}, "/exchange/amount"),
        ({"currency": "eur"}, "/exchange/currency"),
        ({"reference": ""}, "/exchange/reference"),
        ({"tenders": [{"kind": "points", "amount": 2_001}]}, "/exchange/tenders"),
        ({"lines": [{"sku": "A", "amount": 1}] * 501}, "/exchange/lines"),
        ({"member": {"card": "6035550000000018"}}, "/exchange/member"),
    ],
)
async def test_an_exchange_that_makes_no_sense_is_told_where(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    calls = len(house.points.calls)
    answer = await house.post("/v1/refunds", _exchange(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert len(house.points.calls) == calls


async def test_an_exchange_needs_both_scopes_and_a_store_of_ours(house: House) -> None:
    calls = len(house.points.calls)
    for scope in (POINTS_EARN, POINTS_REDEEM):
        poor = house.new_key([scope], house.partner_id)
        assert (await house.post("/v1/refunds", _exchange(), secret=poor)).status_code == 403
    nowhere = await house.post("/v1/refunds", {**_exchange(), "store": "S9"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "store_unknown")
    assert len(house.points.calls) == calls
