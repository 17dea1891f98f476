"""Who tries identifiers out is stopped and told of once; an honest till is not."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from coalition.events.v1 import members_pb2 as events_pb
from coalition.members.v1 import members_pb2 as pb
from coalition.members.v1 import office_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError, InvalidRequest
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import CARD, RunningMembers, card_number, identifier, running_members
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIMITED = Reason.REASON_LOOKUP_LIMITED
# A window that no test sees the end of.
DAY = 86_400


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningMembers]:
    """A service that takes 10 unknown ones of a till, 25 of a key, and enrols 5 cards for a till."""
    limits: dict[str, Any] = {
        "lookup_window_seconds": DAY,
        "lookup_till_unknown_max": 10,
        "lookup_key_unknown_max": 25,
        "lookup_till_enrolled_max": 5,
        "lookup_key_enrolled_max": 5,
    }
    async with running_members(database_for("members"), **limits) as members:
        yield members


def _asking(partner_id: bytes, till: str = "7", *, earns: bool = False) -> pb.Asking:
    return pb.Asking(partner_id=partner_id, api_key="key_1", store="S1", till=till, earns=earns)


async def _ask(running: RunningMembers, programme: Programme, asking: pb.Asking, *cards: str) -> list[int]:
    """The reasons, 0 for a member that was found."""
    request = pb.LookupMembersRequest(
        identifiers=[identifier(CARD, card) for card in cards], askings=[asking] * len(cards)
    )
    answer = await running.gateway(programme).call("LookupMembers", request)
    return [result.error.reason for result in answer.results]


async def _known(running: RunningMembers, programme: Programme, count: int) -> list[str]:
    partner = running.partner(programme)
    return [(await partner.enrol()).member.identifiers[0].value for _ in range(count)]


async def test_a_till_is_stopped_after_too_many_and_told_of_once(
    strict: RunningMembers, programme: Programme
):
    (card,) = await _known(strict, programme, 1)
    partner_id = new_id().bytes
    asking = _asking(partner_id)
    for _ in range(10):
        assert await _ask(strict, programme, asking, card_number()) == [Reason.REASON_MEMBER_UNKNOWN]
    assert await _ask(strict, programme, asking, card) == [0]
    # From here on known and unknown ones look alike.
    assert await _ask(strict, programme, asking, card_number()) == [LIMITED]
    assert await _ask(strict, programme, asking, card, card_number(), "123") == [LIMITED] * 3
    # Another till of the partner goes on, and so does one of the same name elsewhere.
    assert await _ask(strict, programme, _asking(partner_id, "8"), card) == [0]
    assert await _ask(strict, programme, _asking(new_id().bytes), card) == [0]
    events = [
        each
        for each in await strict.points(programme).events()
        if each.type == "member.enumeration_suspected"
    ]
    assert len(events) == 1
    told = events_pb.MemberEnumerationSuspected.FromString(events[0].payload)
    assert (told.partner_id, told.api_key, told.store, told.till) == (partner_id, "", "S1", "7")
    assert (told.unknown, told.known, told.window_seconds) == (11, 1, DAY)
    listed = await strict.in_office(programme, "ListSuspicions", office_pb2.ListSuspicionsRequest(limit=10))
    assert [(each.till, each.unknown, each.known) for each in listed.suspicions] == [("7", 11, 1)]
    with pytest.raises(InvalidRequest):
        await strict.in_office(programme, "ListSuspicions", office_pb2.ListSuspicionsRequest(limit=0))


async def test_a_key_that_calls_itself_another_till_each_time_is_stopped_as_well(
    strict: RunningMembers, programme: Programme
):
    partner_id = new_id().bytes
    asked = [await _ask(strict, programme, _asking(partner_id, str(n)), card_number()) for n in range(40)]
    assert asked == [[Reason.REASON_MEMBER_UNKNOWN]] * 25 + [[LIMITED]] * 15
    listed = await strict.in_office(programme, "ListSuspicions", office_pb2.ListSuspicionsRequest(limit=10))
    assert [(each.api_key, each.till, each.unknown) for each in listed.suspicions] == [("key_1", "", 26)]


async def test_one_own_card_read_again_and_again_hides_nothing(strict: RunningMembers, programme: Programme):
    (own,) = await _known(strict, programme, 1)
    asking = _asking(new_id().bytes)
    told = [await _ask(strict, programme, asking, own, own, card_number()) for _ in range(12)]
    assert [each[2] for each in told] == [Reason.REASON_MEMBER_UNKNOWN] * 10 + [LIMITED] * 2
    till, last = strict.partner(programme), 0
    for _ in range(26):
        for card in (own, own, card_number()):
            request = pb.FindMemberRequest(identifier=identifier(CARD, card), asking=pb.Asking())
            try:
                await till.call("FindMember", request)
            except CoalitionError as error:
                last = int(error.reason)
    assert last == LIMITED


async def test_many_at_once_are_stopped_at_once(strict: RunningMembers, programme: Programme):
    cards = [card_number() for _ in range(1_000)]
    assert await _ask(strict, programme, _asking(new_id().bytes), *cards) == [LIMITED] * 1_000


async def test_an_honest_batch_with_a_few_unknown_cards_is_not_stopped(
    strict: RunningMembers, programme: Programme
):
    known, asking = await _known(strict, programme, 60), _asking(new_id().bytes)
    unknown = [card_number() for _ in range(12)]
    reasons = await _ask(strict, programme, asking, *known, *unknown)
    assert reasons == [0] * 60 + [Reason.REASON_MEMBER_UNKNOWN] * 12
    assert "member.enumeration_suspected" not in [
        event.type for event in await strict.points(programme).events()
    ]


async def test_cards_of_a_range_are_not_enrolled_without_end(strict: RunningMembers, programme: Programme):
    range_ = office_pb2.SetCardRangeRequest(prefix="60355", digits=13, partner_id=new_id().bytes)
    await strict.in_office(programme, "SetCardRange", range_)
    asking = _asking(new_id().bytes, earns=True)
    asked = [await _ask(strict, programme, asking, card_number("60355")) for _ in range(9)]
    assert asked == [[0]] * 5 + [[LIMITED]] * 4
    enrolled = [each.type for each in await strict.points(programme).events()]
    # (The one that went over the limit has its member, and is answered when it is sent again.)
    assert enrolled == ["member.enrolled"] * 6 + ["member.enumeration_suspected"] * 2


async def test_whoever_looks_people_up_is_counted_too(strict: RunningMembers, programme: Programme):
    partner = strict.partner(programme)
    enrolled = await partner.enrol(personal=pb.PersonalData(email="Ada@Example.org"))

    async def find(kind: pb.IdentifierKind.ValueType, value: str) -> pb.MemberMatch:
        request = pb.FindMemberRequest(
            identifier=identifier(kind, value), asking=pb.Asking(store="S1", till="9")
        )
        return (await partner.call("FindMember", request)).match

    for number in range(10):
        with pytest.raises(CoalitionError) as unknown:
            await find(pb.IDENTIFIER_KIND_PHONE, f"030 123456{number}")
        assert unknown.value.reason == Reason.REASON_MEMBER_UNKNOWN
    assert (await find(pb.IDENTIFIER_KIND_EMAIL, "ada@example.org")).member_id == enrolled.member.member_id
    for kind, value in ((CARD, card_number()), (CARD, enrolled.member.identifiers[0].value)):
        with pytest.raises(CoalitionError) as stopped:
            await find(kind, value)
        assert stopped.value.reason == LIMITED
        assert 1 <= int(stopped.value.metadata["retry_after_seconds"]) <= DAY


async def test_what_one_process_has_counted_the_next_one_knows(
    strict: RunningMembers, programme: Programme, database_for: Callable[[str], ServiceDatabase]
):
    asking = _asking(new_id().bytes)
    for _ in range(10):
        await _ask(strict, programme, asking, card_number())
    limits: dict[str, Any] = {"lookup_window_seconds": DAY, "lookup_till_unknown_max": 10}
    async with running_members(database_for("members"), **limits) as other:
        assert await _ask(other, programme, asking, card_number()) == [LIMITED]


async def test_whoever_enrols_cards_to_learn_which_are_taken_is_stopped(
    strict: RunningMembers, programme: Programme
):
    (taken,) = await _known(strict, programme, 1)
    partner = strict.partner(programme)
    for _ in range(25):
        with pytest.raises(CoalitionError) as refused:
            await partner.enrol(identifier(CARD, taken))
        assert refused.value.reason == Reason.REASON_IDENTIFIER_TAKEN
    for card in (taken, taken, card_number()):
        with pytest.raises(CoalitionError) as stopped:
            await partner.enrol(identifier(CARD, card))
        assert stopped.value.reason == LIMITED
    # Without a card an enrolment tells nothing of anybody.
    assert (await partner.enrol()).member.identifiers
    events = [each.type for each in await strict.points(programme).events()]
    assert events.count("member.enumeration_suspected") == 1


async def test_a_partner_that_brings_its_members_is_not_stopped(strict: RunningMembers, programme: Programme):
    partner = strict.partner(programme)
    for _ in range(30):
        await partner.enrol(identifier(CARD, card_number()))
    assert "member.enumeration_suspected" not in [
        each.type for each in await strict.points(programme).events()
    ]
