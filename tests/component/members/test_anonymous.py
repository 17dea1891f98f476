"""Cards that earn before anybody has enrolled them, and those who claim them."""

import asyncio
from typing import Any

import pytest
from coalition.events.v1 import members_pb2 as events_pb
from coalition.members.v1 import members_pb2 as pb
from coalition.members.v1 import office_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, Conflict, InvalidRequest, PermissionDenied
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import CARD, CUSTOMER, RunningMembers, card_number, identifier

pytestmark = pytest.mark.asyncio(loop_scope="module")
PREFIX = "60355"


async def _range(running: RunningMembers, programme: Programme, **changes: Any) -> office_pb2.CardRange:
    request: dict[str, Any] = {"prefix": PREFIX, "digits": 13, "partner_id": new_id().bytes, **changes}
    answer = await running.in_office(programme, "SetCardRange", office_pb2.SetCardRangeRequest(**request))
    return answer.range


async def _read(
    running: RunningMembers, programme: Programme, *cards: str, earns: bool = True
) -> list[pb.LookupResult]:
    asking = pb.Asking(partner_id=new_id().bytes, api_key="key_1", store="S1", till="7", earns=earns)
    request = pb.LookupMembersRequest(
        identifiers=[identifier(CARD, card) for card in cards], askings=[asking] * len(cards)
    )
    return list((await running.gateway(programme).call("LookupMembers", request)).results)


async def test_a_card_of_a_range_that_earns_is_enrolled_once_without_a_name(
    running: RunningMembers, programme: Programme
):
    await _range(running, programme)
    card, other = card_number(PREFIX), card_number(PREFIX)
    first = await asyncio.gather(*(_read(running, programme, card, other, card) for _ in range(6)))
    ids = {bytes(result.standing.member_id) for results in first for result in results}
    assert len(ids) == 2
    assert {result.standing.status for results in first for result in results} == {pb.MEMBER_STATUS_ACTIVE}
    # The till asks again, to spend from it.
    assert bytes((await _read(running, programme, card, earns=False))[0].standing.member_id) in ids
    events = await running.points(programme).events()
    assert [event.type for event in events] == ["member.enrolled"] * 2
    for event in events:
        told = events_pb.MemberEnrolled.FromString(event.payload)
        assert (told.anonymous, told.partner_id, event.partner_id) == (True, b"", b"")
    standings = await running.points(programme).standings(sorted(ids))
    assert [standing.anonymous for standing in standings] == [True, True]


async def test_only_a_right_card_of_a_range_that_is_issued_now_and_earns_is_enrolled(
    running: RunningMembers, programme: Programme
):
    card = card_number(PREFIX)
    assert (await _read(running, programme, card))[0].error.reason == Reason.REASON_MEMBER_UNKNOWN
    await _range(running, programme, valid_from_us=2**51)
    assert (await _read(running, programme, card))[0].error.reason == Reason.REASON_MEMBER_UNKNOWN
    await _range(running, programme)
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    answers = await _read(running, programme, wrong, card_number("4099"), card + "0", earns=False)
    assert [answer.error.reason for answer in answers[:2]] == [
        Reason.REASON_CARD_NUMBER_INVALID,
        Reason.REASON_MEMBER_UNKNOWN,
    ]
    assert (await _read(running, programme, card, earns=False))[0].HasField("error")
    # A partner that asks by itself enrols nobody by that.
    partner = running.partner(programme)
    asking = pb.Asking(earns=True)
    request = pb.LookupMembersRequest(identifiers=[identifier(CARD, card)], askings=[asking])
    assert (await partner.call("LookupMembers", request)).results[0].HasField("error")
    # What was issued is issued no more.
    await _range(running, programme, partner_id=b"")
    assert (await _read(running, programme, card))[0].HasField("error")
    assert await running.points(programme).events() == []


async def test_whoever_enrols_the_card_by_name_claims_the_member_once(
    running: RunningMembers, programme: Programme
):
    await _range(running, programme)
    card, number = card_number(PREFIX), "C-1"
    member_id = (await _read(running, programme, card))[0].standing.member_id
    partner, other = running.partner(programme), running.partner(programme)
    with pytest.raises(PermissionDenied):
        await other.close(member_id)
    anonymous = await partner.get(member_id)
    assert (anonymous.anonymous, anonymous.enrolled_by, anonymous.HasField("personal")) == (True, b"", False)
    assert (list(anonymous.identifiers), list(anonymous.card_endings)) == ([], [card[-4:]])
    given = (identifier(CARD, card), identifier(CUSTOMER, number))
    personal = pb.PersonalData(given_name="Ada", phone="030 1234567")
    first, again = [await partner.enrol(*given, key="claim", personal=personal) for _ in range(2)]
    assert (first.replayed, again.replayed) == (False, True)
    assert first.member == again.member
    assert (first.member.member_id, first.member.enrolled_by) == (member_id, partner.partner_id.bytes)  # type: ignore[union-attr]
    assert (first.member.anonymous, first.member.enrolled_at_us) == (False, anonymous.enrolled_at_us)
    assert first.member.personal.phone == "+49301234567"
    assert [each.value for each in first.member.identifiers] == [card, number]
    assert (await partner.lookup(identifier(CUSTOMER, number)))[0].standing.member_id == member_id
    with pytest.raises(Conflict) as taken:
        await other.enrol(identifier(CARD, card))
    assert taken.value.reason == Reason.REASON_IDENTIFIER_TAKEN
    seen = await other.get(member_id)
    assert (seen.HasField("personal"), list(seen.identifiers)) == (False, [])
    assert [event.type for event in await running.points(programme).events()] == [
        "member.enrolled",
        "member.claimed",
    ]
    assert not (await running.points(programme).standings([member_id]))[0].anonymous


async def test_of_those_who_claim_a_card_at_once_one_gets_it(running: RunningMembers, programme: Programme):
    await _range(running, programme)
    card = card_number(PREFIX)
    await _read(running, programme, card)
    partners = [running.partner(programme) for _ in range(6)]
    results = await asyncio.gather(
        *(partner.enrol(identifier(CARD, card)) for partner in partners), return_exceptions=True
    )
    lost = [each for each in results if isinstance(each, CoalitionError)]
    assert {each.reason for each in lost} == {Reason.REASON_IDENTIFIER_TAKEN}
    assert len(lost) == 5


async def test_tills_and_a_shop_that_meet_a_card_at_once_make_one_member(
    running: RunningMembers, programme: Programme
):
    await _range(running, programme)
    for _ in range(5):
        card, partner = card_number(PREFIX), running.partner(programme)
        tills = asyncio.gather(*(_read(running, programme, card) for _ in range(4)))
        enrolled, read = await asyncio.gather(partner.enrol(identifier(CARD, card)), tills)
        assert {each[0].standing.member_id for each in read} == {enrolled.member.member_id}


async def test_ranges_are_set_by_the_service_desk_and_listed(running: RunningMembers, programme: Programme):
    first = await _range(running, programme)
    same = await _range(running, programme, partner_id=first.partner_id)
    assert same == first
    ended = await _range(running, programme, partner_id=b"")
    listed = await running.in_office(programme, "ListCardRanges", office_pb2.ListCardRangesRequest())
    assert list(listed.ranges) == [first, ended]
    for changes in (
        {"prefix": "6"},
        {"prefix": "60x"},
        {"digits": 7},
        {"digits": 20},
        {"prefix": "603550", "digits": 9},
    ):
        with pytest.raises(InvalidRequest):
            await _range(running, programme, **changes)
    with pytest.raises(CoalitionError) as taken:
        await _range(running, programme, valid_from_us=first.valid_from_us)
    assert taken.value.reason == Reason.REASON_ALREADY_EXISTS
    partner = running.partner(programme)
    for method, request in (
        (running.office_stub.SetCardRange, office_pb2.SetCardRangeRequest(prefix="60", digits=13)),
        (running.office_stub.ListSuspicions, office_pb2.ListSuspicionsRequest(limit=1)),
    ):
        with pytest.raises(PermissionDenied):
            await grpc_client.call(method, request, partner.token)


async def test_an_enrolment_that_fails_anyway_does_not_tell_which_cards_there_are(
    running: RunningMembers, programme: Programme
):
    await _range(running, programme)
    prober, anonymous = running.partner(programme), card_number(PREFIX)
    numbers = [identifier(CUSTOMER, f"C-{number}") for number in range(6)]
    for number in numbers:
        await prober.enrol(number)
    taken, free = identifier(CARD, card_number()), identifier(CARD, card_number())
    await running.partner(programme).enrol(taken)
    await _read(running, programme, anonymous)
    told: set[str] = set()
    for number in numbers:
        for card in (taken, free, identifier(CARD, anonymous)):
            with pytest.raises(CoalitionError) as refused:
                await prober.enrol(card, number)
            told.add(refused.value.metadata["field"])
    # It would be a look-up that nobody counts.
    assert told == {"identifiers[1]"}


async def test_whoever_claims_a_member_makes_tokens_of_its_app(running: RunningMembers, programme: Programme):
    await _range(running, programme)
    card = card_number(PREFIX)
    member_id = (await _read(running, programme, card))[0].standing.member_id
    app = running.partner(programme, scopes=("members:read", "members:write", "members:app"))
    with pytest.raises(PermissionDenied):
        await app.app_token(member_id)
    await app.enrol(identifier(CARD, card))
    assert (await app.app_token(member_id)).startswith("apt_")
