"""Campaigns as they were set, what they gave for sales, and which budgets a batch may touch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from services.points.domain.campaigns import (
    Bonus,
    CampaignTerms,
    CampaignVersion,
    Effect,
    Funder,
    Granted,
    Standing,
)
from services.points.domain.movements import Act, Earn, Refund, of_sales
from services.points.domain.terms import Terms
from services.points.domain.wallet_movements import Load
from services.points.storage.versions import next_version
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

_TERMS: Final = """campaign_id, name, multiplier_percent, fixed_points, min_amount_minor, valid_from, valid_to, partners, funders, percents,
version, no, known_from_seq, set_by"""


def budgets(items: Sequence[Act], terms: Terms | None) -> list[UUID]:
    """The campaigns whose budgets a batch may touch, each once; none where there are no campaigns."""
    found: dict[UUID, None] = {}
    campaigns = terms.campaigns if terms is not None else None
    for item in of_sales(items):
        if isinstance(item, Earn):
            if campaigns:
                deciding = campaigns.at(item.partner_id, item.occurred_at_us)
                found |= dict.fromkeys(version.terms.campaign_id for version in deciding)
        elif isinstance(item, Refund):
            if item.sale is not None:
                found |= dict.fromkeys(grant.campaign_id for grant in item.sale.grants)
        elif isinstance(item, Load):
            found[item.campaign_id] = None
    return list(found)


async def versions(connection: PgConnection, ledger_id: int) -> list[CampaignVersion]:
    """All versions of all campaigns."""
    rows = await connection.fetch(
        f"SELECT {_TERMS} FROM campaign_version WHERE ledger_id = $1 ORDER BY no, version", ledger_id
    )
    return [_version(row) for row in rows]


async def newest(connection: PgConnection, ledger_id: int, campaign_id: UUID) -> CampaignVersion | None:
    """The newest version of a campaign; None where there is no such campaign."""
    row = await connection.fetchrow(
        f"""SELECT {_TERMS} FROM campaign_version WHERE ledger_id = $1 AND campaign_id = $2
        ORDER BY version DESC LIMIT 1""",
        ledger_id,
        campaign_id,
    )
    return _version(row) if row is not None else None


async def unended(connection: PgConnection, ledger_id: int, now_us: int) -> int:
    """How many campaigns have not ended by a time, by their newest versions."""
    found: int = await connection.fetchval(
        """SELECT count(*) FROM (
            SELECT DISTINCT ON (campaign_id) valid_to FROM campaign_version WHERE ledger_id = $1
            ORDER BY campaign_id, version DESC
        ) c WHERE valid_to > $2""",
        ledger_id,
        from_micros(now_us),
    )
    return found


async def add(
    connection: PgConnection, ledger_id: int, terms: CampaignTerms, version: int, last_seq: int, set_by: str
) -> None:
    """Adds a version of a campaign, the first (1) with the next number; the caller holds the head's lock."""
    config_version = await next_version(connection, ledger_id)
    await connection.execute(
        """INSERT INTO campaign_version (
            ledger_id, campaign_id, version, config_version, known_from_seq, name, multiplier_percent, fixed_points,
            min_amount_minor, valid_from, valid_to, partners, funders, percents, set_by, no
        ) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, 'infinity'::timestamptz), $12, $13, $14, $15,
            coalesce(
                (SELECT c.no FROM campaign_version c WHERE c.ledger_id = $1 AND c.campaign_id = $2 LIMIT 1),
                (SELECT coalesce(max(c.no), 0) + 1 FROM campaign_version c WHERE c.ledger_id = $1)
            )""",
        ledger_id, terms.campaign_id, version, config_version, last_seq + 1, terms.name,
        terms.effect.multiplier_percent, terms.effect.fixed_points, terms.effect.min_amount_minor,
        from_micros(terms.valid_from_us), from_micros(terms.valid_to_us) if terms.valid_to_us else None,
        sorted(terms.partners), [funder.partner_id for funder in terms.funders],
        [funder.percent for funder in terms.funders], set_by,
    )  # fmt: skip


async def standing(
    connection: PgConnection, ledger_id: int, campaign_id: UUID | None, after_no: int, limit: int
) -> list[Standing]:
    """Campaigns in the order of their creation, or one of them, with their newest version and their budget."""
    rows = await connection.fetch(
        f"""SELECT c.*, coalesce(l.loaded, 0) AS loaded, coalesce(b.debits, 0) AS granted, coalesce(b.credits, 0) AS credited
        FROM (
            SELECT DISTINCT ON (no) {_TERMS} FROM campaign_version
            WHERE ledger_id = $1 AND no > $2 AND ($3::uuid IS NULL OR campaign_id = $3) ORDER BY no, version DESC LIMIT $4
        ) c
        LEFT JOIN LATERAL (
            SELECT sum(points)::bigint AS loaded FROM budget_load WHERE ledger_id = $1 AND campaign_id = c.campaign_id
        ) l ON true
        LEFT JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'budget' AND owner_id = c.campaign_id LIMIT 1
        ) a ON true
        LEFT JOIN LATERAL (
            SELECT debits, credits FROM balance WHERE ledger_id = $1 AND balance.account_no = a.account_no LIMIT 1
        ) b ON true
        ORDER BY c.no""",
        ledger_id,
        after_no,
        campaign_id,
        limit,
    )
    return [
        Standing(_version(row), row["loaded"], row["granted"], row["credited"] - row["loaded"], row["credited"] - row["granted"])
        for row in rows
    ]  # fmt: skip


async def grants_of(
    connection: PgConnection, ledger_id: int, earns: Collection[int]
) -> Mapping[int, Sequence[Granted]]:
    """What campaigns gave on top of earns, by the earn's seq and in order. Nothing of it ever changes."""
    rows = await connection.fetch(
        """SELECT g.earn_seq, g.seq, g.campaign_id, p.amount, v.multiplier_percent, v.fixed_points, v.min_amount_minor
        FROM unnest($2::bigint[]) e (seq)
        CROSS JOIN LATERAL (SELECT * FROM campaign_grant WHERE ledger_id = $1 AND earn_seq = e.seq OFFSET 0) g
        CROSS JOIN LATERAL (SELECT amount FROM posting WHERE ledger_id = $1 AND seq = g.seq LIMIT 1) p
        CROSS JOIN LATERAL (
            SELECT * FROM campaign_version WHERE ledger_id = $1 AND campaign_id = g.campaign_id AND version = g.version LIMIT 1
        ) v
        ORDER BY g.seq""",
        ledger_id,
        list(earns),
    )
    found: dict[int, list[Granted]] = {}
    for earn_seq, seq, campaign_id, points, *effect in rows:
        found.setdefault(earn_seq, []).append(Granted(seq, campaign_id, points, Effect(*effect)))
    return found


async def bonuses_of(
    connection: PgConnection, ledger_id: int, earns: Collection[int]
) -> Mapping[int, Sequence[Bonus]]:
    """What campaigns gave on top of earns, by the earn's seq and in order."""
    rows = await connection.fetch(
        """SELECT g.earn_seq, g.campaign_id, g.version, p.amount, p.balance_after FROM unnest($2::bigint[]) e (seq)
        CROSS JOIN LATERAL (SELECT * FROM campaign_grant WHERE ledger_id = $1 AND earn_seq = e.seq OFFSET 0) g
        CROSS JOIN LATERAL (SELECT amount, balance_after FROM posting WHERE ledger_id = $1 AND seq = g.seq LIMIT 1) p
        ORDER BY g.seq""",
        ledger_id,
        list(earns),
    )
    found: dict[int, list[Bonus]] = {}
    for earn_seq, *bonus in rows:
        found.setdefault(earn_seq, []).append(Bonus(*bonus))
    return found


async def campaigns_of(
    connection: PgConnection, ledger_id: int, grants: Iterable[int], loads: Iterable[int]
) -> Mapping[int, Bonus]:
    """What grants granted and loads loaded, by seq."""
    rows = await connection.fetch(
        """SELECT p.seq, g.campaign_id, g.version, p.amount, p.balance_after FROM unnest($2::bigint[]) e (seq)
        CROSS JOIN LATERAL (SELECT * FROM campaign_grant WHERE ledger_id = $1 AND campaign_grant.seq = e.seq LIMIT 1) g
        CROSS JOIN LATERAL (SELECT seq, amount, balance_after FROM posting WHERE ledger_id = $1 AND posting.seq = e.seq LIMIT 1) p
        UNION ALL
        SELECT l.seq, l.campaign_id, 0, l.points, 0 FROM unnest($3::bigint[]) e (seq)
        CROSS JOIN LATERAL (SELECT * FROM budget_load WHERE ledger_id = $1 AND budget_load.seq = e.seq LIMIT 1) l""",
        ledger_id,
        list(grants),
        list(loads),
    )
    return {row[0]: Bonus(row[1], row[2], row[3], row[4]) for row in rows}


def _version(row: asyncpg.Record) -> CampaignVersion:
    ends = row["valid_to"]
    terms = CampaignTerms(
        row["campaign_id"],
        row["name"],
        Effect(row["multiplier_percent"], row["fixed_points"], row["min_amount_minor"]),
        to_micros(row["valid_from"]),
        to_micros(ends) if ends.year < 9999 else 0,
        frozenset(row["partners"]),
        tuple(Funder(*funder) for funder in zip(row["funders"], row["percents"], strict=True)),
    )
    return CampaignVersion(terms, row["version"], row["no"], row["known_from_seq"], row["set_by"])
