"""What partners keep with their movements, by the key that each was asked for under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.points.domain.accounts import AccountKind, AccountNumbers
from services.points.domain.answers import Accepted, ParkedAnswer, Waiting
from services.points.domain.movements import Act, Keeping
from services.points.domain.posting import Decided
from services.runtime.database import PgConnection


class _Kept(NamedTuple):
    partner_no: int
    key: str
    content: str


async def add(
    connection: PgConnection,
    ledger_id: int,
    items: Sequence[Act],
    decisions: Sequence[Decided],
    numbers: AccountNumbers,
) -> None:
    """Keeps what came with the items that were accepted, parked, or wait now. In the transaction in which they were decided."""
    partners = numbers.of(AccountKind.ISSUANCE)
    kept = [
        _Kept(partners[item.partner_id], item.key, item.metadata_json)
        for item, decided in zip(items, decisions, strict=True)
        if isinstance(item, Keeping) and item.metadata_json and _is_new(decided)
    ]
    if kept:
        await connection.execute(
            """INSERT INTO movement_metadata (ledger_id, partner_no, key, content)
            SELECT $1, k.* FROM unnest($2::integer[], $3::text[], $4::text[]::jsonb[]) k""",
            ledger_id,
            *map(list, zip(*kept, strict=True)),
        )


def _is_new(decided: Decided) -> bool:
    return isinstance(decided, Accepted | ParkedAnswer | Waiting) and not decided.replayed


async def metadata_of(connection: PgConnection, ledger_id: int, seqs: Sequence[int]) -> Mapping[int, str]:
    """What is kept with postings, by their seq, as JSON; with what parked a sale, what came with that."""
    rows = await connection.fetch(
        """SELECT p.seq, m.content::text FROM unnest($2::bigint[]) s (seq)
        CROSS JOIN LATERAL (
            SELECT seq, partner_no, coalesce(key, CASE kind WHEN 'park' THEN (
                SELECT key FROM parked_earn WHERE ledger_id = $1 AND parked_earn.seq = s.seq
            ) END) AS key FROM posting WHERE ledger_id = $1 AND posting.seq = s.seq LIMIT 1
        ) p
        CROSS JOIN LATERAL (
            SELECT content FROM movement_metadata WHERE ledger_id = $1 AND partner_no = p.partner_no AND key = p.key LIMIT 1
        ) m""",
        ledger_id,
        seqs,
    )
    return {row[0]: row[1] for row in rows}
