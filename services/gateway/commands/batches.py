"""Batches: thousands of movements in one call, answered at once."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.batches import BatchAnswers, Tally
from services.gateway.answers.large_batches import large_batch
from services.gateway.commands.batch_lines import BatchLines
from services.gateway.domain.batches import StoredBatch
from services.gateway.domain.caller import Caller
from services.gateway.domain.large_batches.runs import Run
from services.gateway.schemas.reading import read_lines
from services.gateway.storage.batches import BatchStore, Turn
from services.runtime.errors import Conflict


class BatchAnswer(NamedTuple):
    """JSON of a batch, and whether it was answered before; `large_id`: of one that goes on by itself, `lines`: worked on now."""

    body: bytes
    replayed: bool
    large_id: UUID | None = None
    lines: int = 0


class Batches:
    """Posts batches: one at a time for each key."""

    def __init__(
        self,
        store: BatchStore,
        lines: BatchLines,
        answers: BatchAnswers,
        *,
        hash_key: bytes,
    ) -> None:
        self._store, self._lines, self._answers, self._hash_key = store, lines, answers, hash_key

    async def run(self, caller: Caller, key: str, body: bytes, until_us: int) -> BatchAnswer:
        """Posts a batch once per key; the same key and body get the stored answer.

        Raises InvalidRequest for a body that is no batch, Conflict (IDEMPOTENCY_KEY_REUSED for another body,
        IDEMPOTENCY_KEY_IN_FLIGHT for one that is being worked on), and Unavailable, after which the same
        call carries on.
        """
        async with self._store.turn(caller.programme.ledger_id, caller.partner.partner_id, key) as turn:
            return await self._take_turn(turn, caller, body, until_us)

    async def _take_turn(self, turn: Turn, caller: Caller, body: bytes, until_us: int) -> BatchAnswer:
        # Keyed: a batch holds card numbers, which a plain hash would let somebody guess.
        request_hash = hmac.digest(self._hash_key, body, sha256)
        stored = await turn.find()
        if stored is not None:
            if not hmac.compare_digest(stored.request_hash, request_hash):
                raise Conflict(
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED, "this idempotency key was used with another body"
                )
            if stored.run is not None:
                return _large(stored, stored.run)
            if stored.answer is not None:
                return BatchAnswer(stored.answer, replayed=True)
        lines = await read_lines(body)
        if stored is None:
            stored = await turn.begin(request_hash)
        tally = Tally(len(lines))
        results = await self._lines.post(caller, lines, until_us, tally)
        counts = tally.counts()
        answer = self._answers.completed(stored.batch_id, stored.created_at_us, counts, results)
        await turn.finish(stored.batch_id, counts, answer)
        return BatchAnswer(answer, replayed=False, lines=len(lines))


def _large(stored: StoredBatch, run: Run) -> BatchAnswer:
    body = large_batch(stored.batch_id, stored.created_at_us, run)
    return BatchAnswer(body, replayed=True, large_id=stored.batch_id)
