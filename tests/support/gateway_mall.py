"""A mall on the whole platform: two partners at the public API, their tills and what these send."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx2

from services.launcher.platform import Platform
from services.operations import registry
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.command_line import run_command
from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_members import luhn

STARTS_AT: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)
OCCURRED_AT: Final = "2024-01-01T05:00:00Z"
# From when on the grocer takes points by a rule, where a test sets one, and a time after that.
RULED_FROM, RULED_AT = "2024-01-01T05:01:00Z", "2024-01-01T05:02:00Z"
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
        status, out, err = await run_command(
            "partner", *words, "-p", self.programme.slug, "--json", environment=self.environment
        )
        assert status == 0, err
        return json.loads(out)

    async def refund_rule(self, shortfall: str, tender_order: str) -> None:
        """Sets what the grocer's refunds do."""
        options = ("--shortfall", shortfall, "--tender-order", tender_order)
        rule = await self.command("refund-rules", "set", "grocer", *options)
        assert rule == {"shortfall": shortfall, "tender_order": tender_order}
        assert await self.command("refund-rules", "list", "grocer") == [rule]

    async def burn_rule(self, *options: str) -> None:
        """Sets what the grocer takes points for from RULED_FROM on: 100 are worth 1.00, a tender."""
        ratio = ("--points", "100", "--worth", "1.00", "--from", RULED_FROM)
        await self.command("burn-rules", "set", "grocer", *ratio, *options)

    async def quote(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What something would come to at the grocer's."""
        answer = await self.grocer.post("/v1/quotes", json={"occurred_at": RULED_AT, **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass(frozen=True)
class Sold:
    """A sale by the rules: `whole` minor units, `in_points` of them paid with `burned` points, the rest in money."""

    whole: int
    in_points: int
    burned: int

    @property
    def money(self) -> int:
        """What was paid in money."""
        return self.whole - self.in_points

    @property
    def earned(self) -> int:
        """Points earned on it."""
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
    """Points for so much money."""
    return money * POINTS // PER_MINOR


def key(text: str | None = None) -> dict[str, str]:
    """The header with an idempotency key, a new one unless given."""
    return {"Idempotency-Key": text or str(uuid4())}


def sale(card: str, amount: int, **changes: Any) -> dict[str, Any]:
    """A purchase without points, at the hour at which the programme starts."""
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
    shown = {"authorisation": CARD_READ} if changes.get("redeem") else {}
    return sale(card, SOLD.whole, store="S1", tenders=tenders, **shown, **changes)


def new_card(prefix: str) -> str:
    """A card number with a good check digit."""
    return luhn(f"{prefix}{secrets.randbelow(10**10):010}")


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
    """Of a refund or a reversal: points returned, points due back, money."""
    return (
        refund["points_returned"],
        refund["points_clawed_back"] + refund["points_owed"] + refund["points_written_off"],
        refund["money"]["amount"],
    )


def undo(original: dict[str, str]) -> dict[str, Any]:
    """Whatever came of the request with this key, undone."""
    return {"idempotency_key": original["Idempotency-Key"], "occurred_at": OCCURRED_AT}


async def posted(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a write that is accepted."""
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


async def held_500(mall: Mall, card: str) -> tuple[str, dict[str, str]]:
    """The id of a hold of 500 points, and the key that it was asked for with."""
    body = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 500,
        "authorisation": CARD_READ,
    }
    headers = key()
    answer = await mall.grocer.post("/v1/holds", json={**body, "occurred_at": OCCURRED_AT}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["hold"], headers


@asynccontextmanager
async def running_mall(platform: Platform) -> AsyncGenerator[Mall]:
    """A mall of its own on a platform, until the block ends."""
    starts_at_us = to_micros(STARTS_AT)
    async with open_session(platform.environment, patience_seconds=60) as session:
        programme = await registry.create_programme(
            session,
            f"mall-{secrets.token_hex(4)}",
            "Mall Points",
            "America/New_York",
            "USD",
            starts_at_us,
            is_test=True,
        )
        clients: list[httpx2.AsyncClient] = []
        for slug in ("grocer", "fuel"):
            await registry.onboard(session, programme, slug, slug.title())
            await registry.set_rates(session, programme, slug, registry.Prices(10_000, 8_000, starts_at_us))
            await registry.set_earn_rate(
                session, programme, slug, registry.EarnRate(POINTS, PER_MINOR, starts_at_us)
            )
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
