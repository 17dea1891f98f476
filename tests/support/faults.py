"""What somebody with the administrator's password could do to a running platform's books."""

from __future__ import annotations

import asyncpg

from services.launcher.platform import Platform
from services.runtime.principal import Programme


async def drop_a_rated_entry(platform: Platform, programme: Programme) -> None:
    """Deletes the newest entry of points issued, past every trigger."""
    database = platform.environment["COALITION_PARTNERS_DATABASE_URL"].rpartition("/")[2]
    url = platform.environment["DATABASE_URL"].rpartition("/")[0] + f"/{database}"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        gone = await connection.execute(
            "DELETE FROM rated_entry WHERE ledger_id = $1 AND seq = "
            "(SELECT max(seq) FROM rated_entry WHERE ledger_id = $1 AND kind = 'issued')",
            programme.ledger_id,
        )
        assert gone == "DELETE 1"
    finally:
        await connection.close()
