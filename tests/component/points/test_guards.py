"""What must be shown for a burn, how much is too much in a day, and what becomes of what went beyond that."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import guards_pb2 as guards
from coalition.points.v1 import movement_pb2 as pb

from services.runtime import grpc_client
from services.runtime.errors import InvalidRequest, NotFound, PermissionDenied, Refused
from services.runtime.ids import new_id
from tests.support.burn_wire import told
from tests.support.guarding import Guarded
from tests.support.points import PointsHouse, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import CARD, earn, hold, outcomes, reason, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DAY_US = 86_400_000_000
_TYPED = pb.BurnAuthority()
_OFFLINE = pb.BurnAuthority(kind=pb.AUTHORITY_KIND_OFFLINE)
_PIN = pb.BurnAuthority(kind=pb.AUTHORITY_KIND_PIN)
_CODE = pb.BurnAuthority(kind=pb.AUTHORITY_KIND_CODE)
_TOKEN = pb.BurnAuthority(kind=pb.AUTHORITY_KIND_APP_TOKEN)
_ACCEPTED = pb.OUTCOME_ACCEPTED


def _card(number: int) -> pb.BurnAuthority:
    return pb.BurnAuthority(kind=pb.AUTHORITY_KIND_CARD, instrument=number.to_bytes(16))


async def _rich(house: PointsHouse) -> tuple[Till, UUID]:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000_000)
    return till, member


async def test_a_typed_number_earns_and_burns_nothing_and_asking_again_with_more_shown_is_free(
    house: PointsHouse,
) -> None:
    till, member = await _rich(house)
    for asked in (
        redemption(member, 5, key="k", authority=_TYPED),
        hold(member, 5, key="k", authority=_TYPED),
    ):
        (away,) = await till.post(asked)
        assert (away.outcome, told(away)) == (
            pb.OUTCOME_TURNED_AWAY,
            (
                "AUTHORISATION_REQUIRED",
                {"shown": "nothing", "limit": "0", "required": "5", "enough": "card, pin, code, app_token"},
            ),
        )
    assert outcomes(await till.post(redemption(member, 5, key="k"))) == [_ACCEPTED]
    pair = await till.post(earn(member, 500, linked=True), redemption(member, 5, authority=_TYPED))
    assert [reason(each) for each in pair] == ["LINKED_ITEM_FAILED", "AUTHORISATION_REQUIRED"]
    offline = await till.redeem(member, 5, authority=_OFFLINE)
    assert reason(offline) == "AUTHORISATION_REQUIRED"
    nonsense = await till.redeem(member, 5, authority=pb.BurnAuthority(kind=17))  # pyright: ignore[reportArgumentType]
    assert told(nonsense) == ("INVALID_REQUEST", {"field": "authority"})
    short = await till.redeem(member, 5, authority=pb.BurnAuthority(kind=CARD.kind, instrument=b"short"))
    assert told(short) == ("INVALID_REQUEST", {"field": "authority"})
    await house.assert_sound()


async def test_by_threshold_a_card_a_secret_number_or_a_token_is_needed(house: PointsHouse) -> None:
    till, member = await _rich(house)
    await Guarded(house).set(till, offline_points=10, card_points=100, pin_points=500)
    for shown, most in ((_OFFLINE, 10), (CARD, 100), (_PIN, 500), (_CODE, 500)):
        assert outcomes([await till.redeem(member, most, authority=shown)]) == [_ACCEPTED]
        away = await till.hold(member, most + 1, authority=shown)
        assert told(away)[1]["limit"] == str(most)
    assert told(await till.redeem(member, 101))[1]["enough"] == "pin, code, app_token"
    assert outcomes([await till.hold(member, 501, authority=_TOKEN)]) == [_ACCEPTED]
    # Another partner of the programme is not bound by it.
    assert outcomes([await (await house.till()).redeem(member, 600)]) == [_ACCEPTED]
    await house.assert_sound()


async def test_what_was_shown_is_told_with_the_burn(house: PointsHouse) -> None:
    till, member = await _rich(house)
    await till.redeem(member, 1, authority=_PIN)
    await till.hold(member, 1, authority=_TOKEN)
    told_of = {event.type: event.payload for event in await house.events()}
    assert events.PointsRedeemed.FromString(told_of["points.redeemed"]).shown == "pin"
    assert events.PointsHeld.FromString(told_of["points.held"]).shown == "app_token"


async def test_too_many_burns_of_a_member_in_a_day_are_refused_for_ever_and_flagged_once(
    house: PointsHouse,
) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, member_burns=guards.DayLimit(times=2))
    held = await till.hold(member, 10)
    assert outcomes([held, await till.redeem(member, 10)]) == [_ACCEPTED, _ACCEPTED]
    asked = redemption(member, 10, key="third", reference="R-3")
    (third,) = await till.post(asked)
    assert (third.outcome, reason(third)) == (pb.OUTCOME_REFUSED, "VELOCITY_EXCEEDED")
    figures = told(third)[1]
    resets_at = figures.pop("resets_at")
    assert figures == {"guard": "member", "measure": "times", "limit": "2", "reached": "2", "required": "10"}
    # The programme's day is New York's.
    assert resets_at.endswith("T05:00:00+00:00")
    assert reason(await till.hold(member, 1)) == "VELOCITY_EXCEEDED"
    # What was held comes back to nobody's count, and is captured however much was burned since.
    assert outcomes([await till.capture(held.transaction.transaction_id)]) == [_ACCEPTED]
    # A refusal is an answer like any other: the same key gets it tomorrow too, another is decided anew.
    await house.move_clock(STARTS_AT_US + 2 * _DAY_US)
    (again,) = await till.post(asked)
    assert (reason(again), again.replayed) == ("VELOCITY_EXCEEDED", True)
    assert outcomes([await till.redeem(member, 10)]) == [_ACCEPTED]
    (flag,) = await guarded.flags()
    assert (flag.act, flag.scope, flag.measure, flag.limit, flag.reached, flag.points, flag.reference) == (
        "burn", "member", "times", 2, 2, 10, "R-3",
    )  # fmt: skip
    assert (flag.member_id, flag.partner_id) == (member.bytes, till.partner_id.bytes)
    assert await guarded.told() == [flag.flag_id]
    await house.assert_sound()


async def test_points_of_a_day_count_whatever_batch_they_come_in(house: PointsHouse) -> None:
    till, member = await _rich(house)
    await Guarded(house).set(till, member_burns=guards.DayLimit(points=100))
    answers = await till.post(*(redemption(member, 40) for _ in range(3)), redemption(member, 20))
    assert [reason(each) if each.HasField("error") else "" for each in answers] == [
        "", "", "VELOCITY_EXCEEDED", "",
    ]  # fmt: skip
    assert told(await till.redeem(member, 1))[1]["reached"] == "100"
    await house.assert_sound()


async def test_many_tills_at_once_are_counted_one_after_the_other(house: PointsHouse) -> None:
    till, member = await _rich(house)
    await Guarded(house).set(till, member_burns=guards.DayLimit(times=5))
    answers = await asyncio.gather(*(till.redeem(member, 1) for _ in range(20)))
    assert sum(answer.outcome == _ACCEPTED for answer in answers) == 5
    assert len(await Guarded(house).flags()) == 1
    await house.assert_sound()


async def test_cards_and_tills_are_counted_by_themselves(house: PointsHouse) -> None:
    till, member = await _rich(house)
    other = house.member()
    await till.earn(other, 1_000_000)
    guarded = Guarded(house)
    await guarded.set(till, card_burns=guards.DayLimit(times=1), till_burns=guards.DayLimit(times=3))
    seven: dict[str, Any] = {"receipt": pb.Receipt(till="7")}
    assert outcomes([await till.redeem(member, 1, authority=_card(1), **seven)]) == [_ACCEPTED]
    # Another member with the same card; the same member with another card.
    assert told(await till.redeem(other, 1, authority=_card(1), **seven))[1]["guard"] == "card"
    assert outcomes([await till.redeem(member, 1, authority=_card(2), **seven)]) == [_ACCEPTED]
    # A token has no card: its till counts.
    assert outcomes([await till.hold(member, 1, authority=_TOKEN, **seven)]) == [_ACCEPTED]
    assert told(await till.redeem(member, 1, authority=_TOKEN, **seven))[1]["guard"] == "till"
    assert outcomes([await till.redeem(member, 1, authority=_TOKEN, receipt=pb.Receipt(till="8"))]) == [
        _ACCEPTED
    ]
    assert sorted(flag.scope for flag in await guarded.flags()) == ["card", "till"]
    await house.assert_sound()


async def test_too_many_earns_of_a_member_are_posted_and_flagged(house: PointsHouse) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, member_earns=guards.DayLimit(times=2, points=1_000))
    answers = [await till.earn(member, 10_000) for _ in range(4)]
    assert outcomes(answers) == [_ACCEPTED] * 4
    (flag,) = await guarded.flags()
    assert (flag.act, flag.measure, flag.reached, flag.points) == ("earn", "times", 2, 100)
    await house.assert_sound()


async def test_a_flag_is_ended_once_and_letting_go_on_counts_anew(house: PointsHouse) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, member_burns=guards.DayLimit(times=1))
    for _ in range(2):
        await till.redeem(member, 1)
    (first,) = await guarded.flags()
    ended = await guarded.review(first, "ALLOWED", "a wedding")
    assert (ended.verdict, ended.note, ended.reviewed_by) == (guards.VERDICT_ALLOWED, "a wedding", "stf_test")
    # Again: no change. Otherwise: it was ended.
    assert await guarded.review(first, "ALLOWED", "twice") == ended
    with pytest.raises(Refused, match="another verdict"):
        await guarded.review(first, "CONFIRMED", "after all")
    assert outcomes([await till.redeem(member, 1)]) == [_ACCEPTED]
    assert reason(await till.redeem(member, 1)) == "VELOCITY_EXCEEDED"
    second, same = await guarded.flags()
    assert (second.verdict, same) == (guards.VERDICT_UNSPECIFIED, ended)
    assert await guarded.flags(open_only=True) == [second]
    await guarded.review(second, "CONFIRMED", "a stolen card")
    assert reason(await till.redeem(member, 1)) == "VELOCITY_EXCEEDED"
    assert await guarded.flags(open_only=True) == []
    await house.assert_sound()


async def test_a_single_burn_over_the_limit_does_not_pass_by_letting_it_go_on(house: PointsHouse) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, member_burns=guards.DayLimit(points=50))
    assert reason(await till.redeem(member, 51)) == "VELOCITY_EXCEEDED"
    (flag,) = await guarded.flags()
    await guarded.review(flag, "ALLOWED", "once")
    assert reason(await till.redeem(member, 51)) == "VELOCITY_EXCEEDED"
    assert len(await guarded.flags()) == 2
    await house.assert_sound()


async def test_who_may_set_list_and_end(house: PointsHouse) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, card_points=7, member_burns=guards.DayLimit(times=1))
    stub = guarded.stub
    desk, pricing = house.staff_with("service_desk"), house.staff_with("pricing")
    asked = guards.SetGuardRequest(guard=guards.Guard(partner_id=till.partner_id.bytes))
    for token in (desk, till.principal):
        with pytest.raises(PermissionDenied):
            await grpc_client.call(stub.SetGuard, asked, token)
    # A partner sees its own guard, and nobody's flags.
    mine = await grpc_client.call(stub.ListGuards, guards.ListGuardsRequest(), till.principal)
    assert [guard.card_points for guard in mine.guards] == [7]
    other = await house.till()
    asked_for = guards.ListGuardsRequest(partner_id=till.partner_id.bytes)
    assert not (await grpc_client.call(stub.ListGuards, asked_for, other.principal)).guards
    with pytest.raises(PermissionDenied):
        await grpc_client.call(stub.ListFlags, guards.ListFlagsRequest(), till.principal)
    ending = guards.ReviewFlagRequest(flag_id=new_id().bytes, verdict=guards.VERDICT_ALLOWED, note="x")
    with pytest.raises(PermissionDenied):
        await grpc_client.call(stub.ReviewFlag, ending, pricing)
    with pytest.raises(NotFound):
        await grpc_client.call(stub.ReviewFlag, ending, desk)
    # The flag of another programme is none.
    for _ in range(2):
        await till.redeem(member, 1)
    (flag,) = await guarded.flags()
    elsewhere = Guarded(house.running.house())
    await elsewhere.house.till()
    with pytest.raises(NotFound):
        await elsewhere.review(flag, "ALLOWED", "x")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"card_points": -1}, "card_points"),
        ({"offline_points": 1_000_000_001}, "offline_points"),
        ({"pin_points": -5}, "pin_points"),
        ({"till_burns": guards.DayLimit(times=-1)}, "till_burns.times"),
        ({"member_earns": guards.DayLimit(points=10**10)}, "member_earns.points"),
    ],
)
async def test_a_guard_out_of_range_is_refused(
    house: PointsHouse, changes: dict[str, Any], field: str
) -> None:
    till = await house.till()
    with pytest.raises(InvalidRequest) as refused:
        await Guarded(house).set(till, **changes)
    assert refused.value.metadata["field"] == field


async def test_what_ends_a_flag_says_why(house: PointsHouse) -> None:
    guarded = Guarded(house)
    flag = guards.Flag(flag_id=new_id().bytes)
    for note in ("", "x" * 501, "a\x00b"):
        with pytest.raises(InvalidRequest, match="note"):
            await guarded.review(flag, "ALLOWED", note)
    with pytest.raises(InvalidRequest, match="verdict"):
        await guarded.review(flag, "UNSPECIFIED", "x")


async def test_days_that_are_over_are_forgotten_and_flags_are_not(house: PointsHouse) -> None:
    till, member = await _rich(house)
    guarded = Guarded(house)
    await guarded.set(till, member_burns=guards.DayLimit(times=1))
    for _ in range(2):
        await till.redeem(member, 1)
    assert await guarded.days_counted() == 1
    forget = house.running.wired.application.forget_counts
    await house.move_clock(STARTS_AT_US + 30 * _DAY_US)
    await forget.of(house.programme)
    assert await guarded.days_counted() == 1
    await house.move_clock(STARTS_AT_US + 40 * _DAY_US)
    await forget.of(house.programme)
    assert (await guarded.days_counted(), len(await guarded.flags())) == (0, 1)
