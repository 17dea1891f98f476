"""The public API over every process: keys, references, batches, statements, as a partner meets them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import api_access, ledger, registry, settlement
from services.operations.session import Session, open_session
from services.runtime.clock import from_micros, to_micros
from services.runtime.ids import from_bytes, to_text
from services.runtime.principal import Programme
from tests.support.gateway_bodies import CARD_READ
from tests.support.offline import burns_offline

pytestmark = pytest.mark.asyncio(loop_scope="module")

STARTS_AT = datetime(2024, 1, 1, 5, tzinfo=UTC)  # Monday, midnight in New York
OCCURRED_AT = "2024-01-01T05:00:00Z"


@dataclass
class Coalition:
    """A programme with two partners, each at the HTTP API with its own key."""

    environment: Mapping[str, str]
    session: Session
    programme: Programme
    grocer: httpx2.AsyncClient
    fuel: httpx2.AsyncClient

    async def member(self) -> str:
        answer = await self.grocer.post("/v1/members", json={}, headers=key())
        assert answer.status_code == 201, answer.text
        return answer.json()["cards"][0]


def key(text: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": text or str(uuid4())}


def earn(card: str, amount: int, reference: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "member": {"card": card},
        "reference": reference or secrets.token_hex(8),
        "occurred_at": OCCURRED_AT,
        "amount": amount,
        "currency": "USD",
        **changes,
    }


def redemption(card: str, points: int, reference: str | None = None) -> dict[str, Any]:
    return {
        "member": {"card": card},
        "reference": reference or secrets.token_hex(8),
        "occurred_at": OCCURRED_AT,
        "points": points,
        "authorisation": CARD_READ,
    }


def redemption_line(card: str, points: int) -> dict[str, Any]:
    """Of a batch: told of later, so nothing was shown."""
    body = redemption(card, points)
    del body["authorisation"]
    return {"type": "redemption", **body}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def coalition(platform: Platform) -> AsyncGenerator[Coalition]:
    starts_at_us = to_micros(STARTS_AT)
    async with open_session(platform.environment, patience_seconds=60) as session:
        programme = await registry.create_programme(
            session, "shop", "Shop Points", "America/New_York", "USD", starts_at_us, is_test=True
        )
        clients: list[httpx2.AsyncClient] = []
        for slug in ("grocer", "fuel"):
            await registry.onboard(session, programme, slug, slug.title())
            await registry.set_rates(session, programme, slug, registry.Prices(10_000, 8_000, starts_at_us))
            await registry.set_earn_rate(session, programme, slug, registry.EarnRate(1, 100, starts_at_us))
            secret = (await registry.issue_key(session, programme, slug, "test")).secret
            clients.append(
                httpx2.AsyncClient(
                    base_url=platform.gateway_url,
                    headers={"Authorization": f"Bearer {secret}"},
                    timeout=30,
                    trust_env=False,
                )
            )
        await burns_offline(session, programme, "grocer", "fuel")
        yield Coalition(platform.environment, session, programme, *clients)
        for client in clients:
            await client.aclose()


async def test_an_operator_moves_the_clock_of_a_test_programme(coalition: Coalition) -> None:
    async def run(*words: str) -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.launcher", "programme", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **coalition.environment},
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out, err

    zone = ("--zone", "America/New_York", "--currency", "USD", "--starts-at", "2017-01-01")
    assert (await run("create", "clock", "--name", "Clock", *zone))[0] == 0
    status, told, _ = await run("clock", "clock", "--to", "2017-03-12T09:30", "--json")
    assert status == 0
    assert json.loads(told)["now"].startswith("2017-03-12T09:30:")
    assert json.loads(told)["now"].endswith("-04:00")
    status, _, why = await run("clock", "clock", "--to", "2017-03-12T09:29")
    assert (status, b"CLOCK_BACKWARDS" in why) == (1, True)


async def test_points_earned_at_one_partner_are_burned_at_another(coalition: Coalition) -> None:
    card = await coalition.member()
    kept = {"order": "A-17", "note": "Grüße"}
    earned = await coalition.grocer.post("/v1/earns", json=earn(card, 12_345, metadata=kept), headers=key())
    assert (earned.status_code, earned.json()["points"], earned.json()["metadata"]) == (201, 123, kept)
    posted = await coalition.grocer.get(f"/v1/transactions/{earned.json()['id']}")
    assert posted.json()["metadata"] == kept
    spent = await coalition.fuel.post("/v1/redemptions", json=redemption(card, 100), headers=key())
    assert (spent.status_code, spent.json()["points"], spent.json()["balance"]) == (201, 100, 23)


async def test_points_held_at_the_till_are_captured_in_part_and_the_rest_is_spent_elsewhere(
    coalition: Coalition,
) -> None:
    card = await coalition.member()
    earned = await coalition.grocer.post("/v1/earns", json=earn(card, 60_000), headers=key())
    moment = earned.json()["occurred_at"]
    body = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 500,
        "occurred_at": moment,
        "authorisation": CARD_READ,
    }
    held = await coalition.fuel.post("/v1/holds", json=body, headers=key())
    assert (held.status_code, held.json()["points"], held.json()["balance"]) == (201, 500, 600)
    short = await coalition.grocer.post("/v1/redemptions", json=redemption(card, 101), headers=key())
    assert (short.status_code, short.json()["available"]) == (409, 100)
    path, headers = f"/v1/holds/{held.json()['hold']}", key()
    theirs = await coalition.grocer.post(f"{path}/void", json={"occurred_at": moment}, headers=key())
    assert (theirs.status_code, theirs.json()["code"]) == (404, "hold_unknown")
    # The connection is lost, and the till asks again under the same key: one capture.
    asked = {"points": 320, "occurred_at": moment}
    first, again = [
        await coalition.fuel.post(f"{path}/capture", json=asked, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.json()["released"], first.json()["balance"]) == (201, 180, 280)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    late = await coalition.fuel.post(f"{path}/void", json={"occurred_at": moment}, headers=key())
    assert (late.status_code, late.json()["code"]) == (409, "hold_resolved")
    rest = await coalition.grocer.post("/v1/redemptions", json=redemption(card, 280), headers=key())
    assert (rest.status_code, rest.json()["balance"]) == (201, 0)
    other = await coalition.fuel.post("/v1/holds", json={**body, "points": 1, "reference": secrets.token_hex(8)}, headers=key())  # fmt: skip
    assert (other.status_code, other.json()["available"]) == (409, 0)


async def test_the_same_batch_sent_twice_posts_once_and_answers_the_same(coalition: Coalition) -> None:
    card = await coalition.member()
    lines = [{"type": "earn", **earn(card, 1_000)} for _ in range(20)]
    lines.append(redemption_line(card, 150))
    headers = key()
    first = await coalition.grocer.post("/v1/batches", json={"lines": lines}, headers=headers)
    assert first.json()["counts"] == {
        "lines": 21,
        "accepted": 21,
        "replayed": 0,
        "refused": 0,
        "waiting": 0,
        "parked": 0,
    }
    again = await coalition.grocer.post("/v1/batches", json={"lines": lines}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    other_key = await coalition.grocer.post("/v1/batches", json={"lines": lines}, headers=key())
    assert other_key.json()["counts"] == {
        "lines": 21,
        "accepted": 0,
        "replayed": 21,
        "refused": 0,
        "waiting": 0,
        "parked": 0,
    }
    assert [line["transaction"] for line in other_key.json()["results"]] == [
        line["transaction"] for line in first.json()["results"]
    ]


async def test_a_key_used_with_another_body_is_refused_and_changes_nothing(coalition: Coalition) -> None:
    card = await coalition.member()
    headers = key()
    body = earn(card, 5_000)
    first = await coalition.grocer.post("/v1/earns", json=body, headers=headers)
    other = await coalition.grocer.post("/v1/earns", json={**body, "amount": 6_000}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    again = await coalition.grocer.post("/v1/earns", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert first.json()["balance"] == 50


async def test_one_reference_serves_one_earn_and_one_redemption(coalition: Coalition) -> None:
    card = await coalition.member()
    reference = secrets.token_hex(8)
    earned = await coalition.grocer.post("/v1/earns", json=earn(card, 30_000, reference), headers=key())
    spent = await coalition.grocer.post(
        "/v1/redemptions", json=redemption(card, 10, reference), headers=key()
    )
    assert (earned.status_code, spent.status_code) == (201, 201)
    twice = await coalition.grocer.post("/v1/earns", json=earn(card, 40_000, reference), headers=key())
    assert (twice.status_code, twice.json()["code"]) == (409, "reference_reused")
    assert "amount" in twice.json()["detail"]


async def test_a_refusal_is_remembered_under_its_key(coalition: Coalition) -> None:
    card = await coalition.member()
    headers, body = key(), redemption(card, 10)
    refused = await coalition.fuel.post("/v1/redemptions", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_points")
    await coalition.grocer.post("/v1/earns", json=earn(card, 100_000), headers=key())
    again = await coalition.fuel.post("/v1/redemptions", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "insufficient_points")
    fresh = await coalition.fuel.post("/v1/redemptions", json=redemption(card, 10), headers=key())
    assert fresh.status_code == 201


async def test_one_bad_line_of_a_batch_does_not_stand_in_the_others_way(coalition: Coalition) -> None:
    card = await coalition.member()
    lines = [
        {"type": "earn", **earn(card, 1_000)},
        {"type": "earn", **earn("7700000000000", 1_000)},
        {"type": "earn", **earn(card, 1_000, currency="EUR")},
        redemption_line(card, 10**6),
        {"type": "earn", **earn(card, 1_000)},
    ]
    answer = (await coalition.grocer.post("/v1/batches", json={"lines": lines}, headers=key())).json()
    assert [line["outcome"] for line in answer["results"]] == [
        "accepted",
        "refused",
        "refused",
        "refused",
        "accepted",
    ]
    assert [line["error"]["code"] for line in answer["results"] if line["error"]] == [
        "card_number_invalid",
        "currency_unsupported",
        "insufficient_points",
    ]


async def test_another_partner_sees_neither_transactions_nor_statements(coalition: Coalition) -> None:
    card = await coalition.member()
    mine = (await coalition.grocer.post("/v1/earns", json=earn(card, 1_000), headers=key())).json()
    assert (await coalition.grocer.get(f"/v1/transactions/{mine['id']}")).status_code == 200
    assert (await coalition.fuel.get(f"/v1/transactions/{mine['id']}")).status_code == 404
    theirs = (await coalition.fuel.get("/v1/transactions", params={"limit": 100})).json()
    assert mine["id"] not in {each["id"] for each in theirs["data"]}


async def test_without_a_valid_key_nothing_is_answered(coalition: Coalition) -> None:
    bare = httpx2.AsyncClient(base_url=coalition.grocer.base_url, trust_env=False)
    for headers in ({}, {"Authorization": "Bearer sk_test_nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = await bare.get("/v1/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    await bare.aclose()


async def test_a_closed_week_becomes_a_statement_that_adds_up(coalition: Coalition) -> None:
    card = await coalition.member()
    await coalition.grocer.post("/v1/earns", json=earn(card, 70_000), headers=key())
    await coalition.fuel.post("/v1/redemptions", json=redemption(card, 300), headers=key())
    week_end = STARTS_AT + timedelta(weeks=1)
    session, programme = coalition.session, coalition.programme
    assert from_micros((await ledger.head(session, programme)).now_us) < week_end
    await ledger.move_clock(session, programme, to_micros(week_end + timedelta(minutes=1)))
    await settlement.close(session, programme, to_micros(week_end))
    nets = await settlement.nets(session, programme, 1, 1)
    assert sum(net.net_minor for net in nets) == 0
    for client in (coalition.grocer, coalition.fuel):
        listed = (await client.get("/v1/statements")).json()["data"]
        assert len(listed) == 1
        statement = (await client.get(f"/v1/statements/{listed[0]['id']}")).json()
        assert (
            sum(line["amount_micros"] for line in statement["lines"]) == statement["net"]["amount"] * 10_000
        )
        as_csv = await client.get(f"/v1/statements/{listed[0]['id']}", headers={"Accept": "text/csv"})
        assert as_csv.headers["content-type"].startswith("text/csv")
        assert len(as_csv.text.splitlines()) >= len(statement["lines"])
    other = (await coalition.grocer.get("/v1/statements")).json()["data"][0]["id"]
    assert (await coalition.fuel.get(f"/v1/statements/{other}")).status_code == 404


async def test_a_rolled_key_works_beside_the_new_one_and_a_key_is_taken_from_its_addresses_alone(
    coalition: Coalition,
) -> None:
    session, programme = coalition.session, coalition.programme

    async def me(secret: str) -> httpx2.Response:
        return await coalition.grocer.get("/v1/me", headers={"Authorization": f"Bearer {secret}"})

    issued = await registry.issue_key(session, programme, "grocer", "old", ["points:earn"])
    old = to_text("key", from_bytes(issued.api_key.key_id))
    for allowed in (["127.0.0.0/8"], ["203.0.113.0/24"]):
        await api_access.set_addresses(session, programme, old, allowed)
        made = await api_access.roll_key(session, programme, old, "", 3_600)
        old = to_text("key", from_bytes(made.api_key.key_id))
        answer = await me(made.secret)
        if allowed == ["203.0.113.0/24"]:
            assert (answer.status_code, answer.json()["code"]) == (403, "address_not_allowed")
        else:
            assert (answer.json()["scopes"], answer.json()["addresses"]) == (["points:earn"], allowed)
    # The first key was looked up after it was rolled: it tells its end.
    told = (await me(issued.secret)).json()
    assert (told["label"], told["ends_at"] is not None) == ("old", True)
    assert told["api_version"] == answer.headers["coalition-version"]
