"""Goods and points that go back are cleared: over every process, from the till to the statement, to the cent."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger, registry
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.command_line import run_command
from tests.support.gateway_bodies import CARD_READ

pytestmark = pytest.mark.asyncio(loop_scope="module")

STARTS_AT: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)  # Monday, midnight in New York
WEEK: Final = timedelta(weeks=1)
IN_WEEK: Final = {1: STARTS_AT, 2: STARTS_AT + WEEK + timedelta(days=1)}
PER_MINOR: Final = 100


class Prices(NamedTuple):
    """Micros a point."""

    issue: int
    reimbursement: int


# None of them comes out even, and the second week has others: a refund takes those of what it undoes.
PRICES: Final = {
    "grocer": {1: Prices(10_335, 8_251), 2: Prices(20_001, 15_000)},
    "fuel": {1: Prices(9_999, 7_777), 2: Prices(30_000, 25_003)},
}


class Line(NamedTuple):
    """A line of a statement: entries, points, price."""

    type: str
    entries: int
    points: int
    price: int

    @property
    def micros(self) -> int:
        """Positive: the partner owes."""
        return self.points * self.price * (1 if self.type in ("issued", "returned") else -1)


GROCER, FUEL = PRICES["grocer"], PRICES["fuel"]
# What the two tests below do, by partner and week.
EXPECTED: Final = {
    ("grocer", 1): [Line("issued", 1, 123, GROCER[1].issue), Line("reversed", 2, 23 + 17, GROCER[1].issue)],
    ("fuel", 1): [
        Line("burned", 1, 100, FUEL[1].reimbursement),
        Line("returned", 1, 30, FUEL[1].reimbursement),
    ],
    ("grocer", 2): [
        Line("issued", 1, 50, GROCER[2].issue),
        Line("reversed", 1, 83, GROCER[1].issue),
    ],
    ("fuel", 2): [Line("returned", 1, 70, FUEL[1].reimbursement)],
}


@dataclass
class Mall:
    """A programme with two partners, each at the HTTP API with its own key."""

    environment: Mapping[str, str]
    session: Session
    programme: Programme
    tills: dict[str, httpx2.AsyncClient]

    async def posted(self, partner: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a write that is done."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self.tills[partner].post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def member(self) -> dict[str, Any]:
        enrolled = await self.posted("grocer", "/v1/members", {})
        return {"card": enrolled["cards"][0]}

    async def command(self, *words: str) -> Any:
        """What the command line answers, as JSON."""
        status, out, err = await run_command(
            *words, "-p", self.programme.slug, "--json", environment=self.environment
        )
        assert status == 0, err
        return json.loads(out)

    async def close_week(self, week: int) -> None:
        end = STARTS_AT + week * WEEK
        await ledger.move_clock(self.session, self.programme, to_micros(end + timedelta(minutes=1)))
        await self.command("settle", "close", "--until", f"{end:%Y-%m-%d}")

    async def statement(self, partner: str, week: int) -> tuple[dict[str, Any], str]:
        """A partner's own statement of a week, as JSON and as CSV."""
        listed = (await self.tills[partner].get("/v1/statements")).json()["data"]
        found = next(each for each in listed if each["window"]["number"] == week)
        path = f"/v1/statements/{found['id']}"
        told = (await self.tills[partner].get(path)).json()
        assert {name: told[name] for name in found} == found
        return told, (await self.tills[partner].get(path, params={"format": "csv"})).text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with open_session(platform.environment, patience_seconds=60) as session:
        starts_at_us = to_micros(STARTS_AT)
        programme = await registry.create_programme(
            session,
            f"mall-{secrets.token_hex(4)}",
            "Mall Points",
            "America/New_York",
            "USD",
            starts_at_us,
            is_test=True,
        )
        tills: dict[str, httpx2.AsyncClient] = {}
        for slug, prices in PRICES.items():
            await registry.onboard(session, programme, slug, slug.title())
            for week, price in prices.items():
                await registry.set_rates(
                    session,
                    programme,
                    slug,
                    registry.Prices(*price, to_micros(STARTS_AT + (week - 1) * WEEK)),
                )
            await registry.set_earn_rate(
                session, programme, slug, registry.EarnRate(1, PER_MINOR, starts_at_us)
            )
            secret = (await registry.issue_key(session, programme, slug, "test")).secret
            tills[slug] = httpx2.AsyncClient(
                base_url=platform.gateway_url,
                headers={"Authorization": f"Bearer {secret}"},
                timeout=30,
                trust_env=False,
            )
        yield Mall(platform.environment, session, programme, tills)
        for client in tills.values():
            await client.aclose()


def body(week: int, **fields: Any) -> dict[str, Any]:
    return {"reference": secrets.token_hex(8), "occurred_at": IN_WEEK[week].isoformat(), **fields}


def figures(refund: dict[str, Any]) -> tuple[int, int, int]:
    return refund["points_returned"], refund["points_clawed_back"], refund["points_owed"]


def half_even(micros: int) -> int:
    """Minor units nearest to an amount, as the rules have it, by other means than the platform's."""
    return int((Decimal(micros) / 10_000).to_integral_value("ROUND_HALF_EVEN"))


async def test_an_earn_and_a_burn_are_refunded_in_part_in_their_week_and_wholly_in_the_next(
    mall: Mall,
) -> None:
    member = await mall.member()
    bought = await mall.posted("grocer", "/v1/earns", body(1, member=member, amount=12_345, currency="USD"))
    burned = await mall.posted(
        "fuel", "/v1/redemptions", body(1, member=member, points=100, authorisation=CARD_READ)
    )
    assert (bought["points"], burned["balance"]) == (123, 23)
    goods, points = {"original": {"transaction": bought["id"]}}, {"original": {"transaction": burned["id"]}}

    part = await mall.posted("grocer", "/v1/refunds", body(1, **goods, amount=4_000, currency="USD"))
    assert figures(part) == (0, 23, 17)
    # Of these 30 points, 17 pay at once what the member owes since.
    part = await mall.posted("fuel", "/v1/refunds", body(1, **points, points=30))
    assert figures(part) == (30, 0, 0)
    await mall.close_week(1)

    await ledger.move_clock(mall.session, mall.programme, to_micros(IN_WEEK[2] + timedelta(minutes=1)))
    assert figures(await mall.posted("fuel", "/v1/refunds", body(2, **points))) == (70, 0, 0)
    rest = await mall.posted("grocer", "/v1/refunds", body(2, **goods))
    assert (figures(rest), rest["balance"], rest["money"]["amount"]) == ((0, 83, 0), 0, 8_345)
    other = await mall.member()
    await mall.posted("grocer", "/v1/earns", body(2, member=other, amount=5_000, currency="USD"))
    await mall.close_week(2)


async def test_statements_and_nets_are_what_the_rules_give_to_the_cent(mall: Mall) -> None:
    nets = await mall.command("settle", "nets")
    of = {(net["party"], net["window"]): net for net in nets}
    carried = dict.fromkeys(PRICES, 0)
    for (partner, week), lines in EXPECTED.items():
        exact = sum(line.micros for line in lines)
        due = exact + carried[partner]
        net_minor = half_even(due)
        carry_out = due - net_minor * 10_000
        told, as_csv = await mall.statement(partner, week)
        carries = [Line("carry_in", 0, 0, 0), Line("carry_out", 0, 0, 0)]
        assert [
            (line["type"], line["count"], line["points"], line["price_micros"]) for line in told["lines"]
        ] == [*lines, *carries]
        amounts = [*(line.micros for line in lines), carried[partner], -carry_out]
        assert [line["amount_micros"] for line in told["lines"]] == amounts
        assert (told["net"]["amount"], told["net"]["exact_micros"]) == (net_minor, exact)
        assert sum(amounts) == net_minor * 10_000
        points = {f"points_{kind}": 0 for kind in ("issued", "reversed", "burned", "returned")}
        points |= {f"points_{line.type}": line.points for line in lines}
        assert {name: told[name] for name in points} == points
        rows = list(csv.DictReader(io.StringIO(as_csv)))
        names = [*(line["type"] for line in told["lines"]), "net", "opening", "closing"]
        assert [row["line"] for row in rows] == names
        *in_csv, paid, opening, closing = (Decimal(row["amount"]) for row in rows)
        assert (sum(in_csv), opening + paid) == (paid, closing)
        net = of[partner, week]
        assert (net["net_minor"], net["exact_micros"]) == (net_minor, exact)
        assert (net["carry_in_micros"], net["carry_out_micros"]) == (carried[partner], carry_out)
        assert {name: net[name] for name in points} == points
        carried[partner] = carry_out
    # By hand: 83 points of the grocer's at 1.0335 cents are 85.78, 70 burned at 0.7777 are 54.44; then 50 at 2.0001 less
    # those 83, and those 70 back.
    assert [of[partner, week]["net_minor"] for partner, week in EXPECTED] == [86, -54, 14, 54]
    assert carried == {"grocer": 50, "fuel": 0}


async def test_all_parties_sum_to_zero_in_each_week_and_what_was_undone_cost_nobody_anything(
    mall: Mall,
) -> None:
    nets = await mall.command("settle", "nets")
    assert {net["party"] for net in nets} == {"grocer", "fuel", "operator"}
    for week in (1, 2):
        of_week = [net for net in nets if net["window"] == week]
        assert [sum(net[name] for net in of_week) for name in ("net_minor", "exact_micros")] == [0, 0]
    matrix = await mall.command("settle", "matrix")
    micros = 100 * FUEL[1].reimbursement
    assert matrix["cells"] == [
        {
            "issuer": "grocer", "redeemer": "fuel", "points": 100, "micros": micros, "points_returned": 100,
            "micros_returned": micros,
        }
    ]  # fmt: skip
    exact = {party: sum(net["exact_micros"] for net in nets if net["party"] == party) for party in PRICES}
    assert exact == {"grocer": 50 * GROCER[2].issue, "fuel": 0}


async def test_what_is_outstanding_and_deferred_is_what_refunds_left(mall: Mall) -> None:
    found = await mall.command("settle", "liability", "show")
    assert [tie for tie in found["ties"] if not tie["holds"]] == []
    nets = await mall.command("settle", "nets")
    of = {
        name: sum(net[f"points_{name}"] for net in nets if net["party"] != "operator")
        for name in ("issued", "reversed", "burned", "returned")
    }
    assert found["outstanding"] == of["issued"] - of["reversed"] - of["burned"] + of["returned"]
    moved = await mall.command("settle", "liability", "journals")
    # What is left are 50 points that were issued at 2.0001 cents, of which none is used.
    assert moved["total"]["closing_minor"] == round(50 * GROCER[2].issue / 10_000)
    assert moved["margin"]["booked_minor"] == 0


async def test_the_checkers_of_ledger_and_clearing_find_nothing(mall: Mall) -> None:
    for what in ("ledger", "clearing"):
        proofs = await mall.command("verify", what)
        assert proofs
        assert [proof for proof in proofs if not proof["holds"]] == []
