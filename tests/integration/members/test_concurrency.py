"""Real tasks on a real database."""

import asyncio
from collections import Counter
from typing import Final

import pytest
from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members import service
from services.members.app import Members
from services.members.commands.enrol import Enrol, Enrolled
from services.members.commands.guard import Guard
from services.members.domain.events import MemberEvent
from services.members.domain.guarding import Limits
from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.settings import Settings
from services.members.storage import tables
from services.members.storage.claims import Claims
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.sealing import KeyRing
from services.members.storage.writing import MemberWriter
from services.runtime.errors import CoalitionError, Conflict, Unavailable
from services.runtime.idempotency import Idempotency
from services.runtime.principal import Programme
from tests.support.members import card_number, enrolment, event_types, partner_principal

TILLS: Final = 10
CARD, CUSTOMER = IdentifierKind.CARD, IdentifierKind.PARTNER_CUSTOMER


def outcome(result: Enrolled | BaseException) -> str:
    if isinstance(result, CoalitionError):
        return Reason.Name(result.reason)
    return "enrolled" if isinstance(result, Enrolled) else repr(result)


async def test_of_tills_that_enrol_one_card_at_once_one_wins(members: Members, programme: Programme):
    card = card_number()

    results = await asyncio.gather(
        *(members.enrol(partner_principal(programme), enrolment((CARD, card))) for _ in range(TILLS)),
        return_exceptions=True,
    )

    assert Counter(map(outcome, results)) == {"enrolled": 1, "REASON_IDENTIFIER_TAKEN": TILLS - 1}
    assert await event_types(members, programme) == ["member.enrolled"]


async def test_enrolments_that_share_identifiers_in_opposite_order_do_not_lock_each_other_out(
    members: Members, programme: Programme
):
    cards = [(CARD, card_number()) for _ in range(6)]

    results = await asyncio.gather(
        *(
            members.enrol(partner_principal(programme), enrolment(*(cards if n % 2 else reversed(cards))))
            for n in range(TILLS)
        ),
        return_exceptions=True,
    )

    assert Counter(map(outcome, results)) == {"enrolled": 1, "REASON_IDENTIFIER_TAKEN": TILLS - 1}


async def test_one_key_used_at_once_has_one_effect_and_one_answer(members: Members, programme: Programme):
    partner, asked = partner_principal(programme), enrolment((CARD, card_number()), (CUSTOMER, "C-1"))

    answers = await asyncio.gather(*(members.enrol(partner, asked) for _ in range(TILLS)))

    assert len({answer.member_id for answer in answers}) == 1
    assert sum(answer.member is not None for answer in answers) == 1
    assert await event_types(members, programme) == ["member.enrolled"]


async def test_one_key_used_at_once_for_two_requests_serves_one_of_them(
    members: Members, programme: Programme
):
    partner = partner_principal(programme)
    requests = [enrolment((CUSTOMER, f"C-{n}"), key="once") for n in range(TILLS)]

    results = await asyncio.gather(
        *(members.enrol(partner, asked) for asked in requests), return_exceptions=True
    )

    assert Counter(map(outcome, results)) == {"enrolled": 1, "REASON_IDEMPOTENCY_KEY_REUSED": TILLS - 1}
    assert await event_types(members, programme) == ["member.enrolled"]


async def test_closing_at_once_tells_it_once(members: Members, programme: Programme):
    partner = partner_principal(programme)
    member_id = (await members.enrol(partner, enrolment())).member_id

    await asyncio.gather(*(members.close(partner, member_id) for _ in range(TILLS)))

    assert await event_types(members, programme) == ["member.enrolled", "member.closed"]


async def test_enrolments_at_once_get_gapless_positions(members: Members, programme: Programme):
    await asyncio.gather(*(members.enrol(partner_principal(programme), enrolment()) for _ in range(30)))

    assert await event_types(members, programme) == ["member.enrolled"] * 30


async def test_a_drawn_card_that_is_taken_is_drawn_again(settings: Settings, programme: Programme):
    first, second = card_number("77"), card_number("77")
    draws = iter([first, first, first, second])
    members = service.build(settings, lambda: next(draws))
    try:
        partner = partner_principal(programme)
        one = await members.member(partner, (await members.enrol(partner, enrolment())).member_id)
        two = await members.member(partner, (await members.enrol(partner, enrolment())).member_id)
    finally:
        await members.disconnect()

    assert one.identifiers == (Identifier(CARD, first),)
    assert two.identifiers == (Identifier(CARD, second),)


async def test_when_no_free_card_is_drawn_the_caller_may_ask_again(settings: Settings, programme: Programme):
    only = card_number("77")
    members = service.build(settings, lambda: only)
    try:
        partner = partner_principal(programme)
        await members.enrol(partner, enrolment())
        with pytest.raises(Unavailable):
            await members.enrol(partner, enrolment((CUSTOMER, "C-1")))
        assert await event_types(members, programme) == ["member.enrolled"]
    finally:
        await members.disconnect()


async def test_an_event_that_cannot_be_written_undoes_the_enrolment(members: Members, programme: Programme):
    async def failing(connection: AsyncConnection, programme: Programme, *events: MemberEvent) -> None:
        raise RuntimeError("the log is full")

    lookup = LookupHash(bytes(32))
    writer = MemberWriter(KeyRing({1: bytes(32)}), lookup, card_number)
    claims = Claims(lookup)
    guard = Guard(members.database.writer, failing, Limits(900, 50, 200, 300, 2_000, 50))
    enrol = Enrol(members.database.writer, Idempotency(tables.idempotency), writer, claims, guard, failing)
    partner, asked = partner_principal(programme), enrolment((CUSTOMER, "C-1"), key="k")

    with pytest.raises(RuntimeError):
        await enrol(partner, asked)

    # Neither the number nor the key remembers anything.
    assert (await members.enrol(partner, asked)).member is not None
    with pytest.raises(Conflict):
        await members.enrol(partner, enrolment((CUSTOMER, "C-1")))
