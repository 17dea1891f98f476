"""Goods given back: points return, points are taken back, money is paid out."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM
from services.gateway.schemas.members import Balance
from services.gateway.schemas.movements import Transaction
from services.gateway.schemas.sales import Refund, WaitingRefund
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_bodies import earn, new_card, purchase, redemption, refund

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _sold(house: House, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A card that had 1,000 points, and a sale of 25.99 to it: 5.00 of it by 500 points, 20 points earned."""
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card, amount=100_000, lines=[], tenders=[]))
    answer = await house.post("/v1/purchases", purchase(card, redeem={"points": 500}, **changes))
    assert answer.status_code == 201, answer.text
    return card, answer.json()


async def test_a_refund_says_what_came_back_what_was_taken_back_and_what_to_pay_out(house: House) -> None:
    _, sale = await _sold(house)
    body = refund(original={"transaction": sale["earn"]["id"]}, amount=1299, currency="EUR")
    answer = await house.post("/v1/refunds", body)
    assert answer.status_code == 201, answer.text
    Refund.model_validate_json(answer.content)
    told = answer.json()
    assert (told["reference"], told["original"], told["amount"]) == (
        body["reference"],
        sale["earn"]["id"],
        1299,
    )
    assert (told["points_returned"], told["points_clawed_back"]) == (249, 10)
    assert (told["points_owed"], told["points_written_off"]) == (0, 0)
    assert told["money"] == {"amount": 1050, "currency": "EUR"}
    assert told["balance"] == 520 + 249 - 10
    assert told["receipt"] == {
        "returned": 249,
        "clawed_back": 10,
        "owed": 0,
        "balance": 759,
        "lines": ["Points returned: 249", "Points taken back: 10", "Balance: 759 points"],
    }


async def test_the_ledger_gets_the_refund_as_the_till_told_it(house: House) -> None:
    _, sale = await _sold(house)
    lines = [{"sku": "A", "amount": 1599, "returned": True}, {"sku": "B", "amount": 400}]
    body = refund(
        original={"reference": sale["reference"]}, lines=lines, currency="EUR", channel="web",
        receipt={"till": "2", "business_date": "2026-03-17", "number": "44"},
    )  # fmt: skip
    answer = await house.post("/v1/refunds", body, key="back")
    assert answer.status_code == 201, answer.text
    (item,) = house.points.calls[-1].items
    asked = item.refund
    assert (item.key, item.linked) == ("k:back", False)
    assert (asked.original_id, asked.original_reference) == (b"", sale["reference"])
    assert (asked.amount_minor, asked.points, asked.currency, asked.channel) == (1999, 0, "EUR", "web")
    assert [(line.sku, line.amount_minor, line.returned) for line in asked.lines] == [
        ("A", 1599, True),
        ("B", 400, False),
    ]
    store = house.partners.stores[house.partner_id.bytes][0]
    assert asked.receipt.store_id == store.store_id
    assert (asked.receipt.till, asked.receipt.number) == ("2", "44")


async def test_what_is_left_goes_back_where_no_amount_is_named(house: House) -> None:
    _, sale = await _sold(house)
    original = {"reference": sale["reference"]}
    first = await house.post("/v1/refunds", refund(original=original, amount=1000, currency="EUR"))
    rest = await house.post("/v1/refunds", refund(original=original))
    answers = [first.json(), rest.json()]
    assert house.points.calls[-1].items[0].refund.currency == "EUR"
    assert answers[1]["amount"] == 1599
    for name, whole in (("points_returned", 500), ("points_clawed_back", 20), ("amount", 2599)):
        assert sum(answer[name] for answer in answers) == whole
    assert sum(answer["money"]["amount"] for answer in answers) == 2099
    more = await house.post("/v1/refunds", refund(original=original, amount=1, currency="EUR"))
    assert (more.status_code, more.json()["code"]) == (409, "refund_too_large")
    assert (more.json()["left"], more.json()["required"]) == (0, 1)
    assert more.json()["receipt_text"] == "That much is not left to refund"


async def test_the_same_key_gets_the_same_refund_and_says_so(house: House) -> None:
    _, sale = await _sold(house)
    body = refund(original={"reference": sale["reference"]}, amount=1000, currency="EUR")
    first, again = [await house.post("/v1/refunds", body, key="once-back") for _ in range(2)]
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    other = await house.post("/v1/refunds", body | {"amount": 1001}, key="once-back")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_points_of_a_burn_without_a_sale_go_back(house: House) -> None:
    card, _ = await _sold(house)
    burned = (await house.post("/v1/redemptions", redemption(card, 100))).json()
    original = {"transaction": burned["id"]}
    some = (await house.post("/v1/refunds", refund(original=original, points=30))).json()
    assert (some["points_returned"], some["amount"], some["money"]["amount"]) == (30, 30, 0)
    rest = (await house.post("/v1/refunds", refund(original=original))).json()
    assert (rest["points_returned"], rest["balance"]) == (70, 520)
    assert rest["receipt"]["lines"] == ["Points returned: 70", "Balance: 520 points"]


async def test_points_burned_for_a_sale_go_back_with_it_alone(house: House) -> None:
    _, sale = await _sold(house)
    answer = await house.post("/v1/refunds", refund(original={"transaction": sale["burn"]["id"]}))
    assert (answer.status_code, answer.json()["code"]) == (409, "part_of_sale")
    assert answer.json()["original"] == sale["earn"]["id"]


async def test_what_is_not_the_partners_is_not_known(house: House) -> None:
    _, sale = await _sold(house)
    stranger = house.new_key()
    mine = {"transaction": sale["earn"]["id"]}
    theirs = await house.post("/v1/refunds", refund(original=mine, store=None), secret=stranger)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "original_unknown")
    for wrong in (
        {"transaction": to_text("txn", new_id())},
        {"transaction": to_text("pur", new_id())},
        {"transaction": "txn_short"},
    ):
        answer = await house.post("/v1/refunds", refund(original=wrong))
        assert (answer.status_code, answer.json()["code"]) == (404, "original_unknown")


async def test_a_refund_of_a_sale_that_has_not_arrived_waits(house: House) -> None:
    asked = refund(original={"reference": "on-its-way"})
    answer = await house.post("/v1/refunds", asked, key="early")
    WaitingRefund.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()) == (
        202,
        {"object": "refund", "status": "waiting", "reference": asked["reference"], "original": "on-its-way"},
    )
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card, reference="on-its-way"))
    assert (await house.post("/v1/refunds", asked, key="early")).status_code == 201


async def test_points_that_are_spent_are_owed_and_the_balance_says_so(house: House) -> None:
    card, sale = await _sold(house)
    await house.post("/v1/redemptions", redemption(card, 520))
    bought = (await house.post("/v1/earns", earn(card))).json()
    await house.post("/v1/redemptions", redemption(card, 20))
    told = (await house.post("/v1/refunds", refund(original={"transaction": bought["id"]}))).json()
    assert (told["points_clawed_back"], told["points_owed"], told["balance"]) == (5, 20, 0)
    assert told["receipt"]["lines"] == ["Points taken back: 5", "Points owed: 20", "Balance: 0 points"]
    answer = await house.get(f"/v1/members/{sale['member']}/balance")
    Balance.model_validate_json(answer.content)
    assert (answer.json()["available"], answer.json()["owed"]) == (-20, 20)
    listed = (await house.get("/v1/transactions?limit=3")).json()["data"]
    assert [(each["type"], each["points"], each["original"]) for each in listed] == [
        ("refund", 0, bought["id"]),
        ("debt", 0, bought["id"]),
        ("clawback", -5, bought["id"]),
    ]


async def test_a_refund_and_its_parts_stand_among_the_transactions(house: House) -> None:
    _, sale = await _sold(house)
    original = sale["earn"]["id"]
    refunded = (await house.post("/v1/refunds", refund(original={"transaction": original}))).json()
    listed = (await house.get("/v1/transactions?limit=5")).json()["data"]
    for each in listed:
        Transaction.model_validate(each)
    assert [(each["type"], each["points"], each["original"]) for each in listed] == [
        ("refund", 0, original),
        ("clawback", -20, original),
        ("points_returned", 500, sale["burn"]["id"]),
        ("redemption", -500, original),
        ("earn", 20, None),
    ]
    assert [each["refund"] is None for each in listed] == [False, True, True, True, True]
    one = (await house.get(f"/v1/transactions/{refunded['id']}")).json()
    assert one["refund"] == {
        "amount": 2599,
        "points_returned": 500,
        "points_clawed_back": 20,
        "points_owed": 0,
        "points_written_off": 0,
        "money": {"amount": 2099, "currency": "EUR"},
    }


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"original": {}}, "/original"),
        ({"original": {"reference": "r", "transaction": "txn_x"}}, "/original"),
        ({"original": {"reference": ""}}, "/original/reference"),
        ({"amount": 0, "currency": "EUR"}, "/amount"),
        ({"amount": 10}, "/currency"),
        ({"lines": [{"sku": "A", "amount": 5}]}, "/currency"),
        ({"amount": 10, "currency": "EUR", "points": 5}, "/points"),
        ({"lines": [{"sku": "A", "amount": 5}], "currency": "EUR", "points": 5}, "/points"),
        ({"lines": [{"sku": "A", "amount": -5}], "currency": "EUR"}, "/lines"),
        ({"lines": [{"sku": "A", "amount": 5}, {"sku": "B", "amount": -5}], "currency": "EUR"}, "/lines"),
        ({"points": 0}, "/points"),
        ({"reference": ""}, "/reference"),
        ({"member": {"card": "1"}}, "/member"),
    ],
)
async def test_a_refund_that_cannot_be_is_refused_by_field(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    answer = await house.post("/v1/refunds", {**refund(original={"reference": "r"}), **changes})
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_refund_needs_both_scopes(house: House) -> None:
    _, sale = await _sold(house)
    for scope, needed in ((POINTS_EARN, POINTS_REDEEM), (POINTS_REDEEM, POINTS_EARN)):
        secret = house.new_key([scope], house.partner_id)
        body = refund(original={"reference": sale["reference"]})
        answer = await house.post("/v1/refunds", body, secret=secret)
        assert (answer.status_code, answer.json()["needed"]) == (403, needed)


async def test_a_refund_at_a_store_that_is_none_is_refused(house: House) -> None:
    _, sale = await _sold(house)
    body = refund(original={"reference": sale["reference"]}, store="S999")
    answer = await house.post("/v1/refunds", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "store_unknown")
