"""The job that proves the invariants: silent where all holds, and loud, for every ledger of its own, where not."""

from __future__ import annotations

import pytest
from coalition.events.v1 import points_pb2 as events

from tests.support.points import PointsHouse, RunningPoints
from tests.support.points_database import as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_ledger_that_holds_is_told_of_nothing(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    assert await house.running.wired.application.check_ledgers.of(house.programme) == []
    assert [event.type for event in await house.events()] == ["points.earned"]


async def test_a_breach_is_logged_and_told_and_other_ledgers_are_checked_all_the_same(
    house: PointsHouse,
    running: RunningPoints,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = running.house()
    for each in (house, other):
        till, member = await each.till(), each.member()
        await till.earn(member, 1_000)
    async with as_superuser(house.database, without_triggers=True) as connection:
        await connection.execute(
            "UPDATE lot SET remaining = remaining - 1 WHERE ledger_id = ANY ($1)",
            [house.programme.ledger_id, other.programme.ledger_id],
        )
    await running.wired.application.check_ledgers()
    for each in (house, other):
        told = [event for event in await each.events() if event.type == "ledger.breached"]
        breach = events.LedgerBreached.FromString(told[0].payload)
        assert (len(told), breach.as_of_seq, [broken.invariant for broken in breach.broken]) == (1, 1, [5])
        assert any("lots 9, balance 10" in text for text in breach.broken[0].breaches)
    # Where logs go depends on what else this process has run.
    printed = capsys.readouterr()
    lines = (printed.out + printed.err + caplog.text).splitlines()
    for each in (house, other):
        assert any("ledger.breached" in line and each.programme.slug in line for line in lines)
