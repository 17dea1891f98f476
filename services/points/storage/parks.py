"""Earns that are parked, as the door and those who bring them there find them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind, AccountNumbers
from services.points.domain.movements import Earn, ParkedBurn, ParkedEarn, Purchase
from services.runtime.clock import to_micros
from services.runtime.database import PgConnection

# Whose wallet it is for: however many times the one that it was parked for has been given up since.
_CURRENT: Final = """(
    WITH RECURSIVE chain (wallet_no, step) AS (
        SELECT p.wallet_no, 0
        UNION ALL
        SELECT m.into_wallet, c.step + 1 FROM chain c CROSS JOIN LATERAL (
            SELECT into_wallet FROM merged_wallet WHERE ledger_id = $1 AND from_wallet = c.wallet_no LIMIT 1
        ) m
    )
    SELECT a.owner_id FROM (SELECT wallet_no FROM chain ORDER BY step DESC LIMIT 1) c
    CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = $1 AND account_no = c.wallet_no LIMIT 1) a
)"""


class Parked(NamedTuple):
    """Of a partner: how many points it may issue (None: without limit), and how many of its earns are parked.

    oldest_us: when the first of them was, programme time.
    """

    partner_id: UUID
    headroom: int | None
    earns: int
    oldest_us: int


class Named(NamedTuple):
    """Of an earn that was parked by the posting seq: whose, and the posting that it became; None while it is parked, or where it was taken away."""

    seq: int
    partner_id: UUID
    reference: str
    posted_id: UUID | None
    is_open: bool


async def partners(connection: PgConnection, ledger_id: int) -> list[Parked]:
    """The partners that have earns parked; none is looked for where the head counts none."""
    rows = await connection.fetch(
        """SELECT a.owner_id, CASE WHEN b.credit_floor IS NOT NULL THEN greatest(0, b.credits - b.debits - b.credit_floor) END AS headroom, k.earns, p.recorded_at
        FROM (SELECT 1 FROM ledger_head WHERE ledger_id = $1 AND parked_earns > 0) h
        CROSS JOIN LATERAL (
            SELECT partner_no, count(*) AS earns, min(seq) AS seq FROM parked_earn WHERE ledger_id = $1 AND open GROUP BY partner_no
        ) k
        CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = $1 AND account_no = k.partner_no LIMIT 1) a
        CROSS JOIN LATERAL (SELECT * FROM balance WHERE ledger_id = $1 AND account_no = k.partner_no LIMIT 1) b
        CROSS JOIN LATERAL (SELECT recorded_at FROM posting WHERE ledger_id = $1 AND seq = k.seq LIMIT 1) p
        ORDER BY a.owner_id""",
        ledger_id,
    )
    return [Parked(row[0], row[1], row[2], to_micros(row[3])) for row in rows]


async def of_partner(
    connection: PgConnection, ledger_id: int, partner_id: UUID | None, after_seq: int, limit: int
) -> list[ParkedEarn]:
    """Up to so many earns of a partner, or of all, that are parked after a seq, in the order in which they were."""
    rows = await connection.fetch(
        f"""SELECT parked_json(k, {_CURRENT})::text FROM (
            SELECT * FROM parked_earn WHERE ledger_id = $1 AND open AND seq > $3 AND ($2::uuid IS NULL OR partner_no = (
                SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = $2
            )) ORDER BY seq LIMIT $4
        ) k
        CROSS JOIN LATERAL (SELECT wallet_no FROM posting WHERE ledger_id = $1 AND seq = k.seq LIMIT 1) p
        ORDER BY k.seq""",
        ledger_id,
        partner_id,
        after_seq,
        limit,
    )
    return [_parked(json.loads(row[0])) for row in rows]


async def closed(connection: PgConnection, ledger_id: int, members: Sequence[UUID]) -> set[UUID]:
    """Those of the members that have been closed."""
    rows = await connection.fetch(
        "SELECT member_id FROM closed_member WHERE ledger_id = $1 AND member_id = ANY ($2)",
        ledger_id,
        members,
    )
    return {row[0] for row in rows}


async def by_keys(
    connection: PgConnection, ledger_id: int, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], ParkedEarn]:
    """Earns that are parked, by partner and key."""
    rows = await connection.fetch(
        f"""SELECT w.partner_id, w.key, parked_json(k, {_CURRENT})::text
        FROM unnest($2::uuid[], $3::text[]) w (partner_id, key)
        CROSS JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = w.partner_id LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT * FROM parked_earn
            WHERE ledger_id = $1 AND partner_no = a.account_no AND parked_earn.key = w.key AND open LIMIT 1
        ) k
        CROSS JOIN LATERAL (SELECT wallet_no FROM posting WHERE ledger_id = $1 AND seq = k.seq LIMIT 1) p""",
        ledger_id,
        [partner for partner, _ in wanted],
        [key for _, key in wanted],
    )
    return {(row[0], row[1]): _parked(json.loads(row[2])) for row in rows}


async def named(connection: PgConnection, ledger_id: int, ids: Sequence[UUID]) -> dict[UUID, Named]:
    """What became of earns that were parked, by the id of the posting that parked them."""
    rows = await connection.fetch(
        """SELECT p.transaction_id, p.seq, a.owner_id, k.reference, e.transaction_id, k.open
        FROM unnest($2::uuid[]) w (id)
        CROSS JOIN LATERAL (
            SELECT * FROM posting WHERE ledger_id = $1 AND transaction_id = w.id AND kind = 'park' LIMIT 1
        ) p
        CROSS JOIN LATERAL (SELECT * FROM parked_earn WHERE ledger_id = $1 AND seq = p.seq LIMIT 1) k
        CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = $1 AND account_no = p.partner_no LIMIT 1) a
        LEFT JOIN LATERAL (
            SELECT transaction_id FROM posting WHERE ledger_id = $1 AND original_seq = p.seq AND kind = 'earn' LIMIT 1
        ) e ON true""",
        ledger_id,
        ids,
    )
    return {row[0]: Named(*row[1:]) for row in rows}


def parked_of(found: str, numbers: AccountNumbers) -> Sequence[ParkedEarn]:
    """Earns that are parked, from the JSON of ledger_open; the numbers of their partners are learned."""
    rows: list[Mapping[str, Any]] = json.loads(found)
    for row in rows:
        numbers.learn(AccountKey(AccountKind.ISSUANCE, UUID(row["partner_id"])), row["partner_no"])
    return [_parked(row) for row in rows]


def _parked(row: Mapping[str, Any]) -> ParkedEarn:
    store_id = UUID(row["store_id"]) if row["store_id"] else None
    purchase = Purchase(
        store_id, row["till"], row["business_date"], row["receipt_number"], row["channel"], row["entry_mode"],
        row["amount_minor"], row["lines"], row["tenders"], row["points_minor"],
    )  # fmt: skip
    item = Earn(
        row["key"], UUID(row["partner_id"]), UUID(row["member_id"]), row["reference"],
        bytes.fromhex(row["content_hash"]), row["occurred_us"], purchase, row["traceparent"], 0,
    )  # fmt: skip
    burn = None
    if row["burn_seq"]:
        lots = [(lot_no, points) for lot_no, points in row["burn_lots"] or ()]
        burn = ParkedBurn(
            row["burn_seq"], UUID(row["burn_id"]), bytes.fromhex(row["burn_hash"]), row["burned"], lots
        )
    return ParkedEarn(row["seq"], UUID(row["transaction_id"]), item, row["points"], row["recorded_us"], burn)
