"""Burn rules as they were set, what they made of burns, and which burns of a batch they may decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from services.points.domain.burning import BurnRule, RuleVersion, Treatment, Worth
from services.points.domain.movements import Act, Capture, Hold, Redemption
from services.points.domain.opened import Opened
from services.points.domain.terms import Terms
from services.points.storage.versions import next_version
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

_RULE: Final = """partner_id, valid_from, points, worth_minor, minimum_points, step_points, share_percent, daily_points,
excluded_categories, excluded_tenders, treatment, version, known_from_seq"""


def burns_by_rule(items: Sequence[Act], terms: Terms | None) -> list[tuple[UUID, UUID]]:
    """Members and partners of burns that a rule may decide, each pair once; none where no partner has a rule."""
    partners = terms.burn_rules.partners if terms is not None else frozenset[UUID]()
    if not partners:
        return []
    burns = (item for item in items if isinstance(item, Redemption | Hold | Capture))
    return list(
        dict.fromkeys((item.member_id, item.partner_id) for item in burns if item.partner_id in partners)
    )


def add_burned(opened: Opened, row: asyncpg.Record, burning: Sequence[tuple[UUID, UUID]]) -> None:
    """Adds what ledger_open answered of burns that a rule may decide: the day, and what was burned in it."""
    if burning:
        opened.today = row["today"]
        opened.burned_today = dict(zip(burning, row["burned_today"], strict=True))


async def versions(
    connection: PgConnection, ledger_id: int, partner_id: UUID | None = None
) -> list[RuleVersion]:
    """All versions, or those of a partner; by partner and start, of one start the newest last."""
    rows = await connection.fetch(
        f"""SELECT {_RULE} FROM burn_rule WHERE ledger_id = $1 AND ($2::uuid IS NULL OR partner_id = $2)
        ORDER BY partner_id, valid_from, version""",
        ledger_id,
        partner_id,
    )
    return [_version(row) for row in rows]


async def add(
    connection: PgConnection, ledger_id: int, partner_id: UUID, rule: BurnRule, last_seq: int, set_by: str
) -> RuleVersion:
    """Adds a rule under the head's lock and moves the configuration version on, so that every poster reads it."""
    version = await next_version(connection, ledger_id)
    added = RuleVersion(partner_id, rule, version, last_seq + 1)
    await connection.execute(
        f"""INSERT INTO burn_rule (ledger_id, {_RULE}, set_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        ledger_id, partner_id, from_micros(rule.valid_from_us), rule.points, rule.worth_minor, rule.minimum,
        rule.step, rule.share_percent, rule.daily, sorted(rule.excluded_categories), sorted(rule.excluded_tenders),
        rule.treatment.value, version, added.known_from_seq, set_by,
    )  # fmt: skip
    return added


async def worths_of(connection: PgConnection, ledger_id: int, burns: Collection[int]) -> Mapping[int, Worth]:
    """What rules made of burns and holds, by seq."""
    rows = await connection.fetch(
        """SELECT w.seq, w.worth_minor, w.rule_version, r.treatment FROM unnest($2::bigint[]) b (seq)
        CROSS JOIN LATERAL (SELECT * FROM burn_worth WHERE ledger_id = $1 AND burn_worth.seq = b.seq LIMIT 1) w
        CROSS JOIN LATERAL (
            SELECT treatment FROM burn_rule WHERE ledger_id = $1 AND version = w.rule_version LIMIT 1
        ) r""",
        ledger_id,
        list(burns),
    )
    return {row[0]: Worth(row[1], row[2], Treatment(row[3])) for row in rows}


def _version(row: asyncpg.Record) -> RuleVersion:
    rule = BurnRule(
        to_micros(row["valid_from"]),
        row["points"],
        row["worth_minor"],
        row["minimum_points"],
        row["step_points"],
        row["share_percent"],
        row["daily_points"],
        frozenset(row["excluded_categories"]),
        frozenset(row["excluded_tenders"]),
        Treatment(row["treatment"]),
    )
    return RuleVersion(row["partner_id"], rule, row["version"], row["known_from_seq"])
