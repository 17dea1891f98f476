"""Programmes, partners, stores, keys, staff and prices through gRPC."""

from __future__ import annotations

import asyncio
import re
import secrets
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import partners_pb2 as told
from coalition.partners.v1 import partners_pb2 as pb
from coalition.type.v1 import expiry_pb2, principal_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme, programme_message
from tests.support.ledger import Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office


async def refused(house: House, method: Any, request: Any, principal: bytes) -> CoalitionError:
    with pytest.raises(CoalitionError) as caught:
        await grpc_client.call(method, request, principal)
    return caught.value


def registration(**changes: Any) -> pb.RegisterProgrammeRequest:
    facts: dict[str, Any] = {
        "slug": f"p-{secrets.token_hex(4)}",
        "name": "Journey Points",
        "zone": "Europe/Berlin",
        "currency": "EUR",
        "mode": principal_pb2.PROGRAMME_MODE_LIVE,
        **changes,
    }
    return pb.RegisterProgrammeRequest(**facts)


async def test_a_programme_gets_the_next_ledger_and_is_found_by_slug(office: Office) -> None:
    house, admin = office.house, await office.person("admin")
    first, second = registration(), registration()
    made = [
        (await grpc_client.call(house.registry.RegisterProgramme, each, admin.on())).programme
        for each in (first, second)
    ]
    assert made[1].ledger_id == made[0].ledger_id + 1
    found = await grpc_client.call(
        house.registry.GetProgramme, pb.GetProgrammeRequest(slug=first.slug), house.as_gateway()
    )
    assert (found.programme, found.name) == (made[0], "Journey Points")
    listed = await grpc_client.call(
        house.registry.ListProgrammes, pb.ListProgrammesRequest(), house.as_staff("auditor")
    )
    slugs = [each.slug for each in listed.programmes]
    assert slugs == sorted(slugs)
    assert {first.slug, second.slug} <= set(slugs)


async def test_a_programme_keeps_the_expiry_policy_that_it_was_registered_with(house: House) -> None:
    fixed = expiry_pb2.ExpiryPolicy(
        rule=expiry_pb2.EXPIRY_RULE_FIXED_DATE, months=12, month=2, day=29, notice_days=45
    )
    usual = expiry_pb2.ExpiryPolicy(rule=expiry_pb2.EXPIRY_RULE_MONTHS_AFTER_EARN, months=24, notice_days=30)
    for request, expiry in ((registration(expiry=fixed), fixed), (registration(), usual)):
        await grpc_client.call(house.registry.RegisterProgramme, request, house.as_host())
        asked = pb.GetProgrammeRequest(slug=request.slug)
        found = await grpc_client.call(house.registry.GetProgramme, asked, house.as_gateway())
        assert found.expiry == expiry


async def test_two_registrations_at_once_get_different_ledgers(house: House) -> None:
    made = await asyncio.gather(
        *(
            grpc_client.call(house.registry.RegisterProgramme, registration(), house.as_host())
            for _ in range(6)
        )
    )
    assert len({each.programme.ledger_id for each in made}) == 6


async def test_a_programme_without_a_start_starts_now(house: House) -> None:
    request = registration()
    await grpc_client.call(house.registry.RegisterProgramme, request, house.as_host())
    found = await grpc_client.call(
        house.registry.GetProgramme, pb.GetProgrammeRequest(slug=request.slug), house.as_host()
    )
    assert found.starts_at_us > STARTS_AT_US


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "JPY"}, Reason.REASON_CURRENCY_UNSUPPORTED),
        ({"zone": "Nowhere/At_All"}, Reason.REASON_INVALID_REQUEST),
        ({"mode": principal_pb2.PROGRAMME_MODE_UNSPECIFIED}, Reason.REASON_INVALID_REQUEST),
        ({"slug": "No"}, Reason.REASON_INVALID_REQUEST),
        ({"expiry": expiry_pb2.ExpiryPolicy(months=24)}, Reason.REASON_INVALID_REQUEST),
        (
            {
                "expiry": expiry_pb2.ExpiryPolicy(
                    rule=expiry_pb2.EXPIRY_RULE_FIXED_DATE, month=4, day=31, notice_days=30
                )
            },
            Reason.REASON_INVALID_REQUEST,
        ),
    ],
)
async def test_a_programme_that_cannot_be_is_refused(
    house: House, change: dict[str, Any], reason: Reason.ValueType
) -> None:
    error = await refused(house, house.registry.RegisterProgramme, registration(**change), house.as_host())
    assert error.reason == reason


async def test_a_slug_is_registered_once(house: House) -> None:
    request = registration()
    await grpc_client.call(house.registry.RegisterProgramme, request, house.as_host())
    error = await refused(house, house.registry.RegisterProgramme, request, house.as_host())
    assert error.reason == Reason.REASON_ALREADY_EXISTS
    unknown = await refused(
        house, house.registry.GetProgramme, pb.GetProgrammeRequest(slug="nobody"), house.as_host()
    )
    assert unknown.reason == Reason.REASON_PROGRAMME_UNKNOWN


async def test_a_partner_is_taken_in_once_and_found_by_id_and_slug(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    request = pb.OnboardPartnerRequest(slug="grocer", name="Again")
    error = await refused(house, house.registry.OnboardPartner, request, house.as_host(programme))
    assert error.reason == Reason.REASON_ALREADY_EXISTS
    for wanted in (pb.GetPartnerRequest(partner_id=partner_id.bytes), pb.GetPartnerRequest(slug="grocer")):
        found = await house.ask(house.registry.GetPartner, wanted, programme)
        assert UUID(bytes=found.partner.partner_id) == partner_id
        assert found.partner.status == pb.PARTNER_STATUS_ACTIVE
    await house.partner(programme, "bakery")
    listed = await house.ask(house.registry.ListPartners, pb.ListPartnersRequest(), programme)
    assert [each.slug for each in listed.partners] == ["bakery", "grocer"]


async def test_stores_are_added_once_by_code_and_answered_as_they_stand(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")

    async def add(*stores: tuple[str, str]) -> list[tuple[bytes, str, str]]:
        request = pb.AddStoresRequest(
            partner_id=partner_id.bytes, stores=[pb.Store(code=code, name=name) for code, name in stores]
        )
        answer = await house.ask(house.registry.AddStores, request, programme)
        return [(each.store_id, each.code, each.name) for each in answer.stores]

    first = await add(("2", "Two"), ("1", "One"))
    again = await add(("1", "Another name"), ("3", ""), ("2", "Two"), ("1", "One"))
    assert [again[0], again[2], again[3]] == [first[1], first[0], first[1]]
    assert again[1][1:] == ("3", "3")
    found = await house.ask(
        house.registry.GetPartner, pb.GetPartnerRequest(partner_id=partner_id.bytes), programme
    )
    assert [store.code for store in found.stores] == ["1", "2", "3"]
    page = await house.ask(
        house.registry.ListStores,
        pb.ListStoresRequest(partner_id=partner_id.bytes, after_code="1", limit=1),
        programme,
    )
    assert ([store.code for store in page.stores], page.has_more) == (["2"], True)


async def test_nothing_is_added_to_a_partner_that_is_not_there(house: House) -> None:
    programme = await house.programme()
    nobody = new_id().bytes
    rates = pb.RateVersion(partner_id=nobody, issue_micros=1, reimbursement_micros=1)
    for method, request in (
        (house.registry.AddStores, pb.AddStoresRequest(partner_id=nobody, stores=[pb.Store(code="1")])),
        (house.registry.IssueApiKey, pb.IssueApiKeyRequest(partner_id=nobody, label="till")),
        (house.registry.SetRates, pb.SetRatesRequest(rates=rates)),
        (house.registry.GetPartner, pb.GetPartnerRequest(partner_id=nobody)),
        (house.registry.GetPartner, pb.GetPartnerRequest(slug="nobody")),
        (house.registry.GetPartner, pb.GetPartnerRequest()),
    ):
        error = await refused(house, method, request, house.as_host(programme))
        assert error.reason == Reason.REASON_PARTNER_UNKNOWN
    short = pb.GetPartnerRequest(partner_id=b"12")
    error = await refused(house, house.registry.GetPartner, short, house.as_host(programme))
    assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, "partner_id")


async def test_a_programme_that_is_not_registered_has_no_partners_and_no_clearing(house: House) -> None:
    stranger = Programme(30_000, "stranger", "Europe/Berlin", "EUR", True)
    request = pb.OnboardPartnerRequest(slug="grocer", name="Grocer")
    error = await refused(house, house.registry.OnboardPartner, request, house.as_host(stranger))
    assert error.reason == Reason.REASON_PROGRAMME_UNKNOWN


async def test_an_api_key_is_told_once_known_by_its_hash_and_dead_when_revoked(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    issued = await house.ask(
        house.registry.IssueApiKey,
        pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till", scopes=["points:earn"]),
        programme,
    )
    assert re.fullmatch("rk_test_[0-9A-Za-z]{40}", issued.secret)
    assert issued.api_key.hint == issued.secret[:12]
    asking = pb.AuthenticateApiKeyRequest(secret_sha256=sha256(issued.secret.encode()).digest())
    known = await grpc_client.call(house.registry.AuthenticateApiKey, asking, house.as_gateway())
    assert (known.api_key, known.partner.slug) == (issued.api_key, "grocer")
    assert known.programme == programme_message(programme)
    stored = await house.fetch("SELECT * FROM api_key WHERE key_id = $1", UUID(bytes=issued.api_key.key_id))
    assert issued.secret not in str(dict(stored[0]))

    revoking = pb.RevokeApiKeyRequest(key_id=issued.api_key.key_id)
    first = await house.ask(house.registry.RevokeApiKey, revoking, programme)
    again = await house.ask(house.registry.RevokeApiKey, revoking, programme)
    assert 0 < first.api_key.revoked_at_us == again.api_key.revoked_at_us
    error = await refused(house, house.registry.AuthenticateApiKey, asking, house.as_gateway())
    assert error.reason == Reason.REASON_UNAUTHENTICATED


async def test_keys_are_listed_newest_first_and_have_all_scopes_where_none_was_chosen(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    for label in ("one", "two"):
        await house.ask(
            house.registry.IssueApiKey,
            pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label=label),
            programme,
        )
    listed = await house.ask(
        house.registry.ListApiKeys, pb.ListApiKeysRequest(partner_id=partner_id.bytes), programme
    )
    assert [key.label for key in listed.api_keys] == ["two", "one"]
    assert len(listed.api_keys[0].scopes) == 8
    missing = pb.RevokeApiKeyRequest(key_id=new_id().bytes)
    error = await refused(house, house.registry.RevokeApiKey, missing, house.as_host(programme))
    assert error.reason == Reason.REASON_NOT_FOUND


async def test_a_wrong_or_malformed_secret_opens_nothing(house: House) -> None:
    for digest, reason in (
        (bytes(32), Reason.REASON_UNAUTHENTICATED),
        (b"short", Reason.REASON_INVALID_REQUEST),
    ):
        for method, request, principal in (
            (
                house.registry.AuthenticateApiKey,
                pb.AuthenticateApiKeyRequest(secret_sha256=digest),
                house.as_gateway(),
            ),
            (
                house.registry.AuthenticateStaff,
                pb.AuthenticateStaffRequest(token_sha256=digest),
                house.as_host(),
            ),
        ):
            assert (await refused(house, method, request, principal)).reason == reason


async def test_staff_have_a_name_roles_and_a_token_told_once(office: Office) -> None:
    house, admin = office.house, await office.person("admin")
    name = f"Ada {secrets.token_hex(3)}"
    adding = pb.AddStaffRequest(name=name, roles=["pricing", "admin"])
    added = await grpc_client.call(house.registry.AddStaff, adding, admin.on())
    assert list(added.staff.roles) == ["admin", "pricing"]
    asking = pb.AuthenticateStaffRequest(token_sha256=sha256(added.token.encode()).digest())
    known = await grpc_client.call(house.registry.AuthenticateStaff, asking, house.as_host())
    assert known.staff == added.staff
    listed = await grpc_client.call(house.registry.ListStaff, pb.ListStaffRequest(), house.as_host())
    assert added.staff in list(listed.staff)
    error = await refused(house, house.registry.AddStaff, adding, house.as_host())
    assert error.reason == Reason.REASON_ALREADY_EXISTS


async def test_the_last_change_of_a_role_counts(house: House) -> None:
    adding = pb.AddStaffRequest(name=f"Bob {secrets.token_hex(3)}", roles=["maker", "checker"])
    added = await grpc_client.call(house.registry.AddStaff, adding, house.as_host())
    staff_id = UUID(bytes=added.staff.staff_id)
    await house.as_superuser(
        f"INSERT INTO staff_role VALUES ('{staff_id}', 'maker', 2, false, now(), 'test')"
    )
    asking = pb.AuthenticateStaffRequest(token_sha256=sha256(added.token.encode()).digest())
    known = await grpc_client.call(house.registry.AuthenticateStaff, asking, house.as_host())
    assert list(known.staff.roles) == ["checker"]


async def test_new_prices_are_a_new_version_known_from_the_next_seq(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer", 10_000, 8_000)
    same = await house.set_rates(programme, partner_id, 10_000, 8_000, STARTS_AT_US)
    assert (same.version, same.known_from_seq) == (1, 1)
    await house.ledger.post(programme, Earn(partner_id, 5), Earn(partner_id, 6))
    await house.rate_now(programme)
    newer = await house.set_rates(programme, partner_id, 11_000, 8_000, STARTS_AT_US, STARTS_AT_US + DAY_US)
    assert (newer.version, newer.known_from_seq) == (2, 3)
    await house.ledger.post(programme, Earn(partner_id, 7))
    await house.rate_now(programme)
    entries = await house.fetch(
        "SELECT version, price_micros FROM rated_entry WHERE ledger_id = $1 ORDER BY seq", programme.ledger_id
    )
    assert [tuple(entry) for entry in entries] == [(1, 10_000), (1, 10_000), (2, 11_000)]
    listed = await house.ask(
        house.registry.ListRates, pb.ListRatesRequest(partner_id=partner_id.bytes), programme
    )
    assert [version.version for version in listed.rates] == [1, 2]
    assert [version.valid_to_us for version in listed.rates] == [0, STARTS_AT_US + DAY_US]
    wrong = pb.RateVersion(partner_id=partner_id.bytes, issue_micros=-1)
    error = await refused(
        house, house.registry.SetRates, pb.SetRatesRequest(rates=wrong), house.as_host(programme)
    )
    assert error.metadata["field"] == "issue_micros"


async def test_everything_that_happens_is_told_in_order_with_its_facts(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    stores = pb.AddStoresRequest(partner_id=partner_id.bytes, stores=[pb.Store(code="1")])
    added = await house.ask(house.registry.AddStores, stores, programme)
    await house.ask(house.registry.AddStores, stores, programme)
    issued = await house.ask(
        house.registry.IssueApiKey,
        pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till"),
        programme,
    )
    revoking = pb.RevokeApiKeyRequest(key_id=issued.api_key.key_id)
    for _ in range(2):
        await house.ask(house.registry.RevokeApiKey, revoking, programme)

    async def read(**wanted: int) -> list[Any]:
        request = pb.ReadEventsRequest(**wanted)
        blocks = grpc_client.stream(house.registry.ReadEvents, request, house.as_host(programme))
        return [event async for block in blocks for event in block.events]

    events = await read()
    assert [(event.pos, event.type) for event in events] == [
        (1, "programme.registered"),
        (2, "partner.onboarded"),
        (3, "partner.contract_changed"),
        (4, "partner.stores_added"),
        (5, "partner.key_revoked"),
    ]
    registered = told.ProgrammeRegistered.FromString(events[0].payload)
    assert (registered.slug, registered.mode, registered.starts_at_us) == (
        programme.slug,
        "test",
        STARTS_AT_US,
    )
    assert told.PartnerStoresAdded.FromString(events[3].payload).store_ids == [added.stores[0].store_id]
    assert told.PartnerContractChanged.FromString(events[2].payload).version == 1
    assert told.PartnerKeyRevoked.FromString(events[4].payload).key_id == issued.api_key.key_id
    assert all(event.partner_id == partner_id.bytes for event in events[1:])
    assert abs(events[1].recorded_at_us - STARTS_AT_US) < DAY_US
    assert [event.pos for event in await read(from_pos=2, limit=2)] == [2, 3]
    partner = house.as_partner(programme, partner_id)
    with pytest.raises(CoalitionError) as caught:
        await anext(grpc_client.stream(house.registry.ReadEvents, pb.ReadEventsRequest(), partner))
    assert caught.value.reason == Reason.REASON_PERMISSION_DENIED
