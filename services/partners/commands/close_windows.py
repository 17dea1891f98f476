"""Close windows: fix a range of the journal, wait until it is rated, net it, state it.

Each step is a transaction of its own that locks the programme's window head first and does nothing where
the step is done already. So it can be repeated after a crash between any two, and two callers at once
take turns and end with one result. No call to another service is made inside a transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.clients.points import PointsLedger
from services.partners.commands.auditing import audited_window
from services.partners.commands.book_differences import book_differences
from services.partners.commands.disputes.steps import release_stated
from services.partners.commands.prove_window import ProveWindow
from services.partners.commands.telling import Tell
from services.partners.domain.billing import cycle_fees
from services.partners.domain.entries import AMOUNT_MICROS_MAX
from services.partners.domain.events import StatementIssued, WindowClosed
from services.partners.domain.netting import Fold, Net, NotBalanced, merged, net_operator, net_partners, whole
from services.partners.domain.programme import Registration
from services.partners.domain.proof.record import JournalEnd
from services.partners.domain.statement import Range, Statement, lines_of, statement_id
from services.partners.domain.windows import Step, Window, WindowState, open_window
from services.partners.queries.programmes import Programmes
from services.partners.storage import billing, buy_outs, partners, rating, rerating, statements, windows
from services.partners.storage.disputes import amounts as disputed
from services.runtime import logging, telemetry
from services.runtime.clock import MICROS_PER_DAY, from_micros, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Fault, Refused, Unavailable
from services.runtime.principal import Principal

_log = logging.get(__name__)
# Twenty years of weeks; the rest is closed by the next call.
_WINDOWS_A_CALL_MAX: Final = 1_040
_POLL_SECONDS: Final = 0.05


class CloseWindows:
    """Staff or services. `rating_seconds_max`: how long a call waits for rating to reach a window's end."""

    def __init__(
        self,
        database: Database,
        tell: Tell,
        points: PointsLedger,
        programmes: Programmes,
        prove: ProveWindow,
        rating_seconds_max: float = 10.0,
    ) -> None:
        self._database, self._tell, self._points, self._programmes = database, tell, points, programmes
        self._prove, self._rating_seconds_max = prove, rating_seconds_max

    async def __call__(self, who: Principal, until_us: int = 0, step: Step | None = None) -> list[Window]:
        """Closes and states all windows that end at or before a programme time (0: now); or does one step of that alone.

        Answers those that this call moved. Raises as `close`, and PermissionDenied.
        """
        who.require_internal()
        registration = await self._programmes.named(who.in_programme().slug)
        if step is None:
            return await self.close(registration, until_us)
        return await self._one_step(registration, until_us, step)

    async def close(self, registration: Registration, until_us: int = 0) -> list[Window]:
        """As a call, for a job.

        Raises Refused with BOUNDARY_IN_FUTURE or RATE_CARD_MISSING, Unavailable with RATING_BEHIND or where
        points cannot be reached, Fault where the nets do not balance.
        """
        now_us = await self._now_us(registration, until_us)
        stated: list[Window] = []
        for _ in range(_WINDOWS_A_CALL_MAX):
            window = await self._next_to_finish(registration, until_us or now_us)
            if window is None:
                break
            with telemetry.span("window.finish", attributes={"window": window.number}):
                await self._net(registration, window)
                if await self._issue(registration, window, now_us):
                    stated.append(window.moved_to(WindowState.STATED))
        return stated

    async def _one_step(self, registration: Registration, until_us: int, step: Step) -> list[Window]:
        """Cuts all windows that are due, or moves all that wait for the step, oldest first."""
        now_us = await self._now_us(registration, until_us)
        moved: list[Window] = []
        if step is Step.CUT:
            while len(moved) < _WINDOWS_A_CALL_MAX:
                window = await self._next_cut(registration, until_us or now_us)
                if window is None:
                    break
                moved.append(window)
            return moved
        async with self._database.reader.snapshot() as connection:
            waiting = await windows.in_state(
                connection, registration.programme.ledger_id, step.before, _WINDOWS_A_CALL_MAX
            )
        for window in waiting:
            if until_us and window.ends_at_us > until_us:
                break
            done = (
                await self._net(registration, window)
                if step is Step.AGGREGATE
                else await self._issue(registration, window, now_us)
            )
            if done:
                moved.append(window.moved_to(step.after))
        return moved

    async def _now_us(self, registration: Registration, until_us: int) -> int:
        """Programme time. Raises Refused with BOUNDARY_IN_FUTURE for a boundary ahead of it."""
        now_us = (await self._points.head(registration.programme)).now_us
        if until_us > now_us:
            raise Refused(
                Reason.REASON_BOUNDARY_IN_FUTURE,
                "windows cannot be closed ahead of programme time",
                now=from_micros(now_us).isoformat(),
                boundary=from_micros(until_us).isoformat(),
            )
        return now_us

    async def _next_to_finish(self, registration: Registration, until_us: int) -> Window | None:
        """The oldest window that is closed and not stated, closing the open one if it is due; None: no more."""
        async with self._database.reader.snapshot() as connection:
            unfinished = await windows.unfinished(connection, registration.programme.ledger_id)
        return unfinished or await self._next_cut(registration, until_us)

    async def _next_cut(self, registration: Registration, until_us: int) -> Window | None:
        """Closes the open window if it is due; None: it is not."""
        async with self._database.reader.snapshot() as connection:
            last = await windows.last(connection, registration.programme.ledger_id)
        due = open_window(registration, last)
        if due.ends_at_us > until_us:
            return None
        last_seq = await self._points.cut_at(registration.programme, due.ends_at_us)
        return await self._close(registration, due, last_seq)

    async def _net(self, registration: Registration, window: Window) -> bool:
        """Nets a window once it is rated; answers whether this call did it."""
        await self._await_rating(registration.programme.ledger_id, window)
        return await self._aggregate(registration, window)

    async def _issue(self, registration: Registration, window: Window, now_us: int) -> bool:
        """Issues the statements of a netted window; answers whether this call did it."""
        journal_end = await self._prove.journal_end(registration.programme, window)
        return await self._state(registration, window, now_us, journal_end)

    async def _close(self, registration: Registration, due: Window, last_seq: int) -> Window:
        """Fixes the range of a window. The cut is the same for everybody, so whoever is first writes it."""
        programme = registration.programme
        async with self._database.writer.transaction() as connection:
            already = await windows.lock(connection, programme.ledger_id) >= due.number
            found = await windows.numbered(connection, programme.ledger_id, due.number) if already else None
            if found is not None:
                return found
            head = await rating.head(connection, programme.ledger_id)
            window = due.closed_at(last_seq, wall_now_us() + head.clock_offset_us)
            await windows.add(connection, programme.ledger_id, window)
            closed = WindowClosed(window.number, window.first_seq, window.last_seq, window.ends_at_us)
            await self._tell(connection, programme, wall_now_us() + head.clock_offset_us, [closed])
            await audited_window(connection, programme.ledger_id, "window.closed", window)
        return window

    async def _await_rating(self, ledger_id: int, window: Window) -> None:
        """Waits until every posting of a window is rated, and all that is re-rated in it."""
        async with self._database.reader.snapshot() as connection:
            last_seq = max(window.last_seq, await rerating.last_seq(connection, ledger_id, window.number))
        deadline = asyncio.get_running_loop().time() + self._rating_seconds_max
        while True:
            async with self._database.reader.snapshot() as connection:
                rated_seq = (await rating.head(connection, ledger_id)).rated_seq
                blocked = await rating.blocked(connection, ledger_id)
            if rated_seq >= last_seq:
                return
            if blocked is not None and blocked.price_missing and blocked.seq <= last_seq:
                raise Refused(
                    Reason.REASON_RATE_CARD_MISSING,
                    "a posting of the window has no price in force",
                    seq=blocked.seq,
                    partner_id=str(blocked.partner_id),
                    occurred_at=blocked.effective_at,
                )
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(
                    "the window's postings are not rated yet",
                    Reason.REASON_RATING_BEHIND,
                    rated_seq=rated_seq,
                    last_seq=last_seq,
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _aggregate(self, registration: Registration, window: Window) -> bool:
        """Nets a rated window; answers whether this call did it."""
        ledger_id = registration.programme.ledger_id
        async with self._database.writer.transaction() as connection:
            await windows.lock(connection, ledger_id)
            if await _state_of(connection, ledger_id, window.number) is not WindowState.CLOSED:
                return False
            parties = [
                found.partner_id
                for found in await partners.of_programme(connection, ledger_id)
                if found.first_window <= window.number
            ]
            await rating.sum_with_one_process(connection)
            terms = await billing.of_programme(connection, ledger_id, registration.programme.zone)
            due = terms.due(parties, window)
            await book_differences(connection, ledger_id, window.number)
            booked = await billing.last_number(connection, ledger_id, window.number)
            await disputed.book(connection, ledger_id, window.number, booked)
            booked = await billing.last_number(connection, ledger_id, window.number)
            left = await buy_outs.bookings(connection, ledger_id, window.number, booked)
            fees = cycle_fees(terms, due, window.number, booked + len(left))
            await billing.book(connection, ledger_id, [*left, *fees])
            folds = await _folds(connection, ledger_id, window.number, window)
            carries = await windows.carries_into(connection, ledger_id, window.number)
            nets = net_partners(parties, folds, carries, due)
            bookings = await billing.folds_between(connection, ledger_id, window.number, window.number)
            kinds = [
                *await rating.kind_totals(connection, ledger_id, window),
                *(total for _, totals in bookings.values() for total in totals),
            ]
            try:
                operator = net_operator(kinds, nets)
            except NotBalanced as error:
                _log.exception("clearing.not_balanced", ledger_id=ledger_id, window=window.number)
                raise Fault(f"window {window.number} does not sum to zero: {error}") from error
            cells = await rating.matrix(connection, ledger_id, window)
            largest = max(each.magnitude for each in (*nets, operator, *cells))
            if largest > AMOUNT_MICROS_MAX:
                raise Fault(f"window {window.number}: {largest} micros are more than a statement can hold")
            await windows.add_nets(connection, ledger_id, window.number, (*nets, operator), cells)
            await windows.move(connection, ledger_id, window.number, WindowState.AGGREGATED)
        return True

    async def _state(
        self, registration: Registration, window: Window, now_us: int, journal_end: JournalEnd
    ) -> bool:
        """Issues the statements of a netted window; answers whether this call did it."""
        programme = registration.programme
        ledger_id = programme.ledger_id
        async with self._database.writer.transaction() as connection:
            await windows.lock(connection, ledger_id)
            if await _state_of(connection, ledger_id, window.number) is not WindowState.AGGREGATED:
                return False
            await rating.sum_with_one_process(connection)
            issued = await _statements(connection, registration, window)
            await statements.add(connection, ledger_id, issued)
            await self._prove.prove_window(connection, programme, window, issued, journal_end)
            await windows.move(connection, ledger_id, window.number, WindowState.STATED)
            await release_stated(connection, ledger_id, now_us, [each.net.party_id for each in issued])
            told = [
                StatementIssued(
                    each.statement_id, each.net.party_id, window.number, each.net.net_minor, each.currency
                )
                for each in issued
            ]
            await self._tell(connection, programme, now_us, told)
            await audited_window(connection, ledger_id, "windows.stated", window)
        return True


async def _statements(
    connection: AsyncConnection, registration: Registration, window: Window
) -> list[Statement]:
    """The statements that are due with a window, each over the windows since the last one of its partner.

    Nothing of them depends on when they are made: they bear the time at which the window's range was fixed.
    """
    programme = registration.programme
    ledger_id = programme.ledger_id
    everyone = await partners.of_programme(connection, ledger_id)
    found = [each for each in everyone if each.first_window <= window.number]
    terms = await billing.of_programme(connection, ledger_id, programme.zone)
    due = terms.due((each.partner_id for each in found), window)
    before = await statements.before(connection, ledger_id, window.number)
    issued: list[Statement] = []
    spans: dict[int, tuple[Range, list[Fold], dict[UUID, list[Net]]]] = {}
    for each in found:
        if each.partner_id not in due:
            continue
        first, opening_minor = before[each.partner_id]
        if first not in spans:
            spans[first] = await _span(connection, ledger_id, first, window)
        covers, folds, nets = spans[first]
        net = whole(nets[each.partner_id])
        days = terms.of(each.partner_id, window.number).objection_days
        issued.append(
            Statement(
                statement_id(ledger_id, each.partner_id, window), window, covers, each.slug, programme.currency, net,
                opening_minor, window.fixed_at_us, window.fixed_at_us + days * MICROS_PER_DAY, lines=lines_of(folds, net),
            )
        )  # fmt: skip
    return issued


async def _span(
    connection: AsyncConnection, ledger_id: int, first: int, window: Window
) -> tuple[Range, list[Fold], dict[UUID, list[Net]]]:
    """A run of windows that ends with one: where it starts, its entries summed, and everybody's nets in order."""
    start = await windows.numbered(connection, ledger_id, first)
    if start is None:
        raise Fault(f"window {first}, from which on a statement is due, does not exist")
    covers = Range(first, start.first_seq, start.starts_at_us)
    folds = await _folds(connection, ledger_id, first, replace(window, first_seq=start.first_seq))
    nets: dict[UUID, list[Net]] = {}
    for _, net in await windows.nets_between(connection, ledger_id, first, window.number):
        nets.setdefault(net.party_id, []).append(net)
    return covers, folds, nets


async def _folds(connection: AsyncConnection, ledger_id: int, first: int, window: Window) -> list[Fold]:
    """What is rated in a window's range of seq, and booked in the windows from `first` to it, summed."""
    booked = await billing.folds_between(connection, ledger_id, first, window.number)
    return merged(
        [
            *await rating.folds(connection, ledger_id, window),
            *(fold for folds, _ in booked.values() for fold in folds),
        ]
    )


async def _state_of(connection: AsyncConnection, ledger_id: int, number: int) -> WindowState:
    found = await windows.numbered(connection, ledger_id, number)
    return found.state if found else WindowState.OPEN
