"""Give up a run before it is instructed: its statements wait for another."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.drafts import give_up
from services.partners.commands.persons import acting_now
from services.partners.commands.settlement.draft_run import APPROVERS, MAKERS, require_state
from services.partners.domain.settlement.records import Run
from services.partners.domain.settlement.runs import RunState
from services.partners.domain.text import read_why
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, runs
from services.runtime.database import Database
from services.runtime.errors import NotFound
from services.runtime.principal import Principal


class AbortRun:
    """Staff with role `maker` or `checker`; the host, once it is approved."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, number: int, why: str) -> Run:
        """The run, ABORTED; one that is so already as it stands. A draft that nobody has decided ends with it.

        Raises NotFound, Refused with RUN_STATE, PermissionDenied (PERSON_NEEDED where its draft is to be decided).
        """
        programme, why = who.in_programme(), read_why(why)

        async def work(connection: AsyncConnection) -> Run:
            (await acting_now(connection, who)).require(*sorted(MAKERS | APPROVERS))
            run = await runs.by_number(connection, programme.ledger_id, number)
            if run is None:
                raise NotFound("there is no such run")
            ended: Sequence[Change] = ()
            if run.state is RunState.DRAFT:
                # Before the lock of settlement, as whoever approves it does.
                ended = await give_up(connection, who, run.draft_id, why)
            await money.lock(connection, programme.ledger_id)
            run = await runs.by_number(connection, programme.ledger_id, number) or run
            changes = list(ended)
            if run.state is not RunState.ABORTED:
                require_state(run, RunState.DRAFT, RunState.APPROVED)
                now_us = await programme_now_us(connection, programme.ledger_id)
                await runs.step(
                    connection, programme.ledger_id, number, RunState.ABORTED, now_us, who.actor, why
                )
                changes.append(Change("run.aborted", str(number), {"state": run.state.value}, None, why))
            for change in changes:
                await audited(connection, who, programme.ledger_id, change)
            return await runs.by_number(connection, programme.ledger_id, number) or run

        return await self._database.writer.run(work)
