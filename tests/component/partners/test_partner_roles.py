"""What a partner may do: dated, by two people in a live programme, told to the gateway with its key."""

from __future__ import annotations

import secrets
from hashlib import sha256
from uuid import UUID

import pytest
from coalition.partners.v1 import contracts_pb2, partners_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office, refusal

EARN, BURN, FUND = (
    partners_pb2.PARTNER_ROLE_EARN,
    partners_pb2.PARTNER_ROLE_BURN,
    partners_pb2.PARTNER_ROLE_FUND,
)
Role = partners_pb2.PartnerRole.ValueType


def terms(partner: UUID, *roles: Role, from_us: int = STARTS_AT_US) -> partners_pb2.PartnerRoles:
    return partners_pb2.PartnerRoles(partner_id=partner.bytes, roles=roles, valid_from_us=from_us)


async def set_roles(
    office: Office, programme: Programme, wanted: partners_pb2.PartnerRoles
) -> partners_pb2.PartnerRoles:
    request = contracts_pb2.SetPartnerRolesRequest(terms=wanted)
    return (await office.house.ask(office.contracts.SetPartnerRoles, request, programme)).terms


async def versions(office: Office, programme: Programme, partner: UUID) -> list[partners_pb2.PartnerRoles]:
    request = contracts_pb2.ListPartnerRolesRequest(partner_id=partner.bytes)
    return list((await office.house.ask(office.contracts.ListPartnerRoles, request, programme)).versions)


async def roles_of_key(house: House, digest: bytes) -> list[Role]:
    request = partners_pb2.AuthenticateApiKeyRequest(secret_sha256=digest)
    answer = await grpc_client.call(house.registry.AuthenticateApiKey, request, house.as_gateway())
    return list(answer.roles)


async def a_key(house: House, programme: Programme, partner: UUID) -> bytes:
    request = partners_pb2.IssueApiKeyRequest(partner_id=partner.bytes, label=secrets.token_hex(4))
    answer = await house.ask(house.registry.IssueApiKey, request, programme)
    return sha256(answer.secret.encode()).digest()


async def test_roles_hold_from_their_time_on_and_the_gateway_is_told_with_the_key(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    cinema = await house.partner(programme, "cinema")
    digest = await a_key(house, programme, cinema)
    # Without a contract of its own it may do everything.
    assert await roles_of_key(house, digest) == [EARN, BURN, FUND]
    later_us = STARTS_AT_US + 5 * DAY_US
    made = await set_roles(office, programme, terms(cinema, FUND, BURN, BURN, from_us=later_us))
    assert (made.version, list(made.roles)) == (1, [BURN, FUND])
    assert await set_roles(office, programme, terms(cinema, BURN, FUND, from_us=later_us)) == made
    await house.rate_now(programme)
    assert await roles_of_key(house, digest) == [EARN, BURN, FUND]
    await house.ledger.move_clock(programme, later_us)
    await house.rate_now(programme)
    assert await roles_of_key(house, digest) == [BURN, FUND]
    found = await house.ask(
        house.registry.GetPartner, partners_pb2.GetPartnerRequest(partner_id=cinema.bytes), programme
    )
    assert list(found.roles) == [BURN, FUND]
    # A higher version counts, though it is dated before.
    await set_roles(office, programme, terms(cinema))
    assert await roles_of_key(house, digest) == []
    assert [each.version for each in await versions(office, programme, cinema)] == [1, 2]
    assert any(row.what == "partner_roles.set" for row in await office.audit_rows(programme))


async def test_in_a_live_programme_roles_take_two_people(office: Office) -> None:
    house = office.house
    programme, cinema, pricing, checker = await office.live_desk()
    digest = await a_key(house, programme, cinema)
    wanted = terms(cinema, EARN)
    for principal in (house.as_host(programme), pricing.on(programme)):
        request = contracts_pb2.SetPartnerRolesRequest(terms=wanted)
        error = await refusal(office.contracts.SetPartnerRoles, request, principal)
        assert error.reason == Reason.REASON_DRAFT_NEEDED
    propose = contracts_pb2.ProposePartnerRolesRequest(terms=wanted, why="earns only")
    draft = (
        await grpc_client.call(office.contracts.ProposePartnerRoles, propose, pricing.on(programme))
    ).draft
    assert draft.kind == "partner_roles"
    assert await office.refused_approval(pricing.on(programme), draft) in (
        Reason.REASON_OWN_DRAFT,
        Reason.REASON_PERMISSION_DENIED,
    )
    assert await roles_of_key(house, digest) == [EARN, BURN, FUND]
    await office.approve(checker.on(programme), draft)
    assert await roles_of_key(house, digest) == [EARN]
    (made,) = await versions(office, programme, cinema)
    assert made.draft_id == draft.draft_id


async def test_what_is_no_role_no_partner_or_not_allowed_is_refused(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    cinema = await house.partner(programme, "cinema")
    for wanted, reason in (
        (terms(cinema, 9), Reason.REASON_INVALID_REQUEST),  # pyright: ignore[reportArgumentType]
        (terms(cinema, partners_pb2.PARTNER_ROLE_UNSPECIFIED), Reason.REASON_INVALID_REQUEST),
        (terms(cinema, EARN, from_us=-1), Reason.REASON_INVALID_REQUEST),
        (terms(UUID(int=77), EARN), Reason.REASON_PARTNER_UNKNOWN),
    ):
        with pytest.raises(CoalitionError) as caught:
            await set_roles(office, programme, wanted)
        assert caught.value.reason == reason
    request = contracts_pb2.SetPartnerRolesRequest(terms=terms(cinema, EARN))
    for principal in (
        house.as_partner(programme, cinema, "points:earn"),
        (await office.person("maker")).on(programme),
    ):
        error = await refusal(office.contracts.SetPartnerRoles, request, principal)
        assert error.reason == Reason.REASON_PERMISSION_DENIED
    assert await versions(office, programme, cinema) == []
