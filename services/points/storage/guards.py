"""Guards of partners, as they were set."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.points.domain.guarding import DayLimit, Guard, GuardVersion
from services.points.storage.versions import next_version
from services.runtime.database import PgConnection

_LIMITS: Final = """member_burns, member_points, card_burns, card_burn_points, till_burns, till_burn_points, member_earns,
member_earned"""


async def versions(
    connection: PgConnection, ledger_id: int, partner_id: UUID | None = None
) -> list[GuardVersion]:
    """The guards in force, or that of a partner; by partner."""
    rows = await connection.fetch(
        f"""SELECT DISTINCT ON (partner_id) partner_id, version, offline_points, card_points, pin_points, {_LIMITS} FROM burn_guard
        WHERE ledger_id = $1 AND ($2::uuid IS NULL OR partner_id = $2) ORDER BY partner_id, version DESC""",
        ledger_id,
        partner_id,
    )
    return [GuardVersion(row[0], _guard(*row[2:]), row[1]) for row in rows]


def _guard(offline: int, card: int, pin: int, *limits: int) -> Guard:
    days = [DayLimit(times, points) for times, points in zip(limits[::2], limits[1::2], strict=True)]
    return Guard(offline, card, pin, *days)


async def add(connection: PgConnection, ledger_id: int, partner_id: UUID, guard: Guard, set_by: str) -> None:
    """Adds a guard under the head's lock and moves the configuration version on, so that every poster reads it."""
    version = await next_version(connection, ledger_id)
    limits = (*guard.member_burns, *guard.card_burns, *guard.till_burns, *guard.member_earns)
    await connection.execute(
        f"""INSERT INTO burn_guard (ledger_id, version, partner_id, offline_points, card_points, pin_points, {_LIMITS}, set_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        ledger_id, version, partner_id, guard.offline_points, guard.card_points, guard.pin_points, *limits, set_by,
    )  # fmt: skip
