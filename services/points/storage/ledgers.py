"""Ledgers and what is set on them: opening, earn rates, the clock, cuts, closed members, wallets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.burning import BurnRules
from services.points.domain.campaigns import Campaigns
from services.points.domain.earning import EarnRate, EarnRates
from services.points.domain.expiry import PolicyVersion
from services.points.domain.guarding import Guards
from services.points.domain.opened import LedgerRules
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from services.points.domain.standings import PartnerStandings
from services.points.domain.terms import Terms
from services.points.storage import burn_rules, campaigns, guards, limits, policies, standings
from services.points.storage.versions import next_version
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection
from services.runtime.event_log import PARTITIONS, LogHead, NewEvent
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from services.runtime.principal import Programme


class Head(NamedTuple):
    """A ledger's head. Times in microseconds UTC; now_us is programme time. chain_hash: the last batch's, if there is one."""

    last_seq: int
    last_time_us: int
    offset_us: int
    now_us: int
    last_pos: int
    relayed_pos: int
    last_batch_no: int
    chain_hash: bytes | None


_HEAD: Final = """
SELECT h.last_seq, h.last_time_us, h.clock_offset_us,
       greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint + h.clock_offset_us, h.last_time_us),
       e.pos, coalesce(c.pos, 0), h.last_batch_no, h.chain_hash
FROM ledger_head h
JOIN event_head e ON e.ledger_id = h.ledger_id
LEFT JOIN relay_cursor c ON c.ledger_id = h.ledger_id
WHERE h.ledger_id = $1
"""


async def rules(connection: PgConnection, ledger_id: int, backdate_days_max: int) -> LedgerRules | None:
    """What the ledger's programme fixes; None where the ledger is not open."""
    row = await connection.fetchrow("SELECT zone FROM ledger WHERE ledger_id = $1", ledger_id)
    return LedgerRules(row["zone"], backdate_days_max) if row else None


async def open_ledger(
    connection: PgConnection, programme: Programme, expiry: ExpiryPolicy, offset_us: int
) -> None:
    """Makes a ledger with its heads and its first expiry policy; one that is there already stays as it is."""
    async with connection.transaction():
        await connection.execute(
            """INSERT INTO ledger (ledger_id, programme, zone, currency, is_test)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING""",
            programme.ledger_id, programme.slug, programme.zone, programme.currency, programme.is_test,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO ledger_head (ledger_id, clock_offset_us, by_activity) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING""",
            programme.ledger_id,
            offset_us,
            expiry.rule is ExpiryRule.ACTIVITY,
        )
        await connection.execute(
            """INSERT INTO event_head (ledger_id, programme, pos, partition_pos) VALUES ($1, $2, 0, $3)
            ON CONFLICT DO NOTHING""",
            programme.ledger_id,
            programme.slug,
            [0] * PARTITIONS,
        )
        await policies.add(
            connection, programme.ledger_id, PolicyVersion(0, 1, expiry), "programme registration"
        )


async def head(connection: PgConnection, ledger_id: int) -> Head | None:
    """The ledger's head as committed now; None where the ledger is not open."""
    row = await connection.fetchrow(_HEAD, ledger_id)
    return Head(*row) if row else None


async def lock_head(connection: PgConnection, ledger_id: int) -> Head:
    """The ledger's head, locked until the caller's transaction ends."""
    await connection.execute("SELECT 1 FROM ledger_head WHERE ledger_id = $1 FOR NO KEY UPDATE", ledger_id)
    found = await head(connection, ledger_id)
    if found is None:
        raise LookupError(f"ledger {ledger_id} is not open")
    return found


async def terms(connection: PgConnection, ledger_id: int, version: int) -> Terms:
    """What is set on a ledger, marked with the configuration version that the head shows."""
    rates: dict[UUID, list[EarnRate]] = {}
    for partner_id, rate in await list_rates(connection, ledger_id, None):
        rates.setdefault(partner_id, []).append(rate)
    refund_rules = dict(await list_refund_rules(connection, ledger_id, None))
    expiry = (await policies.current(connection, ledger_id)).policy
    limited = await limits.read(connection, ledger_id)
    promised = Campaigns(await campaigns.versions(connection, ledger_id))
    taken_for = BurnRules(await burn_rules.versions(connection, ledger_id))
    stand = PartnerStandings(await standings.versions(connection, ledger_id))
    guarded = Guards(await guards.versions(connection, ledger_id))
    return Terms(
        version, EarnRates(rates), refund_rules, expiry, limited, promised, taken_for, stand, guarded
    )


async def list_refund_rules(
    connection: PgConnection, ledger_id: int, partner_id: UUID | None
) -> list[tuple[UUID, RefundRule]]:
    """The refund rules of partners that have one of their own."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (partner_id) partner_id, shortfall, tender_order FROM refund_rule
        WHERE ledger_id = $1 AND ($2::uuid IS NULL OR partner_id = $2) ORDER BY partner_id, version DESC""",
        ledger_id,
        partner_id,
    )
    return [(row[0], RefundRule(Shortfall(row[1]), TenderOrder(row[2]))) for row in rows]


async def add_refund_rule(
    connection: PgConnection, ledger_id: int, partner_id: UUID, rule: RefundRule, set_by: str
) -> None:
    """Adds a rule under the head's lock, as add_rate does."""
    version = await next_version(connection, ledger_id)
    await connection.execute(
        """INSERT INTO refund_rule (ledger_id, partner_id, version, shortfall, tender_order, set_by)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        ledger_id, partner_id, version, rule.shortfall.value, rule.tender_order.value, set_by,
    )  # fmt: skip


async def list_rates(
    connection: PgConnection, ledger_id: int, partner_id: UUID | None
) -> list[tuple[UUID, EarnRate]]:
    """Rates by partner and start; of one start the newest version."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (partner_id, valid_from) partner_id, valid_from, points, per_minor, pending_days FROM earn_rate
        WHERE ledger_id = $1 AND ($2::uuid IS NULL OR partner_id = $2)
        ORDER BY partner_id, valid_from, version DESC""",
        ledger_id,
        partner_id,
    )
    return [(row[0], EarnRate(to_micros(row[1]), row[2], row[3], row[4])) for row in rows]


async def add_rate(
    connection: PgConnection, ledger_id: int, partner_id: UUID, rate: EarnRate, set_by: str
) -> None:
    """Adds a rate under the head's lock and moves the configuration version on, so that every poster reads it."""
    version = await next_version(connection, ledger_id)
    await connection.execute(
        """INSERT INTO earn_rate (ledger_id, partner_id, valid_from, version, points, per_minor, pending_days, set_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        ledger_id, partner_id, from_micros(rate.valid_from_us), version, rate.points, rate.per_minor,
        rate.pending_days, set_by,
    )  # fmt: skip


async def set_offset(connection: PgConnection, ledger_id: int, offset_us: int) -> None:
    """Moves programme time; the caller holds the head's lock."""
    await connection.execute(
        "UPDATE ledger_head SET clock_offset_us = $2 WHERE ledger_id = $1", ledger_id, offset_us
    )


async def append_events(connection: PgConnection, ledger_id: int, events: Sequence[NewEvent]) -> None:
    """Appends notices to the event log, in order; the caller holds the ledger head's lock."""
    row = await connection.fetchrow(
        "SELECT pos, partition_pos FROM event_head WHERE ledger_id = $1 FOR NO KEY UPDATE", ledger_id
    )
    if row is None:
        raise LookupError(f"ledger {ledger_id} is not open")
    log = LogHead(row["pos"], row["partition_pos"])
    rows: list[tuple[object, ...]] = []
    for event in events:
        pos, before = log.place(event)
        rows.append(
            (
                ledger_id, pos, event.type, event.partition, before, event.partner_id, event.seq,
                from_micros(event.recorded_at_us), event.traceparent, event.payload,
            )
        )  # fmt: skip
    await connection.executemany(
        """INSERT INTO event_log
        (ledger_id, pos, type, partition, partition_prev, partner_id, seq, recorded_at, traceparent, payload)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        rows,
    )
    await connection.execute(
        "UPDATE event_head SET pos = $2, partition_pos = $3 WHERE ledger_id = $1",
        ledger_id,
        log.pos,
        log.partition_pos,
    )


async def known_cut(connection: PgConnection, ledger_id: int, boundary_us: int) -> int | None:
    """The last seq before a boundary that was cut at; None where it was not."""
    return await connection.fetchval(
        "SELECT last_seq FROM cut WHERE ledger_id = $1 AND boundary = $2", ledger_id, from_micros(boundary_us)
    )


async def cut(connection: PgConnection, ledger_id: int, boundary_us: int, locked: Head) -> int:
    """The last seq recorded before a boundary, the same for ever; the caller holds the head's lock."""
    boundary = from_micros(boundary_us)
    known = await known_cut(connection, ledger_id, boundary_us)
    if known is not None:
        return known
    if locked.last_time_us < boundary_us:
        last_seq = locked.last_seq
        # The next posting is recorded one microsecond later at the earliest: at the boundary, not before it.
        await connection.execute(
            "UPDATE ledger_head SET last_time_us = $2 WHERE ledger_id = $1", ledger_id, boundary_us - 1
        )
    else:
        last_seq = await _last_seq_before(connection, ledger_id, boundary_us, locked.last_seq)
    await connection.execute(
        "INSERT INTO cut (ledger_id, boundary, last_seq) VALUES ($1, $2, $3)", ledger_id, boundary, last_seq
    )
    return last_seq


async def _last_seq_before(connection: PgConnection, ledger_id: int, boundary_us: int, last_seq: int) -> int:
    """Times rise with seq, so halving finds the place in some twenty look-ups of the primary key."""
    low, high = 0, last_seq
    while low < high:
        middle = (low + high + 1) // 2
        recorded_at = await connection.fetchval(
            "SELECT recorded_at FROM posting WHERE ledger_id = $1 AND seq = $2", ledger_id, middle
        )
        low, high = (middle, high) if to_micros(recorded_at) < boundary_us else (low, middle - 1)
    return low


async def wallets_of(
    connection: PgConnection, ledger_id: int, members: Sequence[UUID]
) -> list[tuple[UUID, int]]:
    """Those of the members that have a wallet already, with its number."""
    rows = await connection.fetch(
        """SELECT owner_id, account_no FROM account
        WHERE ledger_id = $1 AND kind = 'wallet' AND owner_id = ANY ($2)""",
        ledger_id,
        members,
    )
    return [(row[0], row[1]) for row in rows]


async def last_account_no(connection: PgConnection, ledger_id: int) -> int:
    """The number of the account made last; 0 where there is none."""
    found: int | None = await connection.fetchval(
        "SELECT last_account_no FROM ledger_head WHERE ledger_id = $1", ledger_id
    )
    return found or 0


async def accounts_after(
    connection: PgConnection, ledger_id: int, account_no: int, limit: int
) -> list[tuple[AccountKey, int]]:
    """Up to `limit` accounts with numbers above one, in order."""
    rows = await connection.fetch(
        """SELECT kind, owner_id, account_no FROM account WHERE ledger_id = $1 AND account_no > $2
        ORDER BY account_no LIMIT $3""",
        ledger_id,
        max(0, account_no),
        limit,
    )
    return [(AccountKey(AccountKind(row[0]), row[1]), row[2]) for row in rows]


async def close_members(connection: PgConnection, ledger_id: int, closed: Sequence[tuple[UUID, int]]) -> None:
    """Notes members as closed, each with its time in microseconds UTC; safe to repeat."""
    await connection.executemany(
        "INSERT INTO closed_member (ledger_id, member_id, closed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(ledger_id, member, from_micros(at_us)) for member, at_us in closed],
    )
