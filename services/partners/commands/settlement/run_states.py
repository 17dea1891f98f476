"""Move runs on as their payments do."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.settlement.remind import remind
from services.partners.commands.telling import Tell
from services.partners.domain.events import RunMoved
from services.partners.domain.settlement.runs import RunState, state_of, steps_between
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, payments, runs
from services.runtime.clock import MICROS_PER_DAY, in_zone, wall_now_us
from services.runtime.database import Database
from services.runtime.principal import Principal, Programme

_ITSELF = "partners"
_NOT_INSTRUCTED = (RunState.DRAFT, RunState.APPROVED, RunState.ABORTED)


async def follow(
    connection: AsyncConnection,
    programme: Programme,
    numbers: Iterable[int],
    now_us: int,
    who: Principal | None = None,
) -> list[RunMoved]:
    """Moves runs to where their payments are, and answers each step, to be told; the caller holds the lock of settlement."""
    ledger_id, today = programme.ledger_id, in_zone(now_us, programme.zone).date()
    moved: list[RunMoved] = []
    for number in sorted(set(numbers)):
        run = await runs.by_number(connection, ledger_id, number)
        if run is None or run.state in _NOT_INSTRUCTED:
            continue
        wanted = state_of(await payments.of_run(connection, ledger_id, number), today)
        steps = steps_between(run.state, wanted)
        for state in steps:
            by = who.actor if who else _ITSELF
            await runs.step(connection, ledger_id, number, state, now_us, by)
            moved.append(RunMoved(number, state.value, run.until_window))
    return moved


class FollowRuns:
    """A job of this service: what is overdue makes a run partial, whatever the bank says.

    `draft_days`: how long a draft can be approved; a run that was not by then is aborted.
    """

    def __init__(self, database: Database, tell: Tell, draft_days: int) -> None:
        self._database, self._tell, self._draft_days = database, tell, draft_days

    async def __call__(self, programme: Programme) -> list[int]:
        """The runs of a programme that moved; and partners are reminded that are to be."""
        ended_us = wall_now_us() - self._draft_days * MICROS_PER_DAY
        async with self._database.reader.snapshot() as connection:
            open_runs = await runs.unfinished(connection, programme.ledger_id)
            expired = await runs.expired(connection, programme.ledger_id, ended_us)
        if not open_runs and not expired:
            return []
        async with self._database.writer.transaction() as connection:
            await money.lock(connection, programme.ledger_id)
            now_us = await programme_now_us(connection, programme.ledger_id)
            aborted = await self._abort(connection, programme.ledger_id, ended_us, now_us)
            numbers = [each.number for each in open_runs]
            moved = await follow(connection, programme, numbers, now_us)
            reminded = await remind(connection, programme, in_zone(now_us, programme.zone).date())
            await self._tell(connection, programme, now_us, [*moved, *reminded])
            followed = sorted({each.number for each in moved})
            for change in (
                *aborted,
                *(Change("run.followed", str(number), None, {"number": number}) for number in followed),
            ):
                await audited(connection, None, programme.ledger_id, change)
        return sorted({*followed, *(int(each.subject) for each in aborted)})

    async def _abort(
        self, connection: AsyncConnection, ledger_id: int, ended_us: int, now_us: int
    ) -> list[Change]:
        """Aborts runs whose drafts are too old to be approved; the drafts stay as they are, expired. Answers it for the audit log."""
        aborted: list[Change] = []
        expired = await runs.expired(connection, ledger_id, ended_us)
        for run in expired:
            why = f"nobody approved it within {self._draft_days} days"
            await runs.step(connection, ledger_id, run.number, RunState.ABORTED, now_us, _ITSELF, why)
            aborted.append(Change("run.aborted", str(run.number), {"state": run.state.value}, None, why))
        return aborted
