"""Checkpoints, the trees of partners, and rated entries and bookings as proofs read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from struct import error as NotARow  # noqa: N812 - said as what it means here
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.proof.columns import KIND_CODES, NO_CODE, TYPE_CODES
from services.partners.domain.proof.leaves import ROW
from services.partners.domain.proof.record import NO_STATEMENT, PartnerTree
from services.partners.domain.proof.sum_tree import Node
from services.partners.domain.windows import Window
from services.partners.storage.connection import Reads
from services.partners.storage.tables import metadata
from services.runtime.database import PgConnection

_SUM: Final = Numeric(asdecimal=True)

checkpoint: Final = Table(
    "checkpoint",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("window_number", Integer, primary_key=True),
    Column("batch_no", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)
partner_tree: Final = Table(
    "partner_tree",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("window_number", Integer, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("root_hash", LargeBinary, nullable=False),
    Column("entries", _SUM, nullable=False),
    Column("points_issued", _SUM, nullable=False),
    Column("points_burned", _SUM, nullable=False),
    Column("debit_micros", _SUM, nullable=False),
    Column("credit_micros", _SUM, nullable=False),
    Column("statement_digest", LargeBinary, nullable=False),
)
_SUMS: Final = ("entries", "points_issued", "points_burned", "debit_micros", "credit_micros")


def _codes(of: str, codes: Mapping[str, int]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {code}" for name, code in codes.items())
    return f"(CASE {of} {cases} ELSE {NO_CODE} END)::smallint"


# In the order of domain/proof/leaves.py's ROW; a kind without a number becomes one that it refuses.
_ROWS: Final = f"""
SELECT partner_id, seq, line::bigint AS line_no, {_codes("kind", KIND_CODES)},
    {_codes("coalesce(point_type, '')", TYPE_CODES)}, points, price_micros, amount_micros, redemption_micros,
    coalesce(earned_seq, 0), entity
FROM rated_entry
WHERE ledger_id = $1 AND seq BETWEEN $2 AND $3
"""
# What is booked for no posting stands before all seqs, at its amount.
_BOOKINGS: Final = f"""
SELECT partner_id, 0::bigint, number::bigint, {_codes("kind", KIND_CODES)}, {TYPE_CODES[""]}::smallint, 0::bigint,
    amount_micros, amount_micros, 0::bigint, 0::bigint, {FIRST_ENTITY}::smallint
FROM booking
WHERE ledger_id = $1 AND window_number = $2
"""
_BOOKED_BY_ALL: Final = f"{_BOOKINGS} ORDER BY number"
_BOOKED_BY_ONE: Final = f"{_BOOKINGS} AND partner_id = $3 ORDER BY number"
_OF_ALL: Final = f"{_ROWS} AND partner_id IS NOT NULL ORDER BY seq, line"
_OF_ONE: Final = f"{_ROWS} AND partner_id = $4 ORDER BY seq, line"
# PostgreSQL's binary COPY: what stands before the first row and after the last.
_HEADER_BYTES: Final = 19
_TRAILER: Final = b"\xff\xff"
# Pieces read ahead of whoever hashes or sends them.
_PIECES_AHEAD_MAX: Final = 16
# The copy lasts as long as hashing, or as a partner's line: longer than any other statement may.
_COPY_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A window's record, its hash in the log, the batch that its record names, and the signed note."""

    window_number: int
    batch_no: int
    record: str
    leaf_hash: bytes
    note: str


async def rows_of(
    driver: PgConnection, ledger_id: int, window: Window, partner_id: UUID | None = None
) -> AsyncGenerator[bytes]:
    """The bookings and entries of a closed window that are a partner's, or every partner's, by seq and line.

    In pieces of whole rows, as domain/proof/leaves.py reads them. Inside a transaction only.
    """
    # All queries find their order in an index: rows come while those before them are hashed, on another core. A sort, which
    # would be a little cheaper in all, would have hashing wait for its last row.
    await driver.execute(
        f"SET LOCAL statement_timeout = '{_COPY_SECONDS}s'; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
    )
    of_partner = [] if partner_id is None else [partner_id]
    booked, rated = (_BOOKED_BY_ALL, _OF_ALL) if partner_id is None else (_BOOKED_BY_ONE, _OF_ONE)
    for query, arguments in (
        (booked, [ledger_id, window.number, *of_partner]),
        (rated, [ledger_id, window.first_seq, window.last_seq, *of_partner]),
    ):
        async with aclosing(_copied(driver, query, arguments)) as pieces:
            async for rows in pieces:
                yield rows


async def _copied(driver: PgConnection, query: str, arguments: Sequence[Any]) -> AsyncGenerator[bytes]:
    """The rows of a query, in pieces of whole ones that are read ahead."""
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = asyncio.Semaphore(_PIECES_AHEAD_MAX)

    async def take(piece: bytes) -> None:
        await room.acquire()
        pieces.put_nowait(piece)

    async def copy() -> None:
        try:
            await driver.copy_from_query(query, *arguments, output=take, format="binary")
        finally:
            pieces.put_nowait(None)

    copying = asyncio.create_task(copy(), name="proof-rows")
    try:
        async for rows in _whole_rows(pieces, room):
            yield rows
        await copying
    finally:
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)


async def _whole_rows(pieces: asyncio.Queue[bytes | None], room: asyncio.Semaphore) -> AsyncGenerator[bytes]:
    rest, header = b"", _HEADER_BYTES
    while (piece := await pieces.get()) is not None:
        room.release()
        rest += piece
        if header and len(rest) >= header:
            rest, header = rest[header:], 0
        whole = 0 if header else len(rest) - len(rest) % ROW.size
        if whole:
            yield rest[:whole]
            rest = rest[whole:]
    if rest not in (b"", _TRAILER):
        raise NotARow(f"{len(rest)} bytes are left after the last row")


async def add(
    connection: AsyncConnection,
    ledger_id: int,
    added: Checkpoint,
    trees: Sequence[tuple[PartnerTree, Node]],
) -> None:
    """Writes what a window came to: the trees of partners with their leaves, in the order of the tree of partners."""
    await connection.execute(
        insert(checkpoint).values(
            ledger_id=ledger_id,
            window_number=added.window_number,
            batch_no=added.batch_no,
            record=added.record,
            leaf_hash=added.leaf_hash,
            note=added.note,
        )
    )
    rows = [
        {
            "ledger_id": ledger_id,
            "window_number": added.window_number,
            "partner_id": tree.partner_id,
            "place": place,
            "leaf_hash": leaf[0],
            "root_hash": tree.root[0],
            **dict(zip(_SUMS, tree.root[1:], strict=True)),
            "statement_digest": tree.statement_digest,
        }
        for place, (tree, leaf) in enumerate(trees)
    ]
    if rows:
        await connection.execute(insert(partner_tree), rows)


async def checkpoint_of(connection: Reads, ledger_id: int, number: int) -> Checkpoint | None:
    """The checkpoint of a window, or None."""
    found = await connection.execute(
        select(checkpoint).where(checkpoint.c.ledger_id == ledger_id, checkpoint.c.window_number == number)
    )
    row = found.first()
    return Checkpoint(row.window_number, row.batch_no, row.record, row.leaf_hash, row.note) if row else None


async def newest(connection: Reads, ledger_id: int) -> Checkpoint | None:
    """The last checkpoint, or None."""
    found = await connection.execute(
        select(func.max(checkpoint.c.window_number)).where(checkpoint.c.ledger_id == ledger_id)
    )
    number = found.scalar_one()
    return await checkpoint_of(connection, ledger_id, number) if number else None


async def log_leaves(connection: Reads, ledger_id: int, up_to: int) -> list[bytes]:
    """The hashes of all records up to a window, from the first."""
    found = await connection.execute(
        select(checkpoint.c.leaf_hash)
        .where(checkpoint.c.ledger_id == ledger_id, checkpoint.c.window_number <= up_to)
        .order_by(checkpoint.c.window_number)
    )
    return [bytes(row.leaf_hash) for row in found]


async def trees_of(connection: Reads, ledger_id: int, number: int) -> list[tuple[PartnerTree, Node]]:
    """The trees of a window's partners with their leaves, in the order of the tree of partners."""
    found = await connection.execute(
        select(partner_tree)
        .where(partner_tree.c.ledger_id == ledger_id, partner_tree.c.window_number == number)
        .order_by(partner_tree.c.place)
    )
    trees: list[tuple[PartnerTree, Node]] = []
    for row in found:
        count, issued, burned, debit, credit = (int(getattr(row, name)) for name in _SUMS)
        sums = (count, issued, burned, debit, credit)
        tree = PartnerTree(row.partner_id, (row.root_hash, *sums), row.statement_digest)
        trees.append((tree, (row.leaf_hash, *sums)))
    return trees


async def last_stated(connection: Reads, ledger_id: int, before_window: int) -> dict[UUID, int]:
    """Per partner the last window before this one that a statement of it ended with."""
    of = partner_tree.c
    found = await connection.execute(
        select(of.partner_id, func.max(of.window_number).label("number"))
        .where(
            of.ledger_id == ledger_id, of.window_number < before_window, of.statement_digest != NO_STATEMENT
        )
        .group_by(of.partner_id)
    )
    return {row.partner_id: row.number for row in found}
