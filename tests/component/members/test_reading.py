"""Reading members: who sees what, look-ups in place, standings."""

import pytest
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import (
    CARD,
    CUSTOMER,
    RunningMembers,
    card_number,
    identifier,
    in_other_programme,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSONAL = pb.PersonalData(given_name="Ada", email="ada@example.com")


async def test_a_partner_sees_personal_fields_and_whole_cards_only_of_members_it_enrolled(
    running: RunningMembers, programme: Programme
):
    home, other = running.partner(programme), running.partner(programme)
    card = card_number()
    member_id = (
        await home.enrol(identifier(CARD, card), identifier(CUSTOMER, "C-1"), personal=PERSONAL)
    ).member.member_id

    seen = await other.get(member_id)

    assert not seen.HasField("personal")
    own = await home.get(member_id)
    assert own.personal == PERSONAL
    assert list(own.identifiers) == [identifier(CARD, card), identifier(CUSTOMER, "C-1")]
    assert own.card_endings == seen.card_endings
    assert list(seen.identifiers) == []
    assert list(seen.card_endings) == [card[-4:]]
    assert seen.status == pb.MEMBER_STATUS_ACTIVE


async def test_staff_sees_personal_fields_and_cards_and_services_only_cards(
    running: RunningMembers, programme: Programme
):
    card = card_number()
    member_id = (
        await running.partner(programme).enrol(
            identifier(CARD, card), identifier(CUSTOMER, "C-1"), personal=PERSONAL
        )
    ).member.member_id

    for_staff = await running.staff(programme, "service_desk").get(member_id)
    for_service = await running.points(programme).get(member_id)

    assert for_staff.personal == PERSONAL
    assert not for_service.HasField("personal")
    assert list(for_staff.identifiers) == list(for_service.identifiers) == [identifier(CARD, card)]


async def test_a_member_of_another_programme_does_not_exist(running: RunningMembers, programme: Programme):
    home = running.partner(programme)
    card = identifier(CARD, card_number())
    member_id = (await home.enrol(card, identifier(CUSTOMER, "C-1"), personal=PERSONAL)).member.member_id
    elsewhere = in_other_programme(home, running)

    with pytest.raises(CoalitionError) as refused:
        await elsewhere.get(member_id)

    assert refused.value.reason == Reason.REASON_NOT_FOUND
    by_card, by_number = await elsewhere.lookup(card, identifier(CUSTOMER, "C-1"))
    assert by_card.error.reason == by_number.error.reason == Reason.REASON_MEMBER_UNKNOWN
    [standing] = await elsewhere.standings([member_id])
    assert standing.status == pb.MEMBER_STATUS_UNSPECIFIED
    assert await running.points(elsewhere.programme).events() == []
    with pytest.raises(CoalitionError) as refused:
        await elsewhere.close(member_id)
    assert refused.value.reason == Reason.REASON_NOT_FOUND
    assert (await home.get(member_id)).status == pb.MEMBER_STATUS_ACTIVE


@pytest.mark.parametrize("member_id", [b"", b"x" * 15, b"x" * 17])
async def test_an_id_has_16_bytes(running: RunningMembers, programme: Programme, member_id: bytes):
    partner = running.partner(programme)

    for call in (partner.get(member_id), partner.close(member_id), partner.standings([member_id])):
        with pytest.raises(CoalitionError) as refused:
            await call
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_a_look_up_answers_each_identifier_in_its_place(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    card, number = identifier(CARD, card_number()), identifier(CUSTOMER, "C-1")
    member_id = (await partner.enrol(card, number)).member.member_id
    spelled_otherwise = identifier(CARD, " ".join(card.value))

    results = await partner.lookup(
        identifier(CARD, "79927398710"),
        number,
        identifier(CARD, card_number()),
        card,
        identifier(pb.IDENTIFIER_KIND_UNSPECIFIED, card.value),
        spelled_otherwise,
        identifier(CUSTOMER, "c-1"),
        card,
        identifier(CUSTOMER, ""),
    )

    answers = [
        result.standing.member_id if result.HasField("standing") else result.error.reason
        for result in results
    ]
    assert answers == [
        Reason.REASON_CARD_NUMBER_INVALID,
        member_id,
        Reason.REASON_MEMBER_UNKNOWN,
        member_id,
        Reason.REASON_INVALID_REQUEST,
        member_id,
        Reason.REASON_MEMBER_UNKNOWN,
        member_id,
        Reason.REASON_INVALID_REQUEST,
    ]


async def test_a_look_up_of_nothing_valid_answers_all_errors(running: RunningMembers, programme: Programme):
    results = await running.partner(programme).lookup(identifier(CARD, "1"), identifier(CUSTOMER, ""))

    assert [result.error.reason for result in results] == [
        Reason.REASON_CARD_NUMBER_INVALID,
        Reason.REASON_INVALID_REQUEST,
    ]


async def test_any_partner_finds_a_member_by_card_but_only_its_own_customer_numbers(
    running: RunningMembers, programme: Programme
):
    home, other = running.partner(programme), running.partner(programme)
    card, number = identifier(CARD, card_number()), identifier(CUSTOMER, "C-1")
    member_id = (await home.enrol(card, number)).member.member_id

    by_card, by_number = await other.lookup(card, number)

    assert by_card.standing.member_id == member_id
    assert by_number.error.reason == Reason.REASON_MEMBER_UNKNOWN
    [for_staff] = await running.staff(programme, "admin").lookup(number)
    assert for_staff.error.reason == Reason.REASON_INVALID_REQUEST


async def test_a_look_up_tells_of_a_closed_member(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    card = identifier(CARD, card_number())
    member_id = (await partner.enrol(card)).member.member_id
    await partner.close(member_id)

    [result] = await partner.lookup(card)

    assert result.standing == pb.Standing(member_id=member_id, status=pb.MEMBER_STATUS_CLOSED)


async def test_a_batch_has_1_to_1000_lines(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    cards = [identifier(CARD, card_number()) for _ in range(1_001)]
    ids = [new_id().bytes for _ in range(1_001)]

    assert len(await partner.lookup(*cards[:1_000])) == 1_000
    assert len(await partner.standings(ids[:1_000])) == 1_000
    for too_long in (partner.lookup(*cards), partner.standings(ids)):
        with pytest.raises(CoalitionError) as refused:
            await too_long
        assert refused.value.reason == Reason.REASON_BATCH_TOO_LARGE
        assert refused.value.metadata["lines"] == "1001"
        assert refused.value.metadata["limit"] == "1000"
    for empty in (partner.lookup(), partner.standings([])):
        with pytest.raises(CoalitionError) as refused:
            await empty
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_standings_come_in_the_order_asked(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    active = (await partner.enrol()).member.member_id
    closed = (await partner.enrol()).member.member_id
    await partner.close(closed)
    unknown = new_id().bytes

    standings = await running.points(programme).standings([unknown, closed, active, closed])

    assert [(standing.member_id, standing.status) for standing in standings] == [
        (unknown, pb.MEMBER_STATUS_UNSPECIFIED),
        (closed, pb.MEMBER_STATUS_CLOSED),
        (active, pb.MEMBER_STATUS_ACTIVE),
        (closed, pb.MEMBER_STATUS_CLOSED),
    ]
