import pytest
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import CARD, RunningMembers, card_number, identifier

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_closing_again_changes_and_tells_nothing(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    member = (await partner.enrol()).member

    first = await partner.close(member.member_id)
    second = await partner.close(member.member_id)

    assert first == second
    assert first.status == pb.MEMBER_STATUS_CLOSED
    events = await running.points(programme).events()
    assert [event.type for event in events] == ["member.enrolled", "member.closed"]


async def test_an_unknown_member_cannot_be_closed(running: RunningMembers, programme: Programme):
    with pytest.raises(CoalitionError) as refused:
        await running.partner(programme).close(new_id().bytes)

    assert refused.value.reason == Reason.REASON_NOT_FOUND


async def test_only_the_partner_that_enrolled_a_member_closes_it_and_staff(
    running: RunningMembers, programme: Programme
):
    home, other = running.partner(programme), running.partner(programme)
    member_id = (await home.enrol()).member.member_id

    with pytest.raises(CoalitionError) as refused:
        await other.close(member_id)

    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
    assert (await home.get(member_id)).status == pb.MEMBER_STATUS_ACTIVE
    closed = await running.staff(programme, "service_desk").close(member_id)
    assert closed.status == pb.MEMBER_STATUS_CLOSED


async def test_the_identifiers_of_a_closed_member_stay_taken(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    card = identifier(CARD, card_number())
    await partner.close((await partner.enrol(card)).member.member_id)

    with pytest.raises(CoalitionError) as refused:
        await partner.enrol(card)

    assert refused.value.reason == Reason.REASON_IDENTIFIER_TAKEN


async def test_a_replay_tells_that_the_member_has_been_closed_since(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    await partner.close((await partner.enrol(key="once")).member.member_id)

    again = await partner.enrol(key="once")

    assert again.replayed
    assert again.member.status == pb.MEMBER_STATUS_CLOSED
