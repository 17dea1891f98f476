"""One partner that has one of everything the public API names by an id, another beside it, and a stranger in another programme."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from services.gateway.domain.caller import SCOPES
from services.launcher.platform import Platform
from services.operations import quotas, registry
from tests.support.operators_mall import STARTS_AT, Mall, body_of, burn_of, operators_mall
from tests.support.settled_mall import SettledMall, settled_mall
from tests.support.standing_walk import post

#: Who has the things, who is of the same programme and has none of them, and who is of another programme.
OWNER, NEIGHBOUR, STRANGER = "owner", "neighbour", "stranger"
CURRENCY: Final = "EUR"
STORE: Final = "S367"
# No quota is in the way of what is sent here.
_PER_SECOND: Final = 10_000
_PRICES: Final = (10_000, 8_000)
_CUSTOMER: Final = "customer-of-the-owner"
_REFERENCE: Final = "sale-of-the-owner"
_KEY: Final = "key-of-the-owner"
_PHONE: Final = "+31201234567"
_EMAIL: Final = "someone@example.com"


@dataclass(frozen=True, slots=True)
class Things:
    """What the owner has, by the names that the API has for it.

    `named`: ids by path parameter, and by `parent.field` or `field` of a body; `card` is the programme's, so no secret of the
    owner's; `day`: a business day that is over.
    """

    named: Mapping[str, str]
    card: str
    day: str


@dataclass(frozen=True, slots=True)
class StockedMall:
    """The partners' HTTP clients, by the names above, and what the owner has."""

    mall: Mall
    tills: Mapping[str, httpx2.AsyncClient]
    things: Things


@asynccontextmanager
async def stocked_mall(platform: Platform, folder: Path) -> AsyncGenerator[StockedMall]:
    """A mall of its own on a platform, until the block ends."""
    async with AsyncExitStack() as opened:
        prices = {OWNER: _PRICES, NEIGHBOUR: _PRICES}
        mall = await opened.enter_async_context(
            operators_mall(platform, prices, per_minor=1, currency=CURRENCY)
        )
        other = await opened.enter_async_context(
            operators_mall(platform, {STRANGER: _PRICES}, currency=CURRENCY)
        )
        desk = await opened.enter_async_context(settled_mall(mall, folder))
        await registry.add_stores(mall.session, mall.programme, OWNER, [(STORE, "High Street")])
        tills = {**mall.tills, STRANGER: other.tills[STRANGER]}
        for slug, till in tills.items():
            # All that a key can be allowed, so that nothing is kept from anybody for want of a scope.
            whose = other if slug == STRANGER else mall
            await quotas.set_quotas(whose.session, whose.programme, slug, _PER_SECOND, _PER_SECOND)
            issued = await registry.issue_key(whose.session, whose.programme, slug, "all", SCOPES)
            till.headers["Authorization"] = f"Bearer {issued.secret}"
        yield StockedMall(mall, tills, await _things(desk))


async def _things(desk: SettledMall) -> Things:
    mall = desk.mall
    own = mall.tills[OWNER]
    personal = {"given_name": "Some", "family_name": "One", "phone": _PHONE, "email": _EMAIL}
    member = await mall.posted(OWNER, "/v1/members", {"customer_id": _CUSTOMER, "personal": personal})
    card = member["cards"][0]
    sale = body_of(card, amount=100_000, currency=CURRENCY, reference=_REFERENCE)
    sold = await _answered(await post(own, "/v1/earns", sale, _KEY))
    held = await mall.posted(OWNER, "/v1/holds", burn_of(card, points=100))
    line = {"type": "earn", **body_of(card, amount=100, currency=CURRENCY)}
    headers = {"Idempotency-Key": "batch-of-the-owner", "Prefer": "respond-async"}
    batch = await _answered(await own.post("/v1/batches", json={"lines": [line]}, headers=headers))
    await desk.close(1)
    (statement,) = (await own.get("/v1/statements")).json()["data"]
    lines = (await own.get(f"/v1/statements/{statement['id']}")).json()["lines"]
    claim = {
        "statement": statement["id"], "claimed_amount": 100, "ground": "twice", "mode": "pay_first", "text": "Twice.",
        "line": next(place for place, each in enumerate(lines, 1) if each["type"] == "issued"),
    }  # fmt: skip
    dispute = await mall.posted(OWNER, "/v1/disputes", claim)
    run = await desk.settled("the first week")
    number = next(each["number"] for each in run["documents"] if each["partner"] == OWNER)
    day = f"{STARTS_AT:%Y-%m-%d}"
    headers = {"Idempotency-Key": "file-of-the-owner", "Content-Type": "text/csv"}
    uploaded = await _answered(
        await own.post(
            f"/v1/reconciliation/uploads?date={day}",
            headers=headers,
            content=b"kind,reference,points,amount\nearn,nobodys,1,1.00\n",
        )
    )
    named = {
        "member_id": member["id"], "transaction_id": sold["id"], "hold_id": held["hold"], "batch_id": batch["id"],
        "statement_id": statement["id"], "number": number, "dispute_id": dispute["id"], "upload_id": uploaded["id"],
        "customer_id": _CUSTOMER, "original.reference": _REFERENCE, "idempotency_key": _KEY, "phone": _PHONE, "email": _EMAIL,
    }  # fmt: skip
    return Things(named, card, day)


async def _answered(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code in (201, 202), answer.text
    return answer.json()
