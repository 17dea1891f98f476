"""The replay: enrols the members, sends a year of purchases day by day, closes weeks, and has them settled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Final

from services.demo import progress as memory
from services.demo.bank import running_bank
from services.demo.burns import Burn, drawn_visits, plan_burns, visits
from services.demo.cards import card_number
from services.demo.config import DemoConfig
from services.demo.dataset import Dataset
from services.demo.disputing import Disputing
from services.demo.leaving import Leaving
from services.demo.office import Office, OfficeError
from services.demo.onboarding import Onboarding
from services.demo.progress import Progress
from services.demo.staff import open_people
from services.demo.till import Latencies, Till
from services.demo.weeks import Week, ends_a_month, weeks
from services.operations import ledger, settlement
from services.operations.session import Session
from services.runtime.clock import from_micros, to_micros
from services.runtime.principal import Programme

# A day is sent at five to midnight: its purchases have happened, and its burns of 23:59:59 are within the
# five minutes that a till's clock may be ahead.
_SENT_AT: Final = clock_time(23, 55)
# Weeks without purchases in which the bank may still bring what is open to its end: a debit that comes back takes five.
_WEEKS_AFTER: Final = 12
# A debit of the first run comes back two weeks after it, and the statement says so in the third.
_TOLD_WITHIN_WEEKS: Final = 3
_HEARD_POLL_SECONDS: Final = 0.02


class ReplayTooLate(RuntimeError):
    """The programme's clock ran past the end of a week that was not sent yet: the replay must start over."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where the replay is, for whoever shows it: a day just done, or a week just closed."""

    day: date
    week: int
    purchases: int
    burns: int
    closed: bool


class Replay:
    """Runs the demo against a platform that is up. Everything it does may be done again.

    `environment`: the platform's, in which the staff of the demo acts.
    """

    def __init__(
        self,
        config: DemoConfig,
        dataset: Dataset,
        session: Session,
        environment: Mapping[str, str],
        gateway_url: str,
        folder: Path,
        told: Callable[[Step], None],
    ) -> None:
        self._config, self._data, self._session = config, dataset, session
        self._environment = environment
        about, sold = config.programme, len(dataset.weeks)
        # Those with purchases, then the quiet ones, which are in all figures too.
        self._weeks = weeks(about.clock_start, config.windows(sold), about.zone)
        self._url, self._folder, self._told = gateway_url, folder, told
        self.latencies = Latencies()
        self.progress = memory.load(folder) or Progress(sold)
        self._onboarding = Onboarding(config, session, self.progress, folder)
        self.documents: Sequence[Path] = ()
        self._cards = {household: card_number(config.cards, household) for household in dataset.households()}

    async def run(self) -> Programme:
        """Replays and settles all weeks from where it is, then lets weeks pass until nothing is open at the bank.

        Raises ReplayTooLate, TillError, CoalitionError, BankError, OfficeError.
        """
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(
                open_people(self._config.staff, self._session, self._environment)
            )
            programme = await self._onboarding.run(people, self._data.stores())
            tills = {
                partner.slug: await stack.enter_async_context(
                    Till(
                        self._url,
                        self.progress.secrets[partner.slug],
                        self._config.programme.currency,
                        self._config.burns,
                        self.latencies,
                    )
                )
                for partner in self._config.partners
            }
            await self._enrol(tills)
            about = self._config.programme
            day = date.fromisoformat(self.progress.bank_day or about.clock_start.isoformat())
            bank = await stack.enter_async_context(running_bank(self._folder, about.zone.key, day))
            operator = self._config.operator
            await bank.open_account(
                operator.party.legal_name,
                operator.account.iban,
                operator.account.bic,
                self._config.bank.opening_minor,
            )
            office = Office(self._config, programme, bank, self._folder, self._session, people)
            sold, card = len(self._data.weeks), next(iter(self._cards.values()))
            disputing = Disputing(self._config, programme, people, tills, sold)
            leaving = Leaving(self._config, programme, people, tills, sold, card)
            before_runs = (disputing.week_closed, leaving.week_closed)
            for week in self._weeks:
                await self._week(programme, week, tills)
                last = week is self._weeks[-1]
                await self._settle(office, week, before_runs, run_due=last or ends_a_month(week))
            await self._settle_the_rest(programme, office)
            self.documents = await office.write_documents()
        self.progress.finished = True
        memory.save(self._folder, self.progress)
        return programme

    async def _enrol(self, tills: Mapping[str, Till]) -> None:
        if self.progress.enrolled:
            return
        first = tills[self._config.partners[0].slug]
        await asyncio.gather(*(first.enrol(card) for card in self._cards.values()))
        self.progress.balances = dict.fromkeys(self._cards, 0)
        self.progress.enrolled = True
        memory.save(self._folder, self.progress)

    async def _week(self, programme: Programme, week: Week, tills: Mapping[str, Till]) -> None:
        done = self.progress.last_day_done
        for day in week.days():
            if done is not None and day <= done:
                continue
            started = time.monotonic()
            await self._clock_to(programme, day, week)
            sent, burned = await self._day(day, tills)
            self.progress.last_day = day.isoformat()
            self.progress.operations += sent + burned
            self.progress.seconds += time.monotonic() - started
            memory.save(self._folder, self.progress)
            self._told(Step(day, week.number, sent, burned, closed=False))
        await self._close(programme, week)
        self._told(Step(week.last_day, week.number, 0, 0, closed=True))

    async def _settle(
        self,
        office: Office,
        week: Week,
        before_runs: Sequence[Callable[[int], Awaitable[None]]] = (),
        *,
        run_due: bool,
    ) -> None:
        """Has the office at work on the day after a week, once, after what else is done on that day."""
        if week.number <= self.progress.office_week:
            return
        day = week.last_day + timedelta(days=1)
        until = min(week.number, len(self._weeks))
        for each in before_runs:
            await each(week.number)
        await office.week_closed(day, until, run_due=run_due)
        self.progress.office_week, self.progress.bank_day = week.number, day.isoformat()
        if run_due and not self.progress.first_run_week:
            self.progress.first_run_week = week.number
        memory.save(self._folder, self.progress)

    async def _settle_the_rest(self, programme: Programme, office: Office) -> None:
        """Lets weeks pass after the demo's own, until nothing is open at the bank and nothing is left to settle.

        Their windows are in no figure: nothing is bought in them.
        """
        about, count = self._config.programme, len(self._weeks)
        for week in weeks(about.clock_start, count + _WEEKS_AFTER, about.zone)[count:]:
            told = self.progress.office_week >= self.progress.first_run_week + _TOLD_WITHIN_WEEKS
            if told and await office.is_settled():
                await office.followed()
                return
            if week.number > self.progress.office_week:
                await self._clock_past(programme, week)
                await self._settle(office, week, run_due=False)
        raise OfficeError(f"{_WEEKS_AFTER} weeks after the last one something is still not settled")

    async def _clock_past(self, programme: Programme, week: Week) -> None:
        """Moves the clock over a week's end, and waits until clearing has heard of it: it learns the time by an event."""
        now = from_micros((await ledger.head(self._session, programme)).now_us)
        if now < week.ends_at:
            just_after = week.ends_at + timedelta(seconds=1)
            await ledger.move_clock(self._session, programme, to_micros(just_after))
        give_up = time.monotonic() + self._session.patience_seconds
        while from_micros((await settlement.status(self._session, programme)).now_us) < week.ends_at:
            if time.monotonic() >= give_up:
                raise OfficeError(f"clearing does not hear that week {week.number} is over")
            await asyncio.sleep(_HEARD_POLL_SECONDS)

    async def _clock_to(self, programme: Programme, day: date, week: Week) -> None:
        wanted = datetime.combine(day, _SENT_AT, tzinfo=self._config.programme.zone)
        now = from_micros((await ledger.head(self._session, programme)).now_us)
        if now >= week.ends_at:
            raise ReplayTooLate(f"the clock is at {now:%Y-%m-%d %H:%M} UTC, {day} was not sent yet")
        if now < wanted:
            await ledger.move_clock(self._session, programme, to_micros(wanted))

    async def _day(self, day: date, tills: Mapping[str, Till]) -> tuple[int, int]:
        """All earns of a day, partner by partner, then its burns; the order that README.md explains."""
        balances = dict(self.progress.balances)
        sent = 0
        for partner in self._config.partners:
            purchases = self._data.purchases(day, partner.slug)
            if not purchases:
                continue
            till = tills[partner.slug]
            send = till.earn_batch if partner.sends == "batch" else till.earn_each
            for purchase, points in zip(purchases, await send(purchases, self._cards), strict=True):
                balances[purchase.household] += points
            sent += len(purchases)
        today = visits(self._config, self._data.day(day))
        drawn = {visit.household for visit in drawn_visits(self._config, day, today)}
        plan = plan_burns(self._config, day, today, {household: balances[household] for household in drawn})
        await self._burn(plan, tills, balances)
        self.progress.balances = balances
        return sent, len(plan)

    async def _burn(
        self, plan: tuple[Burn, ...], tills: Mapping[str, Till], balances: dict[int, int]
    ) -> None:
        """Burns of one member one after the other, of different members at once."""

        async def of_member(burns: list[Burn]) -> None:
            for burn in burns:
                spent = await tills[burn.partner].redeem(burn, self._cards[burn.household])
                balances[burn.household] -= spent

        by_member: dict[int, list[Burn]] = {}
        for burn in plan:
            by_member.setdefault(burn.household, []).append(burn)
        await asyncio.gather(*(of_member(burns) for burns in by_member.values()))

    async def _close(self, programme: Programme, week: Week) -> None:
        """Moves the clock over the week's end and has its window closed and stated."""
        await self._clock_past(programme, week)
        await settlement.close(self._session, programme, to_micros(week.ends_at))
