"""Where the quotas of keys are kept, for all gateways together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.gateway.domain.quotas import NANOS, Ask, Grant
from services.gateway.storage.turns import reachable
from services.runtime.database import Database, PgConnection

# One statement for all buckets that a gateway asks of. What is asked travels in the columns of the row that is there
# already: `spent_until_ns` what is owed, `granted` what is wanted. (So the very first slice of a key is for nothing.)
_NOW: Final = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint * 1000"
# A clock that was set back takes what is spent with it: else a key would be refused until it has caught up.
_BACK: Final = f"greatest(0, there.asked_at_ns - {_NOW})"
_SPENT: Final = f"(greatest(there.spent_until_ns - {_BACK}, {_NOW}) + excluded.spent_until_ns)"
_LEFT: Final = f"""greatest(0, (excluded.capacity * excluded.interval_ns - ({_SPENT} - {_NOW})) / excluded.interval_ns)"""
_GRANTED: Final = f"least(excluded.granted, {_LEFT})"
_TAKE: Final = f"""
INSERT INTO quota_bucket AS there (ledger_id, key_id, class, interval_ns, capacity, spent_until_ns, granted)
SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (ledger_id, key_id, class) DO UPDATE SET
    interval_ns = excluded.interval_ns, capacity = excluded.capacity, granted = {_GRANTED},
    spent_until_ns = {_SPENT} + {_GRANTED} * excluded.interval_ns, asked_at_ns = {_NOW}
RETURNING ledger_id, key_id, class, granted, spent_until_ns - {_NOW}
"""
_PURGE: Final = f"DELETE FROM quota_bucket WHERE spent_until_ns < {_NOW} - $1"
_IDLE_NS: Final = 86_400 * NANOS


class QuotaStore:
    """Takes slices of quotas. The clock is the database's alone, so gateways need not agree on the time.

    It has a connection of its own: batches may hold all of the pool's, and no quota should wait for that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alone: PgConnection | None = None

    async def take(self, asks: Sequence[Ask]) -> list[Grant]:
        """What each ask gets, in their order; no bucket may be asked twice, nor this twice at once. Raises Unavailable."""
        # In one order everywhere: two gateways that take from the same buckets wait for each other, and never both.
        ordered = sorted(asks, key=_name)
        columns = zip(
            *(
                (*_name(each), each.quota.interval_ns, each.quota.capacity, each.owed * each.quota.interval_ns, each.wanted)
                for each in ordered
            ),
            strict=True,
        )  # fmt: skip
        try:
            with reachable("quotas"):
                if self._alone is None or self._alone.is_closed():
                    self._alone = await self._database.writer.connect_alone({})
                rows = await self._alone.fetch(_TAKE, *map(list, columns))
        except BaseException:
            self.drop()
            raise
        got = {(row[0], row[1], row[2]): Grant(row[3], max(0, row[4])) for row in rows}
        return [got[_name(each)] for each in asks]

    def drop(self) -> None:
        """Lets go of the connection; the next take opens another."""
        if self._alone is not None:
            self._alone.terminate()
            self._alone = None

    async def purge(self) -> int:
        """Forgets buckets that have been full for a day; answers how many."""
        with reachable("quotas"):
            async with self._database.writer.dedicated() as connection:
                gone: str = await connection.execute(_PURGE, _IDLE_NS)
        return int(gone.removeprefix("DELETE "))


def _name(ask: Ask) -> tuple[int, object, str]:
    return ask.ledger_id, ask.key_id, ask.kind.value
