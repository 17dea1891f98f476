"""Keys that follow others, from where keys are taken, and the version of the API that a partner gets."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
import time_machine
from coalition.partners.v1 import api_access_pb2 as pb
from coalition.partners.v1 import partners_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.api_versions import NEWEST
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Programme
from tests.component.partners.test_commands import command
from tests.support.partners import House

_DAY: int = 24 * 3_600


async def _issued(
    house: House, programme: Programme, *scopes: str
) -> tuple[UUID, partners_pb2.IssueApiKeyResponse]:
    partner_id = await house.partner(programme, "grocer")
    request = partners_pb2.IssueApiKeyRequest(partner_id=partner_id.bytes, label="tills", scopes=scopes)
    return partner_id, await house.ask(house.registry.IssueApiKey, request, programme)


async def _ask(house: House, method: str, request: Any, principal: bytes) -> Any:
    return await grpc_client.call(getattr(house.api_access, method), request, principal)


async def _roll(
    house: House, programme: Programme, key_id: bytes, seconds: int, label: str = ""
) -> pb.RollApiKeyResponse:
    request = pb.RollApiKeyRequest(key_id=key_id, label=label, overlap_seconds=seconds)
    return await _ask(house, "RollApiKey", request, house.as_host(programme))


async def _known(house: House, secret: str) -> partners_pb2.AuthenticateApiKeyResponse | None:
    asking = partners_pb2.AuthenticateApiKeyRequest(secret_sha256=sha256(secret.encode()).digest())
    try:
        return await grpc_client.call(house.registry.AuthenticateApiKey, asking, house.as_gateway())
    except CoalitionError as error:
        assert error.reason == Reason.REASON_UNAUTHENTICATED
        return None


async def _refusal(house: House, method: str, request: Any, principal: bytes) -> CoalitionError:
    with pytest.raises(CoalitionError) as caught:
        await _ask(house, method, request, principal)
    return caught.value


async def test_a_rolled_key_works_beside_the_new_one_until_its_time_is_over(house: House) -> None:
    programme = await house.programme()
    _, issued = await _issued(house, programme, "points:read", "members:app")
    old = issued.api_key
    allowed = pb.SetApiKeyAddressesRequest(key_id=old.key_id, addresses=["203.0.113.7"])
    await _ask(house, "SetApiKeyAddresses", allowed, house.as_host(programme))
    before_us = wall_now_us()
    rolled = await _roll(house, programme, old.key_id, _DAY)
    assert rolled.secret != issued.secret
    assert (rolled.api_key.label, list(rolled.api_key.scopes)) == ("tills", ["members:app", "points:read"])
    assert list(rolled.api_key.addresses) == ["203.0.113.7/32"]
    assert (rolled.api_key.ends_at_us, rolled.api_key.next_key_id) == (0, b"")
    ends_at_us = rolled.rolled.ends_at_us
    assert before_us <= ends_at_us - _DAY * MICROS_PER_SECOND <= wall_now_us()
    assert rolled.rolled.next_key_id == rolled.api_key.key_id
    for secret, key in ((issued.secret, rolled.rolled), (rolled.secret, rolled.api_key)):
        known = await _known(house, secret)
        assert known is not None
        assert known.api_key == key
    with time_machine.travel(ends_at_us / MICROS_PER_SECOND + 1):
        assert await _known(house, issued.secret) is None
        assert await _known(house, rolled.secret) is not None


async def test_a_key_rolled_without_overlap_is_dead_at_once_and_the_new_one_can_be_rolled_on(
    house: House,
) -> None:
    programme = await house.programme()
    partner_id, issued = await _issued(house, programme)
    first = await _roll(house, programme, issued.api_key.key_id, 0, "tills 2")
    assert await _known(house, issued.secret) is None
    second = await _roll(house, programme, first.api_key.key_id, 60)
    listing = partners_pb2.ListApiKeysRequest(partner_id=partner_id.bytes)
    listed = await house.ask(house.registry.ListApiKeys, listing, programme)
    assert [(key.label, key.next_key_id) for key in listed.api_keys] == [
        ("tills 2", b""),
        ("tills 2", second.api_key.key_id),
        ("tills", first.api_key.key_id),
    ]
    revoking = partners_pb2.RevokeApiKeyRequest(key_id=first.api_key.key_id)
    await house.ask(house.registry.RevokeApiKey, revoking, programme)
    assert await _known(house, first.secret) is None
    assert await _known(house, second.secret) is not None


async def test_what_cannot_be_rolled_is_told_why(house: House) -> None:
    programme = await house.programme()
    partner_id, issued = await _issued(house, programme)
    key_id, host = issued.api_key.key_id, house.as_host(programme)
    for seconds in (-1, 30 * _DAY + 1):
        error = await _refusal(
            house, "RollApiKey", pb.RollApiKeyRequest(key_id=key_id, overlap_seconds=seconds), host
        )
        assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, "overlap_seconds")
    again = pb.RollApiKeyRequest(key_id=key_id, overlap_seconds=30 * _DAY)
    made = await _ask(house, "RollApiKey", again, host)
    error = await _refusal(house, "RollApiKey", again, host)
    assert to_text("key", UUID(bytes=made.api_key.key_id)) in str(error)
    await house.ask(
        house.registry.RevokeApiKey,
        partners_pb2.RevokeApiKeyRequest(key_id=made.api_key.key_id),
        programme,
    )
    dead = pb.RollApiKeyRequest(key_id=made.api_key.key_id)
    assert "revoked" in str(await _refusal(house, "RollApiKey", dead, host))
    other = house.as_host(await house.programme())
    for request, principal in (
        (pb.RollApiKeyRequest(key_id=new_id().bytes), host),
        (pb.RollApiKeyRequest(key_id=key_id), other),
    ):
        error = await _refusal(house, "RollApiKey", request, principal)
        assert error.reason == Reason.REASON_NOT_FOUND
    # Keys are the operator's to give.
    error = await _refusal(
        house, "RollApiKey", pb.RollApiKeyRequest(key_id=key_id), house.as_partner(programme, partner_id)
    )
    assert error.reason == Reason.REASON_PERMISSION_DENIED


async def test_addresses_are_set_told_with_the_key_and_taken_away(house: House) -> None:
    programme = await house.programme()
    _, issued = await _issued(house, programme)
    key_id, host = issued.api_key.key_id, house.as_host(programme)
    for asked, kept in (
        (["203.0.113.0/24", "2001:DB8::/32", "203.0.113.0/24"], ["203.0.113.0/24", "2001:db8::/32"]),
        (["198.51.100.9"], ["198.51.100.9/32"]),
        ([], []),
    ):
        for _ in range(2):
            request = pb.SetApiKeyAddressesRequest(key_id=key_id, addresses=asked)
            answer = await _ask(house, "SetApiKeyAddresses", request, host)
            assert list(answer.api_key.addresses) == kept
        known = await _known(house, issued.secret)
        assert known is not None
        assert list(known.api_key.addresses) == kept
    error = await _refusal(
        house,
        "SetApiKeyAddresses",
        pb.SetApiKeyAddressesRequest(key_id=key_id, addresses=["10.0.0.1/8"]),
        host,
    )
    assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, "addresses")
    missing = pb.SetApiKeyAddressesRequest(key_id=new_id().bytes)
    assert (await _refusal(house, "SetApiKeyAddresses", missing, host)).reason == Reason.REASON_NOT_FOUND


async def test_rolling_and_addresses_are_in_the_audit_log_without_a_secret(house: House) -> None:
    programme = await house.programme()
    _, issued = await _issued(house, programme)
    host = house.as_host(programme)
    request = pb.SetApiKeyAddressesRequest(key_id=issued.api_key.key_id, addresses=["203.0.113.7"])
    for _ in range(2):
        await _ask(house, "SetApiKeyAddresses", request, host)
    rolled = await _roll(house, programme, issued.api_key.key_id, 0)
    rows = await house.fetch(
        "SELECT what, subject, before, after FROM audit_row WHERE ledger_id = $1 ORDER BY number",
        programme.ledger_id,
    )
    old, new = (to_text("key", UUID(bytes=key.key_id)) for key in (issued.api_key, rolled.api_key))
    told = [(row["what"], row["subject"]) for row in rows if row["what"].startswith("key.")]
    assert told == [
        ("key.issued", old),
        ("key.addresses_set", old),
        ("key.issued", new),
        ("key.rolled", old),
    ]
    assert json.loads(rows[-1]["after"])["next"] == new
    text = str([dict(row) for row in rows])
    assert issued.secret not in text
    assert rolled.secret not in text


async def test_a_partner_is_pinned_as_it_joins_and_by_the_operator(house: House) -> None:
    programme = await house.programme()
    partner_id, issued = await _issued(house, programme)
    known = await _known(house, issued.secret)
    assert known is not None
    assert known.api_version == NEWEST
    host, own = house.as_host(programme), house.as_partner(programme, partner_id)
    pin = pb.PinApiVersionRequest(partner_id=partner_id.bytes, api_version=NEWEST)
    assert (await _ask(house, "PinApiVersion", pin, host)).pin.number == 1
    listed = await _ask(house, "ListApiVersionPins", pb.ListApiVersionPinsRequest(), own)
    assert [(each.number, each.api_version) for each in listed.pins] == [(1, NEWEST)]
    assert listed.known[-1] == NEWEST
    unknown = pb.PinApiVersionRequest(partner_id=partner_id.bytes, api_version="1999-01-01")
    error = await _refusal(house, "PinApiVersion", unknown, host)
    assert (error.reason, error.metadata["known"]) == (Reason.REASON_API_VERSION_UNKNOWN, NEWEST)
    nobody = pb.PinApiVersionRequest(partner_id=new_id().bytes, api_version=NEWEST)
    assert (await _refusal(house, "PinApiVersion", nobody, host)).reason == Reason.REASON_PARTNER_UNKNOWN


async def test_a_partner_is_pinned_to_another_version(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # There is one version by now: another one as it will be.
    monkeypatch.setattr("services.partners.commands.pin_api_version.read_version", str)
    programme = await house.programme()
    partner_id, issued = await _issued(house, programme)
    pin = pb.PinApiVersionRequest(partner_id=partner_id.bytes, api_version="2031-04-01")
    made = await _ask(house, "PinApiVersion", pin, house.as_host(programme))
    assert made.pin.number == 2
    known = await _known(house, issued.secret)
    assert known is not None
    assert known.api_version == "2031-04-01"


async def test_an_operator_rolls_keys_sets_addresses_and_pins_versions(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    words = ("-p", programme.slug)
    issued = json.loads(
        await command(house, "partner", "key", "issue", "grocer", *words, "--label", "tills", "--json")
    )
    allow = ("--allow", "203.0.113.0/24", "--allow", "2001:db8::1")
    shown = json.loads(
        await command(house, "partner", "key", "addresses", issued["id"], *words, *allow, "--json")
    )
    assert shown["addresses"] == ["203.0.113.0/24", "2001:db8::1/128"]
    await command(house, "partner", "key", "addresses", issued["id"], *words, fails=True)
    told = await command(house, "partner", "key", "roll", issued["id"], *words)
    assert "secret: sk_test_" in told
    listed = json.loads(await command(house, "partner", "key", "list", "grocer", *words, "--json"))
    assert [(key["ends_at"] is None, key["next"]) for key in listed] == [
        (True, None),
        (False, listed[0]["id"]),
    ]
    assert "everywhere" in await command(
        house, "partner", "key", "addresses", listed[0]["id"], *words, "--everywhere"
    )
    await command(house, "partner", "version", "set", "grocer", NEWEST, *words)
    (pin,) = json.loads(await command(house, "partner", "version", "list", "grocer", *words, "--json"))
    assert (pin["number"], pin["version"]) == (1, NEWEST)
    why = await command(house, "partner", "version", "set", "grocer", "1999-01-01", *words, fails=True)
    assert NEWEST in why
