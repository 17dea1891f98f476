"""A sale in one call: points captured or spent, and points earned on the money, both or neither."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM
from services.gateway.schemas.sales import Purchase
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_bodies import CARD_READ, earn, hold, new_card, purchase, redemption, resolve

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _card(house: House, points: int = 1_000) -> str:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card, amount=points * 100, lines=[], tenders=[]))
    return card


async def _held(house: House, card: str, points: int = 500) -> str:
    answer = await house.post("/v1/holds", hold(card, points))
    assert answer.status_code == 201, answer.text
    return answer.json()["hold"]


async def _wallet(house: House, card: str) -> int:
    found = await house.client.post("/v1/members/lookup", json={"card": card}, headers=house.headers())
    balance = await house.get(f"/v1/members/{found.json()['id']}/balance")
    return balance.json()["available"]


async def test_a_sale_captures_a_hold_and_earns_on_the_money(house: House) -> None:
    card = await _card(house)
    held = await _held(house, card)
    body = purchase(card, hold={"id": held})
    answer = await house.post("/v1/purchases", body)
    assert answer.status_code == 201, answer.text
    Purchase.model_validate_json(answer.content)
    told = answer.json()
    assert told["id"] == told["earn"]["purchase"]
    assert (told["reference"], told["balance"]) == (body["reference"], 520)
    assert (told["earn"]["type"], told["earn"]["points"]) == ("earn", 20)
    burn = told["burn"]
    assert (burn["type"], burn["points"], burn["hold"]) == ("capture", -500, held)
    assert burn["original"] == told["earn"]["id"]
    assert told["receipt"] == {
        "earned": 20,
        "bonus": 0,
        "pending": 0,
        "burned": 500,
        "balance": 520,
        "expires_on": "2028-03-31",
        "lines": [
            "Points spent: 500",
            "Points earned: 20",
            "Balance: 520 points",
            "Use these points by 2028-03-31",
        ],
    }


async def test_the_ledger_gets_both_next_to_each_other_under_keys_that_no_client_sends(house: House) -> None:
    card = await _card(house)
    held = await _held(house, card)
    await house.post("/v1/purchases", purchase(card, hold={"id": held, "points": 320}), key="sale-1")
    earned, burned = house.points.calls[-1].items
    assert (earned.key, earned.linked, burned.key, burned.linked) == ("k:sale-1", True, "b:sale-1", False)
    assert earned.earn.sale.amount_minor == 2599
    assert burned.capture.points == 320
    assert burned.capture.occurred_at_us == earned.earn.sale.occurred_at_us
    assert burned.capture.receipt == earned.earn.sale.receipt
    assert burned.traceparent == earned.traceparent
    assert burned.deadline_us == earned.deadline_us


async def test_a_sale_pays_with_points_at_once(house: House) -> None:
    card = await _card(house)
    body = purchase(card, redeem={"points": 500})
    told = (await house.post("/v1/purchases", body)).json()
    assert (told["burn"]["type"], told["burn"]["points"], told["balance"]) == ("redemption", -500, 520)
    assert told["burn"]["reference"] == body["reference"]
    item = house.points.calls[-1].items[1]
    assert item.redemption.member_id == house.points.calls[-1].items[0].earn.member_id


async def test_a_sale_without_points_is_an_earn_alone(house: House) -> None:
    card = await _card(house, 10)
    for tenders, points in (([], 25), ([{"kind": "points", "amount": 500}], 20)):
        told = (await house.post("/v1/purchases", purchase(card, tenders=tenders))).json()
        assert (told["burn"], told["receipt"]["burned"], told["receipt"]["earned"]) == (None, 0, points)
        (item,) = house.points.calls[-1].items
        assert not item.linked


@pytest.mark.parametrize("way", ["hold", "redeem"])
async def test_the_same_key_gets_the_same_answer_and_nothing_moves_twice(house: House, way: str) -> None:
    card = await _card(house)
    burn: dict[str, Any] = {"id": await _held(house, card)} if way == "hold" else {"points": 500}
    body = purchase(card, **{way: burn})
    first, again = [await house.post("/v1/purchases", body, key=f"sale-{way}") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert await _wallet(house, card) == 520


async def test_an_answer_that_is_lost_on_the_way_is_asked_for_again(house: House) -> None:
    card = await _card(house)
    held = await _held(house, card)
    house.faults.post_answers_lost = 1
    answer = await house.post("/v1/purchases", purchase(card, hold={"id": held}))
    assert (answer.status_code, answer.json()["balance"]) == (201, 520)


async def test_an_overloaded_ledger_gets_both_again(house: House) -> None:
    card = await _card(house)
    held = await _held(house, card)
    house.faults.items_overloaded = 1
    calls = len(house.points.calls)
    answer = await house.post("/v1/purchases", purchase(card, hold={"id": held}))
    assert (answer.status_code, answer.json()["balance"]) == (201, 520)
    assert [len(call.items) for call in house.points.calls[calls:]] == [2, 2]


async def test_the_same_key_with_another_sale_or_other_points_is_refused(house: House) -> None:
    card = await _card(house)
    body = purchase(card, redeem={"points": 100})
    await house.post("/v1/purchases", body, key="sale-x")
    others: list[dict[str, Any]] = [
        {"amount": 2600, "lines": []},
        {"redeem": {"points": 101}},
        {"redeem": None, "authorisation": None},
    ]
    for changes in others:
        answer = await house.post("/v1/purchases", body | changes, key="sale-x")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_key_of_another_write_is_no_key_of_a_sale(house: House) -> None:
    card = await _card(house)
    body = purchase(card)
    await house.post("/v1/redemptions", redemption(card, 5), key="taken-1")
    await house.post("/v1/earns", body, key="taken-2")
    for taken in ("taken-1", "taken-2"):
        answer = await house.post("/v1/purchases", {**body, "redeem": {"points": 5}}, key=taken)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    # However a till makes its keys, the second one of a sale is none of them.
    for other, own in (("b:sale-2", "sale-2"), ("k:sale-3", "sale-3"), ("x" * 254, "x" * 255)):
        await house.post("/v1/redemptions", redemption(card, 5), key=other)
        fine = await house.post("/v1/purchases", purchase(card, redeem={"points": 5}), key=own)
        assert fine.status_code == 201, fine.text


async def test_a_hold_that_is_resolved_refuses_the_sale_and_nothing_is_earned(house: House) -> None:
    card = await _card(house)
    held = await _held(house, card)
    await house.post(f"/v1/holds/{held}/void", resolve())
    body = purchase(card, hold={"id": held})
    first, again = [await house.post("/v1/purchases", body, key="late") for _ in range(2)]
    assert (first.status_code, first.json()["code"]) == (409, "hold_resolved")
    assert (again.status_code, again.json()["code"]) == (409, "hold_resolved")
    assert again.headers["idempotency-replayed"] == "true"
    assert await _wallet(house, card) == 1_000
    without = await house.post("/v1/purchases", purchase(card, reference=body["reference"], tenders=[]))
    assert (without.status_code, without.json()["receipt"]["earned"]) == (201, 25)


@pytest.mark.parametrize(
    ("burn", "status", "code", "figures"),
    [
        ({"hold": {"points": 501}}, 409, "hold_too_small", {"held": 500, "required": 501}),
        ({"redeem": {"points": 600}}, 409, "insufficient_points", {"available": 520, "required": 600}),
        ({"hold": {"id": to_text("hld", new_id())}}, 404, "hold_unknown", {}),
        ({"hold": {"id": "hld_short"}}, 404, "hold_unknown", {}),
        ({"redeem": {"points": 1}, "currency": "USD"}, 400, "currency_unsupported", {"expected": "EUR"}),
        ({"hold": {}, "amount": 2600}, 400, "amount_mismatch", {"lines_minor": 2599}),
    ],
)
async def test_a_sale_is_refused_for_what_stands_in_its_way(
    house: House, burn: dict[str, Any], status: int, code: str, figures: dict[str, Any]
) -> None:
    card = await _card(house)
    held = await _held(house, card)
    if "hold" in burn:
        burn = burn | {"hold": {"id": held, **burn["hold"]}}
    shown = {"authorisation": CARD_READ} if "redeem" in burn else {}
    answer = await house.post("/v1/purchases", purchase(card) | shown | burn)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().items() >= figures.items()
    assert await _wallet(house, card) == 500


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"hold": {"id": "hld_x"}, "redeem": {"points": 1}}, "/redeem"),
        ({"hold": {}}, "/hold/id"),
        ({"hold": {"id": "hld_x", "points": 0}}, "/hold/points"),
        ({"redeem": {"points": 0}}, "/redeem/points"),
        ({"redeem": {}}, "/redeem/points"),
        ({"tenders": [{"kind": "points", "amount": 2600}]}, "/tenders"),
        ({"tenders": [{"kind": "points", "amount": 2000}, {"kind": "points", "amount": 600}]}, "/tenders"),
        ({"tenders": [{"kind": "points", "amount": -1}]}, "/tenders"),
        ({"points": 5}, "/points"),
    ],
)
async def test_a_sale_that_cannot_be_is_refused_by_field(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    card = await _card(house, 1)
    calls = len(house.points.calls)
    answer = await house.post("/v1/purchases", purchase(card) | changes)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert len(house.points.calls) == calls


async def test_paying_with_points_needs_the_scope_for_it(house: House) -> None:
    card = await _card(house)
    secret = house.new_key([POINTS_EARN], house.partner_id)
    answer = await house.post("/v1/purchases", purchase(card, redeem={"points": 5}), secret=secret)
    assert (answer.status_code, answer.json()["needed"]) == (403, POINTS_REDEEM)
    alone = await house.post("/v1/purchases", purchase(card, tenders=[]), secret=secret)
    assert alone.status_code == 201
    only = house.new_key([POINTS_REDEEM], house.partner_id)
    answer = await house.post("/v1/purchases", purchase(card, redeem={"points": 5}), secret=only)
    assert (answer.status_code, answer.json()["needed"]) == (403, POINTS_EARN)


async def test_sales_share_calls_with_other_tills_and_each_gets_its_own_answer(house: House) -> None:
    cards = [await _card(house) for _ in range(10)]
    calls = len(house.points.calls)
    answers = await asyncio.gather(
        *(
            house.post("/v1/purchases", purchase(card, redeem={"points": 10 + place}))
            if place % 2
            else house.post("/v1/earns", earn(card))
            for place, card in enumerate(cards)
        )
    )
    for place, answer in enumerate(answers):
        assert answer.status_code == 201, answer.text
        assert answer.json()["balance"] == (1_000 + 20 - 10 - place if place % 2 else 1_025)
    assert len(house.points.calls) - calls < 10
