"""The hot read: a connection of its own, shared queries, and what happens when it is lost."""

import asyncio
from typing import Final

import asyncpg
import pytest
from pydantic import SecretStr

from services.members import service
from services.members.app import Members
from services.members.commands.update import Update
from services.members.domain.identifiers import GivenIdentifier, IdentifierKind
from services.members.domain.member import MemberStatus, Standing
from services.members.domain.personal import PersonalData
from services.members.settings import Settings
from services.runtime.errors import CoalitionError, Unavailable
from services.runtime.principal import Programme
from tests.support.members import card_number, enrolment, new_programme, partner_principal
from tests.support.servers import ServiceDatabase

PROGRAMMES: Final = 4
CARD: Final = IdentifierKind.CARD


def answered(answer: Standing | CoalitionError) -> Standing | None:
    return answer if isinstance(answer, Standing) else None


async def test_look_ups_at_once_share_queries_and_get_their_own_answers(members: Members):
    card, unknown = card_number(), GivenIdentifier(CARD, card_number())
    callers = [partner_principal(new_programme()) for _ in range(PROGRAMMES)]
    ids = [(await members.enrol(caller, enrolment((CARD, card)))).member_id for caller in callers]
    await members.close(callers[0], ids[0])

    answers = await asyncio.gather(
        *(members.lookup(caller, [unknown, GivenIdentifier(CARD, card)]) for caller in callers * 5)
    )

    for place, (first, second) in enumerate(answers):
        status = MemberStatus.CLOSED if place % PROGRAMMES == 0 else MemberStatus.ACTIVE
        assert answered(first) is None
        assert answered(second) == Standing(ids[place % PROGRAMMES], status)


async def test_a_look_up_sees_what_was_committed_before_it(members: Members, programme: Programme):
    partner = partner_principal(programme)
    for _ in range(10):
        card = card_number()
        enrolled = await members.enrol(partner, enrolment((CARD, card)))
        [answer] = await members.lookup(partner, [GivenIdentifier(CARD, card)])
        assert answered(answer) == Standing(enrolled.member_id, MemberStatus.ACTIVE)


async def test_a_lost_connection_is_made_anew(
    members: Members, database: ServiceDatabase, programme: Programme
):
    partner, card = partner_principal(programme), card_number()
    await members.enrol(partner, enrolment((CARD, card)))
    given = [GivenIdentifier(CARD, card)]
    before = await members.lookup(partner, given)
    connection = await asyncpg.connect(database.admin_url)
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%lookup_hash%'"
        )
    finally:
        await connection.close()

    assert ended
    assert await members.lookup(partner, given) == before


async def test_the_connection_refuses_to_write(members: Members, programme: Programme):
    await members.lookup(partner_principal(programme), [GivenIdentifier(CARD, card_number())])
    connection = members.index._connection  # pyright: ignore[reportPrivateUsage]
    assert connection is not None

    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.execute("INSERT INTO relay_cursor (ledger_id, pos) VALUES (1, 1)")


async def test_without_a_database_the_caller_is_told_to_ask_again(settings: Settings, programme: Programme):
    nowhere = SecretStr("postgresql://role:word@127.0.0.1:1/members")
    members = service.build(settings.model_copy(update={"database_url": nowhere}))
    try:
        with pytest.raises(Unavailable):
            await members.lookup(partner_principal(programme), [GivenIdentifier(CARD, card_number())])
    finally:
        await members.disconnect()


async def test_a_look_up_tells_the_newest_language_and_none_of_those_who_have_said_none(
    members: Members, database: ServiceDatabase, programme: Programme
):
    partner, cards = partner_principal(programme), [card_number() for _ in range(3)]
    said = (PersonalData(language="de"), PersonalData(), PersonalData(language="fr"))
    ids = [
        (await members.enrol(partner, enrolment((CARD, card), personal=personal))).member_id
        for card, personal in zip(cards, said, strict=True)
    ]
    given = [GivenIdentifier(CARD, card) for card in cards]
    told = [answered(each) for each in await members.lookup(partner, given)]
    assert [each.language if each else None for each in told] == ["de", "", "fr"]

    await members.update(partner, Update("k1", bytes(32), ids[0], PersonalData(language="es"), ()))
    await members.update(partner, Update("k2", bytes(32), ids[2], PersonalData(), ("language",)))
    told = [answered(each) for each in await members.lookup(partner, given)]
    assert [each.language if each else None for each in told] == ["es", "", ""]

    # A value that does not open is none: the sale goes on.
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            "UPDATE member_personal SET sealed_value = sealed_value || 'x' WHERE member_id = $1", ids[0]
        )
    finally:
        await connection.close()
    told = [answered(each) for each in await members.lookup(partner, given)]
    assert [each and (each.member_id, each.language) for each in told[:2]] == [(ids[0], ""), (ids[1], "")]
