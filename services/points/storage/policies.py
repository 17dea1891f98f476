"""The expiry policies of a ledger, by version."""

from __future__ import annotations

from typing import Final

import asyncpg

from services.points.domain.expiry import PolicyVersion
from services.runtime.database import PgConnection
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule

_COLUMNS: Final = "version, from_seq, rule, months, coalesce(month, 0), coalesce(day, 0), notice_days"


def _version(row: asyncpg.Record) -> PolicyVersion:
    version, from_seq, rule, *rest = row
    return PolicyVersion(version, from_seq, ExpiryPolicy(ExpiryRule(rule), *rest))


async def listed(connection: PgConnection, ledger_id: int) -> list[PolicyVersion]:
    """All versions, oldest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM expiry_policy WHERE ledger_id = $1 ORDER BY version", ledger_id
    )
    return [_version(row) for row in rows]


async def current(connection: PgConnection, ledger_id: int) -> PolicyVersion:
    """The version that counts now. Raises LookupError where the ledger is not open."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM expiry_policy WHERE ledger_id = $1 ORDER BY version DESC LIMIT 1", ledger_id
    )
    if row is None:
        raise LookupError(f"ledger {ledger_id} is not open")
    return _version(row)


async def add(connection: PgConnection, ledger_id: int, added: PolicyVersion, set_by: str) -> None:
    """Adds a version; one that is there already stays as it is."""
    policy = added.policy
    await connection.execute(
        """INSERT INTO expiry_policy (ledger_id, version, from_seq, rule, months, month, day, notice_days, set_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING""",
        ledger_id, added.version, added.from_seq, policy.rule.value, policy.months, policy.month or None,
        policy.day or None, policy.notice_days, set_by,
    )  # fmt: skip


async def set_by_activity(connection: PgConnection, ledger_id: int, by_activity: bool) -> None:
    """Says on the head whether wallets expire as a whole; the caller holds its lock, and nothing was posted yet."""
    await connection.execute(
        "UPDATE ledger_head SET by_activity = $2 WHERE ledger_id = $1", ledger_id, by_activity
    )
