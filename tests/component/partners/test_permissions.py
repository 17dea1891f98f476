"""Who may do what: staff by role, the host, services, and partners about themselves."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import api_access_pb2, legal_entities_pb2
from coalition.partners.v1 import partners_pb2 as pb
from coalition.type.v1 import principal_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.api_versions import NEWEST
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.partners import House
from tests.support.partners_office import Office


async def refused(house: House, method: Any, request: Any, principal: bytes) -> CoalitionError:
    with pytest.raises(CoalitionError) as caught:
        await grpc_client.call(method, request, principal)
    return caught.value


async def _calls_of_access(
    house: House, programme: Programme, partner_id: UUID
) -> list[tuple[Any, Any, set[str]]]:
    issuing = pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till")
    key_id = (await house.ask(house.registry.IssueApiKey, issuing, programme)).api_key.key_id
    access, of_both = house.api_access, {"maker", "admin"}
    pin = api_access_pb2.PinApiVersionRequest(partner_id=partner_id.bytes, api_version=NEWEST)
    return [
        (access.SetApiKeyAddresses, api_access_pb2.SetApiKeyAddressesRequest(key_id=key_id), of_both),
        (access.RollApiKey, api_access_pb2.RollApiKeyRequest(key_id=key_id), of_both),
        (access.PinApiVersion, pin, of_both),
    ]


async def test_writes_are_for_those_whose_role_they_are(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    calls: list[tuple[Any, Any, set[str]]] = [
        (
            house.registry.RegisterProgramme,
            pb.RegisterProgrammeRequest(
                slug=f"p-{secrets.token_hex(4)}",
                name="Journey Points",
                zone="Europe/Berlin",
                currency="EUR",
                mode=principal_pb2.PROGRAMME_MODE_TEST,
            ),
            {"admin"},
        ),
        (
            house.registry.OnboardPartner,
            pb.OnboardPartnerRequest(slug="fuel", name="Fuel"),
            {"maker", "admin"},
        ),
        (
            house.registry.AddStores,
            pb.AddStoresRequest(partner_id=partner_id.bytes, stores=[pb.Store(code="1")]),
            {"maker", "admin"},
        ),
        (
            house.registry.IssueApiKey,
            pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till"),
            {"maker", "admin"},
        ),
        (
            house.registry.AddStaff,
            pb.AddStaffRequest(name=f"Eve {secrets.token_hex(3)}", roles=["maker"]),
            {"admin"},
        ),
        (
            house.registry.SetRates,
            pb.SetRatesRequest(rates=pb.RateVersion(partner_id=partner_id.bytes, issue_micros=1)),
            {"pricing"},
        ),
        (
            house.registry.SetQuotas,
            pb.SetQuotasRequest(partner_id=partner_id.bytes, quotas=pb.Quotas(bulk_per_second=9)),
            {"maker", "admin"},
        ),
        *await _calls_of_access(house, programme, partner_id),
        (
            house.legal_entities.AddLegalEntity,
            legal_entities_pb2.AddLegalEntityRequest(partner_id=partner_id.bytes, name="Grocer Online"),
            {"maker", "admin"},
        ),
        (
            house.legal_entities.AssignStores,
            legal_entities_pb2.AssignStoresRequest(
                partner_id=partner_id.bytes, legal_entity=1, store_codes=["1"]
            ),
            {"maker", "admin"},
        ),
    ]
    roles = ("admin", "pricing", "maker", "checker", "service_desk", "auditor")
    people = {role: await office.person(role) for role in roles}
    for method, request, allowed in calls:
        principals = {role: person.on(programme) for role, person in people.items()}
        principals["partner"] = house.as_partner(programme, partner_id, *roles)
        principals["gateway"] = house.as_gateway(programme)
        for name in principals.keys() - allowed:
            error = await refused(house, method, request, principals[name])
            assert error.reason == Reason.REASON_PERMISSION_DENIED, name
        await grpc_client.call(method, request, principals[min(allowed)])


async def test_only_the_gateway_and_the_host_may_ask_whose_secret_it_is(house: House) -> None:
    programme = await house.programme()
    for method, request, others in (
        (
            house.registry.AuthenticateApiKey,
            pb.AuthenticateApiKeyRequest(secret_sha256=bytes(32)),
            (house.as_host(), house.as_staff("admin"), house.as_partner(programme, new_id())),
        ),
        (
            house.registry.AuthenticateStaff,
            pb.AuthenticateStaffRequest(token_sha256=bytes(32)),
            (house.as_gateway(), house.as_staff("admin"), house.as_partner(programme, new_id())),
        ),
    ):
        for principal in others:
            error = await refused(house, method, request, principal)
            assert error.reason == Reason.REASON_PERMISSION_DENIED


async def test_a_partner_reads_itself_and_nobody_else(house: House) -> None:
    programme = await house.programme()
    grocer, fuel = await house.partner(programme, "grocer"), await house.partner(programme, "fuel")
    me = house.as_partner(programme, grocer)
    own = await grpc_client.call(house.registry.GetPartner, pb.GetPartnerRequest(), me)
    assert own.partner.slug == "grocer"
    assert (await grpc_client.call(house.registry.ListStores, pb.ListStoresRequest(), me)).stores == []
    assert len((await grpc_client.call(house.registry.ListRates, pb.ListRatesRequest(), me)).rates) == 1
    found = await grpc_client.call(
        house.registry.GetProgramme, pb.GetProgrammeRequest(slug=programme.slug), me
    )
    assert found.programme.slug == programme.slug
    for method, request in (
        (house.registry.GetPartner, pb.GetPartnerRequest(partner_id=fuel.bytes)),
        (house.registry.GetPartner, pb.GetPartnerRequest(slug="fuel")),
        (house.registry.ListStores, pb.ListStoresRequest(partner_id=fuel.bytes)),
        (house.registry.ListRates, pb.ListRatesRequest(partner_id=fuel.bytes)),
        (
            house.legal_entities.ListLegalEntities,
            legal_entities_pb2.ListLegalEntitiesRequest(partner_id=fuel.bytes),
        ),
    ):
        assert (await refused(house, method, request, me)).reason == Reason.REASON_PARTNER_UNKNOWN
    other = await house.programme()
    error = await refused(house, house.registry.GetProgramme, pb.GetProgrammeRequest(slug=other.slug), me)
    assert error.reason == Reason.REASON_PROGRAMME_UNKNOWN
    for method, request in (
        (house.registry.ListPartners, pb.ListPartnersRequest()),
        (house.registry.ListProgrammes, pb.ListProgrammesRequest()),
        (house.registry.ListApiKeys, pb.ListApiKeysRequest()),
        (house.registry.ListStaff, pb.ListStaffRequest()),
    ):
        assert (await refused(house, method, request, me)).reason == Reason.REASON_PERMISSION_DENIED
