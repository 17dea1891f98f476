"""Each operation of the table of standings, asked over HTTP as the partner, or as the operator."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from services.operations import campaigns, registry
from services.runtime.clock import MICROS_PER_DAY, to_micros
from services.runtime.errors import CoalitionError, code_of
from services.runtime.partner_standing import Operation, PartnerStanding, StandingKind, answers
from tests.support.operators_mall import STARTS_AT, Mall, body_of, burn_of


@dataclass
class Shop:
    """What a partner had begun before it came to stand where it does.

    `sale`: one of at least 1.00, to be refunded bit by bit; `undone`: the key of one to be reversed; `holds`: one to be captured,
    one to be voided.
    """

    slug: str
    card: str
    sale: str = ""
    undone: str = ""
    holds: list[str] = field(default_factory=list[str])
    campaign: str = ""


@dataclass(frozen=True)
class Asked:
    """Each operation by its name in the table; answers the code of the refusal, or nothing.

    `elsewhere`: the partner that its points are burned with; `till`: what it calls with, in place of the mall's own.
    """

    mall: Mall
    shop: Shop
    elsewhere: str
    currency: str = "USD"
    till: httpx2.AsyncClient | None = None

    @property
    def own(self) -> httpx2.AsyncClient:
        """What the partner calls with."""
        return self.till or self.mall.tills[self.shop.slug]

    def sale(self, amount: int = 1_000) -> dict[str, Any]:
        """A sale at the partner."""
        return body_of(self.shop.card, amount=amount, currency=self.currency)

    async def enrol(self) -> str:
        return await self._posted("/v1/members", {})

    async def members(self) -> str:
        found = await self._posted("/v1/members/lookup", {"card": self.shop.card})
        page = code_in(await self.own.get("/v1/transactions"))
        assert page == found
        return found

    async def earn(self) -> str:
        """However a sale is told of, the answer is the same: 10.00 each, three times."""
        single = await self._posted("/v1/earns", self.sale())
        assert await self._posted("/v1/purchases", self.sale()) == single
        lines = {"lines": [{"type": "earn", **self.sale()}]}
        batch = await post(self.own, "/v1/batches", lines)
        (result,) = batch.json()["results"]
        assert (result["error"] or {"code": ""})["code"] == single
        return single

    async def redeem(self) -> str:
        return await self._posted("/v1/redemptions", burn_of(self.shop.card, points=1))

    async def hold(self) -> str:
        return await self._posted("/v1/holds", burn_of(self.shop.card, points=1))

    async def capture(self) -> str:
        path = f"/v1/holds/{self.shop.holds[0]}/capture"
        return await self._posted(path, {"occurred_at": STARTS_AT.isoformat()})

    async def void(self) -> str:
        path = f"/v1/holds/{self.shop.holds[1]}/void"
        return await self._posted(path, {"occurred_at": STARTS_AT.isoformat()})

    async def refund(self) -> str:
        """1.00 of the sale."""
        original = {"transaction": self.shop.sale}
        body = {
            "reference": uuid4().hex,
            "occurred_at": STARTS_AT.isoformat(),
            "original": original,
            "currency": self.currency,
            "amount": 100,
        }
        return await self._posted("/v1/refunds", body)

    async def reverse(self) -> str:
        body = {"idempotency_key": self.shop.undone, "occurred_at": STARTS_AT.isoformat()}
        return await self._posted("/v1/reversals", body)

    async def fund(self) -> str:
        wanted = campaigns.Wanted(
            name="later",
            fixed_points=1,
            valid_from_us=to_micros(STARTS_AT) + MICROS_PER_DAY,
            funders=[f"{self.shop.slug}=100"],
        )
        return await _operator(campaigns.set_campaign(self.mall.session, self.mall.programme, "", wanted))

    async def burn_elsewhere(self) -> str:
        burn = burn_of(self.shop.card, points=1)
        return code_in(await post(self.mall.tills[self.elsewhere], "/v1/redemptions", burn))

    async def statements(self) -> str:
        return code_in(await self.own.get("/v1/statements"))

    async def issue_key(self) -> str:
        return await _operator(
            registry.issue_key(self.mall.session, self.mall.programme, self.shop.slug, "another")
        )

    async def _posted(self, path: str, body: Any) -> str:
        return code_in(await post(self.own, path, body))


async def _operator(asking: Awaitable[Any]) -> str:
    try:
        await asking
    except CoalitionError as error:
        return code_of(error.reason).lower()
    return ""


async def post(till: httpx2.AsyncClient, path: str, body: Any, key: str = "") -> httpx2.Response:
    return await till.post(path, json=body, headers={"Idempotency-Key": key or str(uuid4())})


def code_in(answer: httpx2.Response) -> str:
    """The code of a refusal; nothing where it is none."""
    return "" if answer.status_code < 300 else answer.json()["code"]


async def walk(asked: Asked, stands: PartnerStanding, now_us: int) -> Mapping[Operation, str]:
    """Asks for every operation that there is a way to ask for; each has to be answered as the table says."""
    refusal = "partner_suspended" if stands.kind is StandingKind.SUSPENDED else "partner_exited"
    found: dict[Operation, str] = {}
    for operation in Operation:
        if not hasattr(asked, operation.value):
            continue
        refused = "invalid_request" if operation is Operation.FUND else refusal
        expected = "" if answers(operation, stands, now_us) else refused
        found[operation] = await getattr(asked, operation.value)()
        assert found[operation] == expected, (asked.shop.slug, stands, operation)
    return found
