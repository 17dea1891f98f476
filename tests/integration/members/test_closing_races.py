"""A member is closed while somebody changes or claims it: whoever is second sees what the first one did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.members.app import Members
from services.members.commands.update import Update
from services.members.domain.guarding import Asking
from services.members.domain.identifiers import GivenIdentifier, IdentifierKind
from services.members.domain.member import MemberStatus, Standing
from services.members.domain.personal import PersonalData
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme
from tests.support.members import (
    card_number,
    enrolment,
    event_types,
    partner_principal,
    principal_of,
)
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

CARD = IdentifierKind.CARD
_WAITERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
_CLOSE = "INSERT INTO member_closure (ledger_id, member_id, closed_at, actor) VALUES ($1, $2, now(), 'test')"


def _change(member_id: UUID, phone: str) -> Update:
    return Update(phone, phone.encode().ljust(32), member_id, PersonalData(phone=phone), ())


async def _anonymous(members: Members, programme: Programme, card: str) -> UUID:
    """The member that a card of a range becomes when it earns."""
    desk = principal_of(programme, Kind.STAFF, "service_desk")
    await members.set_card_range(desk, card[:6], len(card), new_id(), 1)
    asking = Asking(new_id(), "key_1", earns=True)
    gateway = principal_of(programme, Kind.SERVICE)
    (answer,) = await members.resolve(gateway, [GivenIdentifier(CARD, card)], [asking])
    assert isinstance(answer, Standing)
    return answer.member_id


@asynccontextmanager
async def _closing(
    database: ServiceDatabase, programme: Programme, member_id: UUID
) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """Closes a member in a transaction that ends with the block."""
    connection = await asyncpg.connect(database.admin_url)
    name = f"member {programme.ledger_id} {member_id}"
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
            await connection.execute(_CLOSE, programme.ledger_id, member_id)
            yield connection
    finally:
        await connection.close()


async def _after_a_closing(
    database: ServiceDatabase, programme: Programme, member_id: UUID, asked: Coroutine[Any, Any, Any]
) -> CoalitionError:
    """Why something is refused that is asked while a member is being closed, and goes on after that."""
    async with _closing(database, programme, member_id) as connection:
        task = asyncio.create_task(asked)

        async def waits() -> bool:
            return task.done() or await connection.fetchval(_WAITERS) > 0

        await until(waits)
        assert not task.done()
    with pytest.raises(CoalitionError) as refused:
        await task
    return refused.value


async def test_what_is_changed_while_a_member_is_closed_is_not_changed(
    members: Members, database: ServiceDatabase, programme: Programme
) -> None:
    partner = partner_principal(programme)
    member_id = (await members.enrol(partner, enrolment())).member_id
    change = members.update(partner, _change(member_id, "+493012345601"))
    refused = await _after_a_closing(database, programme, member_id, change)
    assert refused.reason == Reason.REASON_MEMBER_CLOSED
    assert (await members.member(partner, member_id)).personal == PersonalData()


async def test_a_card_that_is_claimed_while_its_member_is_closed_is_not_claimed(
    members: Members, database: ServiceDatabase, programme: Programme
) -> None:
    card = card_number("60355")
    member_id = await _anonymous(members, programme, card)
    claim = members.enrol(partner_principal(programme), enrolment((CARD, card)))
    refused = await _after_a_closing(database, programme, member_id, claim)
    assert refused.reason == Reason.REASON_IDENTIFIER_TAKEN
    assert "member.claimed" not in await event_types(members, programme)


async def test_a_member_that_is_being_changed_is_closed_after_that(
    members: Members, database: ServiceDatabase, programme: Programme
) -> None:
    partner = partner_principal(programme)
    member_id = (await members.enrol(partner, enrolment())).member_id
    # (Closed before: what counts is that a second one waits.)
    async with _closing(database, programme, member_id) as connection:
        task = asyncio.create_task(members.close(partner, member_id))

        async def waits() -> bool:
            return task.done() or await connection.fetchval(_WAITERS) > 0

        await until(waits)
        assert not task.done()
    await task
    assert (await members.member(partner, member_id)).status is MemberStatus.CLOSED


async def test_nothing_is_told_of_a_member_after_it_was_closed(
    members: Members, programme: Programme
) -> None:
    partner, desk = partner_principal(programme), principal_of(programme, Kind.STAFF, "service_desk")
    card = card_number("60355")
    claimed = await _anonymous(members, programme, card)
    changed = (await members.enrol(partner, enrolment())).member_id
    changes = [members.update(partner, _change(changed, f"+4930123456{n:02}")) for n in range(6)]
    claim = members.enrol(partner_principal(programme), enrolment((CARD, card)))
    closings = [members.close(partner, changed), members.close(desk, claimed)]
    outcomes = await asyncio.gather(*changes[:3], *closings, claim, *changes[3:], return_exceptions=True)
    refused = {each.reason for each in outcomes if isinstance(each, CoalitionError)}
    assert refused <= {Reason.REASON_MEMBER_CLOSED, Reason.REASON_IDENTIFIER_TAKEN}
    told = (await event_types(members, programme))[2:]
    assert told.count("member.closed") == 2
    # The last things told are closings: whatever came later was refused.
    assert told[-1] == "member.closed"
