"""Who gets in, and what is turned away at the edge without a 5xx."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.gateway.domain.caller import SCOPES
from services.gateway.schemas.platform import Me, Ping, Problem, Readiness
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card

pytestmark = pytest.mark.asyncio(loop_scope="module")

_READS = {
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s": "members:read",
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s/balance": "points:read",
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s/transactions": "points:read",
    "/v1/transactions": "points:read",
    "/v1/transactions/txn_01kkq5x2m8e4ta7c9v1w3y5z70": "points:read",
    "/v1/batches": "points:read",
    "/v1/batches/bat_01kkq5x2m8e4ta7c9v1w3y5z70": "points:read",
    "/v1/statements": "statements:read",
    "/v1/statements/stm_01kkq5x2m8e4ta7c9v1w3y5z70": "statements:read",
    "/v1/statements/stm_01kkq5x2m8e4ta7c9v1w3y5z70/file": "statements:read",
    "/v1/disputes": "statements:read",
    "/v1/disputes/dsp_01km1c5v9ye7rb3d5f7h9k1m3p": "statements:read",
    "/v1/rates": "statements:read",
    "/v1/payment-terms": "statements:read",
}
_WRITES = {
    "/v1/members": "members:write",
    "/v1/members/lookup": "members:read",
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s/close": "members:write",
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s/app-tokens": "members:app",
    "/v1/members/mem_5h8w0k3v9q2e7r1t4y6m8n0p2s/one-time-codes": "points:redeem",
    "/v1/earns": "points:earn",
    "/v1/redemptions": "points:redeem",
    "/v1/statements/stm_01kkq5x2m8e4ta7c9v1w3y5z70/accept": "statements:accept",
    "/v1/disputes": "statements:accept",
    "/v1/disputes/dsp_01km1c5v9ye7rb3d5f7h9k1m3p/evidence": "statements:accept",
    "/v1/disputes/dsp_01km1c5v9ye7rb3d5f7h9k1m3p/escalate": "statements:accept",
}


async def _raw(house: House, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the server answers to bytes on a connection, until it closes it or is silent for long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(65_536), 10)
    finally:
        writer.close()


async def test_ping_needs_no_key_and_me_tells_whose_it_is(house: House) -> None:
    ping = await house.client.get("/v1/ping")
    assert ping.status_code == 200
    Ping.model_validate_json(ping.content)
    me = Me.model_validate_json((await house.get("/v1/me")).content)
    assert me.scopes == list(SCOPES)
    assert (me.programme.currency, me.programme.mode) == ("EUR", "test")
    assert me.hint == house.secret[:12]


async def test_without_a_good_key_nothing_is_served(house: House) -> None:
    for path in [*_READS, "/v1/me", "/v1/stores"]:
        answer = await house.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in [*_WRITES, "/v1/batches"]:
        answer = await house.post(path, {}, secret="sk_test_" + "0" * 40)
        assert answer.status_code == 401


async def test_every_route_needs_its_scope(house: House) -> None:
    for path, scope in {**_READS, **_WRITES}.items():
        secret = house.new_key([each for each in SCOPES if each != scope])
        answer = await (
            house.post(path, {}, secret=secret) if path in _WRITES else house.get(path, secret=secret)
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert answer.json()["needed"] == scope


async def test_a_key_that_may_only_earn_can_earn_by_card(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/earns", earn(card, store=None), secret=house.new_key(["points:earn"]))
    assert answer.status_code == 201


async def test_every_write_needs_an_idempotency_key(house: House) -> None:
    for path in ("/v1/members", "/v1/earns", "/v1/redemptions", "/v1/batches"):
        answer = await house.client.post(path, json={}, headers={"Authorization": f"Bearer {house.secret}"})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_every_answer_has_a_request_id_and_keeps_a_sane_one(house: House) -> None:
    for path in ("/v1/ping", "/v1/nowhere", "/v1/me", "/healthz"):
        answer = await house.client.get(path)
        assert re.fullmatch("req_[0-9a-z]{26}", answer.headers["request-id"])
    answer = await house.client.get("/v1/nowhere", headers={"Request-Id": "till-7"})
    assert answer.headers["request-id"] == answer.json()["request_id"] == "till-7"


async def test_what_is_not_served_is_a_problem_document(house: House) -> None:
    nowhere = await house.client.get("/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    for method, path in (
        ("PUT", "/v1/earns"),
        ("GET", "/v1/earns"),
        ("DELETE", "/v1/me"),
        ("POST", "/v1/ping"),
    ):
        answer = await house.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "unsupported")
        assert answer.headers["allow"]
    slash = await house.get("/v1/transactions/")
    assert slash.status_code == 404


async def test_problems_say_all_that_they_should_and_their_type_leads_to_a_page(house: House) -> None:
    answer = await house.post("/v1/earns", {})
    assert answer.headers["content-type"] == "application/problem+json"
    told = Problem.model_validate_json(answer.content)
    assert (told.status, told.code, told.instance, told.retryable) == (
        400,
        "invalid_request",
        "/v1/earns",
        False,
    )
    assert told.errors
    page = await house.client.get(told.type)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"5", b'"x"', b"\xff\xfe\x00", b"[" * 200_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"amount":' + b"9" * 100_000 + b"}", b'{"amount":NaN}', b'{"amount":1e999}', b'{"reference":"\\ud800"}',
        b'{"reference":"\\u0000"}', "{'reference':1}".encode("utf-16"), b'{"member":{"card":' + b'"1' * 999 + b"}}",
        json.dumps({"member": {"card": "1" * 100_000}}).encode(), json.dumps({"x" * 10_000: 1}).encode(),
    ],
)  # fmt: skip
async def test_no_body_makes_a_5xx(house: House, body: bytes) -> None:
    headers = {**house.headers(), "Content-Type": "application/json"}
    for path in ("/v1/earns", "/v1/redemptions", "/v1/members", "/v1/members/lookup"):
        answer = await house.client.post(path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) in (
            (400, "invalid_request"),
            (400, "card_number_invalid"),
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"member": {"card": "\0"}}, {"member": {"card": "６０３５"}}, {"member": {"customer_id": "💳"}},
        {"member": {"card": "6035-" * 12}}, {"store": "S" * 64}, {"store": "💳"}, {"reference": "'; DROP TABLE--"},
        {"reference": "a'b\"c\\d%s{}"}, {"amount": 10**12, "lines": [], "tenders": []}, {"channel": "fax"},
        {"occurred_at": "0001-01-01T00:00:00+23:59"}, {"occurred_at": "9999-12-31T23:59:59-23:59"},
        {"lines": [{"sku": "\u200b", "amount": 2599}]}, {"lines": [{"sku": "x", "quantity": "NaN", "amount": 2599}]},
        {"receipt": {"business_date": "2026-02-30"}}, {"tenders": [{"kind": "shells", "amount": 1}]},
    ],
)  # fmt: skip
async def test_no_value_makes_a_5xx(house: House, changes: dict[str, Any]) -> None:
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/earns", earn(card, **changes))
    assert answer.status_code in (201, 400, 404, 409)


async def test_only_json_is_read(house: House) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        answer = await house.client.post(
            "/v1/earns", content=b"{}", headers={**house.headers(), "Content-Type": kind}
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported")
    packed = await house.client.post(
        "/v1/earns", content=b"{}",
        headers={**house.headers(), "Content-Type": "application/json", "Content-Encoding": "gzip"},
    )  # fmt: skip
    assert packed.status_code == 415
    fine = await house.client.post(
        "/v1/earns",
        content=b"{}",
        headers={**house.headers(), "Content-Type": "application/json; charset=utf-8"},
    )
    assert fine.status_code == 400


async def test_a_body_over_the_limit_is_not_read_to_its_end(house: House) -> None:
    headers = {**house.headers(), "Content-Type": "application/json"}
    answer = await house.client.post("/v1/earns", content=b" " * (256 * 1024 + 1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.json()["limit_bytes"] == 256 * 1024

    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(40):
            yield b" " * 10_000

    chunked = await house.client.post("/v1/earns", content=pieces(), headers=headers)
    assert (chunked.status_code, chunked.json()["code"]) == (413, "body_too_large")


async def test_a_head_over_the_limit_is_refused_and_the_connection_closed(house: House) -> None:
    whole = b"GET /v1/ping HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 40_000 + b"\r\n\r\n"
    assert (await _raw(house, whole)).startswith(b"HTTP/1.1 431 ")
    endless = [b"GET /v1/ping HTTP/1.1\r\nX-Large: ", *[b"a" * 8_000] * 6]
    answer = await _raw(house, *endless, pause=0.01)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"invalid_request"' in answer


async def test_what_is_no_http_gets_a_problem_document(house: House) -> None:
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"HELLO\r\n\r\n", b"GET \x00 HTTP/1.1\r\n\r\n"):
        answer = await _raw(house, noise)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in answer


async def test_odd_paths_and_queries_are_not_found_or_refused(house: House) -> None:
    for path in (
        "/v1/%00",
        "/v1/%ff",
        "/v1/members/%2e%2e%2fetc",
        "/v1/transactions?limit=%00",
        "/errors/%00",
    ):
        answer = await house.get(path)
        assert answer.status_code in (400, 404)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_does_not_come_ends_as_408() -> None:
    async with open_house(request_seconds_max=0.3) as house:
        head = (
            "POST /v1/earns HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n"
            f"Idempotency-Key: k\r\nAuthorization: Bearer {house.secret}\r\n\r\n"
        )
        answer = await _raw(house, head.encode(), b"{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"invalid_request"' in answer


async def test_a_head_that_does_not_come_ends_as_408() -> None:
    async with open_house(header_seconds_max=0.2) as house:
        assert (await _raw(house)).startswith(b"HTTP/1.1 408 ")
        assert (await _raw(house, b"GET /v1/pi", b"ng HT", pause=0.2)).startswith(b"HTTP/1.1 408 ")
        slow = await house.client.get("/v1/ping")
        assert slow.status_code == 200


async def test_a_ledger_that_never_answers_ends_as_504_or_503_that_may_be_retried() -> None:
    async with open_house(request_seconds_max=0.5, posting_attempt_seconds=0.2) as house:
        card = new_card()
        house.members.enrolled(card)
        house.faults.post_delay_seconds = 5
        answer = await house.post("/v1/earns", earn(card))
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (
            504, "deadline_exceeded", True,
        )  # fmt: skip


async def test_members_that_cannot_be_reached_are_told_as_503(house: House) -> None:
    house.faults.members_down = True
    answer = await house.post("/v1/earns", earn(new_card()))
    house.faults.members_down = False
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (
        503,
        "unavailable",
        True,
    )


async def test_a_key_outlives_a_restart_of_partners() -> None:
    async with open_house(key_seconds=0.05) as house:
        assert (await house.get("/v1/me")).status_code == 200
        house.faults.partners_down = True
        await asyncio.sleep(0.1)
        assert (await house.get("/v1/me")).status_code == 200
        unknown = await house.get("/v1/me", secret="sk_test_" + "9" * 40)
        assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")


async def test_a_revoked_key_stops_within_its_seconds() -> None:
    async with open_house(key_seconds=0.05) as house:
        assert (await house.get("/v1/me")).status_code == 200
        house.partners.keys.clear()
        await asyncio.sleep(0.1)
        assert (await house.get("/v1/me")).status_code == 401


async def test_more_requests_at_once_than_the_limit_are_told_to_come_back() -> None:
    async with open_house(requests_at_once_max=1) as house:
        card = new_card()
        house.members.enrolled(card)
        house.faults.post_delay_seconds = 0.3
        answers = await asyncio.gather(*(house.post("/v1/earns", earn(card)) for _ in range(5)))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert len(refused) == 4
        assert {(each.json()["code"], each.headers["retry-after"]) for each in refused} == {
            ("overloaded", "1")
        }


async def test_readiness_names_who_is_missing(house: House) -> None:
    ready = await house.client.get("/readyz")
    assert ready.status_code == 200
    assert Readiness.model_validate_json(ready.content).checks == {
        "members": True,
        "points": True,
        "partners": True,
    }
    assert (await house.client.get("/healthz")).json() == {"object": "health", "status": "alive"}


async def test_documentation_is_served_without_a_key_and_from_this_host_alone(house: House) -> None:
    for path in ("/", "/docs", "/errors", "/errors/insufficient_points"):
        page = await house.client.get(path)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "max-age" in page.headers["cache-control"]
    script = await house.client.get("/docs/redoc.js")
    assert script.headers["content-encoding"] == "gzip"
    assert "Redoc" in script.text
    plain = await house.client.get("/docs/redoc.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == script.content
    assert (await house.client.get("/errors/nonsense")).status_code == 404


async def test_answers_are_for_the_caller_alone(house: House) -> None:
    assert (await house.get("/v1/me")).headers["cache-control"] == "no-store"


async def test_a_body_without_end_is_cut_off(house: House) -> None:
    head = (
        "POST /v1/earns HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n"
        f"Idempotency-Key: k\r\nAuthorization: Bearer {house.secret}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(head.encode())
    sent_megabytes = 0
    while sent_megabytes < 200:
        sent_megabytes += 1
        try:
            writer.write(b" " * 1_048_576)
            await writer.drain()
        except ConnectionError:
            break
    assert sent_megabytes < 64
    writer.close()
