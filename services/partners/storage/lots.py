"""What became of points, earn by earn, and how far the ledger's events are followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.liability.lots import LotMovement
from services.partners.storage.connection import Reads
from services.partners.storage.liability_tables import lot_head, lot_movement
from services.runtime.clock import from_micros
from services.runtime.database import driver_of

_COLUMNS: Final = tuple(column.name for column in lot_movement.columns)
_USED: Final = text("""
SELECT earned_seq, sum(CASE WHEN kind IN ('burned', 'use_here') THEN points ELSE -points END) AS used
FROM lot_movement
WHERE ledger_id = :ledger_id AND earned_seq = ANY(:seqs) AND kind IN ('burned', 'use_here', 'returned', 'use_away')
GROUP BY earned_seq
""")


@dataclass(frozen=True, slots=True)
class LotHead:
    """How far events are followed. `pos`: the last event; `followed_seq`: its window's end, 0 before the first."""

    pos: int = 0
    followed_seq: int = 0


async def head(connection: Reads, ledger_id: int) -> LotHead:
    """How far events are followed."""
    return _head(
        (await connection.execute(select(lot_head).where(lot_head.c.ledger_id == ledger_id))).first()
    )


async def locked_head(connection: AsyncConnection, ledger_id: int) -> LotHead:
    """The same, standing still until this transaction ends."""
    await connection.execute(
        insert_or_change(lot_head).values(ledger_id=ledger_id, pos=0, followed_seq=0).on_conflict_do_nothing()
    )
    wanted = select(lot_head).where(lot_head.c.ledger_id == ledger_id).with_for_update()
    return _head((await connection.execute(wanted)).first())


async def move(connection: AsyncConnection, ledger_id: int, to: LotHead) -> None:
    """Moves the head on; the caller holds it locked."""
    await connection.execute(
        lot_head.update()
        .where(lot_head.c.ledger_id == ledger_id)
        .values(pos=to.pos, followed_seq=to.followed_seq)
    )


async def used(connection: Reads, ledger_id: int, seqs: Collection[int]) -> dict[int, int]:
    """How many points of each of these earns are used, of those of which any were."""
    found = await connection.execute(_USED, {"ledger_id": ledger_id, "seqs": list(seqs)})
    return {row.earned_seq: int(row.used) for row in found}


async def add(connection: AsyncConnection, ledger_id: int, movements: Sequence[LotMovement]) -> None:
    """Writes movements, by COPY; the caller holds the locked head, so this transaction has begun."""
    driver = await driver_of(connection)
    rows = [
        (ledger_id, each.is_opening, each.seq, each.line, each.kind.value, each.earned_seq, each.issuer_id, each.points,
         from_micros(each.at_us))
        for each in movements
    ]  # fmt: skip
    await driver.copy_records_to_table(lot_movement.name, records=rows, columns=_COLUMNS)


def _head(row: Any) -> LotHead:
    return LotHead(row.pos, row.followed_seq) if row is not None else LotHead()
