"""Members: enrolment, look-up, closing, balance, history."""

from __future__ import annotations

import pytest

from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.members import Balance, Member
from services.gateway.schemas.movements import Transaction
from tests.support.gateway import House
from tests.support.gateway_bodies import earn, new_card, new_reference, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")
_PERSONAL = {
    "given_name": "Ana",
    "family_name": "Petrova",
    "email": "ana@example.org",
    "birth_date": "1988-04-12",
}


async def test_a_member_is_enrolled_with_its_card_once_per_key(house: House) -> None:
    body = {"card": new_card(), "customer_id": new_reference(), "personal": _PERSONAL}
    first = await house.post("/v1/members", body, key="enrol-1")
    assert first.status_code == 201
    told = Member.model_validate_json(first.content)
    assert told.cards == [body["card"]]
    assert told.customer_id == body["customer_id"]
    assert told.personal is not None
    assert (told.personal.given_name, told.personal.phone) == ("Ana", None)
    second = await house.post("/v1/members", body, key="enrol-1")
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    other = await house.post("/v1/members", {**body, "card": new_card()}, key="enrol-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_without_a_card_one_is_issued(house: House) -> None:
    told = (await house.post("/v1/members", {})).json()
    assert len(told["cards"]) == 1
    assert told["customer_id"] is None


async def test_what_is_wrong_with_an_enrolment_is_pointed_at_in_its_own_body(house: House) -> None:
    taken = new_card()
    house.members.enrolled(taken)
    for body, status, code, pointer in (
        ({"card": "6035550000000099"}, 400, "card_number_invalid", "/card"),
        ({"card": taken}, 409, "identifier_taken", "/card"),
        ({"personal": {"email": "nobody"}}, 400, "invalid_request", "/personal/email"),
    ):
        answer = await house.post("/v1/members", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_member_is_found_by_card_by_customer_number_and_by_id(house: House) -> None:
    body = {"card": new_card(), "customer_id": new_reference()}
    enrolled = (await house.post("/v1/members", body)).json()
    names = ({"card": body["card"]}, {"customer_id": body["customer_id"]}, {"id": enrolled["id"]})
    for name in names:
        answer = await house.client.post(
            "/v1/members/lookup", json=name, headers={"Authorization": f"Bearer {house.secret}"}
        )
        assert (answer.status_code, answer.json()) == (200, enrolled)
    read = await house.get(f"/v1/members/{enrolled['id']}")
    assert read.json() == enrolled


async def test_nobody_is_found_under_a_name_that_nobody_has(house: House) -> None:
    for name, status, code in (
        ({"card": new_card()}, 404, "member_unknown"),
        ({"card": "123"}, 400, "card_number_invalid"),
        ({"customer_id": "x"}, 404, "member_unknown"),
        ({"id": "mem_x"}, 404, "member_unknown"),
        ({}, 400, "invalid_request"),
    ):
        answer = await house.post("/v1/members/lookup", name)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_partner_sees_neither_personal_data_nor_customer_numbers(house: House) -> None:
    body = {"card": new_card(), "customer_id": new_reference(), "personal": _PERSONAL}
    await house.post("/v1/members", body)
    other = house.new_key()
    seen = (await house.post("/v1/members/lookup", {"card": body["card"]}, secret=other)).json()
    assert (seen["personal"], seen["customer_id"], seen["enrolled_by_you"]) == (None, None, False)
    answer = await house.post("/v1/members/lookup", {"customer_id": body["customer_id"]}, secret=other)
    assert answer.status_code == 404


async def test_closing_needs_a_key_and_changes_nothing_the_second_time(house: House) -> None:
    enrolled = (await house.post("/v1/members", {})).json()
    path = f"/v1/members/{enrolled['id']}/close"
    keyless = await house.client.post(path, headers={"Authorization": f"Bearer {house.secret}"})
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_missing")
    answers = [await house.post(path, None) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json() == {**enrolled, "status": "closed"}


async def test_a_balance_tells_what_can_be_spent_and_what_expires_next(house: House) -> None:
    enrolled = (await house.post("/v1/members", {})).json()
    path = f"/v1/members/{enrolled['id']}/balance"
    empty = Balance.model_validate_json((await house.get(path)).content)
    assert (empty.available, empty.next_expiry) == (0, None)
    await house.post("/v1/earns", earn(enrolled["cards"][0]))
    full = Balance.model_validate_json((await house.get(path)).content)
    assert full.member == enrolled["id"]
    assert full.available == 25
    assert full.next_expiry is not None
    assert (full.next_expiry.points, full.next_expiry.at) == (25, "2028-03-31T22:00:00Z")


async def test_a_member_that_does_not_exist_has_no_balance(house: House) -> None:
    for alias in (
        "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s",
        "mem_x",
        "nonsense",
        "%00",
        "txn_01kkq5x2m8e4ta7c9v1w3y5z70",
    ):
        for tail in ("", "/balance", "/transactions"):
            answer = await house.get(f"/v1/members/{alias}{tail}")
            assert (answer.status_code, answer.json()["code"]) == (404, "member_unknown")


async def test_a_member_s_transactions_are_listed_page_by_page_in_both_directions(house: House) -> None:
    enrolled = (await house.post("/v1/members", {})).json()
    card = enrolled["cards"][0]
    made = [(await house.post("/v1/earns", earn(card))).json()["id"] for _ in range(4)]
    made.append((await house.post("/v1/redemptions", redemption(card, 10))).json()["id"])
    newest_first = made[::-1]
    path = f"/v1/members/{enrolled['id']}/transactions"
    first = await house.get(path, limit=2)
    page = ListOf[Transaction].model_validate_json(first.content)
    assert [each.id for each in page.data] == newest_first[:2]
    assert (page.has_more, page.url) == (True, path)
    assert (page.data[0].type, page.data[0].points, page.data[1].points) == ("redemption", -10, 25)
    second = (await house.get(path, limit=2, starting_after=newest_first[1])).json()
    assert [each["id"] for each in second["data"]] == newest_first[2:4]
    last = (await house.get(path, limit=2, starting_after=newest_first[3])).json()
    assert ([each["id"] for each in last["data"]], last["has_more"]) == ([newest_first[4]], False)
    back = (await house.get(path, limit=2, ending_before=newest_first[3])).json()
    assert ([each["id"] for each in back["data"]], back["has_more"]) == (newest_first[1:3], True)
