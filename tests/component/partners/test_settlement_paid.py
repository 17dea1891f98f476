"""What was paid is a figure that the database keeps, and who pays in the last moment is not suspended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from coalition.partners.v1 import settlement_pb2 as pb

from tests.component.partners.test_settlement_bank import FIRST_RUN_US, month, payment_of
from tests.support.bank_files import camt, camt_statement, entry, transaction
from tests.support.ledger import Earn
from tests.support.partners import DAY_US
from tests.support.partners_office import Office
from tests.support.settling import Settling, settling_of

_SUMS = """
SELECT p.partner_id,
    (SELECT coalesce(sum(s.net_minor), 0) FROM run_statement AS r JOIN statement AS s USING (ledger_id, statement_id)
     WHERE s.ledger_id = p.ledger_id AND s.partner_id = p.partner_id) AS nets_minor,
    (SELECT coalesce(sum(e.amount_minor), 0) FROM money_entry AS e
     WHERE e.ledger_id = p.ledger_id AND e.partner_id = p.partner_id AND e.account IN ('partner', 'disputed')) AS open_minor,
    (SELECT -coalesce(sum(e.amount_minor), 0) FROM money_entry AS e
     WHERE e.ledger_id = p.ledger_id AND e.partner_id = p.partner_id AND e.account = 'prepaid') AS prepaid_minor
FROM partner AS p WHERE p.ledger_id = $1 ORDER BY p.partner_id
"""
_KEPT = "SELECT partner_id, nets_minor, open_minor, prepaid_minor FROM partner_settled WHERE ledger_id = $1 ORDER BY partner_id"
_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%settlement_head%' AND datname = current_database()
"""
_PAID = """
INSERT INTO payment_event (ledger_id, payment_id, event, kind, amount_minor, on_date, reason, at)
VALUES ($1, $2, 1, 'transferred', $3, '2026-04-08', '', now())
"""


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


async def test_what_is_settled_and_open_is_the_sum_of_statements_and_journals_after_each_step(
    desk: Settling,
) -> None:
    async def agrees() -> dict[str, tuple[int, int]]:
        sums, kept = [await desk.house.fetch(each, desk.programme.ledger_id) for each in (_SUMS, _KEPT)]
        assert [tuple(row) for row in kept] == [tuple(row) for row in sums]
        return {desk.slug_of(row["partner_id"].bytes): (row["nets_minor"], row["open_minor"]) for row in kept}

    run = await month(desk)
    assert await agrees() == {"grocer": (10_000, 12_000), "fuel": (5_000, 6_000), "cinema": (-3_000, -3_600)}
    ours = payment_of(desk, run, "grocer").end_to_end_id
    paid = entry("120.00", inner=transaction(ours))
    unknown = entry("10.00", reference="X1")
    await desk.receive(camt(camt_statement(paid, unknown, closing="130.00")))
    assert (await agrees())["grocer"] == (10_000, 0)
    fuel = desk.partners["fuel"].bytes
    end = pb.EndBreakRequest(number=1, how="allocated", partner_id=fuel, why="it called us")
    await desk.host(desk.settlement.EndBreak, end)
    assert (await agrees())["fuel"] == (5_000, 5_000)
    back = entry(
        "120.00", "DBIT", transaction(ours, "<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>"), reference="B2"
    )
    await desk.receive(camt(camt_statement(back, opening="130.00", closing="10.00")))
    # With the fee for a debit that came back.
    assert (await agrees())["grocer"] == (10_000, 12_500)
    await desk.settled()
    await agrees()


@asynccontextmanager
async def settlement_locked(desk: Settling) -> AsyncGenerator[asyncpg.Connection]:
    """Somebody else is at a step with money, until the end of this."""
    connection = await asyncpg.connect(desk.house.database.admin_url)
    try:
        async with connection.transaction():
            lock = "SELECT FROM settlement_head WHERE ledger_id = $1 FOR UPDATE"
            await connection.fetch(lock, desk.programme.ledger_id)
            yield connection
    finally:
        await connection.close()


async def waits_for_it(desk: Settling) -> None:
    while not (await desk.house.fetch(_WAITS))[0]["count"]:
        await asyncio.sleep(0.01)


async def test_who_pays_between_the_two_looks_of_the_job_is_not_suspended(desk: Settling) -> None:
    for slug in ("grocer", "fuel"):
        await desk.partner(slug, method="invoice", suspend_after_days=30)
    await desk.week(1, *(Earn(desk.partners[slug], 10_000) for slug in ("grocer", "fuel")))
    payment = payment_of(desk, await desk.settled(), "grocer")
    await desk.now(FIRST_RUN_US + 37 * DAY_US)
    async with settlement_locked(desk) as other:
        job = asyncio.create_task(desk.house.app.settlement.suspend_late(desk.programme))
        # It has seen both as late by now, and the grocer's money arrives.
        await asyncio.wait_for(waits_for_it(desk), 60)
        await other.execute(
            _PAID, desk.programme.ledger_id, UUID(bytes=payment.payment_id), payment.amount_minor
        )
    assert list(await job) == [desk.partners["fuel"]]


async def test_a_partner_with_many_late_payments_is_suspended_once(desk: Settling) -> None:
    grocer = await desk.partner("grocer", method="invoice", suspend_after_days=1)
    for week in (1, 2, 3):
        await desk.week(week, Earn(grocer, 10_000))
        await desk.settled()
    await desk.now(FIRST_RUN_US + 60 * DAY_US)
    assert list(await desk.house.app.settlement.suspend_late(desk.programme)) == [grocer]
    assert list(await desk.house.app.settlement.suspend_late(desk.programme)) == []
