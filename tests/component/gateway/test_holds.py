"""Points set aside at a till, then captured or given up."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.schemas.holds import Capture, Hold, Void
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_bodies import earn, hold, new_card, resolve

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _held(house: House, points: int = 20) -> dict[str, Any]:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card))
    answer = await house.post("/v1/holds", hold(card, points))
    assert answer.status_code == 201, answer.text
    Hold.model_validate_json(answer.content)
    return answer.json()


async def test_a_hold_is_answered_with_what_names_it_and_when_it_ends(house: House) -> None:
    held = await _held(house)
    assert (held["object"], held["points"], held["balance"]) == ("hold", 20, 25)
    assert held["hold"].removeprefix("hld_") == held["id"].removeprefix("txn_")
    assert held["expires_at"] > held["recorded_at"]
    item = house.points.calls[-1].items[0]
    assert not item.hold.receipt.till
    assert (item.hold.points, item.hold.seconds) == (20, 900)


async def test_a_capture_says_what_was_spent_and_what_is_free_again(house: House) -> None:
    held = await _held(house)
    answer = await house.post(f"/v1/holds/{held['hold']}/capture", resolve(points=15, store="S1"))
    assert answer.status_code == 201, answer.text
    Capture.model_validate_json(answer.content)
    told = answer.json()
    assert (told["points"], told["released"], told["balance"], told["hold"]) == (15, 5, 10, held["hold"])
    assert told["receipt"] == {
        "burned": 15,
        "balance": 10,
        "lines": ["Points spent: 15", "Balance: 10 points"],
    }
    item = house.points.calls[-1].items[0]
    assert item.capture.receipt.store_id == house.partners.stores[house.partner_id.bytes][0].store_id


async def test_a_void_frees_all_and_a_hold_is_resolved_once(house: House) -> None:
    held = await _held(house)
    path = f"/v1/holds/{held['hold']}"
    answer = await house.post(f"{path}/void", resolve(), key="void-it")
    Void.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["released"], answer.json()["balance"]) == (201, 20, 25)
    again = await house.post(f"{path}/void", resolve(), key="void-it")
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", answer.json())
    late = await house.post(f"{path}/capture", resolve())
    assert (late.status_code, late.json()["code"]) == (409, "hold_resolved")


async def test_more_than_is_held_is_refused_with_its_figures(house: House) -> None:
    held = await _held(house)
    answer = await house.post(f"/v1/holds/{held['hold']}/capture", resolve(points=21))
    told = answer.json()
    assert (answer.status_code, told["code"], told["held"], told["required"]) == (
        409,
        "hold_too_small",
        20,
        21,
    )
    assert told["receipt_text"] == "Only 20 points are held."


@pytest.mark.parametrize("step", ["capture", "void"])
async def test_a_hold_that_is_none_of_the_partners_is_not_found(house: House, step: str) -> None:
    for wrong in (to_text("hld", new_id()), to_text("txn", new_id()), "hld_short", "x" * 300):
        answer = await house.post(f"/v1/holds/{wrong}/{step}", resolve())
        assert (answer.status_code, answer.json()["code"]) == (404, "hold_unknown")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"points": 0}, "/points"),
        ({"points": 1.5}, "/points"),
        ({"money": {"amount": 5, "currency": "EUR"}}, "/money"),
        ({"points": None}, "/money"),
        ({"points": None, "money": {"amount": 0, "currency": "EUR"}}, "/money/amount"),
        ({"points": None, "money": {"amount": 5}}, "/money/currency"),
        ({"seconds": 0}, "/seconds"),
        ({"seconds": 604_801}, "/seconds"),
        ({"reference": ""}, "/reference"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"till": "7"}, "/till"),
        ({"store": ""}, "/store"),
    ],
)
async def test_a_hold_that_cannot_be_is_refused_by_field(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/holds", hold(card, 5) | changes)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_holds_and_what_became_of_them_stand_among_the_transactions(house: House) -> None:
    held = await _held(house)
    await house.post(f"/v1/holds/{held['hold']}/capture", resolve(points=15))
    listed = (await house.get("/v1/transactions?limit=2")).json()["data"]
    assert [(each["type"], each["points"], each["held"], each["hold"]) for each in listed] == [
        ("capture", -15, -20, held["hold"]),
        ("hold", 0, 20, held["hold"]),
    ]
    assert listed[0]["reference"] is None
