"""The one door to a ledger: gathers movements, decides them under the head's lock, writes them at once.

One flusher per ledger and process, without a timer. A lost connection means unknown, never failed: the
same items are decided again, and those that were posted answer with what was posted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from services.points.commands.door_connections import DoorConnections
from services.points.domain.accounts import AccountKey, AccountNumbers
from services.points.domain.answers import (
    Accepted,
    Answer,
    FloorSet,
    Lapsed,
    ParkedAnswer,
    Replay,
    TurnedAway,
)
from services.points.domain.deciding.await_original import patience_us
from services.points.domain.deciding.burn_rule import in_points
from services.points.domain.movements import (
    Act,
    FloorChange,
    Movement,
    Overdue,
    ParkedEarn,
    Transaction,
    Unpark,
    WaitsOver,
)
from services.points.domain.opened import LedgerRules
from services.points.domain.posting import Decided as Decision
from services.points.domain.posting import Posting
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms
from services.points.storage import flags, journal, ledgers, metadata
from services.points.storage.door import needs_more, open_ledger, write
from services.points.storage.words import ReferenceMac
from services.runtime import logging, telemetry
from services.runtime.clock import wall_now_us
from services.runtime.coalescer import Coalescer, Lane
from services.runtime.database import LOST, PgConnection, WriteDatabase
from services.runtime.errors import Unavailable
from services.runtime.principal import Programme

_log = logging.get(__name__)
_RETRY_SECONDS: Final = 0.2
WALLETS_KEPT_MAX: Final = 300_000
_LEARN_AT_ONCE: Final = 2_000
# The server has not done the work, or it is unknown whether it has: the same items may go again.
_AGAIN: Final = (
    *LOST, asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError, asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError, asyncpg.TooManyConnectionsError, TimeoutError,
)  # fmt: skip

Group = Sequence[Act]
Decided = Answer | Lapsed | FloorSet


class _TermsMoved(Exception):
    """The operator has agreed since then what needs more to be read."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bounds of a door; see the settings of the same names."""

    batch_items_max: int
    bulk_beside_items_max: int
    queue_items_max: int
    retry_seconds: float


def pieces_of(group: Group, items_max: int) -> list[Group]:
    """A group in its order, in pieces of so many items, or of more where what is linked would be torn apart."""
    pieces: list[Group] = []
    start = 0
    while start < len(group):
        end = min(start + items_max, len(group))
        while end < len(group) and _is_linked(group[end - 1]):
            end += 1
        pieces.append(group[start:end])
        start = end
    return pieces


def _is_linked(item: Act) -> bool:
    return not isinstance(item, Overdue | FloorChange | WaitsOver | Unpark) and item.linked


def _replay(decision: Replay, found: Mapping[int, Transaction]) -> Accepted | ParkedAnswer:
    posted = found[decision.seq]
    return ParkedAnswer(posted, replayed=True) if decision.parked else Accepted(posted, replayed=True)


class Door:
    """Posts the movements of one ledger."""

    def __init__(
        self,
        programme: Programme,
        rules: LedgerRules,
        database: WriteDatabase,
        telling: Telling,
        limits: DoorLimits,
        connections: DoorConnections,
        mac: ReferenceMac,
    ) -> None:
        self._programme, self._rules, self._database = programme, rules, database
        self._telling, self._limits, self._connections, self._mac = telling, limits, connections, mac
        self.numbers = AccountNumbers(WALLETS_KEPT_MAX)
        self._terms: Terms | None = None
        self._connection: PgConnection | None = None
        self._rests_since: float | None = 0.0
        self._queue: Coalescer[Group, list[Decided]] = Coalescer(
            self._flush,
            batch_max=limits.batch_items_max,
            queue_max=limits.queue_items_max,
            bulk_beside_max=limits.bulk_beside_items_max,
        )
        meter = telemetry.meter()
        self._posted = meter.create_counter("coalition.points.decided", "{movement}")
        self._sizes = meter.create_histogram("coalition.points.batch_items", "{movement}")

    @property
    def rules(self) -> LedgerRules:
        """What the ledger's programme fixes."""
        return self._rules

    async def post(self, group: Sequence[Movement], lane: Lane, deadline_us: int) -> list[Answer]:
        """Posts a group of movements in order; one answer each. A till's are posted together, a bulk load's in pieces.

        Raises Unavailable: OVERLOADED when the lane is full, DEADLINE_EXCEEDED when the deadline passed in
        the queue, UNAVAILABLE when the database stayed away (what was asked may or may not have happened).
        """
        if lane is Lane.BULK:
            decided = await self._in_pieces(group, deadline_us)
        else:
            decided = await self._queue.submit(group, lane, deadline_us, weight=len(group))
        return [answer for answer in decided if not isinstance(answer, Lapsed | FloorSet)]

    async def lapse(self, members: Sequence[UUID]) -> int:
        """Ends what is over in wallets, after what tills and bulk loads ask for; answers how many postings that took.

        Raises Unavailable as post does.
        """
        decided = await self._in_pieces([Overdue(member) for member in members], 0)
        return sum(answer.postings for answer in decided if isinstance(answer, Lapsed))

    async def end_waits(self) -> int:
        """Ends refunds that have waited too long for their originals, up to a batch of them; answers how many.

        Raises Unavailable as post does.
        """
        (answer,) = await self._queue.submit([WaitsOver()], Lane.BULK)
        return answer.postings if isinstance(answer, Lapsed) else 0

    async def unpark(self, parked: Sequence[ParkedEarn]) -> int:
        """Posts earns that are parked, in this order, as far as there is headroom; answers how many are parked no more.

        After what tills and bulk loads ask for. Raises Unavailable as post does.
        """
        decided = await self._in_pieces([Unpark(each, each.item.traceparent) for each in parked], 0)
        return sum(answer.postings for answer in decided if isinstance(answer, Lapsed))

    async def set_floor(self, change: FloorChange, deadline_us: int) -> FloorSet | TurnedAway:
        """Sets a credit floor between two movements; answers the one in force.

        Raises Unavailable as post does.
        """
        (answer,) = await self._queue.submit([change], Lane.INTERACTIVE, deadline_us)
        if not isinstance(answer, FloorSet | TurnedAway):
            raise TypeError("a floor was answered as something else")
        return answer

    async def _in_pieces(self, group: Group, deadline_us: int) -> list[Decided]:
        """What is decided of a bulk load. Where one piece of it fails, those that have not left yet are not posted."""
        # Two of them fit beside tills, so one with a pair at its end still does.
        pieces = pieces_of(group, self._limits.bulk_beside_items_max // 2)
        flights = self._queue.enqueue_pieces(
            [(piece, len(piece)) for piece in pieces], Lane.BULK, deadline_us
        )
        try:
            return [decided for answers in await asyncio.gather(*flights) for decided in answers]
        finally:
            for flight in flights:
                flight.cancel()

    async def learn_accounts(self) -> None:
        """Reads the accounts made last, so that a ledger at work is not asked for each wallet as it turns up."""
        ledger_id = self._programme.ledger_id
        async with self._database.dedicated() as connection:
            after = await ledgers.last_account_no(connection, ledger_id) - WALLETS_KEPT_MAX // 2
            while found := await ledgers.accounts_after(connection, ledger_id, after, _LEARN_AT_ONCE):
                for key, number in found:
                    self.numbers.learn(key, number)
                after = found[-1][1]

    async def close(self) -> None:
        """Finishes what is queued and closes the connection; at most 10 seconds."""
        await self._queue.drain(10)
        await self._drop_connection()

    @property
    def rests_since(self) -> float | None:
        """Time of the event loop since which no batch is under way; None while one is."""
        return self._rests_since

    async def rest(self) -> None:
        """Closes the connection; the next batch makes another."""
        await self._drop_connection()

    async def _flush(self, groups: Sequence[Group]) -> Sequence[list[Decided] | Exception]:
        self._rests_since = None
        try:
            return await self._insist(groups)
        finally:
            self._rests_since = asyncio.get_running_loop().time()

    async def _insist(self, groups: Sequence[Group]) -> Sequence[list[Decided] | Exception]:
        items = [item for group in groups for item in group]
        # By the clock that never steps.
        give_up_at = time.monotonic() + self._limits.retry_seconds
        while True:
            try:
                answers = await self._post(items)
                break
            except _AGAIN as error:
                if isinstance(error, ValueError):
                    # The driver's word for a value that fits no column: it never will.
                    raise
                _log.warning(
                    "door.again", ledger=self._programme.slug, error=repr(error)[:200], items=len(items)
                )
                await self._drop_connection()
                # Another server may have taken over, without the accounts that the last one made at the end.
                self.numbers.clear()
                if time.monotonic() > give_up_at:
                    raise Unavailable("the ledger's database cannot be reached") from error
                await asyncio.sleep(_RETRY_SECONDS)
        self._posted.add(len(items), {"programme": self._programme.slug})
        self._sizes.record(len(items))
        cut: list[list[Decided]] = []
        start = 0
        for group in groups:
            cut.append(answers[start : start + len(group)])
            start += len(group)
        return cut

    async def _post(self, asked: Sequence[Act]) -> list[Decided]:
        ledger_id, items = self._programme.ledger_id, in_points(asked, self._terms)
        with telemetry.span(
            "ledger.post",
            links=(item.traceparent for item in items if item.traceparent),
            attributes={"items": len(items), "programme": self._programme.slug},
        ):
            connection = await self._connected()
            self.numbers.trim()
            learned: list[AccountKey] = []
            terms = self._terms
            known = terms
            try:
                async with connection.transaction():
                    opened, version = await open_ledger(
                        connection,
                        ledger_id,
                        items,
                        self.numbers,
                        learned,
                        known,
                        patience_us(self._rules),
                        self._mac,
                    )
                    if terms is None or version != terms.version:
                        terms = self._terms = await ledgers.terms(connection, ledger_id, version)
                        if needs_more(items, known, terms) or in_points(asked, terms) != items:
                            # Accounts are missing that these terms need: once more, with them.
                            raise _TermsMoved
                    await flags.read_counts(connection, ledger_id, opened, items, terms, self._rules.zone)
                    first_pos = opened.log.pos
                    posting = Posting(opened, self._rules, terms, self._telling, self._programme.currency)
                    decisions = posting.decide(items, wall_now_us())
                    replayed = await self._replayed(connection, decisions)
                    if posting.rows:
                        await write(connection, ledger_id, opened, first_pos, posting)
                        await metadata.add(connection, ledger_id, items, decisions, self.numbers)
                        await flags.write(
                            connection, ledger_id, opened.day, posting.rows, self._telling.flagged
                        )
            except _TermsMoved:
                self.numbers.forget(learned)
                return await self._post(asked)
            except BaseException:
                self.numbers.forget(learned)
                raise
        return [
            _replay(decision, replayed) if isinstance(decision, Replay) else decision
            for decision in decisions
        ]

    async def _replayed(
        self, connection: PgConnection, decisions: Sequence[Decision]
    ) -> dict[int, Transaction]:
        seqs = [decision.seq for decision in decisions if isinstance(decision, Replay)]
        return await journal.by_seq(connection, self._programme.ledger_id, seqs) if seqs else {}

    async def _connected(self) -> PgConnection:
        if self._connection is None or self._connection.is_closed():
            await self._connections.admit(self)
            self._connection = await self._database.connect_alone(
                {
                    # The door's look-ups are all by key, whatever the statistics of a young table say.
                    "enable_seqscan": "off",
                    "enable_hashjoin": "off",
                    "enable_mergejoin": "off",
                    "plan_cache_mode": "force_generic_plan",
                }
            )
        return self._connection

    async def _drop_connection(self) -> None:
        self._connections.leave(self)
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.terminate()
