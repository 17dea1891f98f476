"""A till's day: a sale paid in points and money, a connection that breaks, goods that come back at another store."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from services.operations import proofs, registry
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.platform import running_platform

pytestmark = pytest.mark.asyncio(loop_scope="module")

STARTS_AT: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)
OCCURRED_AT: Final = "2024-01-01T05:00:00Z"
POINTS, PER_MINOR = 1, 100


@dataclass
class Mall:
    """A programme with a grocer, which has two stores, and a fuel station."""

    environment: Mapping[str, str]
    session: Session
    programme: Programme
    grocer: httpx2.AsyncClient
    fuel: httpx2.AsyncClient

    async def member(self, points: int) -> tuple[str, str]:
        """Card and id (the grocer's) of a new member who has earned so many points at the fuel station."""
        answer = await self.grocer.post("/v1/members", json={}, headers=key())
        card = answer.json()["cards"][0]
        if points:
            await posted(self.fuel, "/v1/earns", sale(card, points * PER_MINOR))
        return card, answer.json()["id"]

    async def balance(self, member: str) -> dict[str, Any]:
        """The member's wallet."""
        return (await self.grocer.get(f"/v1/members/{member}/balance")).json()

    async def command(self, *words: str) -> Any:
        """What the command line answers, as JSON."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.launcher", "partner", *words, "-p", self.programme.slug, "--json",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **self.environment},
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err
        return json.loads(out)

    async def refund_rule(self, shortfall: str, tender_order: str) -> None:
        """Sets what the grocer's refunds do."""
        options = ("--shortfall", shortfall, "--tender-order", tender_order)
        rule = await self.command("refund-rules", "set", "grocer", *options)
        assert rule == {"shortfall": shortfall, "tender_order": tender_order}
        assert await self.command("refund-rules", "list", "grocer") == [rule]


@dataclass(frozen=True)
class Sold:
    """A sale by the rules: `whole` minor units, `in_points` of them paid with `burned` points, the rest in money."""

    whole: int
    in_points: int
    burned: int

    @property
    def money(self) -> int:
        return self.whole - self.in_points

    @property
    def earned(self) -> int:
        return earned(self.money)

    def due(self, given: int, order: str) -> tuple[int, int, int]:
        """Points returned, points taken back and money, of all refunds together that come to `given`."""
        if order == "pro_rata":
            in_points = self.in_points * given // self.whole
            returned = self.burned * given // self.whole
        else:
            in_points = (
                min(self.in_points, given) if order == "points_first" else given - min(self.money, given)
            )
            returned = self.burned * in_points // self.in_points
        money = given - in_points
        return returned, self.earned - earned(self.money - money), money


SOLD: Final = Sold(2_599, 450, 500)


def earned(money: int) -> int:
    return money * POINTS // PER_MINOR


def key(text: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": text or str(uuid4())}


def sale(card: str, amount: int, **changes: Any) -> dict[str, Any]:
    return {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "occurred_at": OCCURRED_AT,
        "amount": amount,
        "currency": "USD",
        **changes,
    }


def paid(card: str, **changes: Any) -> dict[str, Any]:
    """The sale SOLD at the first store."""
    tenders = [{"kind": "points", "amount": SOLD.in_points}, {"kind": "card", "amount": SOLD.money}]
    return sale(card, SOLD.whole, store="S1", tenders=tenders, **changes)


def back(original: dict[str, str], amount: int = 0, **changes: Any) -> dict[str, Any]:
    """Goods given back at the second store; without an amount, all that is left."""
    how_much = {"amount": amount, "currency": "USD"} if amount else {}
    body = {
        "original": original,
        "reference": secrets.token_hex(8),
        "store": "S2",
        "occurred_at": OCCURRED_AT,
    }
    return {**body, **how_much, **changes}


def figures(refund: dict[str, Any]) -> tuple[int, int, int]:
    return (
        refund["points_returned"],
        refund["points_clawed_back"] + refund["points_owed"] + refund["points_written_off"],
        refund["money"]["amount"],
    )


async def posted(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def hang_up(
    client: httpx2.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    """Sends a request and breaks the connection before there can be an answer."""
    content = json.dumps(body).encode()
    head = {
        "Host": "till",
        "Authorization": client.headers["authorization"],
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **headers,
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write("\r\n".join(lines).encode() + content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall() -> AsyncGenerator[Mall]:
    starts_at_us = to_micros(STARTS_AT)
    async with (
        running_platform() as platform,
        open_session(platform.environment, patience_seconds=60) as session,
    ):
        programme = await registry.create_programme(
            session, "mall", "Mall Points", "America/New_York", "USD", starts_at_us, is_test=True
        )
        clients: list[httpx2.AsyncClient] = []
        for slug in ("grocer", "fuel"):
            await registry.onboard(session, programme, slug, slug.title())
            await registry.set_rates(session, programme, slug, 10_000, 8_000, starts_at_us)
            await registry.set_earn_rate(session, programme, slug, POINTS, PER_MINOR, starts_at_us)
            secret = (await registry.issue_key(session, programme, slug, "test")).secret
            clients.append(
                httpx2.AsyncClient(
                    base_url=platform.gateway_url,
                    headers={"Authorization": f"Bearer {secret}"},
                    timeout=30,
                    trust_env=False,
                )
            )
        await registry.add_stores(session, programme, "grocer", [("S1", "High Street"), ("S2", "Station")])
        yield Mall(platform.environment, session, programme, *clients)
        for client in clients:
            await client.aclose()


@pytest.mark.parametrize("order", ["pro_rata", "points_first", "money_first"])
async def test_a_sale_with_points_whose_connection_breaks_and_whose_goods_come_back(
    mall: Mall, order: str
) -> None:
    await mall.refund_rule("allow_negative", order)
    card, member = await mall.member(700)
    held = await posted(
        mall.grocer, "/v1/holds",
        {"member": {"card": card}, "reference": secrets.token_hex(8), "occurred_at": OCCURRED_AT, "points": 500},
    )  # fmt: skip
    assert (await mall.balance(member))["available"] == 200
    # The terminal has taken the rest; the connection is lost while the sale is on its way.
    body, headers = paid(card, hold={"id": held["hold"]}), key()
    await hang_up(mall.grocer, "/v1/purchases", body, headers)
    sold, again = [await mall.grocer.post("/v1/purchases", json=body, headers=headers) for _ in range(2)]
    assert sold.status_code == 201, sold.text
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", sold.json())
    # A till that has lost its key as well has the reference yet.
    other = await mall.grocer.post("/v1/purchases", json=body, headers=key())
    assert (other.headers.get("idempotency-replayed"), other.json()) == ("true", sold.json())
    told = sold.json()
    assert (told["receipt"]["earned"], told["receipt"]["burned"]) == (SOLD.earned, 500)
    assert told["balance"] == (await mall.balance(member))["available"] == 200 + SOLD.earned
    moved = (await mall.grocer.get(f"/v1/members/{member}/transactions")).json()["data"]
    assert [each["type"] for each in moved] == ["capture", "earn", "hold"]
    assert (moved[0]["hold"], moved[0]["original"]) == (held["hold"], told["earn"]["id"])
    # Half of it comes back at another store.
    half, headers = back({"transaction": told["earn"]["id"]}, SOLD.whole // 2), key()
    first, replay = [await mall.grocer.post("/v1/refunds", json=half, headers=headers) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (replay.headers["idempotency-replayed"], replay.json()) == ("true", first.json())
    returned, taken, money = SOLD.due(SOLD.whole // 2, order)
    assert figures(first.json()) == (returned, taken, money)
    assert first.json()["money"]["currency"] == "USD"
    assert first.json()["balance"] == 200 + SOLD.earned + returned - taken
    # The rest comes back too: all together it is all there was, and the wallet is as it was before the sale.
    rest = await posted(mall.grocer, "/v1/refunds", back({"reference": body["reference"]}))
    both = zip(figures(first.json()), figures(rest), strict=True)
    assert [one + other for one, other in both] == [500, SOLD.earned, SOLD.money]
    assert rest["amount"] == SOLD.whole - SOLD.whole // 2
    more = await mall.grocer.post(
        "/v1/refunds", json=back({"reference": body["reference"]}, 1), headers=key()
    )
    assert (more.status_code, more.json()["code"], more.json()["left"]) == (409, "refund_too_large", 0)
    assert (await mall.balance(member))["available"] == 700


async def test_many_small_refunds_come_to_what_one_would(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, _ = await mall.member(700)
    told = await posted(mall.grocer, "/v1/purchases", paid(card, redeem={"points": SOLD.burned}))
    given, so_far = 0, (0, 0, 0)
    for amount in (1, 99, 1, 700, 333, 17):
        refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": told["earn"]["id"]}, amount))
        given += amount
        so_far = tuple(one + other for one, other in zip(so_far, figures(refund), strict=True))
        assert so_far == SOLD.due(given, "pro_rata")


async def test_a_sale_whose_hold_is_gone_earns_nothing(mall: Mall) -> None:
    card, member = await mall.member(700)
    hold = {"member": {"card": card}, "reference": secrets.token_hex(8), "points": 500}
    held = await posted(mall.grocer, "/v1/holds", {**hold, "occurred_at": OCCURRED_AT})
    await posted(mall.grocer, f"/v1/holds/{held['hold']}/void", {"occurred_at": OCCURRED_AT})
    body, headers = paid(card, hold={"id": held["hold"]}), key()
    for _ in range(2):
        answer = await mall.grocer.post("/v1/purchases", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "hold_resolved")
    assert (await mall.balance(member))["available"] == 700
    moved = (await mall.grocer.get(f"/v1/members/{member}/transactions")).json()["data"]
    assert "earn" not in {each["type"] for each in moved}


async def test_a_sale_that_was_earned_without_its_points_is_not_paid_with_them_afterwards(mall: Mall) -> None:
    card, member = await mall.member(700)
    body, headers = paid(card), key()
    first = await mall.grocer.post("/v1/earns", json=body, headers=headers)
    assert first.status_code == 201, first.text
    for again, status, code in (
        (headers, 422, "idempotency_key_reused"),
        (key(), 409, "reference_reused"),
    ):
        late = await mall.grocer.post(
            "/v1/purchases", json={**body, "redeem": {"points": 500}}, headers=again
        )
        assert (late.status_code, late.json()["code"]) == (status, code)
    assert (await mall.balance(member))["available"] == 700 + SOLD.earned


async def test_points_that_were_spent_are_owed_and_the_next_earn_pays_them(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, member = await mall.member(0)
    bought = await posted(mall.grocer, "/v1/earns", sale(card, 10_000))
    burn = {"member": {"card": card}, "reference": secrets.token_hex(8), "points": 70}
    await posted(mall.fuel, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": bought["id"]}))
    assert (refund["points_clawed_back"], refund["points_owed"], refund["money"]["amount"]) == (
        30,
        70,
        10_000,
    )
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (-70, 70)
    await posted(mall.fuel, "/v1/earns", sale(card, 5_000))
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (-20, 20)
    await posted(mall.fuel, "/v1/earns", sale(card, 5_000))
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (30, 0)


async def test_points_that_were_spent_are_written_off_where_the_partner_has_it_so(mall: Mall) -> None:
    await mall.refund_rule("within_balance", "pro_rata")
    card, member = await mall.member(0)
    bought = await posted(mall.grocer, "/v1/earns", sale(card, 10_000))
    burn = {"member": {"card": card}, "reference": secrets.token_hex(8), "points": 70}
    await posted(mall.fuel, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": bought["id"]}))
    assert (refund["points_clawed_back"], refund["points_owed"], refund["points_written_off"]) == (30, 0, 70)
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (0, 0)


async def test_a_burn_without_a_sale_is_given_back_by_its_points_and_one_of_a_sale_with_it(
    mall: Mall,
) -> None:
    card, member = await mall.member(700)
    burn = {"member": {"card": card}, "reference": secrets.token_hex(8), "points": 100}
    alone = await posted(mall.grocer, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    some = await posted(mall.grocer, "/v1/refunds", back({"transaction": alone["id"]}, points=30))
    rest = await posted(mall.grocer, "/v1/refunds", back({"transaction": alone["id"]}))
    assert [figures(each) for each in (some, rest)] == [(30, 0, 0), (70, 0, 0)]
    assert (await mall.balance(member))["available"] == 700
    told = await posted(mall.grocer, "/v1/purchases", paid(card, redeem={"points": 500}))
    part = await mall.grocer.post(
        "/v1/refunds", json=back({"transaction": told["burn"]["id"]}), headers=key()
    )
    assert (part.status_code, part.json()["code"]) == (409, "part_of_sale")
    theirs = await mall.fuel.post(
        "/v1/refunds", json=back({"transaction": told["earn"]["id"]}, store=None), headers=key()
    )
    assert (theirs.status_code, theirs.json()["code"]) == (404, "original_unknown")


async def test_the_books_are_right_after_all_that(mall: Mall) -> None:
    found = await proofs.prove_ledger(mall.session, mall.programme)
    assert [proof.name for proof in found if not proof.holds] == []
