"""Reads of settlement runs, their files and breaks: staff and services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.partners.domain.settlement.payments import Standing
from services.partners.domain.settlement.records import BankFile, Break, Issued, Run, RunStep
from services.partners.domain.settlement.runs import Position
from services.partners.queries.clearing import page_size
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import bank_messages, documents, payments, runs
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.principal import Principal

# As many as a run has partners, times five types, times companies: a reader that wants more asks by partner.
_DOCUMENTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with all that it is of. `today`: by which payments are overdue."""

    run: Run
    positions: list[Position]
    steps: list[RunStep]
    payments: list[Standing]
    files: list[BankFile]
    documents: list[Issued]
    today: date


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Runs, newest first."""

    runs: list[Run]
    has_more: bool


@dataclass(frozen=True, slots=True)
class BreaksPage:
    """Breaks, newest first."""

    breaks: list[Break]
    has_more: bool


class Runs:
    """Runs of the programme acted in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, who: Principal, number: int) -> RunView:
        """A run. Raises NotFound, PermissionDenied."""
        who.require_internal()
        programme = who.in_programme()
        ledger_id = programme.ledger_id
        async with self._database.reader.snapshot() as connection:
            run = await runs.by_number(connection, ledger_id, number)
            if run is None:
                raise NotFound("there is no such run")
            now_us = await programme_now_us(connection, ledger_id)
            return RunView(
                run,
                await runs.positions(connection, ledger_id, number),
                await runs.steps(connection, ledger_id, number),
                await payments.of_run(connection, ledger_id, number),
                await payments.files(connection, ledger_id, run_number=number),
                await documents.listed(connection, ledger_id, limit=_DOCUMENTS_MAX, run_number=number),
                in_zone(now_us, programme.zone).date(),
            )

    async def list_them(self, who: Principal, before: int, limit: int) -> RunsPage:
        """A page. Raises InvalidRequest, PermissionDenied."""
        who.require_internal()
        if before < 0:
            raise InvalidRequest("runs are numbered from 1", field="before")
        size = page_size(limit)
        async with self._database.reader.snapshot() as connection:
            found = await runs.listed(
                connection, who.in_programme().ledger_id, before=before or None, limit=size + 1
            )
        return RunsPage(found[:size], len(found) > size)

    async def bank_file(self, who: Principal, number: int) -> BankFile:
        """A file for the bank with its bytes, for who hands it over. Raises NotFound, PermissionDenied."""
        who.require_role("maker", "checker")
        async with self._database.reader.snapshot() as connection:
            found = await payments.files(connection, who.in_programme().ledger_id, number=number)
        if not found:
            raise NotFound("there is no such file")
        return found[0]

    async def breaks(self, who: Principal, before: int, limit: int, *, with_ended: bool) -> BreaksPage:
        """A page. Raises InvalidRequest, PermissionDenied."""
        who.require_internal()
        if before < 0:
            raise InvalidRequest("breaks are numbered from 1", field="before")
        size = page_size(limit)
        async with self._database.reader.snapshot() as connection:
            found = await bank_messages.breaks(
                connection,
                who.in_programme().ledger_id,
                with_ended=with_ended,
                before=before,
                limit=size + 1,
            )
        return BreaksPage(found[:size], len(found) > size)
