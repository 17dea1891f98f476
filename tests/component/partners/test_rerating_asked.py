"""How a re-rate is asked for: what is refused, and what is typed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from coalition.partners.v1 import contracts_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from tests.component.partners.test_commands import answer, command
from tests.component.partners.test_office_commands import people_of
from tests.component.partners.test_rerating import WEEK_US, close, mall
from tests.support.ledger import Earn
from tests.support.partners import STARTS_AT_US
from tests.support.partners_office import Office, refusal


async def test_a_re_rate_that_cannot_be_is_not_drafted(office: Office) -> None:
    house = office.house
    programme, grocer, fuel = await mall(office)
    await house.set_rates(programme, fuel, 11_000, 8_000, STARTS_AT_US, issue_share_percent=20)
    await house.set_rates(programme, grocer, 9_000, 8_000, STARTS_AT_US + WEEK_US, STARTS_AT_US + 2 * WEEK_US)
    await house.ledger.post(programme, Earn(fuel, 10))
    await house.rate_now(programme)
    maker = await office.person("pricing")
    cases: list[tuple[dict[str, Any], Reason.ValueType, str]] = [
        ({"partner_id": new_id().bytes, "version": 1}, Reason.REASON_PARTNER_UNKNOWN, "no such partner"),
        ({"partner_id": grocer.bytes, "version": 9}, Reason.REASON_INVALID_REQUEST, "no such version"),
        ({"partner_id": grocer.bytes, "version": 1}, Reason.REASON_INVALID_REQUEST, "no entry would differ"),
        ({"partner_id": grocer.bytes, "version": 2, "to_us": STARTS_AT_US}, Reason.REASON_INVALID_REQUEST, "not dated"),
        ({"partner_id": grocer.bytes, "version": 2, "from_us": -1}, Reason.REASON_INVALID_REQUEST, "between 1970"),
    ]  # fmt: skip
    for scope, reason, said in cases:
        request = contracts_pb2.ProposeRerateRequest(scope=contracts_pb2.RerateScope(**scope), why="x")
        error = await refusal(office.contracts.ProposeRerate, request, maker.on(programme))
        assert error.reason == reason
        assert said in str(error)
    for person in (await office.person("maker"), await office.person("checker")):
        fine = contracts_pb2.RerateScope(partner_id=grocer.bytes, version=2)
        request = contracts_pb2.ProposeRerateRequest(scope=fine, why="x")
        error = await refusal(office.contracts.ProposeRerate, request, person.on(programme))
        assert error.reason in (Reason.REASON_PERMISSION_DENIED, Reason.REASON_INVALID_REQUEST)
    me = house.as_partner(programme, grocer)
    fine = contracts_pb2.RerateScope(partner_id=grocer.bytes, version=2)
    error = await refusal(office.contracts.PreviewRerate, contracts_pb2.PreviewRerateRequest(scope=fine), me)
    assert error.reason == Reason.REASON_PERMISSION_DENIED


async def test_points_whose_uses_were_not_followed_cannot_be_made_due_at_redemption(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 10))
    await house.rate_now(programme)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=20)
    with pytest.raises(CoalitionError) as caught:
        await office.preview(programme, grocer, 2)
    assert (caught.value.reason, caught.value.metadata["field"]) == (
        Reason.REASON_INVALID_REQUEST,
        "scope.version",
    )
    assert "which of them were used is not kept" in str(caught.value)


async def test_it_is_previewed_proposed_approved_and_listed_from_the_command_line(office: Office) -> None:
    house = office.house
    programme, grocer, _ = await mall(office)
    people, of = await people_of(house, "pricing", "checker"), ("-p", programme.slug)
    by = {role: person["token"] for role, person in people.items()}
    await house.set_rates(programme, grocer, 12_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    scope = ("grocer", "--version", "2", *of)
    told = await command(house, "settle", "rerate", "preview", *scope)
    # 1,000 points issued and 50 reversed at 4,800 instead of 4,000 micros; 300 charged, 100 credited, 200 released.
    for part in ("0.0040", "0.0048", "By the window", "rated to seq 5", "the partner owes more"):
        assert part in told
    seen = await answer(house, "settle", "rerate", "preview", *scope)
    assert seen["effect"]["micros"] == 1_000 * 800 - 50 * 800 + 300 * 1_200 - 100 * 1_200 - 50_000 * 1
    assert [each["window"] for each in seen["windows"]] == [1]
    words = ("settle", "rerate", "propose", *scope, "--why", "as agreed")
    assert "PERSON_NEEDED" in await command(house, *words, fails=True)
    told = await command(house, *words, staff_token=by["pricing"])
    draft_id, hash_seen = (
        re.findall(r"drf_[0-9a-z]{26}", told)[0],
        re.findall("hash: ([0-9a-f]{64})", told)[0],
    )
    approving = ("approvals", "approve", draft_id, "--hash", hash_seen, *of)
    assert "approved" in await command(house, *approving, staff_token=by["checker"])
    (made,) = await answer(house, "settle", "rerate", "list", "grocer", *of)
    assert (made["number"], made["window"], made["draft"]) == (1, 2, draft_id)
    assert draft_id in await command(house, "settle", "rerate", "list", "grocer", *of)
    await close(house, programme, 2)
    statement = await command(house, "settle", "statement", *of, "--partner", "grocer", "--window", "2")
    assert "issued difference" in statement
    narrowed = ("grocer", "--version", "2", "--from", "2030-01-01", *of)
    assert (await answer(house, "settle", "rerate", "preview", *narrowed))["effect"]["entries"] == 0
