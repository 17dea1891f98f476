"""Sales beyond a credit limit that parks: 202 until they are posted, then as any other."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from services.gateway.schemas.batches import Batch
from services.gateway.schemas.movements import Earn, ParkedEarn, Transaction
from services.gateway.schemas.sales import ParkedPurchase, Purchase
from tests.support.gateway import House
from tests.support.gateway_bodies import CARD_READ, earn, new_card

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def at_the_limit(house: House) -> Generator[None]:
    """No more than 20 points may be issued at once; what goes beyond is parked."""
    house.points.headroom, house.points.parks = 20, True
    yield
    house.points.headroom, house.points.parks = None, False


def _sale(card: str, amount: int, **changes: Any) -> dict[str, Any]:
    return earn(card, amount=amount, lines=[], tenders=[], **changes)


async def test_an_earn_answers_parked_until_it_is_posted_and_then_as_any_other(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    asked = _sale(card, 2_100)
    first, again = [await house.post("/v1/earns", asked, key="over") for _ in range(2)]
    told = first.json()
    ParkedEarn.model_validate_json(first.content)
    assert (first.status_code, again.status_code, again.json()) == (202, 202, told)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert (told["status"], told["parked_points"], told["balance"]) == ("parked", 21, 0)
    assert told["receipt"]["lines"] == ["Points to be added later: 21", "Balance: 0 points"]
    answer = await house.get(f"/v1/transactions/{told['id']}")
    Transaction.model_validate_json(answer.content)
    moved = answer.json()
    assert (moved["type"], moved["parked"]) == ("parked_earn", {"points": 21, "status": "parked"})

    house.points.unpark(house.partner_id)
    posted = await house.post("/v1/earns", asked, key="over")
    Earn.model_validate_json(posted.content)
    assert (posted.status_code, posted.headers["idempotency-replayed"]) == (201, "true")
    assert (posted.json()["points"], posted.json()["balance"]) == (21, 21)
    moved = (await house.get(f"/v1/transactions/{posted.json()['id']}")).json()
    assert (moved["type"], moved["original"], moved["parked"]) == ("earn", told["id"], None)
    moved = (await house.get(f"/v1/transactions/{told['id']}")).json()
    assert moved["parked"] == {"points": 21, "status": "ended"}


async def test_a_purchase_burns_at_once_and_says_what_is_to_come(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", _sale(card, 2_000))
    asked = {**_sale(card, 2_500), "redeem": {"points": 5}, "authorisation": CARD_READ}
    answer = await house.post("/v1/purchases", asked, key="sale")
    told = answer.json()
    ParkedPurchase.model_validate_json(answer.content)
    assert (answer.status_code, told["status"], told["parked_points"]) == (202, "parked", 25)
    assert (told["burn"]["points"], told["balance"]) == (-5, 15)
    assert told["receipt"] == {
        "burned": 5, "parked": 25, "balance": 15,
        "lines": ["Points spent: 5", "Points to be added later: 25", "Balance: 15 points"],
    }  # fmt: skip
    alone = await house.post("/v1/purchases", _sale(card, 2_500))
    ParkedPurchase.model_validate_json(alone.content)
    assert (alone.status_code, alone.json()["burn"], alone.json()["receipt"]["burned"]) == (202, None, 0)
    house.points.unpark(house.partner_id)
    posted = await house.post("/v1/purchases", asked, key="sale")
    Purchase.model_validate_json(posted.content)
    assert (posted.status_code, posted.json()["earn"]["points"], posted.json()["burn"]["points"]) == (
        201, 25, -5,
    )  # fmt: skip


async def test_lines_of_a_batch_are_parked_one_by_one_and_counted(keeping_house: House) -> None:
    house, card = keeping_house, new_card()
    house.members.enrolled(card)
    house.points.headroom, house.points.parks = 20, True
    lines = [{"type": "earn", **_sale(card, amount)} for amount in (2_100, 2_000, 2_200)]
    answer = await house.post("/v1/batches", {"lines": lines})
    told = Batch.model_validate_json(answer.content)
    assert told.counts is not None
    assert told.counts.model_dump() == {
        "lines": 3, "accepted": 1, "replayed": 0, "refused": 0, "waiting": 0, "parked": 2,
    }  # fmt: skip
    raw = answer.json()["results"]
    assert [each["outcome"] for each in raw] == ["parked", "accepted", "parked"]
    assert [each["transaction"]["type"] for each in raw] == ["parked_earn", "earn", "parked_earn"]
    assert raw[2]["transaction"]["parked"] == {"points": 22, "status": "parked"}
