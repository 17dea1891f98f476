"""What a seed draws, and a short one of `make chaos-events`."""

from __future__ import annotations

import pytest
from coalition.events.v1.members_pb2 import MemberEnrolled
from coalition.events.v1.points_pb2 import PointsRedeemed
from google.protobuf.message import Message

from tests.events_chaos.breaking import SHARES, schedule
from tests.events_chaos.judging import Logged, Place, expected_of
from tests.events_chaos.mails import compared
from tests.events_chaos.mails import expected_of as to_be_mailed
from tests.events_chaos.run import Run
from tests.events_chaos.wanted import WANTED


def test_a_seed_draws_the_same_faults_again_and_one_of_each_kind_first() -> None:
    first, again, other = (list(schedule(seed, 120)) for seed in (7, 7, 8))
    assert first == again != other
    assert {kind for _, kind in first[: len(SHARES)]} == set(SHARES)
    assert all(at < 120 for at, _ in first)


def test_each_subscriber_is_to_have_what_it_takes_and_nothing_else() -> None:
    log = {
        ("points", "mall", 1): Logged("points.earned", b"one", b""),
        ("points", "mall", 2): Logged("points.held", b"two", b""),
        ("members", "mall", 1): Logged("member.enrolled", b"one", b""),
        ("partners", "mall", 1): Logged("partner.onboarded", b"one", b""),
    }
    expected = {name: sorted(expected_of(wanted, log, b"one")) for name, wanted in WANTED.items()}
    assert expected == {
        "chaos_all": sorted(log),
        "chaos_type": [("points", "mall", 1)],
        "chaos_partner": [("partners", "mall", 1), ("points", "mall", 1)],
        "chaos_members": [("members", "mall", 1)],
    }


def test_who_was_enrolled_by_name_is_to_be_told_and_nobody_else() -> None:
    named, unnamed = b"n" * 16, b"u" * 16
    log = {
        ("members", "mall", 1): _logged("member.enrolled", MemberEnrolled(member_id=named)),
        ("members", "mall", 2): _logged("member.enrolled", MemberEnrolled(member_id=unnamed, anonymous=True)),
        ("points", "mall", 1): _logged("points.redeemed", PointsRedeemed(member_id=named)),
        ("points", "mall", 2): _logged("points.redeemed", PointsRedeemed(member_id=unnamed)),
        ("points", "mall", 3): _logged("points.held", PointsRedeemed(member_id=named)),
    }
    assert to_be_mailed(log) == {("members", "mall", 1), ("points", "mall", 1)}


@pytest.mark.parametrize(
    ("mails", "state", "gaps", "wrong"),
    [
        (["ntc.a"], "sent", 0, []),
        (["ntc.a", "ntc.a"], "sent", 1, []),
        ([], "waiting", 0, ["1 lost: points/mall 1", "1 not over: points/mall 1"]),
        ([], "sent", 0, ["1 lost: points/mall 1"]),
        (["ntc.a", "ntc.a"], "sent", 0, ["1 doubled outside the gap: points/mall 1"]),
        (["ntc.a", "ntc.a", "ntc.a"], "sent", 1, ["1 doubled outside the gap: points/mall 1"]),
        (["ntc.a", "ntc.b"], "sent", 0, ["1 not in the log: points/mall 2"]),
        (["ntc.a", "ntc.c"], "sent", 0, ["1 told under two ids: points/mall 1"]),
        (["ntc.a", "ntc.x"], "sent", 0, ["1 mails of no notice: ['ntc.x']"]),
    ],
)  # fmt: skip
def test_mails_are_held_against_the_log(mails: list[str], state: str, gaps: int, wrong: list[str]) -> None:
    def notice(pos: int) -> dict[str, str | int]:
        return {"source": "points", "programme": "mall", "pos": pos, "state": state, "gaps": gaps}

    expected: set[Place] = {("points", "mall", 1)}
    notices = {"ntc.a": notice(1), "ntc.b": notice(2)}
    if "ntc.c" in mails:
        notices["ntc.c"] = notice(1)
    found, again = compared(mails, notices, expected)
    assert found.wrong == wrong
    assert again == mails.count("ntc.a") - bool(mails)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_short_seed_finds_nothing() -> None:
    result = await Run(20_170_101, 40.0).run()
    assert len(result.faults) > 3
    assert result.violations == []
    assert set(result.subscribers) == {*WANTED, "mails"}
    assert all(counted.found > 0 for counted in result.subscribers.values())


def _logged(type_: str, message: Message) -> Logged:
    return Logged(type_, b"", message.SerializeToString())
