"""Batches: many movements in one call, each line once, answered in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.gateway.schemas.batches import Batch, BatchSummary
from services.gateway.schemas.lists import ListOf
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card, redemption, redemption_line, refund
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _earns(card: str, count: int) -> list[dict[str, Any]]:
    return [{"type": "earn", **earn(card)} for _ in range(count)]


def _member(house: House) -> str:
    card = new_card()
    house.members.enrolled(card)
    return card


async def test_a_till_that_was_offline_gets_a_result_for_each_line(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    done = earn(card)
    await house.post("/v1/earns", done)
    lines = [
        *_earns(card, 3),
        {"type": "earn", **done},
        {"type": "earn", **earn(new_card())},
        redemption_line(card, 60),
        redemption_line(card, 10_000),
        {"type": "earn", **earn(card), "amount": "2599"},
    ]
    answer = await house.post("/v1/batches", {"lines": lines})
    assert answer.status_code == 201
    told = Batch.model_validate_json(answer.content)
    assert told.counts is not None
    assert told.counts.model_dump() == {
        "lines": 8,
        "accepted": 4,
        "replayed": 1,
        "refused": 3,
        "waiting": 0,
        "parked": 0,
    }
    assert told.results is not None
    assert [each.line for each in told.results] == list(range(8))
    assert [each.outcome for each in told.results] == [
        "accepted", "accepted", "accepted", "replayed", "refused", "accepted", "refused", "refused",
    ]  # fmt: skip
    assert [each.reference for each in told.results] == [line["reference"] for line in lines]
    errors = [each.error for each in told.results if each.error]
    assert [(error.code, error.remembered) for error in errors] == [
        ("member_unknown", False), ("insufficient_points", True), ("invalid_request", False),
    ]  # fmt: skip
    raw = answer.json()["results"]
    assert (raw[6]["error"]["available"], raw[6]["error"]["required"]) == (40, 10_000)
    assert raw[7]["error"]["errors"][0]["pointer"] == "/lines/7/amount"
    assert raw[4]["error"]["errors"][0]["pointer"] == "/lines/4/member/card"
    assert [each["transaction"]["balance"] for each in raw[:3]] == [50, 75, 100]


async def test_line_keys_are_made_of_their_references(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    lines = [{"type": "earn", **earn(card)}, redemption_line(card, 5)]
    await house.post("/v1/batches", {"lines": lines})
    call = house.points.calls[-1]
    assert call.bulk
    assert [item.key for item in call.items] == [
        f"r:earn:{lines[0]['reference']}", f"r:redemption:{lines[1]['reference']}",
    ]  # fmt: skip


async def test_the_same_batch_gets_the_stored_answer_without_asking_the_ledger(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    body = {"lines": _earns(card, 3)}
    first = await house.post("/v1/batches", body, key="night-1")
    calls = len(house.points.calls)
    second = await house.post("/v1/batches", body, key="night-1")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(house.points.calls) == calls


async def test_the_same_key_with_another_body_is_refused(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    await house.post("/v1/batches", {"lines": _earns(card, 1)}, key="night-2")
    answer = await house.post("/v1/batches", {"lines": _earns(card, 1)}, key="night-2")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_is_the_partner_s_own(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    other = house.new_key()
    lines = [{**line, "store": None} for line in _earns(card, 1)]
    for secret in (house.secret, other):
        answer = await house.post("/v1/batches", {"lines": lines}, key="shared", secret=secret)
        assert answer.json()["counts"]["accepted"] == 1


async def test_a_twin_of_a_batch_in_work_is_told_to_come_back(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    body = {"lines": _earns(card, 2)}
    house.faults.post_delay_seconds = 0.5
    first = asyncio.create_task(house.post("/v1/batches", body, key="twin"))
    await asyncio.sleep(0.25)
    twin = await house.post("/v1/batches", body, key="twin")
    house.faults.post_delay_seconds = 0.0
    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency_key_in_flight")
    assert (twin.headers["retry-after"], twin.json()["retryable"]) == ("1", True)
    assert (await first).status_code == 201
    assert (await house.post("/v1/batches", body, key="twin")).headers["idempotency-replayed"] == "true"


async def test_a_batch_that_was_cut_short_carries_on_where_it_was(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    async with open_house(database_for("gateway").runtime_url, batch_seconds_max=3.0) as house:
        card = _member(house)
        body = {"lines": _earns(card, 700)}
        house.points.broken_from_call = 2
        cut = await house.post("/v1/batches", body, key="cut")
        assert cut.json()["code"] in ("unavailable", "deadline_exceeded")
        assert cut.json()["retryable"] is True
        listed = (await house.get("/v1/batches")).json()["data"][0]
        assert (listed["status"], listed["counts"]) == ("in_progress", None)
        read = (await house.get(f"/v1/batches/{listed['id']}")).json()
        assert (read["status"], read["results"]) == ("in_progress", None)
        house.points.broken_from_call = 0
        again = await house.post("/v1/batches", body, key="cut")
        assert again.json()["id"] == listed["id"]
        assert again.json()["counts"] == {
            "lines": 700,
            "accepted": 188,
            "replayed": 512,
            "refused": 0,
            "waiting": 0,
            "parked": 0,
        }
        assert house.points.wallets[house.members.named[(1, b"", card)]] == 700 * 25


async def test_a_lost_answer_within_a_batch_costs_a_repetition(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    house.faults.post_answers_lost = 6
    answer = await house.post("/v1/batches", {"lines": _earns(card, 5)})
    counts = answer.json()["counts"]
    assert (counts["accepted"] + counts["replayed"], counts["refused"]) == (5, 0)
    house.faults.post_fails = [grpc.StatusCode.UNAVAILABLE] * 5
    answer = await house.post("/v1/batches", {"lines": _earns(card, 5)})
    assert answer.json()["counts"]["accepted"] == 5


async def test_lines_of_one_member_keep_their_order_across_chunks(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    lines: list[dict[str, Any]] = []
    for _ in range(600):
        lines.append({"type": "earn", **earn(card, amount=100, lines=[], tenders=[])})
        lines.append(redemption_line(card, 1))
    answer = await house.post("/v1/batches", {"lines": lines})
    assert answer.json()["counts"] == {
        "lines": 1_200,
        "accepted": 1_200,
        "replayed": 0,
        "refused": 0,
        "waiting": 0,
        "parked": 0,
    }
    assert [len(call.items) for call in house.points.calls[-3:]] == [512, 512, 176]


async def test_five_thousand_lines_are_answered_at_once(keeping_house: House) -> None:
    house = keeping_house
    cards = [_member(house) for _ in range(250)]
    lines = [line for card in cards for line in _earns(card, 20)]
    house.members.lookups.clear()
    answer = await house.post("/v1/batches", {"lines": lines})
    assert answer.json()["counts"]["accepted"] == 5_000
    assert house.members.lookups == [250]
    too_many = await house.post("/v1/batches", {"lines": [*lines, lines[0]]})
    assert (too_many.status_code, too_many.json()["code"], too_many.json()["limit"]) == (
        413,
        "batch_too_large",
        5_000,
    )


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"lines":[]}', b'{"lines":null}', b'{"lines":[1],"x":1}', b"nope"]
)
async def test_what_is_no_batch_is_refused_whole_and_leaves_the_key_free(
    keeping_house: House, body: bytes
) -> None:
    house, card = keeping_house, _member(keeping_house)
    headers = {**house.headers(f"free-{body!r}".replace(" ", "")), "Content-Type": "application/json"}
    answer = await house.client.post("/v1/batches", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    good = json.dumps({"lines": _earns(card, 1)}).encode()
    assert (await house.client.post("/v1/batches", content=good, headers=headers)).status_code == 201


async def test_a_body_over_the_limit_of_batches_is_refused(keeping_house: House) -> None:
    headers = {**keeping_house.headers(), "Content-Type": "application/json"}
    answer = await keeping_house.client.post(
        "/v1/batches", content=b" " * (8 * 1024 * 1024 + 1), headers=headers
    )
    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 8 * 1024 * 1024)


async def test_each_line_needs_its_scope(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    secret = house.new_key(["points:earn"])
    lines = [
        {"type": "earn", **earn(card, store=None)},
        redemption_line(card, 1, store=None),
    ]
    results = (await house.post("/v1/batches", {"lines": lines}, secret=secret)).json()["results"]
    assert results[0]["outcome"] == "accepted"
    assert (results[1]["error"]["code"], results[1]["error"]["needed"]) == (
        "permission_denied",
        "points:redeem",
    )


async def test_a_reference_given_twice_in_a_batch_is_posted_once(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    line = _earns(card, 1)[0]
    changed: dict[str, Any] = {**line, "amount": 100, "lines": []}
    results = (await house.post("/v1/batches", {"lines": [line, line, changed]})).json()["results"]
    assert [each["outcome"] for each in results] == ["accepted", "replayed", "refused"]
    assert results[2]["error"]["code"] == "reference_reused"


async def test_batches_are_listed_and_read_back(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    secret = house.new_key()
    made = [
        (
            await house.post(
                "/v1/batches", {"lines": [{"type": "earn", **earn(card, store=None)}]}, secret=secret
            )
        )
        for _ in range(3)
    ]
    ids = [answer.json()["id"] for answer in made][::-1]
    page = ListOf[BatchSummary].model_validate_json(
        (await house.get("/v1/batches", secret=secret, limit=2)).content
    )
    assert ([each.id for each in page.data], page.has_more) == (ids[:2], True)
    rest = (await house.get("/v1/batches", secret=secret, starting_after=ids[1])).json()
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (ids[2:], False)
    back = (await house.get("/v1/batches", secret=secret, ending_before=ids[2], limit=1)).json()
    assert ([each["id"] for each in back["data"]], back["has_more"]) == ([ids[1]], True)
    read = await house.get(f"/v1/batches/{ids[0]}", secret=secret)
    assert read.content == made[2].content
    assert (await house.get(f"/v1/batches/{ids[0]}")).status_code == 404
    for odd in ("x", "bat_x", to_text("bat", new_id())):
        assert (await house.get(f"/v1/batches/{odd}", secret=secret)).status_code == 404
        cursor = await house.get("/v1/batches", secret=secret, starting_after=odd)
        assert cursor.json()["code"] == "cursor_invalid"


async def test_without_a_database_batches_wait_and_all_else_works(house: House) -> None:
    card = _member(house)
    answer = await house.post("/v1/batches", {"lines": _earns(card, 1)})
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (
        503,
        "unavailable",
        True,
    )
    assert (await house.get("/v1/batches")).status_code == 503
    assert (await house.post("/v1/earns", earn(card))).status_code == 201


async def test_a_refund_in_a_batch_may_be_of_a_sale_before_it(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    sale, done = earn(card), earn(card)
    before = (await house.post("/v1/earns", done)).json()
    lines = [
        {"type": "earn", **sale},
        {"type": "refund", **refund(original={"reference": sale["reference"]}, amount=1000, currency="EUR")},
        {"type": "refund", **refund(original={"transaction": before["id"]})},
        {"type": "refund", **refund(original={"transaction": "txn_short"})},
        {"type": "refund", **refund(original={"reference": "never-sold"})},
        {"type": "refund", **refund(original={"reference": sale["reference"]}, store="S999")},
        {"type": "refund", **refund(original={})},
        redemption_line(card, 5),
    ]
    answer = await house.post("/v1/batches", {"lines": lines})
    told = Batch.model_validate_json(answer.content)
    assert told.counts is not None
    assert told.counts.model_dump() == {
        "lines": 8,
        "accepted": 4,
        "replayed": 0,
        "refused": 3,
        "waiting": 1,
        "parked": 0,
    }
    raw = answer.json()["results"]
    assert [each["type"] for each in raw] == [line["type"] for line in lines]
    assert [each["reference"] for each in raw] == [line["reference"] for line in lines]
    assert [each["error"]["code"] for each in raw if each["error"]] == [
        "original_unknown", "store_unknown", "invalid_request",
    ]  # fmt: skip
    assert (raw[4]["outcome"], raw[4]["transaction"]) == ("waiting", None)
    assert raw[6]["error"]["errors"][0]["pointer"] == "/lines/6/original"
    assert [raw[place]["transaction"]["refund"]["amount"] for place in (1, 2)] == [1000, 2599]
    assert raw[7]["transaction"]["balance"] == 15 - 5
    items = house.points.calls[-1].items
    assert [item.key for item in items[1:3]] == [f"r:refund:{lines[place]['reference']}" for place in (1, 2)]
    again = (await house.post("/v1/batches", {"lines": lines})).json()
    assert again["counts"] == {
        "lines": 8,
        "accepted": 0,
        "replayed": 4,
        "refused": 3,
        "waiting": 1,
        "parked": 0,
    }


async def test_a_refund_in_a_batch_needs_both_scopes(keeping_house: House) -> None:
    house, card = keeping_house, _member(keeping_house)
    sale = earn(card)
    lines = [
        {"type": "earn", **sale},
        {"type": "refund", **refund(original={"reference": sale["reference"]})},
    ]
    secret = house.new_key(["points:earn"], house.partner_id)
    answer = (await house.post("/v1/batches", {"lines": lines}, secret=secret)).json()
    assert [each["outcome"] for each in answer["results"]] == ["accepted", "refused"]
    error = answer["results"][1]["error"]
    assert (error["code"], error["needed"]) == ("permission_denied", "points:redeem")


async def test_a_line_of_a_batch_is_offline_whatever_it_says(keeping_house: House) -> None:
    house = keeping_house
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card))
    fine = redemption_line(card, 5)
    lines = [
        fine,
        {"type": "redemption", **redemption(card, 5)},
        redemption_line(card, 5, member={"app_token": "apt_x"}),
        {"type": "earn", **earn(card, member={"app_token": "apt_x"})},
    ]
    results = (await house.post("/v1/batches", {"lines": lines})).json()["results"]
    assert [each["outcome"] for each in results] == ["accepted", "refused", "refused", "refused"]
    assert [each["error"]["errors"][0]["pointer"] for each in results[1:]] == [
        "/lines/1/authorisation", "/lines/2/member/app_token", "/lines/3/member/app_token",
    ]  # fmt: skip
    shown = house.points.calls[-1].items[-1].redemption.authority
    assert shown.kind == pb.AUTHORITY_KIND_OFFLINE
    assert len(shown.instrument) == 16


async def test_one_partner_s_batches_keep_no_other_out(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    async with open_house(database_for("gateway").runtime_url, batches_at_once_max=1) as house:
        house.faults.post_delay_seconds = 0.3
        first = asyncio.create_task(house.post("/v1/batches", {"lines": _earns(_member(house), 1)}))
        await until(lambda: len(house.points.calls) == 1)
        mine = await house.post("/v1/batches", {"lines": _earns(_member(house), 1)})
        assert (mine.status_code, mine.json()["code"], mine.headers["retry-after"]) == (
            503,
            "overloaded",
            "2",
        )
        theirs = {"lines": [{**line, "store": None} for line in _earns(_member(house), 1)]}
        other = await house.post("/v1/batches", theirs, secret=house.new_key())
        assert (other.status_code, (await first).status_code) == (201, 201)
