"""What shows that a burn is the member's will: looked at by the gateway, told to the ledger, kept out of sight."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from typing import Any

import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.gateway.http import app
from services.gateway.http.access_log import AccessLog
from services.gateway.schemas.authority import AppToken, OneTimeCode, Pin
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import (
    CARD_READ,
    earn,
    hold,
    new_card,
    purchase,
    redemption,
    resolve,
)  # fmt: skip

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIN, CODE = "73918264", "640283"


async def _member(house: House) -> tuple[str, str]:
    """A member with points: its card, and the partner's id of it."""
    card = new_card()
    house.members.enrolled(card)
    answer = await house.post("/v1/earns", earn(card, amount=50_000, lines=[], tenders=[]))
    return card, answer.json()["member"]


async def _token(house: House, member: str) -> str:
    answer = await house.post(f"/v1/members/{member}/app-tokens", None)
    assert answer.status_code == 201, answer.text
    return AppToken.model_validate_json(answer.content).token


def _told(house: House) -> pb.BurnAuthority:
    item = house.points.calls[-1].items[-1]
    return item.hold.authority if item.HasField("hold") else item.redemption.authority


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_what_was_shown_reaches_the_ledger_and_the_card_only_as_a_hash(house: House) -> None:
    card, member = await _member(house)
    instruments: set[bytes] = set()
    typed = await house.post("/v1/redemptions", redemption(card, 5, authorisation=None))
    assert _code(typed) == (403, "authorisation_required")
    assert (typed.json()["shown"], typed.json()["enough"]) == ("none", "card, pin, code, app_token")
    instruments.add(_told(house).instrument)
    for path, body in (
        ("/v1/redemptions", redemption(card, 5)),
        ("/v1/holds", hold(card, 5)),
        ("/v1/purchases", purchase(f"{card[:4]} {card[4:]}", redeem={"points": 5})),
    ):
        answer = await house.post(path, body)
        assert answer.status_code == 201, answer.text
        assert _told(house).kind == pb.AUTHORITY_KIND_CARD
        instruments.add(_told(house).instrument)
    (instrument,) = instruments
    assert len(instrument) == 16
    assert card.encode() not in house.points.calls[-1].SerializeToString()
    by_id = await house.post(
        "/v1/redemptions", redemption(card, 5, member={"id": member}, authorisation=None)
    )
    assert _code(by_id) == (403, "authorisation_required")
    assert _told(house).instrument == b""


async def test_a_hold_tells_its_till(house: House) -> None:
    card, _ = await _member(house)
    body = hold(card, 5, store="S1", receipt={"till": "7", "business_date": "2026-03-14", "number": "1003"})
    assert (await house.post("/v1/holds", body)).status_code == 201
    told = house.points.calls[-1].items[-1].hold.receipt
    assert (told.till, told.business_date, told.number) == ("7", "2026-03-14", "1003")
    assert told.store_id == house.partners.stores[house.partner_id.bytes][0].store_id
    unknown = await house.post("/v1/holds", hold(card, 5, store="S999"))
    assert _code(unknown) == (404, "store_unknown")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"authorisation": {"method": "typed"}}, "/authorisation/method"),
        ({"authorisation": {}}, "/authorisation/method"),
        ({"authorisation": {"method": "pin"}}, "/authorisation/pin"),
        ({"authorisation": {"method": "pin", "pin": "123"}}, "/authorisation/pin"),
        ({"authorisation": {"method": "pin", "pin": 73918264}}, "/authorisation/pin"),
        ({"authorisation": {"method": "card", "pin": PIN}}, "/authorisation/pin"),
        ({"authorisation": {"method": "code"}}, "/authorisation/code"),
        ({"authorisation": {"method": "code", "code": PIN}}, "/authorisation/code"),
        ({"authorisation": {"method": "pin", "pin": PIN, "code": "048291"}}, "/authorisation/code"),
        ({"authorisation": {"method": "code", "code": "048291", "pin": PIN}}, "/authorisation/pin"),
        ({"member": {"customer_id": "C-1"}}, "/authorisation"),
        ({"member": {"app_token": "apt_x"}}, "/authorisation"),
        ({"member": {"app_token": "apt_x", "card": "1"}}, "/member"),
        ({"member": {"app_token": "x" * 151}}, "/member/app_token"),
    ],
)
async def test_what_does_not_go_together_is_refused_by_field_without_telling_it(
    house: House, changes: dict[str, Any], pointer: str
) -> None:
    card = new_card()
    for path, body in (
        ("/v1/redemptions", redemption(card, 5)),
        ("/v1/holds", hold(card, 5)),
        ("/v1/purchases", purchase(card, redeem={"points": 5})),
    ):
        answer = await house.post(path, body | changes)
        assert _code(answer) == (400, "invalid_request")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], path
        assert PIN not in answer.text
        assert "apt_x" not in answer.text


async def test_a_purchase_says_what_was_shown_for_points_that_it_spends_at_once(house: House) -> None:
    card, _ = await _member(house)
    for changes in (
        {"authorisation": CARD_READ},
        {"authorisation": CARD_READ, "hold": {"id": "hld_x"}},
        {"authorisation": CARD_READ, "redeem": {"points": 5}, "entry_mode": "typed"},
    ):
        answer = await house.post("/v1/purchases", purchase(card) | changes)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/authorisation"]
    read = purchase(card, redeem={"points": 5}, entry_mode="scanned")
    assert (await house.post("/v1/purchases", read)).status_code == 201


async def test_a_token_names_its_member_and_is_used_once_under_its_key(house: House) -> None:
    card, member = await _member(house)
    token = await _token(house, member)
    body = redemption(card, 5, member={"app_token": token}, authorisation=None)
    first = await house.post("/v1/redemptions", body, key="app-1")
    again = await house.post("/v1/redemptions", body, key="app-1")
    assert (first.status_code, first.json()["member"]) == (201, member)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    assert (_told(house).kind, _told(house).instrument) == (pb.AUTHORITY_KIND_APP_TOKEN, b"")
    other = await house.post("/v1/redemptions", body, key="app-2")
    assert _code(other) == (403, "authorisation_invalid")
    assert (other.json()["method"], other.json()["receipt_text"]) == (
        "app_token", "Not accepted; please try again",
    )  # fmt: skip
    assert token not in other.text


async def test_a_sale_that_earns_and_burns_uses_a_token_once(house: House) -> None:
    card, member = await _member(house)
    shown = {"app_token": await _token(house, member)}
    house.authority.checks.clear()
    body = purchase(card, member=shown, redeem={"points": 500}, authorisation=None)
    answer = await house.post("/v1/purchases", body, key="app-sale")
    assert answer.status_code == 201, answer.text
    assert house.authority.checks == [("app_token", "k:app-sale")]
    assert [item.redemption.authority.kind for item in house.points.calls[-1].items] == [
        pb.AUTHORITY_KIND_UNSPECIFIED, pb.AUTHORITY_KIND_APP_TOKEN,
    ]  # fmt: skip


async def test_earns_and_sales_by_hold_take_a_token_too_and_use_it_up(house: House) -> None:
    card, member = await _member(house)
    only = house.new_key(["points:earn"], house.partner_id)
    shown = {"app_token": await _token(house, member)}
    earned = await house.post("/v1/earns", earn(card, member=shown), secret=only)
    assert (earned.status_code, earned.json()["member"]) == (201, member)
    assert _code(await house.post("/v1/earns", earn(card, member=shown))) == (403, "authorisation_invalid")
    token = {"app_token": await _token(house, member)}
    held = (await house.post("/v1/holds", hold(card, 500, member=token, authorisation=None))).json()
    sale = purchase(card, member={"id": held["member"]}, hold={"id": held["hold"]})
    assert (await house.post("/v1/purchases", sale)).status_code == 201


async def test_a_store_that_there_is_not_uses_nothing_up(house: House) -> None:
    card, member = await _member(house)
    shown = {"app_token": await _token(house, member)}
    for path, body in (
        ("/v1/redemptions", redemption(card, 5, member=shown, authorisation=None)),
        ("/v1/earns", earn(card, member=shown)),
        ("/v1/purchases", purchase(card, member=shown)),
    ):
        assert _code(await house.post(path, {**body, "store": "S999"})) == (404, "store_unknown")
    body = redemption(card, 5, member=shown, authorisation=None)
    assert (await house.post("/v1/redemptions", body)).status_code == 201


async def test_a_pin_is_set_typed_and_locked(house: House) -> None:
    card, member = await _member(house)
    path, headers = f"/v1/members/{member}/pin", {"Authorization": f"Bearer {house.secret}"}
    assert (await house.client.put(path, json={"pin": "12"}, headers=headers)).status_code == 400
    answer = await house.client.put(path, json={"pin": PIN}, headers=headers)
    assert Pin.model_validate_json(answer.content).member == member
    typed = {"method": "pin", "pin": PIN}
    right = await house.post("/v1/redemptions", redemption(card, 5, authorisation=typed), key="pin-1")
    assert right.status_code == 201, right.text
    assert house.authority.checks[-1] == ("pin", "k:pin-1")
    assert (_told(house).kind, len(_told(house).instrument)) == (pb.AUTHORITY_KIND_PIN, 16)
    by_id = redemption(card, 5, member={"id": member}, authorisation=typed)
    assert (await house.post("/v1/redemptions", by_id)).status_code == 201
    wrong = redemption(card, 5, authorisation={"method": "pin", "pin": "2580"})
    for left in (2, 1):
        refused = await house.post("/v1/redemptions", wrong)
        assert _code(refused) == (403, "authorisation_invalid")
        assert refused.json()["tries_left"] == left
    locked = await house.post("/v1/redemptions", wrong)
    assert _code(locked) == (429, "pin_locked")
    assert (locked.headers["retry-after"], locked.json()["until"]) == ("900", "2026-03-14T09:00:00Z")
    assert "2580" not in locked.text


async def test_a_code_is_asked_for_once_a_key_and_shows_the_members_will(house: House) -> None:
    card, member = await _member(house)
    path = f"/v1/members/{member}/one-time-codes"
    asked = await house.post(path, None, key="code-1")
    assert asked.status_code == 202, asked.text
    told = OneTimeCode.model_validate_json(asked.content)
    assert (told.member, told.digits, told.id[:4]) == (member, 6, "otc_")
    again = await house.post(path, None, key="code-1")
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (told.id, "true")
    limited = await house.post(path, None, key="code-2")
    assert _code(limited) == (429, "code_limited")
    assert (limited.headers["retry-after"], limited.json()["until"]) == ("600", "2026-03-14T09:00:00Z")
    nameless = new_card()
    house.authority.unreachable.add(house.members.enrolled(nameless))
    unreachable = (await house.post("/v1/earns", earn(nameless))).json()["member"]
    refused = await house.post(f"/v1/members/{unreachable}/one-time-codes", None)
    assert _code(refused) == (409, "no_contact")

    *_, code = house.authority.codes.values()
    read_out = {"method": "code", "code": code}
    for path, body in (
        ("/v1/redemptions", redemption(card, 5, authorisation=read_out)),
        ("/v1/holds", hold(card, 5, member={"id": member}, authorisation=read_out)),
        ("/v1/purchases", purchase(card, redeem={"points": 5}, authorisation=read_out)),
    ):
        answer = await house.post(path, body, key=f"sale{path}")
        assert answer.status_code == 201, answer.text
        assert house.authority.checks[-1] == ("code", f"k:sale{path}")
        assert _told(house).kind == pb.AUTHORITY_KIND_CODE
    wrong = {"method": "code", "code": f"{(int(code) + 1) % 10**6:06}"}
    refused = await house.post("/v1/redemptions", redemption(card, 5, authorisation=wrong))
    assert _code(refused) == (403, "authorisation_invalid")
    assert (refused.json()["method"], refused.json()["tries_left"]) == ("code", 2)


async def test_a_code_is_sent_for_members_that_there_are_by_partners_that_may_burn(house: House) -> None:
    _, member = await _member(house)
    headers = {
        "Authorization": f"Bearer {house.new_key(['members:app', 'points:earn'], house.partner_id)}",
        "Idempotency-Key": "code-3",
    }
    path, before = f"/v1/members/{member}/one-time-codes", dict(house.authority.codes)
    answer = await house.client.post(path, headers=headers)
    assert (answer.status_code, answer.json()["needed"]) == (403, "points:redeem")
    for nobody in ("mem_x", "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"):
        unknown = await house.post(f"/v1/members/{nobody}/one-time-codes", None)
        assert _code(unknown) == (404, "member_unknown")
    assert house.authority.codes == before


async def test_tokens_and_pins_are_made_for_members_that_there_are_with_the_scope_for_it(
    house: House,
) -> None:
    _, member = await _member(house)
    headers = {
        "Authorization": f"Bearer {house.new_key(['members:write', 'points:redeem'], house.partner_id)}"
    }
    for method, path in (("POST", "app-tokens"), ("PUT", "pin")):
        url = f"/v1/members/{member}/{path}"
        answer = await house.client.request(method, url, json={"pin": PIN}, headers=headers)
        assert (answer.status_code, answer.json()["needed"]) == (403, "members:app")
        for nobody in ("mem_x", "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"):
            asked = {"Authorization": f"Bearer {house.secret}"}
            url = f"/v1/members/{nobody}/{path}"
            unknown = await house.client.request(method, url, json={"pin": PIN}, headers=asked)
            assert _code(unknown) == (404, "member_unknown")


async def test_no_log_no_address_and_no_error_tells_a_pin_or_a_token(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(app, "AccessLog", partial(AccessLog, stream=written))
    async with open_house(access_log=True) as house:
        card, member = await _member(house)
        token = await _token(house, member)
        headers = {"Authorization": f"Bearer {house.secret}"}
        await house.client.put(f"/v1/members/{member}/pin", json={"pin": PIN}, headers=headers)
        bodies = (
            redemption(card, 5, authorisation={"method": "pin", "pin": PIN}),
            redemption(card, 5, authorisation={"method": PIN}),
            redemption(card, 5, authorisation={"method": "pin", "pin": PIN + "x"}),
            redemption(card, 5, authorisation={"method": "code", "code": CODE}),
            redemption(card, 5, authorisation={"method": "code", "code": CODE + "x"}),
            redemption(card, 10**6, member={"app_token": token}, authorisation=None),
            redemption(card, 5, member={"app_token": token}, authorisation=None),
            redemption(card, 5, member={"app_token": token, "card": token}, authorisation=None),
            {"app_token": token, "pin": PIN},
        )
        answers = [(await house.post("/v1/redemptions", body)).text for body in bodies]
        held = (await house.post("/v1/holds", hold(card, 5))).json()["hold"]
        await house.post(f"/v1/holds/{held}/capture", resolve())
        posted = [call.SerializeToString() for call in house.points.calls]
    told = written.getvalue() + "".join(capfd.readouterr()) + json.dumps(answers)
    assert "/v1/redemptions" in told
    for secret in (PIN, token):
        assert secret not in told
    # (Ids and fractions of seconds have six digits that mean nothing.)
    assert not re.search(rf"(?<![0-9a-z.]){CODE}(?![0-9a-z])", told)
    for secret in (PIN, token, f"\x06{CODE}"):
        assert all(secret.encode() not in call for call in posted)
