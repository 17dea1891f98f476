"""What is known of a member changes, and is found by what it is now."""

import asyncio
import secrets

import pytest
from coalition.events.v1 import members_pb2 as events_pb
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError, Conflict, InvalidRequest, NotFound, PermissionDenied
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import CARD, CUSTOMER, Caller, RunningMembers, identifier

pytestmark = pytest.mark.asyncio(loop_scope="module")
PHONE, EMAIL = pb.IDENTIFIER_KIND_PHONE, pb.IDENTIFIER_KIND_EMAIL
ADA = {"given_name": "Ada", "family_name": "Lovelace", "phone": "+49301234567", "email": "Ada@Example.org"}


async def _update(
    caller: Caller, member_id: bytes, key: str = "", removed: tuple[str, ...] = (), **fields: str
) -> pb.UpdateMemberResponse:
    request = pb.UpdateMemberRequest(
        key=key or secrets.token_hex(8),
        member_id=member_id,
        personal=pb.PersonalData(**fields),
        removed=removed,
    )
    return await caller.call("UpdateMember", request)


async def _find(caller: Caller, kind: pb.IdentifierKind.ValueType, value: str) -> pb.MemberMatch:
    request = pb.FindMemberRequest(identifier=identifier(kind, value))
    return (await caller.call("FindMember", request)).match


async def _finds(caller: Caller, kind: pb.IdentifierKind.ValueType, value: str) -> bool:
    try:
        await _find(caller, kind, value)
    except NotFound:
        return False
    return True


async def test_fields_that_are_named_change_and_the_others_stay(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    member_id = (await partner.enrol(personal=pb.PersonalData(**ADA))).member.member_id
    assert await _finds(partner, PHONE, "030 1234567")
    assert await _finds(partner, EMAIL, "ada@EXAMPLE.org")
    first = await _update(partner, member_id, "change", ("email",), phone="030 7654321", language="de-DE")
    again = await _update(partner, member_id, "change", ("email",), phone="030 7654321", language="de-DE")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.member == again.member == await partner.get(member_id)
    told = first.member.personal
    assert (told.given_name, told.phone, told.email, told.language) == ("Ada", "+49307654321", "", "de")
    # Found by what it is now, and by nothing that it was.
    assert not await _finds(partner, PHONE, "030 1234567")
    assert not await _finds(partner, EMAIL, "ada@example.org")
    assert (await _find(partner, PHONE, "+49 30 7654321")).member_id == member_id
    # The same once more is no change; back to what it was is one.
    await _update(partner, member_id, phone="+49307654321", removed=("email",))
    await _update(partner, member_id, email="ada@example.org")
    assert await _finds(partner, EMAIL, "ada@example.org")
    events = [each for each in await running.points(programme).events() if each.type == "member.updated"]
    fields = [sorted(events_pb.MemberUpdated.FromString(each.payload).fields) for each in events]
    assert fields == [["email", "language", "phone"], ["email"]]
    with pytest.raises(Conflict):
        await _update(partner, member_id, "change", phone="030 1111111")


async def test_changes_at_once_are_made_one_after_the_other(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    member_id = (await partner.enrol()).member.member_id
    numbers = [f"+493012345{number:02}" for number in range(8)]
    await asyncio.gather(*(_update(partner, member_id, phone=number) for number in numbers))
    last = (await partner.get(member_id)).personal.phone
    assert [await _finds(partner, PHONE, number) for number in numbers] == [
        number == last for number in numbers
    ]


async def test_only_who_enrolled_a_member_and_the_service_desk_change_it(
    running: RunningMembers, programme: Programme
):
    partner, desk = running.partner(programme), running.staff(programme, "service_desk")
    member_id = (await partner.enrol()).member.member_id
    assert (await _update(desk, member_id, phone="030 1234567")).member.personal.phone == "+49301234567"
    for caller in (running.partner(programme), running.partner(programme, scopes=["members:read"])):
        with pytest.raises(PermissionDenied):
            await _update(caller, member_id, phone="030 7654321")
    with pytest.raises(NotFound):
        await _update(partner, new_id().bytes, phone="030 7654321")
    with pytest.raises(InvalidRequest) as refused:
        await _update(partner, member_id, removed=("member_id",))
    assert refused.value.metadata["field"] == "removed"
    with pytest.raises(InvalidRequest) as refused:
        await _update(partner, member_id, given_name="  ", phone="030 7654321")
    assert refused.value.metadata["field"] == "personal.given_name"
    assert (await partner.get(member_id)).personal.phone == "+49301234567"
    await partner.close(member_id)
    with pytest.raises(CoalitionError) as closed:
        await _update(partner, member_id, phone="030 7654321")
    assert closed.value.reason == Reason.REASON_MEMBER_CLOSED
    assert not await _finds(partner, PHONE, "030 1234567")


async def test_families_share_a_phone_and_are_told_apart_by_something_else(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    both = [
        (
            await partner.enrol(personal=pb.PersonalData(phone="030 1234567", email=f"{name}@example.org"))
        ).member
        for name in ("ada", "bob")
    ]
    with pytest.raises(CoalitionError) as refused:
        await _find(partner, PHONE, "030 1234567")
    assert refused.value.reason == Reason.REASON_IDENTIFIER_AMBIGUOUS
    assert (await _find(partner, EMAIL, "bob@example.org")).member_id == both[1].member_id
    # Of one who has left there is nothing to tell apart.
    await partner.close(both[1].member_id)
    assert (await _find(partner, PHONE, "030 1234567")).member_id == both[0].member_id


async def test_a_match_is_masked_and_tells_another_partner_less(
    running: RunningMembers, programme: Programme
):
    partner, other = running.partner(programme), running.partner(programme)
    member = (await partner.enrol(identifier(CUSTOMER, "C-1"), personal=pb.PersonalData(**ADA))).member
    card = next(each.value for each in member.identifiers if each.kind == CARD)
    for kind, value in ((CARD, f";{card}=9912?"), (CUSTOMER, "C-1"), (PHONE, "030 1234567")):
        own = await _find(partner, kind, value)
        assert (own.initials, own.customer_number, own.enrolled_by_caller) == ("AL", "C-1", True)
        assert list(own.card_endings) == [card[-4:]]
    seen = await _find(other, CARD, card)
    assert (seen.initials, seen.customer_number, seen.enrolled_by_caller) == ("", "", False)
    assert not await _finds(other, CUSTOMER, "C-1")
    by_id = await partner.call("FindMember", pb.FindMemberRequest(member_id=member.member_id))
    assert by_id.match.initials == "AL"
    elsewhere = running.partner(
        Programme(programme.ledger_id + 10_000, "x", "Europe/Berlin", "EUR", is_test=True)
    )
    assert not await _finds(elsewhere, CARD, card)
    with pytest.raises(InvalidRequest):
        await partner.enrol(identifier(PHONE, "030 1234567"))


async def test_a_member_works_for_a_partner_until_that_says_otherwise(
    running: RunningMembers, programme: Programme
):
    partner, employer = running.partner(programme), running.partner(programme)
    desk, points = running.staff(programme, "service_desk"), running.points(programme)
    member_id = (await partner.enrol()).member.member_id

    async def say(caller: Caller, employed: bool, employer_id: bytes = b"") -> pb.Member:
        request = pb.SetEmploymentRequest(member_id=member_id, partner_id=employer_id, employed=employed)
        return (await caller.call("SetEmployment", request)).member

    own_id = employer.partner_id.bytes if employer.partner_id else b""
    assert not (await say(employer, employed=False)).employed_by_caller
    for _ in range(2):
        assert (await say(employer, employed=True)).employed_by_caller
    assert not (await partner.get(member_id)).employed_by_caller
    assert list((await points.standings([member_id]))[0].employers) == [own_id]
    await say(desk, True, partner.partner_id.bytes if partner.partner_id else b"")
    await say(desk, False, own_id)
    assert not (await employer.get(member_id)).employed_by_caller
    events = [each for each in await points.events() if each.type == "member.employment_changed"]
    told = [events_pb.MemberEmploymentChanged.FromString(each.payload) for each in events]
    assert [(each.partner_id == own_id, each.employed) for each in told] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    with pytest.raises(PermissionDenied):
        await say(employer, True, new_id().bytes)
    with pytest.raises(InvalidRequest):
        await say(desk, True)
