"""From look-up hashes to members: the hot read of this service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from services.members.domain.member import MemberStatus
from services.members.storage.sealing import KeyRing, Owner, SealBroken, WrappedKey, personal_field
from services.runtime import logging
from services.runtime.coalescer import Coalescer
from services.runtime.database import LOST, PgConnection, WriteDatabase
from services.runtime.errors import Unavailable


class FoundMember(NamedTuple):
    """A member, and the BCP 47 tag of its language; empty where it has said none."""

    member_id: UUID
    status: MemberStatus
    language: str


Found = Mapping[bytes, FoundMember]

_log = logging.get(__name__)
_HASHES_PER_QUERY: Final = 2_000
_HASHES_WAITING_MAX: Final = 100_000
_ATTEMPTS_MAX: Final = 2
_SESSION: Final = {
    "default_transaction_read_only": "on",
    # One plan, made once: by the index, also where the tables are still empty when it is made.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_FIND: Final = """
SELECT asked.lookup_hash, asked.ledger_id, found.member_id, closure.member_id IS NOT NULL AS closed,
    spoken.version, spoken.sealed_value, key.wrapping_version, key.wrapped_key
FROM unnest($1::smallint[], $2::bytea[]) AS asked (ledger_id, lookup_hash)
-- A LIMIT keeps the planner from walking the whole index in the outer loop while the table looks empty.
CROSS JOIN LATERAL (
    SELECT ledger_id, member_id FROM member_identifier
    WHERE ledger_id = asked.ledger_id AND lookup_hash = asked.lookup_hash LIMIT 1
) AS found
LEFT JOIN LATERAL (
    SELECT member_id FROM member_closure
    WHERE ledger_id = found.ledger_id AND member_id = found.member_id LIMIT 1
) AS closure ON true
LEFT JOIN LATERAL (
    SELECT version, sealed_value FROM member_personal
    WHERE ledger_id = found.ledger_id AND member_id = found.member_id AND field = 'language'
    ORDER BY version DESC LIMIT 1
) AS spoken ON true
LEFT JOIN LATERAL (
    SELECT wrapping_version, wrapped_key FROM member_key
    WHERE spoken.sealed_value IS NOT NULL AND ledger_id = found.ledger_id AND member_id = found.member_id LIMIT 1
) AS key ON true
"""


class MemberIndex:
    """Finds members over a connection of its own; what is asked at the same time shares a query.

    A look-up of one card then costs a fraction of a round trip, where a pooled transaction costs eight.
    """

    def __init__(self, database: WriteDatabase, keys: KeyRing) -> None:
        self._database, self._keys = database, keys
        self._connection: PgConnection | None = None
        self._queue = Coalescer(self._flush, batch_max=_HASHES_PER_QUERY, queue_max=_HASHES_WAITING_MAX)

    async def find(self, ledger_id: int, hashes: Sequence[bytes]) -> Found:
        """The members that hashes name; hashes that name none are left out.

        May answer for others' hashes too. Raises Unavailable where the database cannot be reached, with
        OVERLOADED where too many hashes wait.
        """
        return await self._queue.submit((ledger_id, hashes), weight=len(hashes))

    async def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close(timeout=5)

    async def _flush(self, asked: Sequence[tuple[int, Sequence[bytes]]]) -> Sequence[Found]:
        ledger_ids = [ledger_id for ledger_id, hashes in asked for _ in hashes]
        all_hashes = [each for _, hashes in asked for each in hashes]
        found: Found = {
            row["lookup_hash"]: FoundMember(
                row["member_id"],
                MemberStatus.CLOSED if row["closed"] else MemberStatus.ACTIVE,
                self._language(row) if row["wrapped_key"] else "",
            )
            for row in await self._query(ledger_ids, all_hashes)
        }
        return [found] * len(asked)

    def _language(self, row: asyncpg.Record) -> str:
        """The language that a row tells of. One that does not open is none: a sale goes on in another language."""
        owner = Owner(row["ledger_id"], row["member_id"])
        try:
            key = self._keys.unwrap(owner, WrappedKey(row["wrapping_version"], row["wrapped_key"]))
            return key.open(personal_field("language", row["version"]), row["sealed_value"])
        except SealBroken:
            _log.warning("members.language_sealed", member_id=str(row["member_id"]))
            return ""

    async def _query(self, ledger_ids: list[int], hashes: list[bytes]) -> list[asyncpg.Record]:
        # A read may be repeated: the first attempt can meet a connection that died while it was idle.
        for _ in range(_ATTEMPTS_MAX):
            try:
                if self._connection is None:
                    self._connection = await self._database.connect_alone(_SESSION)
                return await self._connection.fetch(_FIND, ledger_ids, hashes)
            except (asyncpg.PostgresError, TimeoutError, *LOST) as error:
                _log.warning("members.index_lost", error=type(error).__name__)
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
        raise Unavailable("the database cannot be reached")
