"""Reads of statements: staff and services see all, a partner its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.tax import operator_at
from services.partners.domain.permissions import STATEMENTS_READ
from services.partners.domain.statement import Standing, Statement
from services.partners.queries.clearing import page_size
from services.partners.renderings.statement_pdf import statement_pdf
from services.partners.storage import rating, statements, tax
from services.partners.storage.connection import Reads
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound, Refused
from services.runtime.principal import Kind, Principal


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement, and whether it is accepted by now."""

    statement: Statement
    standing: Standing


@dataclass(frozen=True, slots=True)
class StatementsPage:
    """Statements without their lines, newest first, and whether there are more in the direction asked."""

    statements: list[StatementView]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statements: of one partner (None: all), of windows between two numbers (0: no bound)."""

    partner_id: UUID | None = None
    limit: int = 0
    before_window: int = 0
    after_window: int = 0


class Statements:
    """Statements of the programme acted in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, who: Principal, statement_id: UUID) -> StatementView:
        """A statement with its lines. Raises NotFound, for a partner also where it is another's."""
        own, ledger_id = _own_partner(who), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await statements.by_id(connection, ledger_id, statement_id)
            now_us = await _now_us(connection, ledger_id)
        if found is None or own not in (None, found.net.party_id):
            raise NotFound("there is no such statement")
        return StatementView(found, found.standing(now_us))

    async def pdf(self, who: Principal, statement_id: UUID) -> tuple[str, bytes]:
        """A statement as PDF, with a name for its file; it is typeset beside other calls.

        Raises NotFound, PermissionDenied, Refused with OPERATOR_DATA_MISSING where nobody knows who the operator is.
        """
        found = (await self.get(who, statement_id)).statement
        programme = who.in_programme()
        async with self._database.reader.snapshot() as connection:
            versions = await tax.of_operator(connection, programme.ledger_id)
        operator = operator_at(versions, found.window.ends_at_us - 1)
        if operator is None:
            raise Refused(
                Reason.REASON_OPERATOR_DATA_MISSING,
                "the operator's own name and address are not set",
                missing="party",
            )
        body = await asyncio.to_thread(statement_pdf, found, programme.slug, programme.zone, operator)
        return f"statement-{found.partner_slug}-{found.window.number}.pdf", body

    async def list_them(self, who: Principal, wanted: Wanted) -> StatementsPage:
        """A page of statements, newest first; with after_window alone the page next to that window.

        Pages end between windows, never inside one: a list of all partners may hold fewer than `limit`, and
        more where a single window has more.
        """
        if wanted.before_window < 0 or wanted.after_window < 0:
            raise InvalidRequest("windows are numbered from 1", field="before_window")
        wanted = replace(
            wanted, partner_id=_own_partner(who) or wanted.partner_id, limit=page_size(wanted.limit)
        )
        upwards = wanted.after_window > 0 and wanted.before_window == 0
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await _page(connection, ledger_id, wanted, upwards, wanted.limit + 1)
            has_more = len(found) > wanted.limit
            if has_more:
                found, has_more = await _whole_windows(connection, ledger_id, wanted, upwards, found)
            now_us = await _now_us(connection, ledger_id)
        if upwards:
            found.sort(key=lambda each: (-each.window.number, each.partner_slug))
        return StatementsPage([StatementView(each, each.standing(now_us)) for each in found], has_more)


async def _now_us(connection: Reads, ledger_id: int) -> int:
    """Programme time as last heard."""
    return wall_now_us() + (await rating.head(connection, ledger_id)).clock_offset_us


async def _page(
    connection: Reads, ledger_id: int, wanted: Wanted, upwards: bool, limit: int
) -> list[Statement]:
    return await statements.listed(
        connection,
        ledger_id,
        limit,
        wanted.partner_id,
        wanted.before_window or None,
        wanted.after_window or None,
        upwards,
    )


async def _whole_windows(
    connection: Reads, ledger_id: int, wanted: Wanted, upwards: bool, found: list[Statement]
) -> tuple[list[Statement], bool]:
    """A page without the window that its end would cut in two, and whether there are more.

    Where that window alone fills the page, the page is the whole of it.
    """
    cut = found[-1].window.number
    whole = [each for each in found if each.window.number != cut]
    if whole:
        return whole, True
    alone = replace(wanted, before_window=cut + 1, after_window=cut - 1)
    whole = await _page(connection, ledger_id, alone, upwards, statements.OF_ONE_WINDOW_MAX)
    beyond = replace(wanted, after_window=cut) if upwards else replace(wanted, before_window=cut)
    return whole, bool(await _page(connection, ledger_id, beyond, upwards, 1))


def _own_partner(who: Principal) -> UUID | None:
    """The partner that reads its own; None for staff and services. Raises PermissionDenied without the scope."""
    if who.kind is not Kind.PARTNER:
        return None
    who.require(STATEMENTS_READ)
    return who.as_partner()
