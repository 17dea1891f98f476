"""A partner's own file against its books of a day: read as it arrives, compared in the database, kept."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.reconciliation import difference_answer, unreadable_answer, upload_answer
from services.gateway.clients.operations import NAMES_MAX, Operations
from services.gateway.domain.caller import Caller
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.reconciliation.comparing import Comparison, Row, Side
from services.gateway.domain.reconciliation.days import BusinessDay, day_of
from services.gateway.domain.reconciliation.operations import Operation, OperationKind
from services.gateway.domain.reconciliation.reading import (
    BadFile,
    BadLine,
    Expected,
    FileReader,
    PartnerLine,
    TooManyLines,
)
from services.gateway.domain.reconciliation.uploads import AskedComparison, Outcome, StoredUpload
from services.gateway.queries.reconciliation_days import Days
from services.gateway.storage.reconciliation import ReconciliationStore, UploadTurn
from services.runtime.clock import wall_now_us
from services.runtime.errors import Conflict, InvalidRequest, NotFound
from services.runtime.ids import new_id

_STAGED_AT_ONCE: Final = 2_000
#: How the gateway sends a client's own key to the ledger.
_KEY: Final = "k:"
_Name = tuple[OperationKind, str]


class UploadAnswer(NamedTuple):
    """JSON of an upload, whether it was answered before, and how many lines were worked on."""

    body: bytes
    replayed: bool
    lines: int = 0


class Limits(NamedTuple):
    """Lines of a file, and differences that are kept of it."""

    lines_max: int
    differences_max: int


class Reconcile:
    """Compares files: one at a time for each key."""

    def __init__(
        self, store: ReconciliationStore, days: Days, operations: Operations, limits: Limits, hash_key: bytes
    ) -> None:
        self._store, self._days, self._operations = store, days, operations
        self._limits, self._hash_key = limits, hash_key

    async def run(
        self, caller: Caller, key: str, asked: AskedComparison, pieces: AsyncIterator[bytes]
    ) -> UploadAnswer:
        """Compares a file once per key; the same key, file and parameters get the stored answer.

        Raises InvalidRequest for a file that makes no sense or is too large, which leaves the key free; Conflict
        (IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_FLIGHT); and Unavailable, after which the same call starts anew.
        """
        await self._day(caller, asked)
        ledger_id, partner_id = caller.programme.ledger_id, caller.partner.partner_id
        async with self._store.turn(ledger_id, partner_id, key) as turn:
            return await self._take_turn(turn, caller, asked, pieces)

    async def _day(self, caller: Caller, asked: AskedComparison) -> BusinessDay:
        try:
            return await self._days.day(caller.programme, asked.day.isoformat())
        except NotFound as error:
            raise InvalidBody(error.message, [FieldError("date", error.message, parameter="date")]) from None

    async def _take_turn(
        self, turn: UploadTurn, caller: Caller, asked: AskedComparison, pieces: AsyncIterator[bytes]
    ) -> UploadAnswer:
        # Keyed: references may be guessed, and a plain hash would let somebody try.
        digest = hmac.new(self._hash_key, asked.said, sha256)
        stored = await turn.find()
        if stored is not None:
            async for piece in pieces:
                digest.update(piece)
            if not hmac.compare_digest(stored.request_hash, digest.digest()):
                raise Conflict(
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED, "this idempotency key was used with another file"
                )
            return UploadAnswer(stored.answer, replayed=True)
        expected = Expected(asked.day, asked.kinds, self._limits.lines_max, asked.amounts)
        reader = FileReader(expected, as_csv=asked.as_csv)
        try:
            bad = await _stage_theirs(turn, reader, pieces, digest)
        except BadFile as error:
            raise InvalidBody(str(error), [FieldError(error.code, str(error))]) from None
        except TooManyLines as error:
            raise InvalidRequest(str(error), Reason.REASON_BATCH_TOO_LARGE, limit=error.limit) from None
        # Only now: what the file has was recorded by then, also of a day that is not over.
        day = await self._day(caller, asked)
        await self._stage_ours(turn, caller, asked, day)
        await self._look_up(turn, caller)
        created_at_us, upload_id = wall_now_us(), new_id()
        comparison = Comparison(day.day)
        async with turn.keeping():
            kept = 0
            async for found in _differences(turn, comparison, bad, amounts=asked.amounts):
                answers = found[: self._limits.differences_max - kept]
                await turn.keep_differences(upload_id, kept + 1, answers)
                kept += len(answers)
            outcome = Outcome(upload_id, created_at_us, asked, day, reader.lines, len(bad), kept)
            answer = upload_answer(outcome, comparison, caller.programme.currency)
            await turn.keep(StoredUpload(upload_id, digest.digest(), kept, answer), created_at_us)
        return UploadAnswer(answer, replayed=False, lines=reader.lines)

    async def _stage_ours(
        self, turn: UploadTurn, caller: Caller, asked: AskedComparison, day: BusinessDay
    ) -> None:
        async for block in self._days.operations(caller, day):
            await turn.stage(
                _our_row(operation, day, asked.amounts)
                for operation in block
                if operation.kind in asked.kinds
            )

    async def _look_up(self, turn: UploadTurn, caller: Caller) -> None:
        """Finds what their file has and our day has not, on whichever day it is."""
        names: list[_Name] = []
        last: _Name | None = None
        async for rows in turn.sorted_rows():
            for row in rows:
                # (Ours come first, so where their line is the first there is none of ours.)
                if row.key != last and row.side is Side.THEIRS:
                    names.append(row.key)
                last = row.key
            while len(names) >= NAMES_MAX:
                await self._stage_found(turn, caller, names[:NAMES_MAX])
                del names[:NAMES_MAX]
        if names:
            await self._stage_found(turn, caller, names)

    async def _stage_found(self, turn: UploadTurn, caller: Caller, names: Sequence[_Name]) -> None:
        asked = [(kind, _KEY + name if kind is OperationKind.REVERSAL else name) for kind, name in names]
        found = await self._operations.find(caller.token, asked)
        zone = caller.programme.zone
        await turn.stage(
            Row(
                each.kind, each.reference.removeprefix(_KEY) if each.kind is OperationKind.REVERSAL else each.reference,
                Side.OURS_ELSEWHERE, 0, 0, 0, day_of(each.recorded_at_us, zone), each.transaction_id,
            )
            for each in found
        )  # fmt: skip


async def _stage_theirs(
    turn: UploadTurn, reader: FileReader, pieces: AsyncIterator[bytes], digest: hmac.HMAC
) -> list[BadLine]:
    bad: list[BadLine] = []
    rows: list[Row] = []

    async def take(found: Iterator[PartnerLine | BadLine]) -> None:
        for line in found:
            if isinstance(line, BadLine):
                bad.append(line)
                continue
            rows.append(_their_row(line))
            if len(rows) >= _STAGED_AT_ONCE:
                await turn.stage(rows)
                rows.clear()

    async for piece in pieces:
        digest.update(piece)
        await take(reader.feed(piece))
    await take(reader.end())
    await turn.stage(rows)
    return bad


async def _differences(
    turn: UploadTurn, comparison: Comparison, bad: Sequence[BadLine], *, amounts: bool
) -> AsyncIterator[list[tuple[str, bytes]]]:
    """The differences as they are kept, some at a time."""
    yield [unreadable_answer(line) for line in bad]
    async for rows in turn.sorted_rows():
        yield [difference_answer(each, amounts=amounts) for each in comparison.take(rows)]
    yield [difference_answer(each, amounts=amounts) for each in comparison.end()]


def _our_row(operation: Operation, day: BusinessDay, amounts: bool) -> Row:
    figures = operation.figures
    amount_minor = figures.amount_minor if amounts else 0
    return Row(
        operation.kind, operation.own_reference, Side.OURS, 0, figures.points, amount_minor, day.day, operation.transaction_id,
    )  # fmt: skip


def _their_row(line: PartnerLine) -> Row:
    return Row(line.kind, line.reference, Side.THEIRS, line.line, line.points, line.amount_minor, line.day)
