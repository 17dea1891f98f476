"""A partner does at the gateway what its contract has a role for; what was before can always be undone."""

from __future__ import annotations

from typing import Any

import pytest
from coalition.partners.v1 import partners_pb2

from services.gateway.schemas.platform import Me
from tests.support.gateway import House
from tests.support.gateway_bodies import (
    earn,
    hold,
    new_card,
    purchase,
    redemption,
    redemption_line,
    refund,
    resolve,
    reversal,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

EARN, BURN = partners_pb2.PARTNER_ROLE_EARN, partners_pb2.PARTNER_ROLE_BURN


def refused(answer: Any, role: str) -> bool:
    problem = answer.json()
    return bool(
        answer.status_code == 403
        and problem["code"] == "permission_denied"
        and problem["needed"] == f"role:{role}"
    )


async def test_without_the_role_to_earn_sales_are_refused_and_burns_are_taken(house: House) -> None:
    secret = house.new_key(partner_id=house.partner_id, roles=[BURN])
    card = new_card()
    house.members.enrolled(card)
    sold = await house.post("/v1/earns", earn(card))
    assert refused(await house.post("/v1/earns", earn(card), secret=secret), "earn")
    assert refused(await house.post("/v1/purchases", purchase(card), secret=secret), "earn")
    assert (await house.post("/v1/redemptions", redemption(card, 5), secret=secret)).status_code == 201
    held = await house.post("/v1/holds", hold(card, 5), secret=secret)
    assert held.status_code == 201
    # What it had sold can be taken back.
    back = refund(original={"transaction": sold.json()["id"]})
    assert (await house.post("/v1/refunds", back, secret=secret)).status_code == 201
    me = Me.model_validate_json((await house.get("/v1/me", secret)).content)
    assert me.roles == ["burn"]


async def test_without_the_role_to_burn_points_are_not_taken_and_what_is_held_still_is(house: House) -> None:
    secret = house.new_key(partner_id=house.partner_id, roles=[EARN])
    card = new_card()
    house.members.enrolled(card)
    assert (await house.post("/v1/earns", earn(card), secret=secret)).status_code == 201
    held = (await house.post("/v1/holds", hold(card, 10))).json()
    assert refused(await house.post("/v1/redemptions", redemption(card, 5), secret=secret), "burn")
    assert refused(await house.post("/v1/holds", hold(card, 5), secret=secret), "burn")
    paid = purchase(card, redeem={"points": 5})
    assert refused(await house.post("/v1/purchases", paid, secret=secret), "burn")
    captured = await house.post(f"/v1/holds/{held['hold']}/capture", resolve(), secret=secret)
    assert captured.status_code == 201, captured.text


async def test_lines_of_a_batch_are_looked_at_one_by_one(keeping_house: House) -> None:
    house, card = keeping_house, new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card))
    secret = house.new_key(partner_id=house.partner_id, roles=[EARN])
    lines = [{"type": "earn", **earn(card)}, redemption_line(card, 5)]
    answer = (await house.post("/v1/batches", {"lines": lines}, secret=secret)).json()
    assert [result["outcome"] for result in answer["results"]] == ["accepted", "refused"]
    assert answer["results"][1]["error"]["needed"] == "role:burn"
    nothing = house.new_key(partner_id=house.partner_id, roles=[])
    answer = (await house.post("/v1/batches", {"lines": lines}, secret=nothing)).json()
    assert [result["outcome"] for result in answer["results"]] == ["refused", "refused"]


async def test_a_reversal_takes_no_role(house: House) -> None:
    secret = house.new_key(partner_id=house.partner_id, roles=[])
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card), key="to-be-reversed")
    answer = await house.post("/v1/reversals", reversal("to-be-reversed"), secret=secret)
    assert answer.status_code == 201, answer.text
