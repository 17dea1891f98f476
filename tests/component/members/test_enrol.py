import secrets

import pytest
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.members.domain.cards import read_card
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.members import CARD, CUSTOMER, RunningMembers, card_number, identifier, new_programme

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSONAL = pb.PersonalData(
    given_name="Ada",
    family_name="Lovelace",
    email="ada@example.com",
    phone="+4915112345678",
    birth_date="1990-12-10",
)


async def test_an_enrolled_member_is_answered_with_all_that_was_given(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    card = card_number()

    answer = await partner.enrol(identifier(CARD, card), identifier(CUSTOMER, "C-1"), personal=PERSONAL)

    assert not answer.replayed
    member = answer.member
    assert len(member.member_id) == 16
    assert member.status == pb.MEMBER_STATUS_ACTIVE
    assert list(member.identifiers) == [identifier(CARD, card), identifier(CUSTOMER, "C-1")]
    assert partner.partner_id is not None
    assert member.enrolled_by == partner.partner_id.bytes
    assert member.enrolled_at_us > 1_700_000_000_000_000
    assert member.personal == PERSONAL
    assert await partner.get(member.member_id) == member


@pytest.mark.parametrize("given", [(), (identifier(CUSTOMER, "C-1"),)], ids=["nothing", "customer number"])
async def test_a_member_without_a_card_is_issued_one_of_13_digits(
    running: RunningMembers, programme: Programme, given: tuple[pb.Identifier, ...]
):
    member = (await running.partner(programme).enrol(*given)).member

    assert list(member.identifiers[:-1]) == list(given)
    card = member.identifiers[-1]
    assert card.kind == CARD
    assert len(card.value) == 13
    assert card.value.startswith(running.settings.card_prefix)
    assert read_card(card.value, "card") == card.value
    assert not member.HasField("personal") or member.personal == pb.PersonalData()


async def test_the_same_key_gives_the_same_answer_and_one_effect(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    first = await partner.enrol(identifier(CUSTOMER, "C-1"), key="once", personal=PERSONAL)

    second = await partner.enrol(identifier(CUSTOMER, "C-1"), key="once", personal=PERSONAL)

    assert second.replayed
    assert second.member == first.member
    assert len(await running.points(programme).events()) == 1


async def test_the_same_key_with_another_body_is_refused(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    await partner.enrol(identifier(CUSTOMER, "C-1"), key="once")

    with pytest.raises(CoalitionError) as refused:
        await partner.enrol(identifier(CUSTOMER, "C-2"), key="once")

    assert refused.value.reason == Reason.REASON_IDEMPOTENCY_KEY_REUSED


async def test_a_key_belongs_to_its_partner_and_programme(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    other_partner = running.partner(programme)
    other_programme = running.partner(new_programme(), partner.partner_id)

    answers = [
        await caller.enrol(identifier(CUSTOMER, "C-1"), key="once")
        for caller in (partner, other_partner, other_programme)
    ]

    assert not any(answer.replayed for answer in answers)
    assert len({answer.member.member_id for answer in answers}) == 3


@pytest.mark.parametrize("key", ["", "k" * 256, "a\x00b"])
async def test_a_key_of_1_to_255_printable_characters_is_needed(
    running: RunningMembers, programme: Programme, key: str
):
    with pytest.raises(CoalitionError) as refused:
        await running.partner(programme).enrol(key=key)

    assert refused.value.reason == Reason.REASON_IDEMPOTENCY_KEY_MISSING


async def test_a_card_of_another_member_is_refused_and_nothing_of_the_enrolment_stays(
    running: RunningMembers, programme: Programme
):
    card = card_number()
    await running.partner(programme).enrol(identifier(CARD, card))
    partner = running.partner(programme)
    spelled_otherwise = f"{card[:4]}-{card[4:]} "

    with pytest.raises(CoalitionError) as refused:
        await partner.enrol(identifier(CUSTOMER, "C-1"), identifier(CARD, spelled_otherwise), key="k")

    assert refused.value.reason == Reason.REASON_IDENTIFIER_TAKEN
    assert refused.value.metadata == {"field": "identifiers[1]"}
    # The customer number and the key are as free as before, and nothing was told.
    assert not (await partner.enrol(identifier(CUSTOMER, "C-1"), key="k")).replayed
    assert len(await running.points(programme).events()) == 2


async def test_a_customer_number_is_unique_per_partner_only(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    first = await partner.enrol(identifier(CUSTOMER, "C-1"))
    second = await running.partner(programme).enrol(identifier(CUSTOMER, "C-1"))

    assert first.member.member_id != second.member.member_id
    with pytest.raises(CoalitionError) as refused:
        await partner.enrol(identifier(CUSTOMER, "C-1"))
    assert refused.value.reason == Reason.REASON_IDENTIFIER_TAKEN


async def test_a_card_is_unique_per_programme_only(running: RunningMembers, programme: Programme):
    card = identifier(CARD, card_number())
    partner = running.partner(programme)
    here = await partner.enrol(card)
    there = await running.partner(new_programme(), partner.partner_id).enrol(card)

    assert here.member.member_id != there.member.member_id


@pytest.mark.parametrize("value", ["", "1234567", "4099123456789x", "79927398710", "1" * 20, "٧٧٧٧٧٧٧٧"])
async def test_a_card_that_is_none_is_refused(running: RunningMembers, programme: Programme, value: str):
    with pytest.raises(CoalitionError) as refused:
        await running.partner(programme).enrol(identifier(CARD, value))

    assert refused.value.reason == Reason.REASON_CARD_NUMBER_INVALID
    assert refused.value.metadata == {"field": "identifiers[0].value"}


@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ([identifier(CUSTOMER, "")], "identifiers[0].value"),
        ([identifier(CUSTOMER, "with space")], "identifiers[0].value"),
        ([identifier(CUSTOMER, "x" * 65)], "identifiers[0].value"),
        ([identifier(pb.IDENTIFIER_KIND_UNSPECIFIED, "x")], "identifiers[0].kind"),
        ([identifier(CUSTOMER, "a"), identifier(CUSTOMER, "a")], "identifiers[1]"),
        ([identifier(CUSTOMER, str(n)) for n in range(11)], "identifiers"),
    ],
)
async def test_identifiers_out_of_their_range_are_refused(
    running: RunningMembers, programme: Programme, identifiers: list[pb.Identifier], field: str
):
    with pytest.raises(CoalitionError) as refused:
        await running.partner(programme).enrol(*identifiers)

    assert refused.value.reason == Reason.REASON_INVALID_REQUEST
    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize(
    "personal",
    [
        pb.PersonalData(given_name="x" * 101),
        pb.PersonalData(family_name="two\nlines"),
        pb.PersonalData(email="nobody"),
        pb.PersonalData(phone="0151 FLOWERS"),
        pb.PersonalData(birth_date="2999-01-01"),
    ],
    ids=lambda personal: personal.ListFields()[0][0].name,
)
async def test_personal_fields_out_of_their_range_are_refused_by_name(
    running: RunningMembers, programme: Programme, personal: pb.PersonalData
):
    [(field, value)] = personal.ListFields()

    with pytest.raises(CoalitionError) as refused:
        await running.partner(programme).enrol(personal=personal)

    assert refused.value.reason == Reason.REASON_INVALID_REQUEST
    assert refused.value.metadata == {"field": f"personal.{field.name}"}
    assert value not in refused.value.message


async def test_staff_enrols_for_no_partner_and_so_without_customer_numbers(
    running: RunningMembers, programme: Programme
):
    desk = running.staff(programme, "service_desk")

    member = (await desk.enrol(identifier(CARD, card_number()), personal=PERSONAL)).member

    assert member.enrolled_by == b""
    assert member.personal == PERSONAL
    with pytest.raises(CoalitionError) as refused:
        await desk.enrol(identifier(CUSTOMER, secrets.token_hex(4)))
    assert refused.value.reason == Reason.REASON_INVALID_REQUEST


async def test_a_service_enrols_but_sees_no_personal_fields(running: RunningMembers, programme: Programme):
    member = (await running.points(programme).enrol(personal=PERSONAL)).member

    assert not member.HasField("personal")
    assert (await running.staff(programme, "admin").get(member.member_id)).personal == PERSONAL
