"""A till earns and spends points, each operation once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from coalition.partners.v1 import partners_pb2

from services.gateway.schemas.movements import Earn, Redemption
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.gateway import House, new_secret
from tests.support.gateway_bodies import earn, new_card, redemption
from tests.support.gateway_partners import fresh_ledger_id

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_earn_is_answered_with_all_that_a_till_prints(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = earn(card)
    answer = await house.post("/v1/earns", body)
    assert answer.status_code == 201
    Earn.model_validate_json(answer.content)
    told = answer.json()
    assert (told["points"], told["balance"], told["reference"]) == (25, 25, body["reference"])
    assert told["occurred_at"] == "2026-03-14T08:26:53Z"
    assert told["expires_at"] == "2028-03-31T22:00:00Z"
    assert told["receipt"]["expires_on"] == "2028-03-31"
    assert told["receipt"]["lines"][:2] == ["Points earned: 25", "Balance: 25 points"]
    assert "idempotency-replayed" not in answer.headers


async def test_the_ledger_gets_the_purchase_as_the_till_told_it(house: House) -> None:
    card = new_card()
    member = house.members.enrolled(card)
    body = earn(card, channel="app", entry_mode="scanned")
    await house.post("/v1/earns", body, key="my-key")
    item = house.points.calls[-1].items[0]
    assert item.key == "k:my-key"
    assert item.earn.member_id == member
    sale = item.earn.sale
    assert (sale.amount_minor, sale.currency, sale.channel, sale.entry_mode) == (
        2599,
        "EUR",
        "app",
        "scanned",
    )
    assert sale.occurred_at_us == 1_773_476_813_000_000
    assert [(line.sku, line.quantity, line.amount_minor) for line in sale.lines] == [
        ("A", "1", 1599),
        ("B", "0.5", 1000),
    ]
    assert [(tender.kind, tender.amount_minor) for tender in sale.tenders] == [("card", 2599)]
    store = house.partners.stores[house.partner_id.bytes][0]
    assert sale.receipt.store_id == store.store_id
    assert (sale.receipt.till, sale.receipt.business_date, sale.receipt.number) == ("7", "2026-03-14", "1001")
    assert item.deadline_us > 0


async def test_a_purchase_too_small_for_a_point_is_recorded_all_the_same(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/earns", earn(card, amount=99, lines=[], tenders=[]))
    told = answer.json()
    assert (answer.status_code, told["points"], told["expires_at"]) == (201, 0, None)
    assert told["receipt"]["expires_on"] is None
    assert told["purchase"].startswith("pur_")


async def test_the_same_key_and_body_get_the_same_answer_and_say_so(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = earn(card)
    first = await house.post("/v1/earns", body, key="again")
    second = await house.post("/v1/earns", body, key="again")
    assert second.status_code == first.status_code == 201
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card), key="once")
    answer = await house.post("/v1/earns", earn(card), key="once")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_same_reference_with_other_content_is_a_conflict_and_with_the_same_a_replay(
    house: House,
) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = earn(card)
    first = await house.post("/v1/earns", body)
    again = await house.post("/v1/earns", body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = await house.post("/v1/earns", {**body, "amount": 100, "lines": []})
    assert (other.status_code, other.json()["code"]) == (409, "reference_reused")
    assert other.json()["fields"] == "amount"


async def test_points_are_spent_and_the_answer_says_how_many(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card, amount=100_000, lines=[], tenders=[]))
    answer = await house.post("/v1/redemptions", redemption(card, 400))
    assert answer.status_code == 201
    Redemption.model_validate_json(answer.content)
    told = answer.json()
    assert (told["points"], told["balance"]) == (400, 600)
    assert told["receipt"] == {
        "burned": 400,
        "balance": 600,
        "lines": ["Points spent: 400", "Balance: 600 points"],
    }


async def test_a_refusal_carries_its_numbers_and_is_the_same_when_asked_again(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = redemption(card, 500)
    first = await house.post("/v1/redemptions", body, key="too-much")
    told = first.json()
    assert (first.status_code, told["code"], told["available"], told["required"]) == (
        409, "insufficient_points", 0, 500,
    )  # fmt: skip
    assert told["retryable"] is False
    assert len(told["receipt_text"]) <= 40
    await house.post("/v1/earns", earn(card, amount=100_000, lines=[], tenders=[]))
    second = await house.post("/v1/redemptions", body, key="too-much")
    assert (second.status_code, second.json()["available"]) == (409, 0)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_a_sale_over_the_partner_s_limit_is_refused_with_what_is_left_of_it(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    house.points.headroom = 20
    try:
        answer = await house.post("/v1/earns", earn(card, amount=2_100, lines=[], tenders=[]))
        sale = await house.post("/v1/purchases", earn(card, amount=2_100, lines=[], tenders=[]))
    finally:
        house.points.headroom = None
    told = answer.json()
    assert (answer.status_code, told["code"], told["headroom"], told["required"]) == (
        409,
        "credit_limit",
        20,
        21,
    )
    assert told["receipt_text"]
    assert (sale.status_code, sale.json()["code"]) == (409, "credit_limit")


async def test_a_member_can_be_named_by_the_partner_s_own_id(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    alias = (await house.post("/v1/earns", earn(card))).json()["member"]
    answer = await house.post("/v1/earns", earn(card, member={"id": alias}))
    assert (answer.status_code, answer.json()["balance"]) == (201, 50)


async def test_another_partner_sees_the_same_member_under_another_id(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    other = house.new_key()
    mine = (await house.post("/v1/earns", earn(card))).json()["member"]
    theirs = (await house.post("/v1/earns", earn(card, store=None), secret=other)).json()["member"]
    assert mine != theirs
    stolen = await house.post("/v1/earns", earn(card, member={"id": mine}, store=None), secret=other)
    assert (stolen.status_code, stolen.json()["code"]) == (404, "member_unknown")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"member": {"card": "6035550000000099"}}, 400, "card_number_invalid"),
        ({"member": {"card": "79927398713"}}, 404, "member_unknown"),
        ({"member": {"customer_id": "nobody"}}, 404, "member_unknown"),
        ({"member": {"id": "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"}}, 404, "member_unknown"),
        ({"store": "S-none"}, 404, "store_unknown"),
        ({"currency": "USD"}, 400, "currency_unsupported"),
        ({"amount": 1}, 400, "amount_mismatch"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, 400, "occurred_in_future"),
        ({"occurred_at": "1969-01-01T00:00:00Z"}, 400, "occurred_too_long_ago"),
    ],
)
async def test_what_cannot_be_posted_says_why(
    house: House, changes: dict[str, str], status: int, code: str
) -> None:
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/earns", earn(card, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_closed_member_neither_earns_nor_spends(house: House) -> None:
    enrolled = (await house.post("/v1/members", {})).json()
    assert (await house.post(f"/v1/members/{enrolled['id']}/close", None)).json()["status"] == "closed"
    for path, body in (
        ("/v1/earns", earn(enrolled["cards"][0])),
        ("/v1/redemptions", redemption(enrolled["cards"][0], 1)),
    ):
        answer = await house.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "member_closed")


async def test_tills_at_the_same_time_share_calls_to_the_ledger(house: House) -> None:
    cards = [new_card() for _ in range(40)]
    for card in cards:
        house.members.enrolled(card)
    house.faults.post_delay_seconds = 0.05
    before = len(house.points.calls)
    answers = await asyncio.gather(*(house.post("/v1/earns", earn(card)) for card in cards))
    house.faults.post_delay_seconds = 0.0
    assert {answer.status_code for answer in answers} == {201}
    assert len(house.points.calls) - before < 20
    assert len({answer.json()["member"] for answer in answers}) == 40


async def test_one_call_carries_the_principals_of_all_who_ask(house: House) -> None:
    secrets_ = [house.secret, house.new_key(), house.new_key()]
    cards = [new_card() for _ in range(9)]
    for card in cards:
        house.members.enrolled(card)
    house.faults.post_delay_seconds = 0.05
    answers = await asyncio.gather(
        *(
            house.post("/v1/earns", earn(card, store=None), secret=secrets_[place % 3])
            for place, card in enumerate(cards)
        )
    )
    house.faults.post_delay_seconds = 0.0
    assert {answer.status_code for answer in answers} == {201}
    partners = {UUID(bytes=each.partner_id) for each in house.points.journal[-9:]}
    assert len(partners) == 3


async def test_programmes_do_not_meet_in_one_call(house: House) -> None:
    secret = new_secret()
    elsewhere = Programme(fresh_ledger_id(), "elsewhere", "UTC", "EUR", is_test=True)
    house.partners.issue(secret, elsewhere, ("points:earn",))
    card = new_card()
    house.members.enrolled(card)
    answers = await asyncio.gather(
        *(house.post("/v1/earns", earn(card, store=None), secret=each) for each in (house.secret, secret) * 5)
    )
    assert {answer.status_code for answer in answers} == {201}


async def test_a_lost_answer_costs_a_repetition_and_never_a_double(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    # More often than the channel itself repeats a call.
    house.faults.post_answers_lost = 6
    answer = await house.post("/v1/earns", earn(card))
    assert (answer.status_code, answer.json()["balance"]) == (201, 25)


async def test_a_ledger_that_cannot_be_reached_is_asked_until_the_request_s_time_is_over(
    house: House,
) -> None:
    card = new_card()
    house.members.enrolled(card)
    house.faults.post_fails = [grpc.StatusCode.UNAVAILABLE] * 5
    answer = await house.post("/v1/earns", earn(card))
    assert answer.status_code == 201


async def test_a_ledger_that_is_too_busy_is_asked_again(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    house.faults.items_overloaded = 2
    answer = await house.post("/v1/earns", earn(card))
    assert answer.status_code == 201


async def test_a_store_that_was_added_a_moment_ago_is_found(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    await house.post("/v1/earns", earn(card))
    house.partners.stores[house.partner_id.bytes].append(
        partners_pb2.Store(store_id=new_id().bytes, code="S2", name="Second")
    )
    answer = await house.post("/v1/earns", earn(card, store="S2"))
    for _ in range(8):
        if answer.status_code == 201:
            break
        await asyncio.sleep(0.5)
        answer = await house.post("/v1/earns", earn(card, store="S2"))
    assert answer.status_code == 201
