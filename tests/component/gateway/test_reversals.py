"""A till that never heard back undoes what it asked for, by its key, whether or not it arrived."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM
from services.gateway.schemas.sales import Reversal
from tests.support.gateway import House
from tests.support.gateway_bodies import earn, hold, new_card, purchase, redemption, refund, resolve, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _card(house: House) -> str:
    """The card of a member who has 1,000 points."""
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card, amount=100_000, lines=[], tenders=[]))
    return card


async def _reversed(house: House, original: str, key: str = "", **changes: Any) -> dict[str, Any]:
    answer = await house.post("/v1/reversals", reversal(original, **changes), key=key)
    assert answer.status_code == 201, answer.text
    Reversal.model_validate_json(answer.content)
    assert answer.json()["status"] == "reversed"
    return answer.json()


async def test_a_purchase_that_arrived_is_undone_with_both_its_parts(house: House) -> None:
    card = await _card(house)
    sale = await house.post("/v1/purchases", purchase(card, redeem={"points": 500}), key="rev-sale")
    assert sale.json()["balance"] == 520
    told = await _reversed(house, "rev-sale")
    assert (told["object"], told["idempotency_key"]) == ("reversal", "rev-sale")
    assert (told["points_returned"], told["points_clawed_back"], told["amount"]) == (500, 20, 2599)
    assert (told["points_owed"], told["points_written_off"], told["released"]) == (0, 0, 0)
    assert told["money"] == {"amount": 2099, "currency": "EUR"}
    assert (told["transaction"]["type"], told["transaction"]["original"]) == (
        "refund",
        sale.json()["earn"]["id"],
    )
    assert told["transaction"]["reference"] is None
    assert told["balance"] == 1_000
    assert told["receipt"] == {
        "returned": 500,
        "clawed_back": 20,
        "owed": 0,
        "released": 0,
        "balance": 1_000,
        "lines": ["Points returned: 500", "Points taken back: 20", "Balance: 1,000 points"],
    }


async def test_each_kind_of_movement_is_undone_by_its_key(house: House) -> None:
    card = await _card(house)
    await house.post("/v1/earns", earn(card), key="rev-earn")
    await house.post("/v1/redemptions", redemption(card, 30), key="rev-burn")
    held = (await house.post("/v1/holds", hold(card, 40), key="rev-held")).json()["hold"]
    await house.post(f"/v1/holds/{held}/capture", resolve(points=25), key="rev-capture")
    await house.post("/v1/holds", hold(card, 50), key="rev-open")
    assert (await _reversed(house, "rev-earn"))["points_clawed_back"] == 25
    assert (await _reversed(house, "rev-burn"))["points_returned"] == 30
    captured = await _reversed(house, "rev-capture")
    assert (captured["points_returned"], captured["money"]["amount"]) == (25, 0)
    released = await _reversed(house, "rev-open")
    assert (released["released"], released["transaction"]["type"]) == (50, "void")
    assert released["receipt"]["lines"] == ["Points free again: 50", "Balance: 1,000 points"]


async def test_the_ledger_is_asked_by_both_keys(house: House) -> None:
    await house.post("/v1/reversals", reversal("rev-asked"), key="rev-asking")
    (item,) = house.points.calls[-1].items
    assert (item.key, item.reversal.key) == ("k:rev-asking", "k:rev-asked")
    assert item.reversal.occurred_at_us == 1_773_477_187_000_000


@pytest.mark.parametrize("path", ["/v1/earns", "/v1/redemptions", "/v1/holds", "/v1/purchases"])
async def test_what_never_arrived_is_safe_and_refused_when_it_does(house: House, path: str) -> None:
    card, key = await _card(house), f"late{path}"
    answer = await house.post("/v1/reversals", reversal(key))
    Reversal.model_validate_json(answer.content)
    told = answer.json()
    assert (answer.status_code, told["status"], told["idempotency_key"]) == (200, "nothing_to_reverse", key)
    assert (told["transaction"], told["balance"], told["receipt"]) == (None, None, None)
    assert (told["points_returned"], told["released"], told["money"]["amount"]) == (0, 0, 0)
    body = {
        "/v1/earns": earn(card),
        "/v1/redemptions": redemption(card, 5),
        "/v1/holds": hold(card, 5),
        "/v1/purchases": purchase(card, redeem={"points": 5}),
    }[path]
    late = await house.post(path, body, key=key)
    assert (late.status_code, late.json()["code"]) == (409, "reversed_before_arrival")
    assert late.json()["receipt_text"] == "Cancelled; please start again"
    # Nothing of how keys go to the ledger is told.
    assert "k:" not in late.text
    assert "k:" not in answer.text
    # Rung up again it is a sale like any other, by the same reference.
    assert (await house.post(path, body)).status_code == 201


async def test_the_same_key_gets_the_same_answer_and_says_so(house: House) -> None:
    card = await _card(house)
    await house.post("/v1/earns", earn(card), key="rev-twice")
    for original, status in (("rev-twice", 201), ("rev-nothing", 200)):
        body = reversal(original)
        first, again = [await house.post("/v1/reversals", body, key=f"own-{original}") for _ in range(2)]
        assert (first.status_code, again.status_code, again.content) == (status, status, first.content)
        assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (
            None,
            "true",
        )
        other = await house.post("/v1/reversals", reversal("another"), key=f"own-{original}")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    # With another key there is nothing left.
    left = await house.post("/v1/reversals", reversal("rev-twice"))
    assert (left.status_code, left.json()["status"]) == (200, "nothing_to_reverse")


async def test_what_was_refused_leaves_nothing_to_reverse(house: House) -> None:
    card = await _card(house)
    refused = await house.post("/v1/redemptions", redemption(card, 5_000), key="rev-refused")
    assert refused.status_code == 409
    answer = await house.post("/v1/reversals", reversal("rev-refused"))
    assert (answer.status_code, answer.json()["status"]) == (200, "nothing_to_reverse")


async def test_what_is_left_of_a_refunded_sale_is_reversed(house: House) -> None:
    card = await _card(house)
    body = earn(card)
    await house.post("/v1/earns", body, key="rev-partly")
    original = {"reference": body["reference"]}
    await house.post("/v1/refunds", refund(original=original, amount=999, currency="EUR"))
    assert (await _reversed(house, "rev-partly"))["amount"] == 1600


async def test_a_hold_that_was_captured_is_not_undone_by_its_own_key(house: House) -> None:
    card = await _card(house)
    held = (await house.post("/v1/holds", hold(card, 40), key="rev-gone")).json()["hold"]
    await house.post(f"/v1/holds/{held}/capture", resolve())
    answer = await house.post("/v1/reversals", reversal("rev-gone"))
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_resolved")


async def test_what_cannot_be_reversed_is_named_by_its_field(house: House) -> None:
    card = await _card(house)
    body = earn(card)
    await house.post("/v1/earns", body)
    await house.post("/v1/refunds", refund(original={"reference": body["reference"]}), key="rev-refund")
    answer = await house.post("/v1/reversals", reversal("rev-refund"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/idempotency_key"


async def test_a_reversal_does_not_reverse_itself(house: House) -> None:
    for given in ("rev-own", '"rev-own"'):
        calls = len(house.points.calls)
        answer = await house.post("/v1/reversals", reversal("rev-own"), key=given)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert answer.json()["errors"][0]["pointer"] == "/idempotency_key"
        assert len(house.points.calls) == calls


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"idempotency_key": ""}, "/idempotency_key"),
        ({"idempotency_key": '"quoted"'}, "/idempotency_key"),
        ({"idempotency_key": "x" * 256}, "/idempotency_key"),
        ({"idempotency_key": "two words"}, "/idempotency_key"),
        ({"idempotency_key": None}, "/idempotency_key"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"reference": "r"}, "/reference"),
    ],
)
async def test_a_body_that_cannot_be_is_refused_by_field(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    answer = await house.post("/v1/reversals", {**reversal("x"), **changes})
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_reversal_needs_a_key_and_both_scopes(house: House) -> None:
    bare = {"Authorization": f"Bearer {house.secret}"}
    answer = await house.client.post("/v1/reversals", json=reversal("x"), headers=bare)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    for scope, needed in ((POINTS_EARN, POINTS_REDEEM), (POINTS_REDEEM, POINTS_EARN)):
        secret = house.new_key([scope], house.partner_id)
        answer = await house.post("/v1/reversals", reversal("x"), secret=secret)
        assert (answer.status_code, answer.json()["needed"]) == (403, needed)


async def test_a_key_is_one_partners_own(house: House) -> None:
    card = await _card(house)
    await house.post("/v1/earns", earn(card), key="rev-mine")
    theirs = await house.post("/v1/reversals", reversal("rev-mine"), secret=house.new_key())
    assert (theirs.status_code, theirs.json()["status"]) == (200, "nothing_to_reverse")
    assert (await _reversed(house, "rev-mine"))["points_clawed_back"] == 25


async def test_a_reversal_whose_answer_is_lost_on_the_way_is_asked_again(house: House) -> None:
    card = await _card(house)
    await house.post("/v1/earns", earn(card), key="rev-lost")
    house.faults.post_answers_lost = 1
    assert (await _reversed(house, "rev-lost"))["points_clawed_back"] == 25
    house.faults.post_fails.append(grpc.StatusCode.UNAVAILABLE)
    answer = await house.post("/v1/reversals", reversal("rev-lost-too"))
    assert answer.json()["status"] == "nothing_to_reverse"
