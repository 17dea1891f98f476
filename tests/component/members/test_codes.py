"""Codes by message: asked for, told to the one service that sends them, used once, bounded in number, also where many try at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.events.v1 import members_pb2 as events
from coalition.members.v1 import contacts_pb2
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.members.storage.authority.forgetting import forget_authorities
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError
from services.runtime.ids import to_text
from services.runtime.principal import Programme
from tests.support.members import CARD, Caller, RunningMembers, card_number, identifier, running_members
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TILL = ("points:redeem",)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningMembers]:
    """A service with two codes an hour for a partner and three in all, two tries each, three wrong ones a day in all, and five an hour for a partner."""
    limits: dict[str, Any] = {
        "code_partner_hour_max": 2, "code_member_hour_max": 3, "code_tries_max": 2,
        "code_wrong_partner_max": 2, "code_wrong_everywhere_max": 3, "code_partner_all_hour_max": 5,
    }  # fmt: skip
    async with running_members(database_for("members"), **limits) as members:
        yield members


@dataclass(frozen=True)
class Shop:
    """A partner's till, a member of its with an e-mail address, and the service that writes to members."""

    home: Caller
    till: Caller
    sender: Caller
    member_id: bytes

    async def code(self, till: Caller | None = None) -> str:
        """A new code, as it is sent."""
        sent = await (till or self.till).send_code(self.member_id)
        return await self.sender.read_code(sent.code_id)


async def shop_of(running: RunningMembers, programme: Programme, email: str = "ada@example.org") -> Shop:
    home = running.partner(programme)
    personal = pb.PersonalData(email=email)
    member_id = (await home.enrol(identifier(CARD, card_number()), personal=personal)).member.member_id
    till = running.partner(programme, home.partner_id, _TILL)
    return Shop(home, till, running.service("notifications", programme), member_id)


def other_than(code: str, by: int = 1) -> str:
    """Another code."""
    return f"{(int(code) + by) % 10**6:06}"


async def refusal(call: Any) -> tuple[str, str]:
    """The reason of a refusal, and how many tries it says are left."""
    with pytest.raises(CoalitionError) as refused:
        await call
    return (
        Reason.Name(refused.value.reason).removeprefix("REASON_"),
        refused.value.metadata.get("tries_left", ""),
    )


async def test_the_newer_code_is_good_where_the_clock_was_set_back(
    running: RunningMembers, programme: Programme, monkeypatch: pytest.MonkeyPatch
):
    shop = await shop_of(running, programme)
    with monkeypatch.context() as ahead:
        ahead.setattr(
            "services.members.commands.authority.send_code.wall_now_us", lambda: wall_now_us() + 60_000_000
        )
        first = await shop.code()
    second = await shop.code()
    assert (await refusal(shop.till.check_code(shop.member_id, first)))[0] == "AUTHORISATION_INVALID"
    assert await shop.till.check_code(shop.member_id, second, "k:sale") is False


async def test_a_code_is_good_once_for_its_member_at_its_partner(
    running: RunningMembers, programme: Programme
):
    shop, neighbour = await shop_of(running, programme), running.partner(programme, scopes=_TILL)
    other = (await shop.home.enrol(identifier(CARD, card_number()))).member.member_id
    assert await refusal(shop.till.check_code(shop.member_id, "000000")) == ("AUTHORISATION_INVALID", "")
    asked = await shop.till.send_code(shop.member_id, "till-7")
    assert not asked.replayed
    assert 299_000_000 < asked.expires_at_us - wall_now_us() <= 300_000_000
    again = await shop.till.send_code(shop.member_id, "till-7")
    assert (again.code_id, again.expires_at_us, again.replayed) == (asked.code_id, asked.expires_at_us, True)
    assert await refusal(shop.till.send_code(other, "till-7")) == ("IDEMPOTENCY_KEY_REUSED", "")
    code = await shop.sender.read_code(asked.code_id)

    invalid = ("AUTHORISATION_INVALID", "")
    assert await refusal(neighbour.check_code(shop.member_id, code)) == invalid
    assert await refusal(shop.till.check_code(other, code)) == invalid
    assert await refusal(shop.till.check_code(shop.member_id, other_than(code))) == (invalid[0], "2")
    assert await shop.till.check_code(shop.member_id, code, "k:sale") is False
    assert await shop.till.check_code(shop.member_id, code, "k:sale") is True
    assert await refusal(shop.till.check_code(shop.member_id, code, "k:other")) == invalid
    assert await refusal(neighbour.check_code(shop.member_id, code, "k:sale")) == invalid
    assert (await refusal(shop.sender.read_code(asked.code_id)))[0] == "NOT_FOUND"

    (told,) = [
        events.MemberCodeRequested.FromString(each.payload)
        for each in await running.points(programme).events()
        if each.type == "member.code_requested"
    ]
    assert shop.till.partner_id is not None
    assert (told.member_id, told.partner_id, told.code_id, told.expires_at_us) == (
        shop.member_id, shop.till.partner_id.bytes, asked.code_id, asked.expires_at_us,
    )  # fmt: skip
    request = contacts_pb2.ListContactReadingsRequest(member_id=shop.member_id)
    desk = running.staff(programme, "service_desk")
    (reading,) = (await desk.ask_contacts("ListContactReadings", request)).readings
    assert reading.reason == to_text("otc", UUID(bytes=asked.code_id))


async def test_a_new_code_ends_the_one_before_and_three_wrong_tries_end_any(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    first = await shop.till.send_code(shop.member_id)
    before = await shop.sender.read_code(first.code_id)
    code = await shop.code()
    assert (await refusal(shop.sender.read_code(first.code_id)))[0] == "NOT_FOUND"
    # (One in a million is the same by chance.)
    wrong = [each for each in (before, other_than(code), other_than(code, 2)) if each != code]
    left = [await refusal(shop.till.check_code(shop.member_id, each)) for each in wrong[:3]]
    assert left == [("AUTHORISATION_INVALID", each) for each in ("2", "1", "0")]
    assert await refusal(shop.till.check_code(shop.member_id, code)) == ("AUTHORISATION_INVALID", "")
    # Another partner's own is untouched by that.
    neighbour = running.partner(programme, scopes=_TILL)
    theirs = await shop.code(neighbour)
    mine = await shop.code()
    assert await neighbour.check_code(shop.member_id, theirs) is False
    assert await shop.till.check_code(shop.member_id, mine) is False


async def test_a_code_is_over_with_its_time_but_not_for_the_key_that_used_it(
    running: RunningMembers, programme: Programme, database_for: Callable[[str], ServiceDatabase]
):
    shop = await shop_of(running, programme)
    used, unused = await shop_of(running, programme), shop
    codes = [await each.code() for each in (used, unused)]
    assert await used.till.check_code(used.member_id, codes[0], "k:sale") is False
    async with as_superuser(database_for("members")) as connection:
        await connection.execute(
            "UPDATE one_time_code SET sent_at = sent_at - interval '6 minutes', expires_at = expires_at - interval '6 minutes' "
            "WHERE ledger_id = $1",
            programme.ledger_id,
        )
    assert await refusal(unused.till.check_code(unused.member_id, codes[1])) == ("AUTHORISATION_INVALID", "")
    assert await used.till.check_code(used.member_id, codes[0], "k:sale") is True
    # Under that key nobody tries numbers: after as many as end a code it answers nothing more.
    tries = [used.till.check_code(used.member_id, other_than(codes[0], n), "k:sale") for n in (1, 2, 3)]
    assert [(await refusal(each))[1] for each in tries] == ["2", "1", "0"]
    last = used.till.check_code(used.member_id, codes[0], "k:sale")
    assert await refusal(last) == ("AUTHORISATION_INVALID", "")


async def test_of_many_tills_that_type_a_code_at_once_one_uses_it(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    code = await shop.code()
    tries = [shop.till.check_code(shop.member_id, code, f"k:{n}") for n in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [each for each in results if not isinstance(each, CoalitionError)] == [False]
    code = await shop.code()
    tries = [shop.till.check_code(shop.member_id, other_than(code, n)) for n in range(1, 7)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    told = sorted(each.metadata.get("tries_left", "") for each in results if isinstance(each, CoalitionError))
    assert told == ["", "", "", "0", "1", "2"]


async def test_nobody_floods_a_members_phone_alone_nor_together(strict: RunningMembers, programme: Programme):
    shop = await shop_of(strict, programme)
    tills = [shop.till, *(strict.partner(programme, scopes=_TILL) for _ in range(2))]
    for _ in range(2):
        await shop.till.send_code(shop.member_id)
    with pytest.raises(CoalitionError) as refused:
        await shop.till.send_code(shop.member_id)
    assert refused.value.reason == Reason.REASON_CODE_LIMITED
    assert refused.value.metadata["until"].endswith("Z")
    assert 3_590 < int(refused.value.metadata["retry_after_seconds"]) <= 3_600
    await tills[1].send_code(shop.member_id)
    assert await refusal(tills[2].send_code(shop.member_id)) == ("CODE_LIMITED", "")
    # Another member's phone has not rung.
    other = await shop_of(strict, programme)
    asked = [shop.till.send_code(other.member_id) for _ in range(6)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, CoalitionError) for each in results) == 4


async def test_a_stolen_key_has_no_more_codes_sent_than_a_partner_may(
    strict: RunningMembers, programme: Programme
):
    shops = [await shop_of(strict, programme) for _ in range(8)]
    till = shops[0].till
    first = await till.send_code(shops[0].member_id, "till-1")
    asked = [till.send_code(shop.member_id) for shop in shops[1:]]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in results if isinstance(each, CoalitionError)]
    assert [each.reason for each in refused] == [Reason.REASON_CODE_LIMITED] * 3
    assert all(3_590 < int(each.metadata["retry_after_seconds"]) <= 3_600 for each in refused)
    # What was asked for before is answered again, and other partners have theirs.
    assert (await till.send_code(shops[0].member_id, "till-1")).code_id == first.code_id
    neighbour = strict.partner(programme, scopes=_TILL)
    unlucky = [s.member_id for s, r in zip(shops[1:], results, strict=True) if isinstance(r, CoalitionError)]
    await neighbour.send_code(unlucky[0])


async def test_wrong_codes_of_a_day_are_bounded_over_all_codes_and_partners(
    strict: RunningMembers, programme: Programme
):
    shop, neighbour = await shop_of(strict, programme), strict.partner(programme, scopes=_TILL)
    code = await shop.code()
    assert await refusal(shop.till.check_code(shop.member_id, other_than(code))) == (
        "AUTHORISATION_INVALID", "1",
    )  # fmt: skip
    assert await refusal(shop.till.check_code(shop.member_id, other_than(code))) == ("CODE_LIMITED", "")
    assert await refusal(shop.till.send_code(shop.member_id)) == ("CODE_LIMITED", "")
    # Elsewhere it goes on, until there are too many in all.
    theirs = await shop.code(neighbour)
    assert await refusal(neighbour.check_code(shop.member_id, other_than(theirs))) == ("CODE_LIMITED", "")
    assert await refusal(neighbour.check_code(shop.member_id, theirs)) == ("CODE_LIMITED", "")


async def test_only_who_has_an_address_is_sent_a_code_and_only_the_sender_reads_it(
    running: RunningMembers, programme: Programme
):
    nobody = await shop_of(running, programme, email="")
    assert (await refusal(nobody.till.send_code(nobody.member_id)))[0] == "NO_CONTACT"
    by_chat = contacts_pb2.SetContactRequest(
        key="chat", member_id=nobody.member_id, channel=contacts_pb2.CHANNEL_CHAT, address="chat-1"
    )
    await nobody.home.ask_contacts("SetContact", by_chat)
    assert (await refusal(nobody.till.send_code(nobody.member_id)))[0] == "NO_CONTACT"
    by_push = contacts_pb2.SetContactRequest(
        key="push", member_id=nobody.member_id, channel=contacts_pb2.CHANNEL_PUSH, address="device-1"
    )
    await nobody.home.ask_contacts("SetContact", by_push)
    asked = await nobody.till.send_code(nobody.member_id)

    others = (
        nobody.till, running.service("gateway", programme), running.points(programme),
        running.service("cli", programme), running.staff(programme, "admin", "service_desk"),
    )  # fmt: skip
    for caller in others:
        assert (await refusal(caller.read_code(asked.code_id)))[0] == "PERMISSION_DENIED"
    for caller in (nobody.home, running.points(programme), running.staff(programme, "admin")):
        assert (await refusal(caller.send_code(nobody.member_id)))[0] == "PERMISSION_DENIED"
        assert (await refusal(caller.check_code(nobody.member_id, "000000")))[0] == "PERMISSION_DENIED"
    assert (await refusal(nobody.till.send_code(asked.code_id)))[0] == "NOT_FOUND"


async def test_a_member_that_leaves_has_no_code_any_more(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    asked = await shop.till.send_code(shop.member_id)
    code = await shop.sender.read_code(asked.code_id)
    await shop.home.close(shop.member_id)
    assert (await refusal(shop.sender.read_code(asked.code_id)))[0] == "NOT_FOUND"
    assert await refusal(shop.till.check_code(shop.member_id, code)) == ("AUTHORISATION_INVALID", "")
    assert (await refusal(shop.till.send_code(shop.member_id)))[0] == "MEMBER_CLOSED"


async def test_a_till_that_asks_again_is_answered_also_of_a_member_that_has_left_since(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    code = await shop.code()
    assert await shop.till.check_code(shop.member_id, code, "k:sale") is False
    await shop.home.close(shop.member_id)
    assert await shop.till.check_code(shop.member_id, code, "k:sale") is True
    assert await refusal(shop.till.check_code(shop.member_id, code, "k:other")) == (
        "AUTHORISATION_INVALID", "",
    )  # fmt: skip
    # Nor does anybody try numbers under that key now.
    tries = [shop.till.check_code(shop.member_id, other_than(code, n), "k:sale") for n in (1, 2, 3)]
    assert [(await refusal(each))[1] for each in tries] == ["2", "1", "0"]


async def test_old_codes_are_forgotten_and_a_use_is_undone_by_nobody(
    running: RunningMembers, programme: Programme, database_for: Callable[[str], ServiceDatabase]
):
    shop = await shop_of(running, programme)
    code = await shop.code()
    await shop.till.check_code(shop.member_id, code, "k:sale")
    async with as_superuser(database_for("members")) as connection:
        for change in ("used_key = NULL", "wrong = -1"):
            with pytest.raises(Exception, match="a code is used once"):
                await connection.execute(
                    f"UPDATE one_time_code SET {change} WHERE ledger_id = $1", programme.ledger_id
                )
    writer = running.members.database.writer
    assert await shop.till.check_code(shop.member_id, code, "k:sale") is True
    assert await forget_authorities(writer, wall_now_us()) > 0
    assert await refusal(shop.till.check_code(shop.member_id, code, "k:sale")) == (
        "AUTHORISATION_INVALID", "",
    )  # fmt: skip
