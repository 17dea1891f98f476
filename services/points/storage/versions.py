"""The version of a ledger's configuration: it moves on with everything that staff set, and posters read anew."""

from __future__ import annotations

from services.runtime.database import PgConnection


async def next_version(connection: PgConnection, ledger_id: int) -> int:
    """Moves the version on; the caller holds the head's lock."""
    version: int = await connection.fetchval(
        "UPDATE ledger_head SET config_version = config_version + 1 WHERE ledger_id = $1 RETURNING config_version",
        ledger_id,
    )
    return version
