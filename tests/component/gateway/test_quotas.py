"""Quotas over HTTP: headers, refusals, gateways that share a database, partners that do not get in each other's way."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from services.gateway.schemas.platform import Problem
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card
from tests.support.servers import ServiceDatabase

_AT_ONCE: Final = 20


async def _statuses(house: House, secret: str, requests: int) -> Counter[int]:
    """What so many requests of one key are answered, some at once."""
    found: Counter[int] = Counter()

    async def some() -> None:
        for _ in range(requests // _AT_ONCE):
            found[(await house.get("/v1/me", secret=secret)).status_code] += 1

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    return found


async def test_two_gateways_on_one_database_keep_one_quota(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    url = database_for("gateway").runtime_url
    limits: dict[str, Any] = {"quota_interactive_per_second": 1, "quota_interactive_window_seconds": 100}
    async with open_house(url, **limits) as one, open_house(url, **limits) as other:
        other.partners.keys.update(one.partners.keys)
        started = time.monotonic()
        first, second = await asyncio.gather(
            _statuses(one, one.secret, 140), _statuses(other, one.secret, 140)
        )
        come_back = int(time.monotonic() - started) + 1
        assert set(first | second) == {200, 429}
        # A slice is 32 here; each gateway may be one ahead, and the very first slice of a key is for nothing.
        assert 100 <= first[200] + second[200] <= 100 + come_back + 3 * 32
        assert first[429]
        assert second[429]


async def test_every_answer_to_a_key_tells_what_is_left_and_a_refusal_when_to_come_back() -> None:
    limits: dict[str, Any] = {"quota_interactive_per_second": 4, "quota_interactive_window_seconds": 5}
    async with open_house(**limits) as house:
        answer = await house.get("/v1/me")
        assert answer.headers["ratelimit-policy"] == '"interactive";q=20;w=5'
        assert re.fullmatch(r'"interactive";r=19;t=\d', answer.headers["ratelimit"])
        assert "ratelimit" not in (await house.client.get("/v1/ping")).headers
        unknown = await house.get("/v1/transactions/txn_nonsense")
        assert unknown.status_code == 404
        assert unknown.headers["ratelimit"].startswith('"interactive";r=18')
        for _ in range(60):
            answer = await house.get("/v1/me")
            if answer.status_code != 200:
                break
        told = Problem.model_validate_json(answer.content)
        assert (told.status, told.code, told.retryable) == (429, "rate_limited", True)
        assert (answer.json()["limit"], answer.json()["window_seconds"]) == (20, 5)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["resets_at"].endswith("Z")
        assert answer.headers["ratelimit"].startswith('"interactive";r=0;t=')


async def test_a_key_without_the_scope_is_counted_too() -> None:
    async with open_house(quota_interactive_per_second=1, quota_interactive_window_seconds=1) as house:
        secret = house.new_key(["points:earn"])
        answers = [(await house.get("/v1/statements", secret=secret)).status_code for _ in range(10)]
        assert answers[0] == 403
        assert 429 in answers


async def test_a_partner_over_its_quota_earns_no_other_a_refusal() -> None:
    async with open_house(quota_interactive_per_second=1, quota_interactive_window_seconds=40) as house:
        greedy, modest = house.new_key(), house.new_key()
        hammering, others = await asyncio.gather(_statuses(house, greedy, 160), _statuses(house, modest, 40))
        assert hammering[429] > 60
        assert others == {200: 40}


async def test_a_partner_cannot_take_all_places_from_the_others() -> None:
    async with open_house(requests_at_once_max=10, requests_at_once_partner_max=2) as house:
        card = new_card()
        house.members.enrolled(card)
        other = house.new_key()
        house.faults.post_delay_seconds = 0.3
        mine = [house.post("/v1/earns", earn(card)) for _ in range(6)]
        theirs = [house.post("/v1/earns", earn(card, store=None), secret=other) for _ in range(2)]
        *answers, first, second = await asyncio.gather(*mine, *theirs)
        assert (first.status_code, second.status_code) == (201, 201)
        refused = [each for each in answers if each.status_code == 429]
        assert len(refused) == 4
        assert {
            (each.json()["code"], each.json()["limit"], each.headers["retry-after"]) for each in refused
        } == {("too_many_at_once", 2, "1")}
        house.faults.post_delay_seconds = 0
        assert (await house.post("/v1/earns", earn(card))).status_code == 201


async def test_lines_of_a_batch_are_counted_apart_from_single_calls(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    limits: dict[str, Any] = {"quota_bulk_per_second": 1, "quota_bulk_window_seconds": 10}
    async with open_house(database_for("gateway").runtime_url, **limits) as house:
        card = new_card()
        house.members.enrolled(card)
        body = {"lines": [{"type": "earn", **earn(card)} for _ in range(60)]}
        first = await house.post("/v1/batches", body)
        assert first.status_code == 201, first.text
        assert first.headers["ratelimit-policy"] == '"bulk";q=10;w=10'
        assert first.headers["ratelimit"].startswith('"bulk";r=0')
        # What is asked for meanwhile is let on at most once more, in advance.
        answers = [await house.post("/v1/batches", body) for _ in range(3)]
        refused = [each for each in answers if each.status_code == 429]
        assert refused
        assert int(refused[-1].headers["retry-after"]) >= 40
        assert (await house.post("/v1/earns", earn(card))).status_code == 201


async def test_what_was_agreed_with_a_partner_is_what_its_key_may_ask() -> None:
    async with open_house() as house:
        for known in house.partners.keys.values():
            known.quotas.interactive_per_second = 7
        answer = await house.get("/v1/me")
        assert answer.headers["ratelimit-policy"] == '"interactive";q=70;w=10'
