"""A partner's disputes over HTTP: its own, in its own words, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.apidocs.dispute_examples import DISPUTE_BODIES
from services.gateway.schemas.disputes import Dispute
from services.gateway.schemas.lists import ListOf
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
BODY: dict[str, Any] = DISPUTE_BODIES["withheld"]


async def opened(house: House, **changes: Any) -> Dispute:
    answer = await house.post("/v1/disputes", {**BODY, **changes})
    assert answer.status_code == 201, answer.text
    return Dispute.model_validate_json(answer.content)


async def test_a_line_is_disputed_and_read_back(house: House) -> None:
    made = await opened(house)
    assert (made.state, made.mode, made.ground, made.line) == ("opened", "withheld", "twice", 1)
    assert (made.statement, made.claimed_amount, made.withheld_amount) == (BODY["statement"], 2_500, 2_500)
    [event] = made.events
    assert (event.by, event.text, event.references) == ("you", BODY["text"], BODY["references"])
    read = await house.get(f"/v1/disputes/{made.id}")
    assert Dispute.model_validate_json(read.content) == made


async def test_evidence_is_added_and_what_cannot_follow_is_a_conflict(house: House) -> None:
    made = await opened(house)
    said = {"text": "the journal", "references": ["journal.csv"]}
    answer = await house.post(f"/v1/disputes/{made.id}/evidence", said)
    assert (answer.status_code, answer.json()["events"][-1]["references"]) == (200, ["journal.csv"])
    refused = await house.post(f"/v1/disputes/{made.id}/escalate", {"text": "look again"})
    assert (refused.status_code, refused.json()["code"]) == (409, "dispute_state")


async def test_disputes_are_listed_newest_first_by_pages(house: House) -> None:
    made = [(await opened(house, line=line)).id for line in (1, 2, 3)]
    first = ListOf[Dispute].model_validate_json((await house.get("/v1/disputes", limit=2)).content)
    assert ([each.id for each in first.data], first.has_more) == ([made[2], made[1]], True)
    rest = await house.get("/v1/disputes", limit=1, starting_after=made[1])
    assert [each["id"] for each in rest.json()["data"]] == [made[0]]
    odd = await house.get("/v1/disputes", starting_after="dsp_odd")
    assert (odd.status_code, odd.json()["code"]) == (400, "cursor_invalid")


async def test_nobody_reads_or_touches_another_partner_s(house: House) -> None:
    made, other = await opened(house), house.new_key()
    assert (await house.get(f"/v1/disputes/{made.id}", secret=other)).status_code == 404
    assert (await house.get("/v1/disputes", secret=other)).json()["data"] == []
    for path in ("evidence", "escalate"):
        answer = await house.post(f"/v1/disputes/{made.id}/{path}", {"text": "mine"}, secret=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for odd in ("x", "dsp_", to_text("dsp", new_id()), to_text("stm", new_id())):
        assert (await house.get(f"/v1/disputes/{odd}")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"line": 0}, "/line"),
        ({"claimed_amount": 0}, "/claimed_amount"),
        ({"claimed_amount": 2.5}, "/claimed_amount"),
        ({"ground": "dear"}, "/ground"),
        ({"mode": "later"}, "/mode"),
        ({"text": ""}, "/text"),
        ({"text": "x" * 4_001}, "/text"),
        ({"references": ["x"] * 21}, "/references"),
        ({"references": [""]}, "/references/0"),
        ({"extra": 1}, "/extra"),
    ],
)
async def test_a_body_that_is_not_right_is_refused_with_its_place(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    answer = await house.post("/v1/disputes", {**BODY, **changes})
    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
