"""Points from the books of an earlier programme, with their own dates and issuers."""

from __future__ import annotations

from typing import Any

import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime import grpc_client
from services.runtime.ids import new_id
from tests.support.points import PointsHouse
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import reason, reasons
from tests.support.wallet_wire import opening

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000


async def test_they_keep_when_they_were_earned_when_they_expire_and_who_issued_them(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    earned_us, expires_us = STARTS_AT_US - 900 * DAY_US, STARTS_AT_US + 50 * DAY_US
    ours, theirs = await house.post(
        opening(member, 30, earned_at_us=earned_us, expires_at_us=expires_us),
        opening(member, 12, earned_at_us=STARTS_AT_US - DAY_US, issuer=till.partner_id),
    )
    assert (ours.transaction.kind, ours.transaction.occurred_at_us) == (
        movement_pb2.MOVEMENT_KIND_IMPORT,
        earned_us,
    )
    assert theirs.transaction.balance_after == 42
    first, second = await house.journal()
    assert [(lot.issuer_id, lot.earned_at_us, lot.expires_at_us) for lot in first.lots_opened] == [
        (bytes(16), earned_us, expires_us)
    ]
    assert second.lots_opened[0].issuer_id == till.partner_id.bytes
    # By the ledger's rule: two years, to the end of the month.
    assert second.lots_opened[0].expires_at_us > STARTS_AT_US + 729 * DAY_US
    assert [(entry.account_kind, entry.owner_id, entry.amount) for entry in second.entries] == [
        ("opening", till.partner_id.bytes, -12), ("wallet", member.bytes, 12),
    ]  # fmt: skip
    event = (await house.events())[-1]
    payload = told.PointsImported.FromString(event.payload)
    assert (event.type, payload.issuer_id, payload.points) == ("points.imported", till.partner_id.bytes, 12)
    # What expires first is used first.
    await till.redeem(member, 31)
    burned = (await house.journal())[-1]
    assert [(use.issuer_id, use.points) for use in burned.lot_uses] == [
        (bytes(16), 30),
        (till.partner_id.bytes, 1),
    ]
    await house.assert_sound()


async def test_512_go_in_one_call_and_a_second_run_of_the_same_posts_nothing(house: PointsHouse) -> None:
    members = [house.member() for _ in range(64)]
    items = [
        opening(members[place % 64], 1 + place, key=f"import:{place}", reference=f"line-{place}")
        for place in range(512)
    ]
    first = await house.post(*items, bulk=True)
    assert {each.outcome for each in first} == {movement_pb2.OUTCOME_ACCEPTED}
    again = await house.post(*items, bulk=True)
    assert all(each.replayed for each in again)
    assert [each.transaction for each in again] == [each.transaction for each in first]
    # The line counts, not the key that it came with.
    (other,) = await house.post(opening(members[0], 1, reference="line-0"))
    assert (other.replayed, other.transaction.seq) == (True, first[0].transaction.seq)
    (changed,) = await house.post(opening(members[0], 2, reference="line-0"))
    assert (reason(changed), changed.error.metadata["fields"]) == ("REFERENCE_REUSED", "points")
    assert (await house.head()).last_seq == 512
    await house.assert_sound()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"points": 0}, "INVALID_REQUEST", "points"),
        ({"reference": ""}, "INVALID_REQUEST", "reference"),
        ({"earned_at_us": 0}, "INVALID_REQUEST", "earned_at"),
        ({"earned_at_us": STARTS_AT_US + 9 * DAY_US}, "OCCURRED_IN_FUTURE", "occurred_at"),
        ({"expires_at_us": STARTS_AT_US}, "INVALID_REQUEST", "expires_at"),
        ({"earned_at_us": 2, "expires_at_us": STARTS_AT_US - 1}, "INVALID_REQUEST", "expires_at"),
        ({"earned_at_us": STARTS_AT_US - 1_000 * DAY_US}, "INVALID_REQUEST", "expires_at"),
        ({"expires_at_us": 2**62}, "INVALID_REQUEST", "expires_at"),
    ],
)
async def test_a_line_that_cannot_be_taken_says_why_and_can_be_mended_under_the_same_key(
    house: PointsHouse, changes: dict[str, Any], code: str, field: str
) -> None:
    member, points = house.member(), changes.pop("points", 5)
    (answer,) = await house.post(opening(member, points, key="line", **changes))
    assert (reason(answer), answer.error.metadata["field"]) == (code, field)
    assert answer.outcome == movement_pb2.OUTCOME_TURNED_AWAY
    (mended,) = await house.post(opening(member, 5, key="line"))
    assert mended.outcome == movement_pb2.OUTCOME_ACCEPTED


async def test_members_and_issuers_must_be_there(house: PointsHouse) -> None:
    stranger = new_id()
    house.neighbours.unknown_partners.add(stranger.bytes)
    answers = await house.post(opening(new_id(), 5), opening(house.member(), 5, issuer=stranger))
    assert reasons(answers) == ["MEMBER_UNKNOWN", "PARTNER_UNKNOWN"]


async def test_only_an_admin_takes_points_over(house: PointsHouse) -> None:
    request = points_pb2.PostRequest(items=[opening(house.member(), 5)])
    for token in (house.staff_with("maker", "checker", "pricing"), (await house.till()).principal):
        answer = await grpc_client.call(house.stub.Post, request, token)
        assert reasons(answer.results) == ["PERMISSION_DENIED"]
