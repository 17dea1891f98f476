"""Nothing personal reaches a log, whatever goes wrong."""

import logging as standard_logging
import re
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import structlog
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import logging
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.members import (
    CARD,
    CUSTOMER,
    Caller,
    RunningMembers,
    card_number,
    identifier,
    running_members,
)
from tests.support.servers import ServiceDatabase

PERSONAL = pb.PersonalData(
    given_name="Wilhelmina",
    family_name="Featherstonehaugh",
    email="wilhelmina.f@post.example",
    phone="+491709876543",
    birth_date="1971-04-23",
)

PIN, WRONG_PIN = "73918264", "46281937"


@pytest.fixture
async def running(
    database: ServiceDatabase, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[RunningMembers]:
    """The service with its real logging, at its most talkative."""
    root = standard_logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.configure("members", "DEBUG")
    async with running_members(database) as members:
        yield members
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def test_success_refusals_and_faults_log_nothing_personal(
    running: RunningMembers,
    database: ServiceDatabase,
    programme: Programme,
    capsys: pytest.CaptureFixture[str],
):
    partner, card = running.partner(programme), card_number()
    given = (identifier(CARD, card), identifier(CUSTOMER, "KD-0815-4711"))
    member_id = (await partner.enrol(*given, personal=PERSONAL)).member.member_id
    app = running.partner(programme, partner.partner_id, ("members:app", "points:redeem"))
    await app.set_pin(member_id, PIN)
    token = await app.app_token(member_id)
    await app.use_token(token)
    code = await running.service("notifications", programme).read_code(
        (await app.send_code(member_id)).code_id
    )
    wrong_code = f"{(int(code) + 1) % 10**6:06}"
    reasons: list[Reason.ValueType] = []
    for attempt in (
        app.use_token(token, "k:other"),
        app.check_pin(member_id, WRONG_PIN),
        app.check_code(member_id, wrong_code),
        app.set_pin(member_id, "99999999"),
        partner.enrol(*given, personal=PERSONAL),
        # (One more digit would make a good number once in ten times.)
        partner.enrol(identifier(CARD, card[:-1] + str((int(card[-1]) + 1) % 10))),
        partner.enrol(personal=pb.PersonalData(email=PERSONAL.email + "@")),
        get_spoilt(database, partner, member_id),
    ):
        with pytest.raises(CoalitionError) as refused:
            await attempt
        reasons.append(refused.value.reason)
        told = f"{refused.value} {refused.value.metadata}"
        assert not any(
            value in told
            for value in (card, PERSONAL.email, PIN, WRONG_PIN, "99999999", token, code, wrong_code)
        )

    assert reasons == [
        Reason.REASON_AUTHORISATION_INVALID,
        Reason.REASON_AUTHORISATION_INVALID,
        Reason.REASON_AUTHORISATION_INVALID,
        Reason.REASON_INVALID_REQUEST,
        Reason.REASON_IDENTIFIER_TAKEN,
        Reason.REASON_CARD_NUMBER_INVALID,
        Reason.REASON_INVALID_REQUEST,
        Reason.REASON_INTERNAL,
    ]
    assert await app.check_code(member_id, code) is False
    logged = capsys.readouterr().err
    assert "SealBroken" in logged
    for value in (
        card,
        "KD-0815-4711",
        PIN,
        WRONG_PIN,
        token,
        *(value for _, value in PERSONAL.ListFields()),
    ):
        assert str(value) not in logged
    # (Ids and fractions of seconds have six digits that mean nothing.)
    assert not re.search(rf"(?<![0-9a-f.])({code}|{wrong_code})(?![0-9a-f])", logged)


async def get_spoilt(database: ServiceDatabase, partner: Caller, member_id: bytes) -> pb.Member:
    """Damages a member's personal fields and reads it."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute(
            "UPDATE member_personal SET sealed_value = sealed_value || '\\x00' WHERE member_id = $1",
            UUID(bytes=member_id),
        )
    finally:
        await connection.close()
    return await partner.get(member_id)
