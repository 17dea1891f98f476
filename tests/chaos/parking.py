"""Whether sales that were parked are what was heard of them, and ended once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
from coalition.points.v1 import movement_pb2 as pb

from tests.chaos import answers
from tests.chaos.books import Books
from tests.chaos.history import Asked, History, Operation
from tests.support.decided import Place

#: A rule that does not hold, and where.
Found = tuple[str, str]
_Moved = Mapping[int, pb.Transaction]


def wrongly_parked(history: History, books: Books) -> Iterator[Found]:
    """What was heard to be parked was, as it was heard, and what it was linked with was posted; each ended once, or is parked still."""
    moved = {record.transaction.seq: record.transaction for record in books.records}
    for operation in history:
        yield from _heard(operation, books, moved)
    ends = Counter(
        posted.original_seq
        for posted in books.journal
        if posted.kind in ("earn", "unpark") and posted.original_seq
    )
    for parked in books.parked:
        kept = books.by_place.get(parked.place)
        if parked.place not in history.movements:
            yield "unasked", f"nobody asked for what is {parked}"
        if ends[parked.seq] + parked.open > 1 or (parked.open and kept is not None):
            yield "doubled", f"{parked} ended {ends[parked.seq]} times, and its answer is {kept}"
        if not parked.open and (not ends[parked.seq] or kept is None):
            yield "lost", f"{parked} ended {ends[parked.seq]} times, and its answer is {kept}"


def _heard(operation: Operation, books: Books, moved: _Moved) -> Iterator[Found]:
    first = operation.parked
    if first is None:
        return
    other = [heard.told for heard in operation.heard if heard.parked and heard.told != first.told]
    if other:
        yield "two answers", f"{operation} heard {first.told} and {other[0]}"
    seq, *burned = [_seq(asked.place, books) for asked in operation.movements]
    if seq not in moved or any(each not in moved for each in burned):
        yield "lost", f"{operation} was heard to be parked, and the ledger has {[seq, *burned]}"
        return
    expected = answers.of_parked(operation.kind, moved[seq], moved[burned[0]] if burned else None)
    for difference in answers.differences(first.body, expected):
        yield "wrong answer", f"{operation}: {difference}"


def line_parked(
    name: str, asked: Asked, result: Mapping[str, Any], books: Books, moved: _Moved
) -> Iterator[Found]:
    """The same of a line of a batch."""
    park = moved.get(_seq(asked.place, books))
    if park is None:
        yield "lost", f"{name} was heard to be parked, and the ledger has it not"
        return
    for difference in answers.differences(result["transaction"], answers.of_transaction(park)):
        yield "wrong answer", f"{name}: {difference}"


def _seq(place: Place, books: Books) -> int:
    """The posting that parked what was asked under a key, or that it came to at once; 0: none."""
    parked, kept = books.parked_by_place.get(place), books.by_place.get(place)
    if parked is not None:
        return parked.seq
    return (kept.seq or 0) if kept is not None else 0


async def fitting(connection: asyncpg.Connection[asyncpg.Record], ledger_id: int) -> int:
    """How many sales are parked although there is headroom for them by now. (Rates stay as they are in a run.)"""
    return await connection.fetchval(
        """SELECT count(*) FROM parked_earn k
        JOIN balance b ON b.ledger_id = k.ledger_id AND b.account_no = k.partner_no
        WHERE k.ledger_id = $1 AND k.open AND (b.credit_floor IS NULL OR b.credits - b.debits - b.credit_floor >= k.points)""",
        ledger_id,
    )
