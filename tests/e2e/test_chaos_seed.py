"""One short seed of `make chaos`, and two bugs on purpose that it has to find."""

from __future__ import annotations

import pytest

from tests.chaos.mall import Member
from tests.chaos.operations import OPERATIONS, Doing, earn, overtime
from tests.chaos.plan import Plan
from tests.chaos.run import Result, Run
from tests.chaos.schedule import Aftermath, Fault, FaultKind, Moment
from tests.chaos.till import Till

pytestmark = pytest.mark.timeout(600)


async def ran(plan: Plan, faults: list[Fault] | None = None, *operations: Doing) -> Result:
    result = await Run(plan, faults, operations or OPERATIONS).run()
    assert result.history.answers()["accepted"] > 0
    return result


async def test_a_short_seed_finds_nothing() -> None:
    result = await ran(Plan(seed=20_170_101, seconds=15.0))
    assert sum(result.faults.values()) > 0
    assert [str(found) for found in result.violations] == []


@pytest.mark.long
async def test_a_capture_that_does_not_look_whether_its_hold_is_open_is_found() -> None:
    at: dict[int, Member] = {}

    async def overtime_alone(till: Till) -> None:
        """A till whose one customer goes to no other: nobody else comes to the wallet, and ends what is over there."""
        member = at.setdefault(id(till), till.mall.members[len(at)])
        till.member = lambda: member
        await earn(till)
        await overtime(till)

    plan = Plan(1, 10.0, broken="capture-without-hold-check")
    result = await ran(plan, [], Doing("overtime alone", 1, overtime_alone))
    rules = {found.rule for found in result.violations}
    assert rules >= {"checker", "model"}
    assert any("a capture of" in found.detail for found in result.violations if found.rule == "checker")


@pytest.mark.long
async def test_a_reply_before_the_commit_is_found() -> None:
    faults = [
        Fault(float(second), FaultKind.COMMIT, "points", moment=moment, aftermath=Aftermath.NOTHING)
        for second, moment in ((2, Moment.BEFORE), (5, Moment.BEFORE), (8, Moment.AT))
    ]
    result = await ran(Plan(1, 12.0, broken="reply-before-commit"), faults)
    assert "lost" in {found.rule for found in result.violations}
