"""The limits of adjustments and transfers: versions, of which the newest counts."""

from __future__ import annotations

from services.points.domain.terms import NO_LIMITS_SET, Limits
from services.points.storage.versions import next_version
from services.runtime.database import PgConnection


async def read(connection: PgConnection, ledger_id: int) -> Limits:
    """The limits that count now; what was never set is as in NO_LIMITS_SET."""
    adjustment = await connection.fetchval(
        "SELECT points FROM adjustment_limit WHERE ledger_id = $1 ORDER BY version DESC LIMIT 1", ledger_id
    )
    transfer = await connection.fetchrow(
        "SELECT points, points_a_day FROM transfer_limit WHERE ledger_id = $1 ORDER BY version DESC LIMIT 1",
        ledger_id,
    )
    limits = NO_LIMITS_SET
    if adjustment is not None:
        limits = limits._replace(adjustment_points=adjustment)
    if transfer is not None:
        limits = limits._replace(transfer_points=transfer[0], transfer_points_a_day=transfer[1])
    return limits


async def set_adjustment(connection: PgConnection, ledger_id: int, points: int, set_by: str) -> None:
    """Adds a version; the caller holds the head's lock."""
    version = await next_version(connection, ledger_id)
    await connection.execute(
        "INSERT INTO adjustment_limit (ledger_id, version, points, set_by) VALUES ($1, $2, $3, $4)",
        ledger_id,
        version,
        points,
        set_by,
    )


async def set_transfer(
    connection: PgConnection, ledger_id: int, points: int, points_a_day: int, set_by: str
) -> None:
    """Adds a version; the caller holds the head's lock."""
    version = await next_version(connection, ledger_id)
    await connection.execute(
        """INSERT INTO transfer_limit (ledger_id, version, points, points_a_day, set_by)
        VALUES ($1, $2, $3, $4, $5)""",
        ledger_id,
        version,
        points,
        points_a_day,
        set_by,
    )
