"""Where partners stand, as the partners service told it."""

from __future__ import annotations

from collections.abc import Sequence

from services.points.domain.standings import StandingVersion
from services.points.storage.versions import next_version
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection
from services.runtime.partner_standing import PartnerStanding, StandingKind


async def versions(connection: PgConnection, ledger_id: int) -> list[StandingVersion]:
    """All standings that the ledger was told of."""
    rows = await connection.fetch(
        """SELECT partner_id, number, standing, valid_from, run_off_until, returns_until FROM partner_standing
        WHERE ledger_id = $1 ORDER BY partner_id, number""",
        ledger_id,
    )
    return [
        StandingVersion(
            row["partner_id"],
            row["number"],
            PartnerStanding(
                StandingKind(row["standing"]),
                to_micros(row["valid_from"]),
                to_micros(row["run_off_until"]) if row["run_off_until"] else 0,
                to_micros(row["returns_until"]) if row["returns_until"] else 0,
            ),
        )
        for row in rows
    ]


async def add(connection: PgConnection, ledger_id: int, told: Sequence[StandingVersion]) -> None:
    """Notes standings under the head's lock and moves the configuration version on, so that every poster reads them.

    Safe to repeat.
    """
    version = await next_version(connection, ledger_id)
    await connection.executemany(
        """INSERT INTO partner_standing (ledger_id, partner_id, number, standing, valid_from, run_off_until, returns_until, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING""",
        [
            (
                ledger_id, each.partner_id, each.number, each.standing.kind.value,
                from_micros(each.standing.valid_from_us), _time(each.standing.run_off_until_us),
                _time(each.standing.returns_until_us), version,
            )
            for each in told
        ],
    )  # fmt: skip


def _time(time_us: int) -> object:
    return from_micros(time_us) if time_us else None
