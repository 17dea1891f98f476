"""The rows of clearing: netting a large window, and what a cut does to those who post meanwhile."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import text

from services.operations import ledger, settlement
from services.operations.session import Session, open_session
from services.partners.domain.netting import Net, merged, net_operator, net_partners
from services.partners.domain.programme import next_cut_us
from services.partners.domain.statement import lines_of
from services.partners.domain.windows import Window, WindowState
from services.partners.storage import billing, partners, rating
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import Database
from services.runtime.errors import CoalitionError
from tests.performance import posting_rows
from tests.performance.load_process import prepared
from tests.performance.plan import CUTS, POSTING, RowFailed
from tests.performance.posting_load import Outcome
from tests.performance.stage import Load, Stage, database_url

_STATEMENT_SECONDS: Final = 60
#: Earns that learn how many there will be time for.
_TRIAL_SECONDS: Final = 3.0
#: A moment without a cut, the clock moved on, a moment with one: so long after the last.
_QUIET_AT, _CLOCK_AT, _CUT_AT, _PERIOD = 0.5, 1.2, 2.0, 2.7
_HALF_SECOND: Final = 0.5
#: More calls than there is time for: a load that ends early covers not all moments.
_SPARE: Final = 2.2
#: Rating is behind a load that takes both cores; after it, it has so long to come by.
_STATED_SECONDS_MAX: Final = 120.0
_GROUP_BY: Final = text("""
SELECT partner_id, kind, count(*) AS entries, sum(points) AS points, sum(amount_micros) AS amount_micros
FROM rated_entry WHERE ledger_id = :ledger AND seq BETWEEN 1 AND :last GROUP BY partner_id, kind
""")


async def group_by(stage: Stage, seconds: float) -> Load:
    """One GROUP BY over a million rated entries of the filled books; the value is how long it takes."""
    del seconds
    database = _partners_database(stage)
    try:
        async with database.reader.snapshot() as connection:
            began = time.perf_counter()
            wanted = {"ledger": stage.bench.programme.ledger_id, "last": stage.scale.postings}
            found = (await connection.execute(_GROUP_BY, wanted)).all()
            took = time.perf_counter() - began
    finally:
        await database.close()
    return Load(sum(row.entries for row in found), took, figure=took)


async def aggregate(stage: Stage, seconds: float) -> Load:
    """Nets, lines and matrix of a window of the same entries; the value is how long they take."""
    del seconds
    ledger_id, last_seq = stage.bench.programme.ledger_id, stage.scale.postings
    window = Window(1, 0, 1, 1, last_seq, WindowState.CLOSED)
    database = _partners_database(stage)
    try:
        async with database.reader.snapshot() as connection:
            everyone = [each.partner_id for each in await partners.of_programme(connection, ledger_id)]
            began = time.perf_counter()
            folds = merged(await rating.folds(connection, ledger_id, window))
            nets = net_partners(everyone, folds, {})
            booked = await billing.folds_between(connection, ledger_id, window.number, window.number)
            kinds = [
                *await rating.kind_totals(connection, ledger_id, window),
                *(total for _, totals in booked.values() for total in totals),
            ]
            operator = net_operator(kinds, nets)
            cells = await rating.matrix(connection, ledger_id, window)
            lines = [lines_of(folds, net) for net in nets]
            took = time.perf_counter() - began
    finally:
        await database.close()
    return Load(
        last_seq, took, remarks=(_told(nets, operator, len(cells), sum(map(len, lines))),), figure=took
    )


def _told(nets: Sequence[Net], operator: Net, cells: int, lines: int) -> str:
    if operator.net_minor + sum(net.net_minor for net in nets):
        raise RowFailed("the nets do not sum to zero")
    return f"{len(nets)} partners, {lines} lines, {cells} cells of the matrix"


def _partners_database(stage: Stage) -> Database:
    return Database(database_url(stage.platform.environment, "partners"), "bench", 2, _STATEMENT_SECONDS)


async def cut_pause(stage: Stage, seconds: float) -> Load:
    """Earns as fast as they go, while window after window is closed and stated.

    The value is the median of the longest gap between answers in the second around each close, over the same at moments
    without one, which take turns with them.
    """
    await posting_rows.earns(stage, _TRIAL_SECONDS)
    moments = stage.scale.cuts
    calls = posting_rows.calls_for(stage, POSTING.name, seconds * _SPARE)
    order = posting_rows.order_of(stage, CUTS.name, calls)
    async with open_session(stage.platform.environment) as session:
        # The filled books are a window of their own, and out of the way.
        first = await next_boundary(stage, session)
        await stated(stage, session, first)
        async with prepared("posting_load", order.to_line()) as load:
            began = time.perf_counter()
            load.begin()
            quiet, cuts, closing = await _moments(stage, session, first, began, moments)
            outcome = Outcome(**await load.outcome())
        posting_rows.check(outcome.postings, calls * posting_rows.ITEMS_A_CALL, outcome.other)
        await asyncio.gather(*closing)
        last = await stated(stage, session, 0)
    if not outcome.done_at or max(cuts) + _HALF_SECOND > max(outcome.done_at):
        raise RowFailed("the load ended before the last window was closed")
    at_quiet, at_cuts = (gaps_around(outcome.done_at, each) for each in (quiet, cuts))
    told = (
        f"{moments} closes, {last} windows stated, {outcome.postings / outcome.seconds:,.0f} postings a second",
        f"longest gap, median: {median(at_cuts) * 1_000:.0f} ms around a close, {median(at_quiet) * 1_000:.0f} ms elsewhere",
    )
    figure = median(at_cuts) / median(at_quiet)
    return Load(outcome.postings, outcome.seconds, None, outcome.cpu_us, told, figure)


async def _moments(
    stage: Stage, session: Session, boundary_us: int, began: float, moments: int
) -> tuple[list[float], list[float], list[asyncio.Task[None]]]:
    """Moments without a close and with one, in turns; and the closes, which go on by themselves."""
    programme = stage.bench.programme
    quiet: list[float] = []
    cuts: list[float] = []
    closing: list[asyncio.Task[None]] = []
    for number in range(moments):
        start = began + 1.0 + number * _PERIOD
        quiet.append(start + _QUIET_AT)
        await _sleep_until(start + _CLOCK_AT)
        boundary_us = next_cut_us(boundary_us, programme.zone)
        await ledger.move_clock(session, programme, boundary_us + MICROS_PER_SECOND)
        await _sleep_until(start + _CUT_AT)
        cuts.append(time.perf_counter())
        closing.append(asyncio.create_task(_close(stage, session), name="bench-close"))
    await _sleep_until(cuts[-1] + _HALF_SECOND)
    return quiet, cuts, closing


async def next_boundary(stage: Stage, session: Session) -> int:
    """Moves the clock over the end of the open window; answers that end."""
    found = await settlement.status(session, stage.bench.programme)
    await ledger.move_clock(session, stage.bench.programme, found.open.ends_at_us + MICROS_PER_SECOND)
    return found.open.ends_at_us


async def _close(stage: Stage, session: Session) -> None:
    """Closes what is due; what rating has not reached in time is stated by a later close."""
    try:
        await settlement.close(session, stage.bench.programme, 0)
    except CoalitionError as error:
        if error.reason != Reason.REASON_RATING_BEHIND:
            raise RowFailed(f"a window was not closed: {error}") from error


async def stated(stage: Stage, session: Session, boundary_us: int) -> int:
    """Waits until all windows that are due are stated; answers how many there are. Raises RowFailed."""
    give_up = time.monotonic() + _STATED_SECONDS_MAX
    while True:
        await _close(stage, session)
        found = await settlement.status(session, stage.bench.programme)
        if found.open.number == found.stated + 1 and found.open.starts_at_us >= boundary_us:
            return int(found.stated)
        if time.monotonic() > give_up:
            raise RowFailed(f"{found.stated} windows were stated of {found.open.number - 1}")


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.perf_counter()))


def gaps_around(done_at: Sequence[float], moments: Sequence[float]) -> list[float]:
    """The longest time between two answers in the second around each moment, in seconds.

    One that reaches into the second counts as a whole.
    """
    done = sorted(done_at)
    found: list[float] = []
    for moment in moments:
        first = max(0, bisect_left(done, moment - _HALF_SECOND) - 1)
        last = bisect_right(done, moment + _HALF_SECOND) + 1
        found.append(max((after - before for before, after in pairwise(done[first:last])), default=0.0))
    return found
