"""When a member's points expire, as a till is told."""

from __future__ import annotations

import pytest
from coalition.points.v1 import points_pb2

from services.gateway.domain.caller import MEMBERS_READ
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.members import Expiration
from services.runtime.ids import new_id
from tests.support.gateway import House
from tests.support.gateway_bodies import new_card
from tests.support.gateway_points_reads import EXPIRES_AT_US

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Microseconds go all the way into a cursor and back.
_STEP_US = 86_400_000_001


async def _member(house: House, count: int) -> str:
    """The list of a member with so many expirations, a day apart."""
    card = new_card()
    house.members.enrolled(card)
    found = (await house.post("/v1/members/lookup", {"card": card})).json()
    member_id = house.gateway.aliases.member_id(house.partner_id, found["id"])
    house.points.expirations[member_id.bytes] = [
        points_pb2.Expiration(points=10 + number, expires_at_us=EXPIRES_AT_US + number * _STEP_US)
        for number in range(count)
    ]
    return f"/v1/members/{found['id']}/expirations"


async def test_points_are_told_by_their_end_soonest_first(house: House) -> None:
    path = await _member(house, 3)
    answer = await house.get(path)
    assert answer.status_code == 200, answer.text
    told = ListOf[Expiration].model_validate_json(answer.content)
    assert (told.url, told.has_more) == (path, False)
    assert answer.json()["data"] == [
        {"object": "expiration", "points": 10, "expires_at": "2028-03-31T22:00:00Z"},
        {"object": "expiration", "points": 11, "expires_at": "2028-04-01T22:00:00.000001Z"},
        {"object": "expiration", "points": 12, "expires_at": "2028-04-02T22:00:00.000002Z"},
    ]
    assert (await house.get(await _member(house, 0))).json()["data"] == []


async def test_pages_follow_upon_each_other_to_both_sides(house: House) -> None:
    path = await _member(house, 7)
    whole = (await house.get(path)).json()["data"]
    seen: list[object] = []
    cursor, more = {}, True
    while more:
        page = (await house.get(path, limit=3, **cursor)).json()
        seen += page["data"]
        cursor, more = {"starting_after": page["data"][-1]["expires_at"]}, page["has_more"]
    assert seen == whole
    back = (await house.get(path, limit=3, ending_before=whole[5]["expires_at"])).json()
    assert (back["data"], back["has_more"]) == (whole[2:5], True)
    first = (await house.get(path, limit=3, ending_before=whole[2]["expires_at"])).json()
    assert (first["data"], first["has_more"]) == (whole[:2], False)


@pytest.mark.parametrize(
    "cursor", ["x", "2028-03-31", "2028-13-31T22:00:00Z", "txn_01kkq5x2m8e4ta7c9v1w3y5z70"]
)
async def test_what_is_no_end_of_points_is_no_cursor(house: House, cursor: str) -> None:
    path = await _member(house, 2)
    for name in ("starting_after", "ending_before"):
        answer = await house.get(path, **{name: cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
        assert answer.json()["errors"][0]["parameter"] == name


async def test_a_member_that_is_none_has_no_expirations(house: House) -> None:
    alias = house.gateway.aliases.alias(house.partner_id, new_id())
    for named in (alias, "mem_nobody"):
        answer = await house.get(f"/v1/members/{named}/expirations")
        assert (answer.status_code, answer.json()["code"]) == (404, "member_unknown")


async def test_it_needs_the_scope_to_read_points(house: House) -> None:
    path = await _member(house, 1)
    secret = house.new_key([MEMBERS_READ], house.partner_id)
    answer = await house.get(path, secret=secret)
    assert (answer.status_code, answer.json()["needed"]) == (403, "points:read")
