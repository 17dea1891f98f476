"""Taking a large batch: every line is stored before it is answered, and nothing is posted of one that breaks off."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.large_batches import unreadable
from services.gateway.commands.tills_first import Tills, TillsFirst
from services.gateway.domain.batches import StoredBatch
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.large_batches.files import (
    BadFile,
    BadRecord,
    CsvRecords,
    LineSplitter,
    RawLine,
    TooManyLines,
)
from services.gateway.domain.large_batches.runs import NewLine, Sender
from services.gateway.schemas.reading import (
    BadLine,
    ReadLine,
    read_raw_line,
    record_line,
    separate_lines,
    unreadable_line,
)
from services.gateway.storage.batches import BatchStore, Turn
from services.gateway.storage.large_batches.receiving import Receiving
from services.runtime.errors import Conflict, InvalidRequest, Unavailable

_STORED_AT_ONCE: Final = 500
_STORED_BYTES: Final = 1024 * 1024
_LINES_A_TURN: Final = 64


class FileKind(StrEnum):
    """What the body of a large batch is."""

    JSON = "json"
    JSON_LINES = "ndjson"
    CSV = "csv"


class ReceiveLimits(NamedTuple):
    """Lines of a file, bytes of one; batches of a partner that are not finished; `rests` as in TillsFirst."""

    lines_max: int
    line_bytes_max: int
    open_max: int
    rests: float


class Received(NamedTuple):
    """A batch under its key, and whether it was taken before."""

    batch: StoredBatch
    replayed: bool


class ReceiveBatches:
    """Takes large batches: one at a time for each key."""

    def __init__(self, store: BatchStore, limits: ReceiveLimits, hash_key: bytes, tills: Tills) -> None:
        self._store, self._limits, self._hash_key, self._tills = store, limits, hash_key, tills

    async def run(self, sender: Sender, key: str, kind: FileKind, pieces: AsyncIterator[bytes]) -> Received:
        """Stores the lines of a batch once per key; the same key and bytes get what there is already.

        Raises InvalidRequest for a body that makes no sense or is too large, which leaves the key free; Conflict
        (IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_FLIGHT); and Unavailable, after which the same call starts anew.
        """
        caller = sender.caller
        async with self._store.turn(caller.programme.ledger_id, caller.partner.partner_id, key) as turn:
            return await self._take_turn(turn, sender, kind, pieces)

    async def _take_turn(
        self, turn: Turn, sender: Sender, kind: FileKind, pieces: AsyncIterator[bytes]
    ) -> Received:
        # Keyed: a batch holds card numbers, which a plain hash would let somebody guess. JSON has the hash that it has where it
        # is answered at once: its key is the same key.
        digest = hmac.new(self._hash_key, b"" if kind is FileKind.JSON else kind.encode() + b"\0", sha256)
        stored = await turn.find()
        if stored is not None:
            async for piece in pieces:
                digest.update(piece)
            if not hmac.compare_digest(stored.request_hash, digest.digest()):
                raise Conflict(
                    Reason.REASON_IDEMPOTENCY_KEY_REUSED, "this idempotency key was used with another body"
                )
            return Received(stored, replayed=True)
        if await turn.open_large() >= self._limits.open_max:
            raise Unavailable(
                f"{self._limits.open_max} of your batches are not finished",
                Reason.REASON_OVERLOADED,
                retry_after_seconds=60,
            )
        receiving = turn.receiving(sender.key_sha256, from_file=kind is not FileKind.JSON)
        await receiving.begin()
        try:
            if kind is FileKind.JSON:
                await self._store_json(receiving, pieces, digest)
            else:
                await self._store_file(receiving, kind, pieces, digest)
            return Received(await receiving.whole(digest.digest()), replayed=False)
        except BaseException as error:
            await receiving.forget()
            if isinstance(error, BadFile):
                raise InvalidBody(str(error), [FieldError(error.code, str(error))]) from None
            if isinstance(error, TooManyLines):
                raise InvalidRequest(str(error), Reason.REASON_BATCH_TOO_LARGE, limit=error.limit) from None
            raise

    async def _store_json(
        self, receiving: Receiving, pieces: AsyncIterator[bytes], digest: hmac.HMAC
    ) -> None:
        body = b"".join([piece async for piece in pieces])
        digest.update(body)
        lines, tills_first = _Stored(receiving), TillsFirst(self._tills, self._limits.rests)
        for place, content in enumerate(separate_lines(body)):
            await lines.add(_new(place, read_raw_line(content), content, f"/lines/{place}"))
            if lines.count % _STORED_AT_ONCE == 0:
                await tills_first.rest()
        await lines.flush()

    async def _store_file(
        self, receiving: Receiving, kind: FileKind, pieces: AsyncIterator[bytes], digest: hmac.HMAC
    ) -> None:
        splitter = LineSplitter(self._limits.lines_max, self._limits.line_bytes_max)
        records = CsvRecords() if kind is FileKind.CSV else None
        lines, tills_first = _Stored(receiving), TillsFirst(self._tills, self._limits.rests)
        async for piece in pieces:
            # Not from the piece before: a partner's slow line costs tills nothing.
            tills_first.begin()
            digest.update(piece)
            for line in _read(records, splitter.feed(piece)):
                await lines.add(line)
            await tills_first.rest()
        for line in _read(records, splitter.end()):
            await lines.add(line)
        await lines.flush()
        if not lines.count:
            raise BadFile("empty", "the file has no lines")


class _Stored:
    """Gathers lines, and stores them some hundred at a time."""

    def __init__(self, receiving: Receiving) -> None:
        self._receiving = receiving
        self._lines: list[NewLine] = []
        self._bytes = 0
        self.count = 0

    async def add(self, line: NewLine) -> None:
        self._lines.append(line)
        self._bytes += len(line.body)
        self.count += 1
        if len(self._lines) >= _STORED_AT_ONCE or self._bytes >= _STORED_BYTES:
            await self.flush()
        elif self.count % _LINES_A_TURN == 0:
            # A file that arrives faster than it is read must not hold up the tills.
            await asyncio.sleep(0)

    async def flush(self) -> None:
        if self._lines:
            await self._receiving.add(self._lines)
            self._lines.clear()
            self._bytes = 0


def _read(records: CsvRecords | None, raw: Iterable[RawLine]) -> Iterator[NewLine]:
    for line in raw:
        if records is not None and not records.has_header:
            records.header(line)
        elif line.problem:
            yield _new(line.line, unreadable_line("too_long", line.problem), b"", "")
        elif records is None:
            yield _new(line.line, read_raw_line(line.content), line.content, "")
        else:
            yield _of_record(records, line)


def _of_record(records: CsvRecords, line: RawLine) -> NewLine:
    try:
        read, content = record_line(records.record(line.content))
    except BadRecord as error:
        return _new(line.line, unreadable_line("unreadable", str(error)), b"", "")
    return _new(line.line, read, content, "")


def _new(place: int, read: ReadLine, content: bytes, within: str) -> NewLine:
    if isinstance(read, BadLine):
        return NewLine(place, read.type, read.reference, "", unreadable(read, within))
    return NewLine(place, read.type, read.reference, content.decode(), "")
