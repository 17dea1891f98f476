"""Cards at a mall that nobody had enrolled, and who spends from them."""

from __future__ import annotations

import secrets
from typing import Any

from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_mall import OCCURRED_AT, Mall, key
from tests.support.waiting import until as eventually


async def claimed(mall: Mall, card: str, points: int) -> None:
    """A card that earned before anybody enrolled it spends nothing until somebody claims it, with all its points."""
    found = (await mall.grocer.post("/v1/members/lookup", json={"card": f";{card}=9912?"})).json()
    assert (found["anonymous"], found["initials"], found["card_endings"]) == (True, None, [card[-4:]])
    assert (await mall.balance(found["id"]))["available"] == points
    burn = {"member": {"card": card}, "points": 10, "occurred_at": OCCURRED_AT, "authorisation": CARD_READ}
    for client in (mall.grocer, mall.fuel):
        refused = await client.post(
            "/v1/redemptions", json={**burn, "reference": secrets.token_hex(8)}, headers=key()
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "member_anonymous"), refused.text
    body = {
        "card": card,
        "customer_id": secrets.token_hex(4),
        "personal": {"given_name": "Ana", "language": "es"},
    }
    claimed = await mall.fuel.post("/v1/members", json=body, headers=key())
    assert claimed.status_code == 201, claimed.text
    assert (claimed.json()["anonymous"], claimed.json()["enrolled_by_you"]) == (False, True)
    again = await mall.grocer.post("/v1/members", json={"card": card}, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "identifier_taken")
    # (The ledger hears of it a moment later.)
    await eventually(lambda: spends(mall, burn))
    assert (await mall.balance(found["id"]))["available"] == points - 10


async def spends(mall: Mall, burn: dict[str, Any]) -> bool:
    answer = await mall.grocer.post(
        "/v1/redemptions", json={**burn, "reference": secrets.token_hex(8)}, headers=key()
    )
    return answer.status_code == 201
