"""Bounds on what is sent: one more than each is refused, as told, and the next request is served."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest

from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card

pytestmark = pytest.mark.asyncio(loop_scope="module")
_BODY_MAX: Final = 256 * 1024
#: Nesting of other things than the limit of the parser would take the stack of a slower one.
_HOSTILE: Final[dict[str, bytes]] = {
    "lists within lists": b'{"member":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects within objects": b'{"member":' * 20_000 + b"1" + b"}" * 20_000,
    "a number of 100,000 digits": b'{"amount":1' + b"0" * 100_000 + b"}",
    "a fraction of 100,000 digits": b'{"amount":1.' + b"0" * 100_000 + b"1}",
    "an exponent": b'{"amount":1e100000}',
    "bytes that are no UTF-8": b'{"reference":"\xc3\x28"}',
    "an overlong NUL": b'{"reference":"\xc0\x80"}',
    "half a surrogate pair": b'{"reference":"\\ud83d"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NUL in the JSON": b'{"reference":"\x00"}',
    "two documents": b"{}{}",
    "100,000 fields": b"{" + b",".join(b'"%d":1' % number for number in range(15_000)) + b"}",
}


def _raw(body: dict[str, Any], *more: bytes) -> bytes:
    """The JSON of a body with more members at its end."""
    return b",".join([json.dumps(body).encode()[:-1], *more]) + b"}"


async def _post(house: House, content: Any, path: str = "/v1/earns") -> Any:
    headers = {**house.headers(), "Content-Type": "application/json"}
    return await house.client.post(path, content=content, headers=headers)


@pytest.mark.parametrize("name", _HOSTILE)
async def test_a_body_that_is_no_request_is_refused_and_harms_nobody(house: House, name: str) -> None:
    for path in ("/v1/earns", "/v1/quotes", "/v1/members"):
        answer = await _post(house, _HOSTILE[name], path)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), (path, answer.text)
        assert len(answer.content) < 10_000
    assert (await house.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("field", ["store", "channel", "reference"])
async def test_no_text_takes_a_nul_or_what_is_no_character(house: House, field: str) -> None:
    card = new_card()
    house.members.enrolled(card)
    for text in (b"a\\u0000b", b"\\udfff", b"\x7f"):
        answer = await _post(house, _raw(earn(card), b'"%s":"%s"' % (field.encode(), text)))
        assert (answer.status_code, answer.json()["errors"][0].get("pointer")) in (
            (400, f"/{field}"),
            (400, ""),
        )


async def test_of_a_member_that_is_given_twice_the_last_counts(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = earn(card, amount=0, lines=[], tenders=[])
    answer = await _post(house, _raw(body, b'"amount":2599'))
    assert (answer.status_code, answer.json()["points"]) == (201, 25)


async def test_a_body_of_the_most_bytes_is_read_and_one_more_is_not(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = json.dumps(earn(card)).encode()
    assert (await _post(house, body.ljust(_BODY_MAX))).status_code == 201
    assert (await _post(house, body.ljust(_BODY_MAX + 1))).status_code == 413


async def test_a_body_in_many_small_pieces_is_one_body(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    whole = json.dumps(earn(card)).encode()

    async def pieces() -> Any:
        for place in range(len(whole)):
            yield whole[place : place + 1]

    assert (await _post(house, pieces())).status_code == 201


async def test_a_body_that_trickles_is_given_up() -> None:
    async with open_house(request_seconds_max=0.4) as house:
        head = (
            "POST /v1/earns HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
            f"Idempotency-Key: k\r\nAuthorization: Bearer {house.secret}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(head.encode())

        async def trickle() -> None:
            while True:
                writer.write(b"1\r\n \r\n")
                await writer.drain()
                await asyncio.sleep(0.02)

        sending = asyncio.create_task(trickle())
        answer = await asyncio.wait_for(reader.read(65_536), 10)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
