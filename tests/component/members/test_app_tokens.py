"""Tokens of a member's app: made for who may, used once, and told of where somebody else shows one again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from coalition.events.v1 import members_pb2 as events
from coalition.members.v1 import authority_pb2 as pb
from coalition.members.v1 import members_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.members.domain.authority.tokens import AppToken, new_token
from services.members.storage.authority.forgetting import forget_authorities
from services.members.storage.authority.token_seal import TokenSeal
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from services.runtime.secrets import read_key
from tests.support.members import (
    CARD,
    CUSTOMER,
    Caller,
    RunningMembers,
    card_number,
    identifier,
    new_programme,
)
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = ("members:read", "members:write", "members:app")
TILL = ("points:earn", "points:redeem")


@dataclass(frozen=True)
class Shop:
    """A partner with an app and a till, and a member that it has enrolled."""

    app: Caller
    till: Caller
    member_id: bytes


async def shop_of(running: RunningMembers, programme: Programme) -> Shop:
    app = running.partner(programme, scopes=APP)
    member = (await app.enrol(identifier(CARD, card_number()))).member
    return Shop(app, running.partner(programme, app.partner_id, TILL), member.member_id)


async def reason_of(call: object) -> tuple[Reason.ValueType, dict[str, str]]:
    with pytest.raises(CoalitionError) as refused:
        await call  # type: ignore[misc]
    return refused.value.reason, refused.value.metadata


def bytes_of(caller: Caller) -> bytes:
    assert caller.partner_id is not None
    return caller.partner_id.bytes


def seal_of(running: RunningMembers) -> TokenSeal:
    return TokenSeal(read_key(running.settings.secret_key.get_secret_value(), "key"))


INVALID = (Reason.REASON_AUTHORISATION_INVALID, {"method": "app_token"})


async def test_a_token_fits_a_code_and_names_its_member_once(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    before = wall_now_us()
    issued = await shop.app.ask_authority("IssueAppToken", pb.IssueAppTokenRequest(member_id=shop.member_id))

    assert issued.token.startswith("apt_")
    assert len(issued.token) == 80
    assert before + 60_000_000 <= issued.expires_at_us <= wall_now_us() + 60_000_000
    assert await shop.app.app_token(shop.member_id) != issued.token
    used = await shop.till.use_token(issued.token)
    assert (used.member_id, used.replayed) == (shop.member_id, False)


async def test_the_same_key_is_answered_again_and_another_is_refused_and_told_once(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    other = running.partner(programme, scopes=("points:earn",))
    token = await shop.app.app_token(shop.member_id)

    await shop.till.use_token(token, "k:sale")
    again = await shop.till.use_token(token, "k:sale")
    assert (again.member_id, again.replayed) == (shop.member_id, True)
    # Another partner's key may be the same word.
    assert await reason_of(other.use_token(token, "k:sale")) == INVALID
    assert await reason_of(shop.till.use_token(token, "k:other")) == INVALID
    assert (await shop.till.use_token(token, "k:sale")).replayed

    told = [event for event in await running.points(programme).events() if "replayed" in event.type]
    (event,) = [events.MemberAppTokenReplayed.FromString(each.payload) for each in told]
    assert told[0].type == "member.app_token_replayed"
    assert (event.member_id, event.used_by, event.partner_id) == (
        shop.member_id, bytes_of(shop.app), bytes_of(other),
    )  # fmt: skip
    for role in ("service_desk", "auditor"):
        listed = await running.staff(programme, role).ask_authority("ListReplays", pb.ListReplaysRequest())
        (replay,) = listed.replays
        assert (replay.member_id, replay.used_by, replay.partner_id, replay.replayed_at_us) == (
            event.member_id, event.used_by, event.partner_id, event.replayed_at_us,
        )  # fmt: skip
        assert 0 < replay.used_at_us <= replay.replayed_at_us
    earlier = pb.ListReplaysRequest(before_us=event.replayed_at_us)
    assert not (await running.staff(programme, "auditor").ask_authority("ListReplays", earlier)).replays


async def test_of_tills_that_show_one_token_at_once_exactly_one_wins(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    token = await shop.app.app_token(shop.member_id)

    results = await asyncio.gather(
        *(shop.till.use_token(token, f"k:{till}") for till in range(8)), return_exceptions=True
    )

    won = [each for each in results if isinstance(each, pb.UseAppTokenResponse)]
    assert [(each.member_id, each.replayed) for each in won] == [(shop.member_id, False)]
    assert all(each.reason == INVALID[0] for each in results if isinstance(each, CoalitionError))
    told = [event.type for event in await running.points(programme).events()]
    assert told.count("member.app_token_replayed") == 1


async def test_a_token_that_is_too_old_is_refused_unless_its_own_key_asks_again(
    running: RunningMembers, programme: Programme
):
    shop, seal = await shop_of(running, programme), seal_of(running)
    old = AppToken(new_token(UUID(bytes=shop.member_id), 0).nonce, UUID(bytes=shop.member_id), wall_now_us())
    assert await reason_of(shop.till.use_token(seal.write(programme.ledger_id, old))) == INVALID
    assert [event.type for event in await running.points(programme).events()] == ["member.enrolled"]

    # The same token, as if time had gone by since its use.
    fresh = AppToken(old.nonce, old.member_id, wall_now_us() + 60_000_000)
    await shop.till.use_token(seal.write(programme.ledger_id, fresh), "k:sale")
    stale = seal.write(programme.ledger_id, old)
    assert (await shop.till.use_token(stale, "k:sale")).member_id == shop.member_id
    assert await reason_of(shop.till.use_token(stale, "k:other")) == INVALID


async def test_what_is_no_token_of_the_programme_is_refused_alike(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    token = await shop.app.app_token(shop.member_id)
    elsewhere = running.partner(new_programme(), shop.app.partner_id, TILL)

    for till, text in (
        (elsewhere, token),
        (shop.till, ""),
        (shop.till, "apt_" + "A" * 76),
        (shop.till, token[:-1]),
        (shop.till, token + "="),
        (shop.till, token.replace("apt_", "apt-")),
        (shop.till, "apt_" + "é" * 76),
    ):
        assert await reason_of(till.use_token(text)) == INVALID
    assert (await reason_of(shop.till.use_token(token, "")))[0] == Reason.REASON_IDEMPOTENCY_KEY_MISSING
    assert not (await shop.till.use_token(token)).replayed


async def test_who_may_make_and_use_tokens(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    stranger = running.partner(programme, scopes=APP)
    denied = Reason.REASON_PERMISSION_DENIED
    assert (await reason_of(stranger.app_token(shop.member_id)))[0] == denied
    assert (await reason_of(shop.till.app_token(shop.member_id)))[0] == denied
    # Who serves members could burn with it.
    assert (await reason_of(running.staff(programme, "service_desk").app_token(shop.member_id)))[0] == denied
    assert (await reason_of(shop.app.app_token(new_id().bytes)))[0] == Reason.REASON_NOT_FOUND
    assert (await reason_of(shop.app.app_token(b"short")))[0] == Reason.REASON_INVALID_REQUEST
    token = await running.points(programme).app_token(shop.member_id)
    reader = running.partner(programme, scopes=("members:read",))
    assert (await reason_of(reader.use_token(token)))[0] == denied
    assert (await reason_of(running.staff(programme, "admin").use_token(token)))[0] == denied
    assert (await reason_of(shop.app.ask_authority("ListReplays", pb.ListReplaysRequest())))[0] == denied
    maker = running.staff(programme, "maker")
    assert (await reason_of(maker.ask_authority("ListReplays", pb.ListReplaysRequest())))[0] == denied
    wide = pb.ListReplaysRequest(limit=501)
    assert (await reason_of(running.staff(programme, "admin").ask_authority("ListReplays", wide)))[
        0
    ] == Reason.REASON_INVALID_REQUEST


async def test_a_partner_that_knows_a_member_by_its_own_number_makes_tokens_too(
    running: RunningMembers, programme: Programme
):
    # Customer numbers of others come with enrolments alone so far, so this is one of the partner's own.
    app = running.partner(programme, scopes=APP)
    member = (await app.enrol(identifier(CUSTOMER, "C-1"))).member
    assert (await app.app_token(member.member_id)).startswith("apt_")


async def test_a_member_that_has_left_gets_no_token_and_what_it_had_still_names_it(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    token = await shop.app.app_token(shop.member_id)
    await shop.app.close(shop.member_id)
    assert (await reason_of(shop.app.app_token(shop.member_id)))[0] == Reason.REASON_MEMBER_CLOSED
    # Whether it may burn is for the ledger to decide.
    assert (await shop.till.use_token(token)).member_id == shop.member_id


async def test_uses_are_forgotten_once_nobody_can_ask(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    token = await shop.app.app_token(shop.member_id)
    await shop.till.use_token(token, "k:sale")
    await reason_of(shop.till.use_token(token, "k:other"))
    staff, asked = running.staff(programme, "auditor"), pb.ListReplaysRequest()

    writer = running.members.database.writer
    assert await forget_authorities(writer, wall_now_us() - 3_600_000_000) == 0
    assert len((await staff.ask_authority("ListReplays", asked)).replays) == 1
    assert await forget_authorities(writer, wall_now_us()) >= 1
    assert not (await staff.ask_authority("ListReplays", asked)).replays


async def test_a_used_token_tells_the_language_of_its_member(
    running: RunningMembers, programme: Programme, database_for: Callable[[str], ServiceDatabase]
):
    app = running.partner(programme, scopes=APP)
    till = running.partner(programme, app.partner_id, TILL)
    german, silent, spoiled = [
        (await app.enrol(identifier(CARD, card_number()), personal=personal)).member.member_id
        for personal in (
            members_pb2.PersonalData(language="de"),
            members_pb2.PersonalData(given_name="Ada"),
            members_pb2.PersonalData(language="fr"),
        )
    ]
    async with as_superuser(database_for("members")) as connection:
        # Whoever writes to the table changes what nobody can read; a sale goes on.
        await connection.execute("ALTER TABLE member_personal DISABLE TRIGGER USER")
        await connection.execute(
            "UPDATE member_personal SET sealed_value = decode(repeat('00', 40), 'hex') WHERE member_id = $1",
            UUID(bytes=spoiled),
        )
        await connection.execute("ALTER TABLE member_personal ENABLE TRIGGER USER")
    told: list[tuple[bytes, str]] = []
    for member_id in (german, silent, spoiled):
        token = await app.app_token(member_id)
        used = [await till.use_token(token, "k:sale") for _ in range(2)]
        assert [each.replayed for each in used] == [False, True]
        told += {(each.member_id, each.language) for each in used}
    assert told == [(german, "de"), (silent, ""), (spoiled, "")]
