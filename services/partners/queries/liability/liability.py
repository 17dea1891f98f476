"""Reads of what points outstanding come to: cohorts, what is expected of them, revenue, journals. For staff and services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.partners.domain.liability.back_test import HELD_OUT_MAX, BackTest, back_test
from services.partners.domain.liability.cohorts import Month, Triangle, cohorts_of, triangle_of
from services.partners.domain.liability.estimates import TAIL_MAX, TAIL_NONE, Estimate, estimate
from services.partners.domain.liability.ifrs15 import (
    CohortKey,
    RollForward,
    Standing,
    roll_forwards,
    standings_of,
)
from services.partners.domain.liability.intervals import LEVEL_MAX, LEVEL_MIN
from services.partners.domain.liability.journal_file import JournalHead, journal_file
from services.partners.domain.liability.journals import (
    Journal,
    Margin,
    Settled,
    journals_of,
    margin_of,
    renamed,
)
from services.partners.domain.liability.ties import Tie, settled_of, ties_of_money, ties_of_points
from services.partners.domain.programme import Registration
from services.partners.domain.text import OPERATOR_SLUG
from services.partners.domain.windows import Window, WindowState
from services.partners.queries.programmes import Programmes
from services.partners.storage import liability, lots, partners, rates, windows
from services.partners.storage.connection import Reads
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, Unavailable
from services.runtime.principal import Principal

LEVEL_DEFAULT: Final = 80
_OPERATOR: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of how points are used. `level_percent` 0: 80. `tail_millionths` 0: none is stated."""

    level_percent: int = 0
    tail_millionths: int = 0

    def checked(self) -> Assumptions:
        """The same, with what goes without saying. Raises InvalidRequest."""
        level = self.level_percent or LEVEL_DEFAULT
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            raise InvalidRequest(f"a level is {LEVEL_MIN} to {LEVEL_MAX} per cent", field="level_percent")
        if self.tail_millionths and not TAIL_NONE <= self.tail_millionths <= TAIL_MAX:
            raise InvalidRequest(
                f"a tail is {TAIL_NONE:,} to {TAIL_MAX:,} millionths", field="tail_millionths"
            )
        return Assumptions(level, self.tail_millionths)


@dataclass(frozen=True, slots=True)
class LiabilityReport:
    """All as of the end of a window. `slugs`: of everybody who carries points, the operator with them; `settled`: see Settled."""

    window: Window
    zone: str
    currency: str
    triangle: Triangle
    estimate: Estimate
    standings: dict[CohortKey, Standing]
    back_tests: tuple[BackTest, ...]
    ties: tuple[Tie, ...]
    settled: Settled
    slugs: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class JournalsReport:
    """The roll-forward of a run of windows by cohort and in all, its journals, and the same as a file."""

    first: int
    last: Window
    zone: str
    currency: str
    cohorts: dict[CohortKey, RollForward]
    total: RollForward
    margin: Margin
    closing_at_zero_breakage: int
    journals: list[Journal]
    ties: tuple[Tie, ...]
    slugs: dict[UUID, str]
    file: str


class Liability:
    """What points outstanding come to in the programme acted in; all of it is counted anew with each call."""

    def __init__(self, database: Database, programmes: Programmes) -> None:
        self._database, self._programmes = database, programmes

    async def as_of(
        self, who: Principal, window: int, assumed: Assumptions, held_out: int
    ) -> LiabilityReport:
        """The liability at the end of a stated window (0: of the last). `held_out`: months that back-tests go back at most.

        Raises InvalidRequest, and Unavailable while the ledger's events are not followed so far.
        """
        registration = await self._acted_in(who)
        if not 0 <= held_out <= HELD_OUT_MAX:
            raise InvalidRequest(f"0 to {HELD_OUT_MAX} months are held out", field="held_out_months")
        checked = assumed.checked()
        async with self._database.reader.snapshot() as connection:
            wanted = await _stated(connection, registration, window, "window")
            return await _report(connection, registration, wanted, checked, held_out)

    async def journals(
        self,
        who: Principal,
        first: int,
        last: int,
        assumed: Assumptions,
        accounts: Iterable[tuple[str, str, str]],
    ) -> JournalsReport:
        """The journals of stated windows, both ends included (first 0: from the beginning; last 0: the last). Raises as as_of does."""
        registration = await self._acted_in(who)
        checked, chart = assumed.checked(), renamed(accounts)
        async with self._database.reader.snapshot() as connection:
            closing = await _stated(connection, registration, last, "to_window")
            first = first or 1
            if not 0 < first <= closing.number:
                raise InvalidRequest(f"windows are 1 to {closing.number}", field="from_window")
            after = await _report(connection, registration, closing, checked, 0)
            before: LiabilityReport | None = None
            if first > 1:
                opening = await _stated(connection, registration, first - 1, "from_window")
                before = await _report(connection, registration, opening, checked, 0)
        rolled = roll_forwards(before.standings if before else {}, after.standings)
        total = sum(rolled.values(), RollForward())
        margin = margin_of(total, before.settled if before else Settled(0, 0), after.settled)
        made = journals_of(total, margin, chart)
        programme = registration.programme
        # The last day of the period: the end of a window is the first instant that is not in it.
        day = in_zone(closing.ends_at_us - 1, programme.zone).date().isoformat()
        head = JournalHead(programme.slug, first, closing.number, day, programme.currency)
        return JournalsReport(
            first,
            closing,
            programme.zone,
            programme.currency,
            rolled,
            total,
            margin,
            sum(each.allocated - each.redeemed for each in after.standings.values()),
            made,
            after.ties,
            after.slugs,
            journal_file(head, made),
        )

    async def _acted_in(self, who: Principal) -> Registration:
        who.require_internal()
        return await self._programmes.named(who.in_programme().slug)


async def _stated(connection: Reads, registration: Registration, number: int, field: str) -> Window:
    ledger_id = registration.programme.ledger_id
    newest = await windows.stated(connection, ledger_id)
    found = await windows.numbered(connection, ledger_id, number or newest) if number >= 0 else None
    if found is None or found.state is not WindowState.STATED:
        raise InvalidRequest(
            f"windows 1 to {newest} are stated" if newest else "no window is stated yet", field=field
        )
    return found


async def _report(
    connection: Reads, registration: Registration, window: Window, assumed: Assumptions, held_out: int
) -> LiabilityReport:
    programme = registration.programme
    ledger_id = programme.ledger_id
    if (await lots.head(connection, ledger_id)).followed_seq < window.last_seq:
        raise Unavailable(f"the ledger's events are not followed to seq {window.last_seq} yet")
    versions = await rates.of_programme(connection, ledger_id)
    by_version = {(each.rates.partner_id, each.version): each.rates for each in versions}
    found = await liability.folded(connection, ledger_id, programme.zone, window, by_version)
    cells = await windows.cells_between(connection, ledger_id, 1, window.number)
    listed = await partners.of_programme(connection, ledger_id)
    cohorts = cohorts_of(found.flows, found.paid)
    triangle = triangle_of(found.flows, last_whole_month(window, programme.zone))
    expected = estimate(cohorts, triangle, assumed.level_percent, assumed.tail_millionths)
    return LiabilityReport(
        window,
        programme.zone,
        programme.currency,
        triangle,
        expected,
        standings_of(expected.cohorts),
        _back_tests(triangle, assumed.level_percent, held_out),
        (
            *ties_of_points(found.strayed, found.burned, cells),
            *ties_of_money(cohorts, found.paid, found.booked),
        ),
        settled_of(found.booked),
        {_OPERATOR: OPERATOR_SLUG, **{each.partner_id: each.slug for each in listed}},
    )


def last_whole_month(window: Window, zone: str) -> Month:
    """The last month that had ended with a window: that of the day before the first of the month in which the next instant lies."""
    month = in_zone(window.ends_at_us, zone).date().replace(day=1) - timedelta(days=1)
    return Month.of(month.year, month.month)


def _back_tests(triangle: Triangle, level_percent: int, held_out: int) -> tuple[BackTest, ...]:
    tested: Sequence[BackTest | None] = [
        back_test(triangle.rows, months, level_percent) for months in range(1, held_out + 1)
    ]
    return tuple(each for each in tested if each is not None)
