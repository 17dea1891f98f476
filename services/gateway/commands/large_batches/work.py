"""Posting what large batches hold, some lines at a time, after the tills.

Any replica works on any batch, one of them at a time, and batches take turns. Each line goes under the key of its reference, so
that lines which were posted before a crash are posted once. Which lines are on their way is written first: what became of them is
asked before anything else becomes of their batch, also of one that was cancelled. A call that fails again and again is made with
ever fewer lines, until only those fail that are to blame; they are told, and the batch goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.gateway.answers.large_batches import LineAnswers
from services.gateway.auth.keys import ApiKeys
from services.gateway.commands.batch_lines import BatchLines
from services.gateway.commands.refunds import original_id_of
from services.gateway.commands.tills_first import Tills, TillsFirst
from services.gateway.domain.caller import Caller
from services.gateway.domain.errors import is_passing
from services.gateway.domain.large_batches.flights import WHOLE_TRIES, lines_a_call, rest_of, together
from services.gateway.domain.large_batches.retrying import Patience, is_open, outcome_of
from services.gateway.domain.large_batches.runs import (
    Flight,
    LineOutcome,
    LineResult,
    OpenRun,
    Standing,
    StoredLine,
)
from services.gateway.domain.movements import Decision, Declined
from services.gateway.schemas.batches import RefundLine
from services.gateway.schemas.reading import ReadLine, read_raw_line
from services.gateway.storage.large_batches.working import OpenRuns, Working
from services.runtime import logging, telemetry
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import CoalitionError, Fault, Unauthenticated

_log = logging.get(__name__)
_RUNS_AT_ONCE: Final = 16
#: Calls to the ledger before the next batch has its turn.
_CHUNKS_A_TURN: Final = 16
_CHUNK_SECONDS: Final = 30.0
_LINES_A_TURN: Final = 32
#: Lines a call beside tills: what is worked on in one go is what they may have to wait for.
_BESIDE_LINES: Final = 128
#: Where the ledger has a line and decides by itself.
_WITH_THE_LEDGER: Final = (LineOutcome.WAITING, LineOutcome.PARKED)
_GONE: Final = "the API key that sent this batch is not valid any more"
#: Of a line that was sent, and whose answer nobody has heard.
_UNSURE: Final = "whether the line was posted is not known: ask for its reference"


class Pace(NamedTuple):
    """Lines a call, batches worked on at once, and how often to look for some, in seconds; `rests` as in TillsFirst."""

    chunk_lines: int
    flights: int
    poll_seconds: float
    rests: float


class WorkBatches:
    """Works on large batches until it is cancelled."""

    def __init__(
        self,
        runs: OpenRuns,
        keys: ApiKeys,
        lines: BatchLines,
        answers: LineAnswers,
        patience: Patience,
        pace: Pace,
        tills: Tills,
    ) -> None:
        self._runs, self._keys, self._lines, self._answers = runs, keys, lines, answers
        self._patience, self._pace, self._tills = patience, pace, tills
        self._woken = asyncio.Event()
        self._failed = telemetry.meter().create_counter("coalition.gateway.batch_failures", "{call}")

    def wake(self) -> None:
        """Says that there is something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._pace.flights):
                group.create_task(self._keep_working(), name=f"batches {number}")

    async def _keep_working(self) -> None:
        while True:
            try:
                found = await self.work_once()
            except CoalitionError as error:
                found = False
                _log.warning("batches.waiting", why=str(error))
            except Exception:
                # A fault of ours in one batch must not end the tills' process.
                found = False
                _log.exception("batches.failed")
            if not found:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._pace.poll_seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def work_once(self) -> bool:
        """Gives one batch that is due and nobody's its turn; answers whether there was one. Raises Unavailable."""
        for run in await self._runs.due(_RUNS_AT_ONCE):
            async with self._runs.turn(run) as working:
                if working is not None:
                    with telemetry.span("batches.turn"):
                        await self._take_turn(working, run)
                    return True
        return False

    async def end(self, run: OpenRun) -> None:
        """Ends a batch that was cancelled, unless it is being worked on or lines of it were sent and not answered.

        Whoever works on it, or does next, ends it then. Raises Unavailable.
        """
        async with self._runs.turn(run) as working:
            if working is not None:
                standing = await working.standing()
                if standing is not None and standing.cancelled and standing.flight is None:
                    await working.withdraw()
        self.wake()

    async def _take_turn(self, working: Working, run: OpenRun) -> None:
        # What is put off in this turn is due in a later one, so a turn comes to an end.
        now_us, after = wall_now_us(), -1
        tills_first = TillsFirst(self._tills, self._pace.rests)
        standing = await working.standing()
        for _ in range(_CHUNKS_A_TURN):
            if standing is None or (
                standing.flight is None and standing.cancelled and await working.withdraw()
            ):
                return
            flight = standing.flight
            again = flight is not None
            lines_max = self._lines_max(tills_first)
            if flight is not None:
                stored = await working.lines_of(flight, lines_a_call(flight, lines_max))
            else:
                stored = together(await working.lines(after, now_us, lines_max))
                if not stored:
                    await working.rest()
                    return
                # One that was sent before is known as such, and asked about whatever became of its batch.
                if not stored[0].sent:
                    flight = await working.send(stored, now_us)
                    if flight is None:
                        standing = await working.standing()
                        continue
            try:
                results = await self._post(run, stored, again=again or stored[0].sent)
            except Exception as error:
                await self._put_off(working, run, flight, stored, error)
                return
            rest = rest_of(flight, stored)
            await working.record(stored, results, rest)
            after = stored[-1].line
            await tills_first.rest()
            standing = Standing(standing.cancelled, rest)
        await working.put_off(now_us)

    def _lines_max(self, tills_first: TillsFirst) -> int:
        return min(self._pace.chunk_lines, _BESIDE_LINES) if tills_first.crowded else self._pace.chunk_lines

    async def _put_off(
        self,
        working: Working,
        run: OpenRun,
        flight: Flight | None,
        stored: Sequence[StoredLine],
        error: Exception,
    ) -> None:
        """After a call that failed: a line that fails alone is told, others are tried again after a pause, which grows."""
        if not isinstance(error, CoalitionError):
            # A fault of ours in one batch must not end the tills' process, and not hold the batch.
            _log.exception("batches.failed", batch=str(run.batch_id))
            error = Fault()
        failures = flight.failures if flight else WHOLE_TRIES
        first = stored[0]
        pause_us = self._patience.pause_us(min(failures + 1, WHOLE_TRIES))
        alone = len(stored) == 1 and failures + 1 >= WHOLE_TRIES
        self._failed.add(1, {"alone": alone})
        told = {
            "batch": str(run.batch_id),
            "line": first.line,
            "lines": len(stored),
            "failures": failures + 1,
        }
        if not alone:
            _log.warning("batches.put_off", **told, why=str(error))
            await working.failed(wall_now_us() + pause_us)
            return
        _log.warning("batches.line_failed", **told, why=str(error))
        await working.record(stored, [self._unanswered(run, first, error)], rest_of(flight, stored))
        # The others of a service that is away would wait for it one by one.
        await working.put_off(wall_now_us() + (pause_us if is_passing(error) else 0))

    def _unanswered(self, run: OpenRun, stored: StoredLine, error: CoalitionError) -> LineResult:
        """What is told of a line that was sent alone and got no answer: it is tried again for as long as others are."""
        attempts = stored.attempts + 1
        due_at_us = self._patience.next_us(run.received_at_us, wall_now_us(), attempts)
        outcome = stored.outcome
        if outcome not in _WITH_THE_LEDGER:
            outcome = LineOutcome.RETRYING if due_at_us else LineOutcome.REFUSED
        why = self._answers.why(Declined(_unsure(error), remembered=False, replayed=False), "")
        return LineResult(stored.line, outcome, attempts, due_at_us, "", why, outcome not in _WITH_THE_LEDGER)

    async def _post(self, run: OpenRun, stored: Sequence[StoredLine], *, again: bool) -> list[LineResult]:
        """Posts lines, and says what came of each; `again`: the ledger may have them already.

        Raises whatever goes wrong, which leaves open what happened to them.
        """
        try:
            caller = await self._keys.by_digest(run.key_sha256)
        except Unauthenticated:
            gone = Unauthenticated(f"{_GONE}; {_UNSURE}" if again else _GONE)
            return [self._over(each, Declined(gone, remembered=False, replayed=False)) for each in stored]
        lines: list[ReadLine] = []
        for each in stored:
            lines.append(read_raw_line(each.body.encode()))
            if len(lines) % _LINES_A_TURN == 0:
                await asyncio.sleep(0)
        until_us = wall_now_us() + int(_CHUNK_SECONDS * MICROS_PER_SECOND)
        decisions = await self._lines.decide(caller, lines, until_us)
        results: list[LineResult] = []
        for each, line, decision in zip(stored, lines, decisions, strict=True):
            results.append(self._result(caller, run, each, line, decision, again=again))
            if len(results) % _LINES_A_TURN == 0:
                await asyncio.sleep(0)
        return results

    def _over(self, stored: StoredLine, decision: Declined) -> LineResult:
        if stored.outcome in _WITH_THE_LEDGER:
            # The ledger has it, and goes on without us.
            return LineResult(stored.line, stored.outcome, stored.attempts, 0, "", "")
        why = self._answers.why(decision, "")
        return LineResult(stored.line, LineOutcome.REFUSED, stored.attempts + 1, 0, "", why)

    def _result(
        self,
        caller: Caller,
        run: OpenRun,
        stored: StoredLine,
        line: ReadLine,
        decision: Decision,
        *,
        again: bool,
    ) -> LineResult:
        outcome, attempts, due_at_us = outcome_of(decision), stored.attempts + 1, 0
        # A card, a store or a scope stands in the way: the ledger was not asked, and may have the line all the same.
        unasked = isinstance(decision, Declined) and decision.unasked
        if unasked and stored.outcome in _WITH_THE_LEDGER:
            due_at_us = self._patience.next_us(run.received_at_us, wall_now_us(), attempts)
            return LineResult(stored.line, stored.outcome, attempts, due_at_us, "", "")
        if is_open(outcome):
            due_at_us = self._patience.next_us(run.received_at_us, wall_now_us(), attempts)
        if outcome is LineOutcome.RETRYING and (not due_at_us or _never(line)):
            # What the ledger has it decides by itself, whenever that is; what it has not got is over.
            outcome, due_at_us = LineOutcome.REFUSED, 0
        if outcome is LineOutcome.REPLAYED and stored.outcome in _WITH_THE_LEDGER:
            # It was this line that the ledger had, and has posted since.
            outcome = LineOutcome.ACCEPTED
        if again and isinstance(decision, Declined) and unasked and outcome is LineOutcome.REFUSED:
            decision = decision._replace(error=_unsure(decision.error))
        within = "" if run.from_file else f"/lines/{stored.line}"
        moved, why = self._answers.moved(caller, decision), self._answers.why(decision, within)
        sent = again and unasked and outcome is LineOutcome.RETRYING
        return LineResult(stored.line, outcome, attempts, due_at_us, moved, why, sent)


def _unsure(error: CoalitionError) -> CoalitionError:
    """The error of a line that the ledger may have all the same."""
    return CoalitionError(error.reason, f"{error.message}; {_UNSURE}", **error.metadata)


def _never(line: ReadLine) -> bool:
    """Whether a refund names what cannot be an id, and so never will be one."""
    if not isinstance(line, RefundLine):
        return False
    try:
        original_id_of(line)
    except CoalitionError:
        return True
    return False
