"""Members: enrolment, look-up, closing, balance, history."""

from __future__ import annotations

import httpx2
import pytest

from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.members import Balance, Member, MemberMatch
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


async def test_a_member_is_found_in_each_way_and_seen_masked(house: House) -> None:
    email = f"{new_reference()}@example.org"
    body = {"card": new_card(), "customer_id": new_reference(), "personal": {**_PERSONAL, "email": email}}
    enrolled = (await house.post("/v1/members", body)).json()
    names = (
        {"card": body["card"], "store": "S1", "till": "7"},
        {"customer_id": body["customer_id"]},
        {"id": enrolled["id"]},
        {"email": email},
    )
    for name in names:
        answer = await house.client.post(
            "/v1/members/lookup", json=name, headers={"Authorization": f"Bearer {house.secret}"}
        )
        assert answer.status_code == 200, answer.text
        told = MemberMatch.model_validate_json(answer.content)
        assert told.model_dump() == {
            "object": "member_match",
            "id": enrolled["id"],
            "status": "active",
            "anonymous": False,
            "card_endings": [str(body["card"])[-4:]],
            "initials": "AP",
            "customer_id": body["customer_id"],
            "enrolled_by_you": True,
        }
    assert [(each.store, each.till) for each in house.members.askings[-4:-2]] == [("S1", "7"), ("", "")]
    read = await house.get(f"/v1/members/{enrolled['id']}")
    assert read.json() == enrolled


async def test_nobody_is_found_under_a_name_that_nobody_has(house: House) -> None:
    for name, status, code in (
        ({"card": new_card()}, 404, "member_unknown"),
        ({"card": "123"}, 400, "card_number_invalid"),
        ({"customer_id": "x"}, 404, "member_unknown"),
        ({"id": "mem_x"}, 404, "member_unknown"),
        ({}, 400, "invalid_request"),
        ({"card": new_card(), "email": "ana@example.org"}, 400, "invalid_request"),
        ({"phone": "+4930123456789"}, 404, "member_unknown"),
    ):
        answer = await house.post("/v1/members/lookup", name)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_partner_sees_neither_personal_data_nor_customer_numbers_nor_cards(
    house: House,
) -> None:
    body = {"card": new_card(), "customer_id": new_reference(), "personal": _PERSONAL}
    await house.post("/v1/members", body)
    other = house.new_key()
    seen = (await house.post("/v1/members/lookup", {"card": body["card"]}, secret=other)).json()
    assert (seen["initials"], seen["customer_id"], seen["enrolled_by_you"]) == (None, None, False)
    read = (await house.get(f"/v1/members/{seen['id']}", secret=other)).json()
    assert (read["personal"], read["customer_id"], read["enrolled_by_you"]) == (None, None, False)
    assert (read["cards"], read["card_endings"]) == ([], [str(body["card"])[-4:]])
    answer = await house.post("/v1/members/lookup", {"customer_id": body["customer_id"]}, secret=other)
    assert answer.status_code == 404


async def _change(
    house: House, method: str, path: str, body: object = None, **headers: str
) -> httpx2.Response:
    return await house.client.request(method, path, json=body, headers={**house.headers(), **headers})


async def test_two_members_with_one_phone_are_told_apart_by_their_cards(house: House) -> None:
    for _ in range(2):
        await house.post("/v1/members", {"personal": {"phone": "+49301234567"}})
    answer = await house.post("/v1/members/lookup", {"phone": "+49301234567"})
    assert (answer.status_code, answer.json()["code"]) == (409, "identifier_ambiguous")
    assert answer.json()["receipt_text"] == "Please show your card"


async def test_personal_data_is_changed_field_by_field(house: House) -> None:
    enrolled = (await house.post("/v1/members", {"personal": _PERSONAL})).json()
    path = f"/v1/members/{enrolled['id']}"
    answer = await _change(
        house, "PATCH", path, {"personal": {"email": None, "phone": "+49 30 1234567", "language": "de-AT"}}
    )
    assert answer.status_code == 200, answer.text
    told = Member.model_validate_json(answer.content).personal
    assert told is not None
    assert (told.given_name, told.email, told.birth_date) == ("Ana", None, "1988-04-12")
    assert told.language is not None
    for body, status, pointer in (
        ({"personal": {"email": "nobody"}}, 400, "/personal/email"),
        ({"personal": {"given_name": "   "}}, 400, "/personal/given_name"),
        ({"personal": {"given_name": ""}}, 400, "/personal/given_name"),
        ({"personal": {"nickname": "x"}}, 400, "/personal/nickname"),
        ({"status": "closed"}, 400, "/personal"),
    ):
        refused = await _change(house, "PATCH", path, body)
        assert refused.status_code == status
        assert refused.json()["errors"][0]["pointer"] == pointer
    other = {"Authorization": f"Bearer {house.new_key()}"}
    seen = (
        await house.post(
            "/v1/members/lookup", {"card": enrolled["cards"][0]}, secret=other["Authorization"][7:]
        )
    ).json()
    refused = await _change(
        house, "PATCH", f"/v1/members/{seen['id']}", {"personal": {"phone": None}}, **other
    )
    assert refused.status_code == 403
    keyless = await house.client.patch(
        path, json={"personal": {}}, headers={"Authorization": f"Bearer {house.secret}"}
    )
    assert keyless.json()["code"] == "idempotency_key_missing"


async def test_a_member_becomes_staff_and_stops_to_be(house: House) -> None:
    enrolled = (await house.post("/v1/members", {})).json()
    path = f"/v1/members/{enrolled['id']}/employment"
    for method, employed in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        answer = await _change(house, method, path)
        assert (answer.status_code, answer.json()["works_for_you"]) == (200, employed)
    unknown = await _change(house, "PUT", "/v1/members/mem_x/employment")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "member_unknown")


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


async def test_who_tries_cards_out_is_not_answered_whatever_he_asks_for(house: House) -> None:
    body = {"card": new_card()}
    await house.post("/v1/members", body)
    quote = {
        "member": body,
        "occurred_at": "2026-03-14T10:31:04Z",
        "sale": {"amount": 100, "currency": "EUR"},
    }
    secret = house.new_key()
    house.members.limited_seconds = 77
    try:
        answers = [
            await house.post("/v1/members/lookup", body, secret=secret),
            await house.post("/v1/earns", earn(body["card"], store=None), secret=secret),
            await house.post("/v1/redemptions", redemption(body["card"], 10, store=None), secret=secret),
            await house.post("/v1/purchases", earn(new_card(), store=None), secret=secret),
            await house.post("/v1/quotes", quote, secret=secret),
        ]
    finally:
        house.members.limited_seconds = 0
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (429, "lookup_limited"), answer.text
        assert answer.json()["retryable"] is True
        assert int(answer.headers["retry-after"]) == answer.json()["retry_after_seconds"] <= 77
