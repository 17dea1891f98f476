"""Who may not burn somewhere, as the members service told it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.runtime.clock import from_micros
from services.runtime.database import PgConnection

#: Before anything that is told by an event.
FIRST_SIGHT_US: Final = 0


class Bar(NamedTuple):
    """Whether a member may not burn with a partner (PROGRAMME: anywhere) from a moment on, in microseconds UTC."""

    member_id: UUID
    partner_id: UUID
    barred: bool
    changed_at_us: int


async def set_bars(connection: PgConnection, ledger_id: int, bars: Sequence[Bar]) -> None:
    """Notes bars; what is older than what is there changes nothing. Safe to repeat, and in any order."""
    await connection.executemany(
        """INSERT INTO burn_bar (ledger_id, member_id, partner_id, barred, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (ledger_id, member_id, partner_id) DO UPDATE SET barred = excluded.barred, changed_at = excluded.changed_at
        WHERE excluded.changed_at >= burn_bar.changed_at""",
        [
            (ledger_id, bar.member_id, bar.partner_id, bar.barred, from_micros(bar.changed_at_us))
            for bar in bars
        ],
    )
