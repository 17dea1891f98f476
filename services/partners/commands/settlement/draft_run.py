"""Draft and approve a settlement run: one person proposes what is settled, another approves just that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.draft_kinds import Approval, DraftKind, Refusal
from services.partners.commands.drafts import Drafts
from services.partners.domain.drafts import Draft
from services.partners.domain.settlement.draft import KIND, WantedRun
from services.partners.domain.settlement.records import Run
from services.partners.domain.settlement.runs import RunState
from services.partners.domain.staff import staff_text
from services.partners.queries.settlement.proposing import Preparation, prepare
from services.partners.storage import windows
from services.partners.storage.connection import Reads
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, runs
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.principal import Principal, Programme

MAKERS: Final = frozenset({"maker"})
APPROVERS: Final = frozenset({"checker"})


class DraftRun:
    """Staff with role `maker`."""

    def __init__(self, database: Database, drafts: Drafts) -> None:
        self._database, self._drafts = database, drafts

    async def __call__(self, who: Principal, until_window: int, why: str) -> tuple[Run, Draft]:
        """A run over all statements of windows up to one (0: the last that is stated) that no run has settled, for another person to approve.

        Raises InvalidRequest where there is nothing to settle or the window is not stated, Refused with
        OPERATOR_DATA_MISSING or RUN_STALE, and what Drafts.propose raises.
        """
        programme = who.in_programme()
        async with self._database.reader.snapshot() as connection:
            until = await _window(connection, programme.ledger_id, until_window)
            now_us = await programme_now_us(connection, programme.ledger_id)
            seen = await prepare(connection, programme, until, now_us)
        if not seen.proposal.settled:
            raise InvalidRequest(
                f"nothing is to be settled up to window {until}: {_reasons(seen)}", field="until_window"
            )
        made = await self._drafts.propose(who, KIND, WantedRun.of(seen.proposal).body(), why)
        async with self._database.reader.snapshot() as connection:
            run = await runs.by_draft(connection, programme.ledger_id, made.draft_id)
        return run, made


async def _window(connection: Reads, ledger_id: int, wanted: int) -> int:
    stated = await windows.stated(connection, ledger_id)
    if not 0 <= wanted <= stated or not stated:
        raise InvalidRequest(
            f"windows are settled once they are stated; the last that is stated is {stated}",
            field="until_window",
        )
    return wanted or stated


def _reasons(seen: Preparation) -> str:
    said = sorted({each.why for each in seen.proposal.positions if each.why})
    return "; ".join(said[:5]) or "no partner has a statement"


async def prepare_again(
    connection: AsyncConnection, programme: Programme, wanted: WantedRun, now_us: int
) -> Preparation:
    """What the run would do now. Raises Refused with RUN_STALE where that is not what the draft says."""
    now = await prepare(connection, programme, wanted.until_window, now_us)
    if now.proposal.sha256() != wanted.proposal_sha256:
        raise Refused(
            Reason.REASON_RUN_STALE,
            "what is to be settled is not any more what was proposed: draft the run anew",
            collect_minor=now.proposal.collect_minor,
            pay_minor=now.proposal.pay_minor,
        )
    return now


async def _proposed(
    connection: AsyncConnection, programme: Programme, wanted: WantedRun, made: Draft
) -> Sequence[Change]:
    """Writes the run with its positions; steps with money take turns meanwhile."""
    ledger_id = programme.ledger_id
    number = await money.lock(connection, ledger_id) + 1
    now_us = await programme_now_us(connection, ledger_id)
    seen = await prepare_again(connection, programme, wanted, now_us)
    by = staff_text(made.made_by.staff_id)
    run = Run(number, wanted.until_window, made.draft_id, wanted.proposal_sha256, now_us, by)
    await runs.add(connection, ledger_id, run, seen.proposal.positions)
    return [Change("run.drafted", str(number), None, {**wanted.document(), "number": number})]


async def _apply(
    connection: AsyncConnection, programme: Programme, wanted: WantedRun, approval: Approval
) -> Sequence[Change]:
    """Approves the run, if it still is what was proposed."""
    ledger_id = programme.ledger_id
    await money.lock(connection, ledger_id)
    run = await runs.by_draft(connection, ledger_id, approval.draft_id)
    require_state(run, RunState.DRAFT)
    now_us = await programme_now_us(connection, ledger_id)
    await prepare_again(connection, programme, wanted, now_us)
    by = staff_text(approval.approved_by.staff_id)
    await runs.step(connection, ledger_id, run.number, RunState.APPROVED, now_us, by)
    return [Change("run.approved", str(run.number), None, {**wanted.document(), "number": run.number})]


async def _refused(connection: AsyncConnection, programme: Programme, refusal: Refusal) -> Sequence[Change]:
    """Nobody can approve the run any more: it is aborted with its draft."""
    ledger_id = programme.ledger_id
    await money.lock(connection, ledger_id)
    run = await runs.by_draft(connection, ledger_id, refusal.draft_id)
    if run.state is not RunState.DRAFT:
        # It was aborted, and its draft was left too old to be approved.
        return []
    why = refusal.why or "its draft was not approved"
    by = staff_text(refusal.by.staff_id)
    now_us = await programme_now_us(connection, ledger_id)
    await runs.step(connection, ledger_id, run.number, RunState.ABORTED, now_us, by, why)
    return [Change("run.aborted", str(run.number), {"state": run.state.value}, None, why)]


def require_state(run: Run, *wanted: RunState) -> None:
    """Raises Refused with RUN_STATE unless a run is in one of the states."""
    if run.state not in wanted:
        raise Refused(
            Reason.REASON_RUN_STATE,
            f"run {run.number} is {run.state}",
            state=run.state.value,
            needed=" or ".join(wanted),
        )


SETTLEMENT_RUN: Final = DraftKind(
    KIND,
    makers=MAKERS,
    approvers=APPROVERS,
    parse=WantedRun.parse,
    apply=_apply,
    proposed=_proposed,
    refused=_refused,
)
