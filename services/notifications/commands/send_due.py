"""Send what is due: ask how the member may be written to, choose a channel, hand the message over, write down what came of it.

What is about to be handed over is written down first and what came of it afterwards, each in a transaction of its own. A crash between
the two leaves a notice of which nobody knows whether it went; it is tried once more. Only there a message may come twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.clients.members import Contacts
from services.notifications.clients.outlets import Outlets
from services.notifications.clients.programmes import Named, Programmes
from services.notifications.commands.codes import words_of_code
from services.notifications.domain.channels import Channel, Contact, Message, Outcome, Reach
from services.notifications.domain.kinds import ABOUT, Kind, by_preference
from services.notifications.domain.notices import Move, Notice, State, Step, pause_us
from services.notifications.domain.quiet_hours import quiet_until_us
from services.notifications.domain.texts import fill
from services.notifications.queries.switches import Switches
from services.notifications.queries.texts import Texts
from services.notifications.storage import notices
from services.notifications.wording.language import Zones, wording_of, words_of
from services.runtime import logging
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.database import Database, is_passing
from services.runtime.errors import CoalitionError, NotFound, code_of
from services.runtime.ids import to_text

_log = logging.get(__name__)
_BATCH: Final = 64
_RUN_SECONDS: Final = 60.0
_NEIGHBOUR_AWAY_US: Final = 5 * MICROS_PER_SECOND
_NEIGHBOUR_AWAY_URGENT_US: Final = MICROS_PER_SECOND
_UNWRITTEN_SECONDS: Final = 0.5
_URGENT_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation decides. `per_day`: how many messages a member gets by a channel in 24 hours."""

    per_day: Mapping[Channel, int]
    at_once: int
    lease_seconds: float
    retry_first_us: int
    retry_longest_us: int
    attempts_max: int

    @property
    def lease_us(self) -> int:
        """How long a notice is somebody's."""
        return round(self.lease_seconds * MICROS_PER_SECOND)


class SendDue:
    """The job's; as many replicas as there are may run it at once."""

    def __init__(
        self, database: Database, contacts: Contacts, programmes: Programmes, outlets: Outlets, rules: Rules
    ) -> None:
        self._database, self._writer = database, database.writer
        self._contacts, self._programmes, self._outlets, self._rules = contacts, programmes, outlets, rules
        self._texts, self._switches = Texts(database.reader), Switches()
        self._under_way: set[asyncio.Task[None]] = set()
        self._urgent: set[asyncio.Task[None]] = set()
        self._urgent_gate = asyncio.Semaphore(rules.at_once)

    async def __call__(self, *, urgent: bool = False) -> int:
        """Works off what is due, for a minute at most; answers how many notices were looked at.

        `urgent`: what somebody waits for, and nothing else; else all but that.
        """
        if urgent:
            return await self._send_urgent()
        await self._recover()
        seen, until = 0, time.monotonic() + _RUN_SECONDS
        while time.monotonic() < until:
            batch = await self._take(_BATCH, urgent=False)
            seen += len(batch)
            gate = asyncio.Semaphore(self._rules.at_once)
            async with asyncio.TaskGroup() as group:
                for notice in batch:
                    group.create_task(self._send_one(notice, gate))
            if len(batch) < _BATCH:
                break
        return seen

    async def _send_urgent(self) -> int:
        """Takes what comes while others are under way: one that hangs keeps nobody else waiting, and may outlast the run."""
        seen, until = 0, time.monotonic() + _RUN_SECONDS
        while time.monotonic() < until:
            batch = await self._take(_BATCH - len(self._urgent), urgent=True)
            seen += len(batch)
            for notice in batch:
                task = asyncio.create_task(self._send_one(notice, self._urgent_gate))
                self._urgent.add(task)
                task.add_done_callback(self._urgent.discard)
            if not self._urgent:
                break
            await asyncio.wait(set(self._urgent), timeout=_URGENT_LOOK_SECONDS)
        return seen

    async def _take(self, limit: int, *, urgent: bool) -> list[Notice]:
        now_us = wall_now_us()
        async with self._writer.transaction() as connection:
            return await notices.take(connection, now_us, now_us + self._rules.lease_us, limit, urgent=urgent)

    async def drain(self) -> None:
        """Waits until what is being handed over is written down: a stop in good order doubles nothing."""
        urgent = set(self._urgent)
        for task in urgent:
            task.cancel()
        await asyncio.gather(*urgent, return_exceptions=True)
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _recover(self) -> None:
        """What somebody had begun to hand over and never ended: it may have gone, and is tried once more."""
        now_us = wall_now_us()
        async with self._writer.transaction() as connection:
            for notice, channel in await notices.interrupted(connection, now_us, _BATCH):
                is_last = notice.attempts >= self._rules.attempts_max
                state = State.FAILED if is_last else State.WAITING
                move = Move(state, Step.INTERRUPTED, "interrupted", channel, now_us)
                await notices.move(connection, notice, move, now_us)
                _log.warning("notice.interrupted", notice=str(notice.notice_id), attempts=notice.attempts)

    async def _send_one(self, notice: Notice, gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                await self._tried(notice)
            except Exception as error:
                # The database is away, most likely: the lease ends by itself, and it is taken up again.
                _log.warning("notice.left", notice=str(notice.notice_id), error=type(error).__name__)

    async def _tried(self, notice: Notice) -> None:
        try:
            await self._decide(notice)
        except NotFound as error:
            await self._end(notice, Move(State.DROPPED, Step.DROPPED, code_of(error.reason).lower()))
        except Exception as error:
            if is_passing(error) or (isinstance(error, CoalitionError) and error.entry.retryable):
                # Not the notice's fault: it costs no try.
                await self._let_go(notice)
                return
            name = (
                code_of(error.reason).lower() if isinstance(error, CoalitionError) else type(error).__name__
            )
            _log.warning("notice.failed", notice=str(notice.notice_id), error=name)
            await self._failed(notice, name)

    async def _decide(self, notice: Notice) -> None:
        """Sends it, unless something stands in the way. Raises what neighbours and texts raise."""
        now_us = wall_now_us()
        if now_us >= notice.stale_at_us:
            return await self._end(notice, Move(State.EXPIRED, Step.EXPIRED, "too_old"))
        kind, slug = notice.told.kind, notice.place.programme
        async with self._database.reader.snapshot() as connection:
            if kind not in await self._switches(connection, slug):
                return await self._end(notice, Move(State.DROPPED, Step.DROPPED, "off"))
        named = await self._programmes.named(slug)
        reason = to_text("ntc", notice.notice_id)
        reach = await self._contacts.reach(
            named.programme, notice.told.member_id, ABOUT[kind].purpose, reason
        )
        if not reach.writable:
            return await self._end(notice, Move(State.DROPPED, Step.DROPPED, reach.why_not or "not_writable"))
        quiet_us = quiet_until_us(now_us, reach.quiet_from_minute, reach.quiet_to_minute, reach.zone)
        if quiet_us > now_us and not ABOUT[kind].urgent:
            return await self._end(notice, Move(State.WAITING, Step.PUT_OFF, "quiet_hours", None, quiet_us))
        contacts = by_preference(kind, reach.contacts)
        contact = next((each for each in contacts if each.channel in self._outlets.channels), None)
        if contact is None:
            return await self._end(notice, Move(State.DROPPED, Step.DROPPED, "no_channel"))
        message = await self._message(notice, contact.channel, reach, named)
        refused = await self._begin(notice, contact.channel)
        if refused is None:
            begun = replace(notice, attempts=notice.attempts + 1)
            await self._kept(self._hand_over(begun, contact, message))
        return None

    async def _message(self, notice: Notice, channel: Channel, reach: Reach, named: Named) -> Message:
        """What is said. Raises TextBroken, and what neighbours raise."""
        text = await self._texts(notice.place.programme, notice.told.kind, channel.form, reach.language)
        zones = Zones(named.programme.zone, reach.zone)
        words = words_of(wording_of(reach.language), notice.told.facts, reach.given_name, named.name, zones)
        if notice.told.kind is Kind.ONE_TIME_CODE:
            words |= await words_of_code(self._contacts, self._programmes, named.programme, notice)
        return fill(text, words)

    async def _begin(self, notice: Notice, channel: Channel) -> str | None:
        """Writes down that it is handed over now; else why not: the member had enough today, or somebody else has it."""
        now_us = wall_now_us()

        async def work(connection: AsyncConnection) -> str | None:
            if not ABOUT[notice.told.kind].urgent and (
                await notices.reached_today(connection, notice, channel, now_us)
                >= self._rules.per_day[channel]
            ):
                move = Move(State.DROPPED, Step.DROPPED, "limit", channel)
                await notices.move(connection, notice, move, now_us)
                return "limit"
            begun = await notices.begin(connection, notice, channel, now_us + self._rules.lease_us)
            return None if begun else "taken"

        return await self._writer.run(work)

    async def _kept(self, work: Coroutine[Any, Any, None]) -> None:
        """Does work to its end, even where the job is stopped meanwhile."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def _hand_over(self, notice: Notice, contact: Contact, message: Message) -> None:
        urgent = ABOUT[notice.told.kind].urgent
        outcome = await self._outlets.post(
            contact.channel, contact.address, message, notice.notice_id, urgent=urgent
        )
        move = self._move_of(notice, contact.channel, outcome)
        give_up = time.monotonic() + self._rules.lease_seconds
        while True:
            try:
                return await self._end(notice, move)
            except Exception as error:
                # What has been sent is not to be sent again for a database that is away for a moment.
                if time.monotonic() > give_up:
                    raise
                _log.warning("notice.unwritten", notice=str(notice.notice_id), error=type(error).__name__)
                await asyncio.sleep(_UNWRITTEN_SECONDS)

    def _move_of(self, notice: Notice, channel: Channel, outcome: Outcome) -> Move:
        if outcome.sent:
            return Move(State.SENT, Step.SENT, "", channel)
        if outcome.lasting:
            return Move(State.FAILED, Step.REFUSED, outcome.error, channel)
        return self._again(notice, outcome.error, channel)

    def _again(self, notice: Notice, error: str, channel: Channel | None = None) -> Move:
        """A try that failed: the next one after a while, or none any more."""
        if notice.attempts >= self._rules.attempts_max:
            return Move(State.FAILED, Step.FAILED, error, channel)
        pause = pause_us(notice.attempts, self._rules.retry_first_us, self._rules.retry_longest_us)
        return Move(State.WAITING, Step.FAILED, error, channel, wall_now_us() + pause)

    async def _failed(self, notice: Notice, error: str) -> None:
        """A try that failed before anything was handed over."""
        move = self._again(replace(notice, attempts=notice.attempts + 1), error)
        await self._writer.run(partial(_written, notice, move, tries=1))

    async def _end(self, notice: Notice, move: Move) -> None:
        await self._writer.run(partial(_written, notice, move, tries=0))

    async def _let_go(self, notice: Notice) -> None:
        urgent = ABOUT[notice.told.kind].urgent
        due_us = wall_now_us() + (_NEIGHBOUR_AWAY_URGENT_US if urgent else _NEIGHBOUR_AWAY_US)

        async def work(connection: AsyncConnection) -> None:
            await notices.let_go(connection, notice, due_us)

        await self._writer.run(work)


async def _written(notice: Notice, move: Move, connection: AsyncConnection, *, tries: int) -> None:
    await notices.move(connection, notice, move, wall_now_us(), tries=tries)
