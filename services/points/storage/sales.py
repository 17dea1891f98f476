"""Reads of what can be refunded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.movements import Sale
from services.points.storage.campaigns import grants_of
from services.points.storage.journal import owners
from services.runtime.database import PgConnection

_FACTS: Final = """
SELECT p.transaction_id, p.seq, p.kind, p.wallet_no, p.partner_no, p.reference, p.amount, q.transaction_id AS part_of,
       s.amount_minor, s.points_minor, s.rate_points, s.rate_per_minor, b.seq AS burn_seq, b.amount AS burned
FROM posting p
LEFT JOIN LATERAL (
    SELECT * FROM purchase WHERE p.kind = 'earn' AND ledger_id = p.ledger_id AND seq = p.seq LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    -- Of a burn: its sale, be it parked still; none where that was taken away.
    SELECT coalesce(e.transaction_id, CASE WHEN o.kind = 'earn' OR k.open THEN o.transaction_id END) AS transaction_id
    FROM (SELECT * FROM posting WHERE p.kind <> 'earn' AND ledger_id = p.ledger_id AND seq = p.original_seq LIMIT 1) o
    LEFT JOIN LATERAL (
        SELECT transaction_id FROM posting
        WHERE o.kind = 'park' AND ledger_id = o.ledger_id AND original_seq = o.seq AND kind = 'earn' LIMIT 1
    ) e ON true
    LEFT JOIN LATERAL (SELECT open FROM parked_earn WHERE o.kind = 'park' AND ledger_id = o.ledger_id AND seq = o.seq LIMIT 1) k ON true
) q ON true
LEFT JOIN LATERAL (
    SELECT seq, amount FROM posting
    WHERE p.kind = 'earn' AND ledger_id = p.ledger_id AND original_seq = coalesce(p.original_seq, p.seq) AND kind IN ('redeem', 'capture') LIMIT 1
) b ON true
"""
_BY_ID: Final = f"{_FACTS} WHERE p.ledger_id = $1 AND p.transaction_id = ANY ($2) AND p.kind IN ('earn', 'redeem', 'capture')"
_BY_REFERENCE: Final = f"""WITH wanted AS (
    SELECT a.account_no, w.reference FROM unnest($2::uuid[], $3::text[]) w (partner_id, reference)
    CROSS JOIN LATERAL (
        SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = w.partner_id LIMIT 1
    ) a
)
SELECT f.* FROM wanted w CROSS JOIN LATERAL (
    {_FACTS} WHERE p.ledger_id = $1 AND p.partner_no = w.account_no AND p.kind = 'earn' AND p.reference = w.reference LIMIT 1
) f"""


class SaleOf(NamedTuple):
    """Whose a sale is: after a merge, the member's whose wallet took over. `part_of` is the earn that a burn is linked with, which is refunded in its place."""

    sale: Sale
    member_id: UUID
    partner_id: UUID
    reference: str
    part_of: UUID | None


async def by_ids(connection: PgConnection, ledger_id: int, ids: Sequence[UUID]) -> list[SaleOf]:
    """Earns, redemptions and captures by the id of their posting. Nothing of them ever changes but whose they are."""
    return await _sales(connection, ledger_id, await connection.fetch(_BY_ID, ledger_id, ids))


async def by_references(
    connection: PgConnection, ledger_id: int, wanted: Sequence[tuple[UUID, str]]
) -> list[SaleOf]:
    """Earns by partner and reference."""
    partners, references = [partner for partner, _ in wanted], [reference for _, reference in wanted]
    rows = await connection.fetch(_BY_REFERENCE, ledger_id, partners, references)
    return await _sales(connection, ledger_id, rows)


class Target(NamedTuple):
    """What was posted under a key; `of_sale` is the earn that a burn is linked with, `parked_seq` what parked that and still does (0: nothing)."""

    kind: str
    transaction_id: UUID
    of_sale: UUID | None
    parked_seq: int = 0


async def by_keys(
    connection: PgConnection, ledger_id: int, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Target]:
    """What was posted under keys, by partner and key: under its own, or under a further one of the same content."""
    rows = await connection.fetch(
        """SELECT w.partner_id, w.key, p.kind, p.transaction_id, q.transaction_id AS of_sale, coalesce(k.seq, 0) AS parked_seq
        FROM unnest($2::uuid[], $3::text[]) w (partner_id, key)
        CROSS JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = w.partner_id LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT kind, transaction_id, original_seq FROM posting
            WHERE ledger_id = $1 AND partner_no = a.account_no AND posting.key = w.key
            UNION ALL
            SELECT f.kind, f.transaction_id, f.original_seq FROM decision d
            CROSS JOIN LATERAL (SELECT * FROM posting WHERE ledger_id = $1 AND seq = d.seq LIMIT 1) f
            WHERE d.ledger_id = $1 AND d.partner_no = a.account_no AND d.key = w.key
            LIMIT 1
        ) p
        LEFT JOIN LATERAL (
            SELECT transaction_id FROM posting
            WHERE ledger_id = $1 AND kind = 'earn' AND (seq = p.original_seq OR original_seq = p.original_seq) LIMIT 1
        ) q ON true
        LEFT JOIN LATERAL (SELECT seq FROM parked_earn WHERE ledger_id = $1 AND seq = p.original_seq AND open LIMIT 1) k ON true""",
        ledger_id,
        [partner for partner, _ in wanted],
        [key for _, key in wanted],
    )
    return {(row[0], row[1]): Target(*row[2:]) for row in rows}


async def _sales(connection: PgConnection, ledger_id: int, rows: Sequence[asyncpg.Record]) -> list[SaleOf]:
    into = await _merged(connection, ledger_id, {row["wallet_no"] for row in rows})
    numbers = [row[name] for row in rows for name in ("wallet_no", "partner_no")]
    owned = await owners(connection, ledger_id, [*numbers, *into.values()])
    burns = {row["burn_seq"] or row["seq"] for row in rows if row["burn_seq"] or row["kind"] != "earn"}
    lots = await _lots(connection, ledger_id, list(burns))
    grants = await grants_of(connection, ledger_id, {row["seq"] for row in rows if row["kind"] == "earn"})
    found: list[SaleOf] = []
    for row in rows:
        if row["kind"] == "earn":
            burn_seq = row["burn_seq"] or 0
            sale = Sale(
                row["seq"], row["transaction_id"], row["amount_minor"], row["points_minor"], row["amount"],
                row["rate_points"], row["rate_per_minor"], burn_seq, row["burned"] or 0, lots.get(burn_seq, ()),
                grants.get(row["seq"], ()),
            )  # fmt: skip
        else:
            seq = row["seq"]
            sale = Sale(seq, row["transaction_id"], 0, 0, 0, 0, 1, seq, row["amount"], lots.get(seq, ()))
        wallet_no = into.get(row["wallet_no"], row["wallet_no"])
        member, partner = owned[wallet_no].owner_id, owned[row["partner_no"]].owner_id
        found.append(SaleOf(sale, member, partner, row["reference"] or "", row["part_of"]))
    return found


async def _merged(connection: PgConnection, ledger_id: int, wallets: Collection[int]) -> Mapping[int, int]:
    """Of wallets that were given up, the one that has what was in them now, however many times that was given up too."""
    rows = await connection.fetch(
        """WITH RECURSIVE chain (wallet, into_wallet) AS (
            SELECT w.no, m.into_wallet FROM unnest($2::integer[]) w (no)
            CROSS JOIN LATERAL (
                SELECT into_wallet FROM merged_wallet WHERE ledger_id = $1 AND from_wallet = w.no LIMIT 1
            ) m
            UNION ALL
            SELECT c.wallet, m.into_wallet FROM chain c
            CROSS JOIN LATERAL (
                SELECT into_wallet FROM merged_wallet WHERE ledger_id = $1 AND from_wallet = c.into_wallet LIMIT 1
            ) m
        ) SELECT wallet, into_wallet FROM chain c
        WHERE NOT EXISTS (SELECT 1 FROM merged_wallet WHERE ledger_id = $1 AND from_wallet = c.into_wallet)""",
        ledger_id,
        list(wallets),
    )
    return {row[0]: row[1] for row in rows}


async def _lots(
    connection: PgConnection, ledger_id: int, burns: Sequence[int]
) -> Mapping[int, Sequence[tuple[int, int]]]:
    """What burns took from lots, in the order used."""
    rows = await connection.fetch(
        """SELECT u.seq, u.lot_no, u.points FROM unnest($2::bigint[]) w (seq)
        CROSS JOIN LATERAL (SELECT * FROM lot_use WHERE ledger_id = $1 AND lot_use.seq = w.seq OFFSET 0) u
        CROSS JOIN LATERAL (SELECT * FROM lot WHERE ledger_id = $1 AND lot_no = u.lot_no LIMIT 1) l
        ORDER BY u.seq, l.expires_at, l.earned_at, l.lot_no""",
        ledger_id,
        burns,
    )
    lots: dict[int, list[tuple[int, int]]] = {}
    for seq, lot_no, points in rows:
        lots.setdefault(seq, []).append((lot_no, points))
    return lots
