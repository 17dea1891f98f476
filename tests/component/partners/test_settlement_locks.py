"""Steps with money lock in one order: what is settled, the event log, and last the audit log. So no two wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import settlement_pb2 as pb

from services.partners.commands.settlement.run_states import FollowRuns
from services.partners.events.publish import tell
from services.runtime import grpc_client
from tests.component.partners.test_settlement_bank import month, payment_of
from tests.support.bank_files import camt, camt_statement, entry, transaction
from tests.support.ledger import Earn
from tests.support.partners_office import Office
from tests.support.settling import Settling, settling_of

_LOCK = "SELECT FROM {} WHERE ledger_id = $1 FOR UPDATE"
_FREE = "SELECT FROM audit_head WHERE ledger_id = $1 FOR UPDATE NOWAIT"
_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%' AND datname = current_database()
"""


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


@asynccontextmanager
async def held(desk: Settling, table: str) -> AsyncGenerator[asyncpg.Connection]:
    """Somebody else has locked the programme's row of a table."""
    connection = await asyncpg.connect(desk.house.database.admin_url)
    try:
        async with connection.transaction():
            await connection.fetch(_LOCK.format(table), desk.programme.ledger_id)
            yield connection
    finally:
        await connection.close()


async def waits_without_the_audit_log(desk: Settling, table: str, step: Callable[[], Awaitable[Any]]) -> None:
    """A step that waits for whoever has locked a table leaves him the audit log, and goes on once he is done."""
    async with held(desk, table) as other, asyncio.timeout(60):
        waiting = asyncio.ensure_future(step())
        while not (await desk.house.fetch(_WAITS, table))[0]["count"]:
            await asyncio.sleep(0.01)
        await other.fetch(_FREE, desk.programme.ledger_id)
    await waiting


async def test_who_ends_a_draft_of_a_run_takes_the_audit_log_after_the_lock_of_settlement(
    desk: Settling,
) -> None:
    await desk.week(1, Earn(await desk.partner("grocer"), 10_000))
    rejected, withdrawn, aborted = [await desk.drafted() for _ in range(3)]
    approvals = desk.office.approvals
    no = approvals_pb2.RejectDraftRequest(draft_id=rejected.draft.draft_id, why="no")
    back = approvals_pb2.WithdrawDraftRequest(draft_id=withdrawn.draft.draft_id, why="no")
    end = pb.AbortRunRequest(number=aborted.run.number, why="no")
    for method, request, who in (
        (approvals.RejectDraft, no, desk.checker),
        (approvals.WithdrawDraft, back, desk.maker),
        (desk.settlement.AbortRun, end, desk.maker),
    ):
        principal = who.on(desk.programme)
        await waits_without_the_audit_log(
            desk,
            "settlement_head",
            lambda method=method, request=request, principal=principal: grpc_client.call(
                method, request, principal, 60
            ),
        )
    assert [await desk.state(number) for number in (1, 2, 3)] == ["aborted"] * 3


async def test_a_statement_that_ends_a_gap_takes_the_audit_log_after_the_event_log(desk: Settling) -> None:
    run = await month(desk)
    first = entry("1.00", reference="A1")
    await desk.receive(camt(camt_statement(first, closing="1.00", number=1, on="2026-03-10")))
    third = entry("1.00", reference="A3")
    after = camt_statement(third, opening="121.00", closing="122.00", number=3, on="2026-03-12")
    await desk.receive(camt(after))
    ours = transaction(payment_of(desk, run, "grocer").end_to_end_id)
    missing = camt_statement(
        entry("120.00", inner=ours), opening="1.00", closing="121.00", number=2, on="2026-03-11"
    )
    # Fuel's is still to come; once it came too the run moves on, which is told.
    other = transaction(payment_of(desk, run, "fuel").end_to_end_id)
    last = camt_statement(
        entry("60.00", inner=other), opening="122.00", closing="182.00", number=4, on="2026-03-13"
    )
    await waits_without_the_audit_log(desk, "event_head", lambda: desk.receive(camt(missing + last)))
    assert await desk.state(1) == "collected"
    listed = await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest(with_ended=True))
    assert [each.ended for each in listed.breaks if each.type == "statement_gap"] == ["explained"]


async def test_the_job_that_aborts_old_runs_takes_the_audit_log_after_the_event_log(desk: Settling) -> None:
    grocer = await desk.partner("grocer", method="invoice", due_days=1)
    await desk.week(1, Earn(grocer, 10_000))
    await desk.settled()
    await desk.week(2, Earn(grocer, 10_000))
    await desk.drafted()
    await desk.week(5)
    at_once = FollowRuns(desk.house.app.database, tell, draft_days=0)
    await waits_without_the_audit_log(desk, "event_head", lambda: at_once(desk.programme))
    assert [await desk.state(number) for number in (1, 2)] == ["partial", "aborted"]
