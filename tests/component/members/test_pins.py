"""PINs: set, typed, counted where they are wrong, and locked, also where many tills try at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from coalition.events.v1 import members_pb2 as events
from coalition.type.v1.reason_pb2 import Reason

from services.members.storage.authority.forgetting import forget_authorities
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import CARD, Caller, RunningMembers, card_number, identifier, running_members
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIN = "2580"
APP = ("members:read", "members:write", "members:app")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningMembers]:
    """A service that locks for a second, after two wrong PINs with a partner, or three with several."""
    limits: dict[str, Any] = {"pin_tries_max": 2, "pin_lock_seconds": 1, "pin_tries_everywhere_max": 3}
    async with running_members(database_for("members"), **limits) as members:
        yield members


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningMembers]:
    """A service that locks after two wrong PINs with a partner, or five with several."""
    limits: dict[str, Any] = {"pin_tries_max": 2, "pin_tries_everywhere_max": 5}
    async with running_members(database_for("members"), **limits) as members:
        yield members


@dataclass(frozen=True)
class Shop:
    """A partner, its till, and a member of it with a PIN."""

    home: Caller
    till: Caller
    member_id: bytes


async def shop_of(running: RunningMembers, programme: Programme, pin: str = PIN) -> Shop:
    home = running.partner(programme, scopes=APP)
    member_id = (await home.enrol(identifier(CARD, card_number()))).member.member_id
    if pin:
        await home.set_pin(member_id, pin)
    return Shop(home, running.partner(programme, scopes=("points:redeem",)), member_id)


async def wrong(call: object) -> tuple[str, str]:
    """The reason of a refusal, and how many tries it says are left."""
    with pytest.raises(CoalitionError) as refused:
        await call  # type: ignore[misc]
    return (
        Reason.Name(refused.value.reason).removeprefix("REASON_"),
        refused.value.metadata.get("tries_left", ""),
    )


async def test_wrong_pins_in_a_row_lock_it_and_a_right_one_starts_the_count_anew(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    for left in ("4", "3", "2", "1"):
        assert await wrong(shop.till.check_pin(shop.member_id, "1357")) == ("AUTHORISATION_INVALID", left)
    assert await shop.till.check_pin(shop.member_id, PIN, "good") is False
    for left in ("4", "3", "2", "1"):
        assert await wrong(shop.till.check_pin(shop.member_id, "")) == ("AUTHORISATION_INVALID", left)
    with pytest.raises(CoalitionError) as locked:
        await shop.till.check_pin(shop.member_id, "1357")
    assert locked.value.reason == Reason.REASON_PIN_LOCKED
    assert 899 <= int(locked.value.metadata["retry_after_seconds"]) <= 901
    assert locked.value.metadata["until"].endswith("Z")
    # The right one is not looked at either, but for the key that it was typed under before.
    assert (await wrong(shop.till.check_pin(shop.member_id, PIN)))[0] == "PIN_LOCKED"
    assert await shop.till.check_pin(shop.member_id, PIN, "good") is True

    told = [each for each in await running.points(programme).events() if each.type == "member.pin_locked"]
    (event,) = [events.MemberPinLocked.FromString(each.payload) for each in told]
    assert shop.till.partner_id is not None
    assert (event.member_id, event.partner_id) == (shop.member_id, shop.till.partner_id.bytes)
    assert not event.everywhere
    assert event.locked_until_us - event.locked_at_us == 900_000_000


async def test_a_partner_locks_a_pin_for_itself_alone_however_often_it_tries(
    strict: RunningMembers, programme: Programme
):
    shop = await shop_of(strict, programme)
    hostile = strict.partner(programme, scopes=("points:redeem",))
    for _ in range(6):
        await wrong(hostile.check_pin(shop.member_id, "1357"))
    assert (await wrong(hostile.check_pin(shop.member_id, PIN)))[0] == "PIN_LOCKED"
    assert await shop.till.check_pin(shop.member_id, PIN) is False
    # A right one elsewhere gives it no further tries.
    assert (await wrong(hostile.check_pin(shop.member_id, PIN)))[0] == "PIN_LOCKED"
    locked = [
        events.MemberPinLocked.FromString(each.payload)
        for each in await strict.points(programme).events()
        if each.type == "member.pin_locked"
    ]
    assert [each.everywhere for each in locked] == [False]


async def test_wrong_pins_with_several_partners_lock_it_with_all(
    strict: RunningMembers, programme: Programme
):
    shop = await shop_of(strict, programme)
    tills = [strict.partner(programme, scopes=("points:redeem",)) for _ in range(4)]
    # Two of each count: what locks it there.
    for till in tills[:2]:
        assert [(await wrong(till.check_pin(shop.member_id, "1357")))[0] for _ in range(3)] == [
            "AUTHORISATION_INVALID", "PIN_LOCKED", "PIN_LOCKED",
        ]  # fmt: skip
    assert await wrong(tills[2].check_pin(shop.member_id, "1357")) == ("PIN_LOCKED", "")
    for till in (tills[3], shop.till):
        assert (await wrong(till.check_pin(shop.member_id, PIN)))[0] == "PIN_LOCKED"
    told = [each for each in await strict.points(programme).events() if each.type == "member.pin_locked"]
    locked = [events.MemberPinLocked.FromString(each.payload) for each in told]
    assert [each.everywhere for each in locked] == [False, False, True]
    assert locked[2].locked_until_us - locked[2].locked_at_us == 900_000_000
    # Another PIN ends all of that.
    await shop.home.set_pin(shop.member_id, "8052")
    assert await wrong(tills[0].check_pin(shop.member_id, PIN)) == ("AUTHORISATION_INVALID", "1")
    assert await shop.till.check_pin(shop.member_id, "8052") is False


async def test_many_tills_at_once_are_told_no_more_than_five_wrong_ones(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    tries = [shop.till.check_pin(shop.member_id, f"13{n:02}") for n in range(12)]
    results = await asyncio.gather(*tries, return_exceptions=True)

    left = sorted(each.metadata.get("tries_left", "") for each in results if isinstance(each, CoalitionError))
    assert left == [""] * 8 + ["1", "2", "3", "4"]
    told = [each.type for each in await running.points(programme).events()]
    assert told.count("member.pin_locked") == 1


async def test_a_key_that_was_good_is_no_way_to_try_numbers(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    await shop.till.check_pin(shop.member_id, PIN, "good")
    # Wrong ones under it count as any.
    for left in ("4", "3", "2", "1"):
        assert await wrong(shop.till.check_pin(shop.member_id, "1357", "good")) == (
            "AUTHORISATION_INVALID",
            left,
        )
    assert (await wrong(shop.till.check_pin(shop.member_id, "1357", "good")))[0] == "PIN_LOCKED"
    # And after so many not even the right one is told from them.
    assert (await wrong(shop.till.check_pin(shop.member_id, PIN, "good")))[0] == "PIN_LOCKED"


async def test_each_lock_is_twice_as_long_until_a_right_pin(hasty: RunningMembers, programme: Programme):
    shop = await shop_of(hasty, programme)

    async def lock() -> int:
        await wrong(shop.till.check_pin(shop.member_id, "1357"))
        await wrong(shop.till.check_pin(shop.member_id, "1357"))
        last = events.MemberPinLocked.FromString((await hasty.points(programme).events())[-1].payload)
        return (last.locked_until_us - last.locked_at_us) // 1_000_000

    async def unlocked() -> None:
        async with asyncio.timeout(20):
            while (await wrong(shop.till.check_pin(shop.member_id, "")))[0] == "PIN_LOCKED":
                await asyncio.sleep(0.1)

    assert await lock() == 1
    await unlocked()
    # (That was a wrong one, too.)
    assert (await wrong(shop.till.check_pin(shop.member_id, "1357")))[0] == "PIN_LOCKED"
    last = events.MemberPinLocked.FromString((await hasty.points(programme).events())[-1].payload)
    assert last.locked_until_us - last.locked_at_us == 2_000_000
    # However many they are, they are one partner's.
    assert not last.everywhere
    # Another PIN ends the lock, and the growth of it.
    await shop.home.set_pin(shop.member_id, "8052")
    await shop.till.check_pin(shop.member_id, "8052")
    assert await lock() == 1


async def test_the_newest_pin_counts_and_setting_it_again_changes_nothing(
    running: RunningMembers, programme: Programme
):
    shop = await shop_of(running, programme)
    await shop.till.check_pin(shop.member_id, PIN, "before")
    await shop.home.set_pin(shop.member_id, "8052")
    await shop.home.set_pin(shop.member_id, "8052")

    assert (await wrong(shop.till.check_pin(shop.member_id, PIN)))[0] == "AUTHORISATION_INVALID"
    await shop.till.check_pin(shop.member_id, "8052")
    # What was asked under the old one is answered as it was.
    assert await shop.till.check_pin(shop.member_id, PIN, "before") is True


async def test_a_key_means_the_member_and_the_partner_that_it_was_good_for(
    running: RunningMembers, programme: Programme
):
    shop, other = await shop_of(running, programme), await shop_of(running, programme, "8052")
    await shop.till.check_pin(shop.member_id, PIN, "sale")
    assert await shop.till.check_pin(other.member_id, "8052", "sale") is False
    assert await other.till.check_pin(shop.member_id, PIN, "sale") is False


@pytest.mark.parametrize(
    "pin", ["", "123", "0000", "1234", "4321", "7890", "3210", "123456789", "12a4", "٢٥٨٠"]
)
async def test_a_pin_that_is_none_or_too_easy_is_refused_without_telling_it(
    running: RunningMembers, programme: Programme, pin: str
):
    shop = await shop_of(running, programme, "")
    with pytest.raises(CoalitionError) as refused:
        await shop.home.set_pin(shop.member_id, pin)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, "pin")
    assert not pin or pin not in refused.value.message


async def test_who_may_set_and_check_pins(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme, "")
    denied = "PERMISSION_DENIED"
    stranger = running.partner(programme, scopes=APP)
    plain = running.partner(programme, shop.home.partner_id)
    for caller in (stranger, plain, shop.till, running.points(programme), running.staff(programme, "maker")):
        assert (await wrong(caller.set_pin(shop.member_id, PIN)))[0] == denied
    # A member without a PIN has none that is right, and nothing is counted.
    assert await wrong(shop.till.check_pin(shop.member_id, PIN)) == ("AUTHORISATION_INVALID", "")
    await running.staff(programme, "service_desk").set_pin(shop.member_id, PIN)
    assert (await wrong(plain.check_pin(shop.member_id, PIN)))[0] == denied
    earner = running.partner(programme, scopes=("points:earn",))
    assert (await wrong(earner.check_pin(shop.member_id, PIN)))[0] == denied
    assert (await wrong(shop.till.check_pin(new_id().bytes, PIN)))[0] == "NOT_FOUND"
    assert (await wrong(shop.home.set_pin(new_id().bytes, PIN)))[0] == "NOT_FOUND"
    assert (await wrong(shop.till.check_pin(shop.member_id, PIN, "")))[0] == "IDEMPOTENCY_KEY_MISSING"
    await shop.home.close(shop.member_id)
    assert (await wrong(shop.home.set_pin(shop.member_id, "8052")))[0] == "MEMBER_CLOSED"


async def test_keys_are_forgotten_once_nobody_can_ask(running: RunningMembers, programme: Programme):
    shop = await shop_of(running, programme)
    await shop.till.check_pin(shop.member_id, PIN, "sale")
    assert await forget_authorities(running.members.database.writer, wall_now_us()) >= 1
    assert await shop.till.check_pin(shop.member_id, PIN, "sale") is False
