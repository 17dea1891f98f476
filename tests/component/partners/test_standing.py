"""Where a partner stands: dated, by two people in a live programme, told with the key, with the partner and as an event."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import partners_pb2 as told
from coalition.partners.v1 import api_access_pb2, partners_pb2
from coalition.partners.v1 import standing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.partners import DAY_US, STARTS_AT_US
from tests.support.partners_office import Office, refusal

ACTIVE, SUSPENDED, EXITING, EXITED = (
    pb.STANDING_KIND_ACTIVE, pb.STANDING_KIND_SUSPENDED, pb.STANDING_KIND_EXITING, pb.STANDING_KIND_EXITED,
)  # fmt: skip


def standing(partner: UUID, kind: Any, from_us: int = STARTS_AT_US, **said: Any) -> pb.PartnerStanding:
    reason = said.pop("reason", "July is unpaid" if kind == SUSPENDED else "")
    return pb.PartnerStanding(
        partner_id=partner.bytes, kind=kind, valid_from_us=from_us, reason=reason, **said
    )


async def set_standing(
    office: Office, programme: Programme, wanted: pb.PartnerStanding
) -> pb.PartnerStanding:
    request = pb.SetStandingRequest(standing=wanted)
    return (await office.house.ask(office.standing.SetStanding, request, programme)).standing


async def get_standing(office: Office, programme: Programme, partner: UUID) -> pb.GetStandingResponse:
    request = pb.GetStandingRequest(partner_id=partner.bytes)
    return await office.house.ask(office.standing.GetStanding, request, programme)


async def issue_key(office: Office, programme: Programme, partner: UUID) -> bytes:
    request = partners_pb2.IssueApiKeyRequest(partner_id=partner.bytes, label=secrets.token_hex(4))
    answer = await office.house.ask(office.house.registry.IssueApiKey, request, programme)
    return sha256(answer.secret.encode()).digest()


async def of_key(office: Office, digest: bytes) -> pb.StandingNow:
    request = partners_pb2.AuthenticateApiKeyRequest(secret_sha256=digest)
    house = office.house
    return (await grpc_client.call(house.registry.AuthenticateApiKey, request, house.as_gateway())).standing


async def test_a_standing_holds_from_its_time_on_and_is_told_with_the_key_the_partner_and_an_event(
    office: Office,
) -> None:
    house = office.house
    programme = await house.programme()
    cinema = await house.partner(programme, "cinema")
    digest = await issue_key(office, programme, cinema)
    assert await of_key(office, digest) == pb.StandingNow(kind=ACTIVE)
    later_us = STARTS_AT_US + 5 * DAY_US
    made = await set_standing(office, programme, standing(cinema, SUSPENDED, later_us))
    assert (made.version, made.reason, made.draft_id) == (1, "July is unpaid", b"")
    assert await set_standing(office, programme, standing(cinema, SUSPENDED, later_us)) == made
    await house.rate_now(programme)
    assert (await of_key(office, digest)).kind == ACTIVE
    await house.ledger.move_clock(programme, later_us)
    await house.rate_now(programme)
    now = await of_key(office, digest)
    assert (now.kind, now.since_us) == (SUSPENDED, later_us)
    assert pb.PARTNER_OPERATION_ENROL in now.refused
    found = await house.ask(
        house.registry.GetPartner, partners_pb2.GetPartnerRequest(partner_id=cinema.bytes), programme
    )
    assert found.standing == now
    assert await get_standing(office, programme, cinema) == pb.GetStandingResponse(now=now, versions=[made])
    request = partners_pb2.ReadEventsRequest(from_pos=1)
    blocks = grpc_client.stream(house.registry.ReadEvents, request, house.as_host(programme))
    events = [event async for block in blocks for event in block.events]
    (event,) = [each for each in events if each.type == "partner.standing_changed"]
    assert told.PartnerStandingChanged.FromString(event.payload) == told.PartnerStandingChanged(
        partner_id=cinema.bytes, version=1, standing="suspended", valid_from_us=later_us
    )
    assert [row.what for row in await office.audit_rows(programme)].count("partner_standing.set") == 1


async def test_who_has_left_gets_no_new_key_and_keeps_the_one_it_has(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    cinema = await house.partner(programme, "cinema")
    digest = await issue_key(office, programme, cinema)
    ends = {"run_off_until_us": STARTS_AT_US, "returns_until_us": STARTS_AT_US}
    await set_standing(office, programme, standing(cinema, EXITING, STARTS_AT_US - DAY_US, **ends))
    await issue_key(office, programme, cinema)
    await set_standing(office, programme, standing(cinema, EXITED))
    with pytest.raises(CoalitionError) as caught:
        await issue_key(office, programme, cinema)
    assert caught.value.reason == Reason.REASON_PARTNER_EXITED
    assert caught.value.metadata == {"standing": "exited", "operation": "issue_key"}
    listing = partners_pb2.ListApiKeysRequest(partner_id=cinema.bytes)
    (kept, *_) = (await house.ask(house.registry.ListApiKeys, listing, programme)).api_keys
    rolling = api_access_pb2.RollApiKeyRequest(key_id=kept.key_id)
    with pytest.raises(CoalitionError) as caught:
        await house.ask(house.api_access.RollApiKey, rolling, programme)
    assert caught.value.reason == Reason.REASON_PARTNER_EXITED
    now = await of_key(office, digest)
    assert now.kind == EXITED
    assert pb.PARTNER_OPERATION_STATEMENTS not in now.refused
    # It does not come back, however the next version is dated.
    for from_us in (STARTS_AT_US - 2 * DAY_US, STARTS_AT_US + DAY_US):
        with pytest.raises(CoalitionError) as caught:
            await set_standing(office, programme, standing(cinema, ACTIVE, from_us))
        assert caught.value.metadata["field"] == "standing.kind"


async def test_in_a_live_programme_it_takes_two_people(office: Office) -> None:
    programme, cinema, pricing, checker = await office.live_desk()
    wanted = standing(cinema, SUSPENDED)
    for principal in (office.house.as_host(programme), pricing.on(programme)):
        request = pb.SetStandingRequest(standing=wanted)
        assert (await refusal(office.standing.SetStanding, request, principal)).reason == (
            Reason.REASON_DRAFT_NEEDED
        )
    propose = pb.ProposeStandingRequest(standing=wanted, why="three reminders")
    answer = await grpc_client.call(office.standing.ProposeStanding, propose, pricing.on(programme))
    draft = answer.draft
    assert draft.kind == "partner_standing"
    assert await office.refused_approval(pricing.on(programme), draft) in (
        Reason.REASON_OWN_DRAFT,
        Reason.REASON_PERMISSION_DENIED,
    )
    assert (await get_standing(office, programme, cinema)).now.kind == ACTIVE
    await office.approve(checker.on(programme), draft)
    found = await get_standing(office, programme, cinema)
    assert found.now.kind == SUSPENDED
    assert found.versions[0].draft_id == draft.draft_id


async def test_what_cannot_be_is_no_partners_or_not_allowed_is_refused(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    cinema = await house.partner(programme, "cinema")
    for wanted, reason in (
        (standing(cinema, 9), Reason.REASON_INVALID_REQUEST),
        (standing(cinema, pb.STANDING_KIND_UNSPECIFIED), Reason.REASON_INVALID_REQUEST),
        (standing(cinema, SUSPENDED, reason=""), Reason.REASON_INVALID_REQUEST),
        (standing(cinema, EXITED), Reason.REASON_INVALID_REQUEST),
        (standing(UUID(int=77), SUSPENDED), Reason.REASON_PARTNER_UNKNOWN),
    ):
        with pytest.raises(CoalitionError) as caught:
            await set_standing(office, programme, wanted)
        assert caught.value.reason == reason
    request = pb.SetStandingRequest(standing=standing(cinema, SUSPENDED))
    own = house.as_partner(programme, cinema, "points:earn")
    for principal in (own, (await office.person("maker")).on(programme)):
        error = await refusal(office.standing.SetStanding, request, principal)
        assert error.reason == Reason.REASON_PERMISSION_DENIED
    asked = pb.GetStandingRequest(partner_id=UUID(int=77).bytes)
    assert (await refusal(office.standing.GetStanding, asked, own)).reason == Reason.REASON_PARTNER_UNKNOWN
    mine = await grpc_client.call(office.standing.GetStanding, pb.GetStandingRequest(), own)
    assert mine == pb.GetStandingResponse(now=pb.StandingNow(kind=ACTIVE))
