"""Re-rates in the database, and what they make entries differ by.

An entry's price by then is never kept: it follows from its version and from the re-rates that cover it. So differences
are the same however often they are made, and stay in the database where there are many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.entries import AMOUNT_MICROS_MAX, EntryKind
from services.partners.domain.rates import Again
from services.partners.domain.rerating import (
    Difference,
    Effect,
    Held,
    Repriced,
    Rerate,
    Scope,
    WantedRerate,
)
from services.partners.storage.approval_tables import rerate
from services.partners.storage.connection import Reads
from services.partners.storage.tables import booking
from services.runtime.clock import from_micros, to_micros
from services.runtime.errors import InvalidRequest

# Half a million differences last longer than any other statement may; and where nobody has counted the entries yet, PostgreSQL
# takes the joins for small ones, and would look for each entry one by one.
_AT_LENGTH: Final = (text("SET LOCAL statement_timeout = '120s'"), text("SET LOCAL enable_nestloop = off"))
_AS_EVER: Final = text("SET LOCAL enable_nestloop = on")

# Points issued or burned by the partner, with the version that counts for them by the re-rates before this one.
_HELD: Final = """
held AS (
    SELECT e.seq, e.line, e.kind, e.entity, e.issuer_id, e.point_type, e.points, e.redemption_micros,
        coalesce(e.share_percent, 0) AS share_percent,
        greatest(e.version, (
            SELECT max(r.version) FROM rerate AS r
            WHERE r.ledger_id = :ledger_id AND r.partner_id = :partner_id AND r.number < :number
                AND e.effective_at >= r.valid_from AND (r.valid_to IS NULL OR e.effective_at < r.valid_to)
        )) AS version
    FROM rated_entry AS e
    WHERE e.ledger_id = :ledger_id AND e.partner_id = :partner_id AND e.seq <= :upto
        AND e.kind IN ('issued', 'burned') AND e.effective_at >= :valid_from
        AND (cast(:valid_to AS timestamptz) IS NULL OR e.effective_at < :valid_to)
)
"""
_GROUPS: Final = text(f"""
WITH {_HELD}
SELECT kind, point_type, share_percent, version, bool_or(kind = 'issued' AND redemption_micros = 0) AS is_untracked
FROM held WHERE version < :version
GROUP BY kind, point_type, share_percent, version ORDER BY kind, point_type, share_percent, version
""")
# Each entry that differs, with what a point of it (or the fee) cost and costs: the originals, their fees, and all that was
# derived from them at their price.
_DIFFERENCES: Final = f"""
WITH {_HELD}, prices AS (
    SELECT * FROM unnest(
        cast(:kinds AS text[]), cast(:types AS text[]), cast(:shares AS integer[]), cast(:versions AS integer[]),
        cast(:old AS bigint[]), cast(:new AS bigint[]), cast(:old_later AS bigint[]), cast(:new_later AS bigint[]),
        cast(:old_fee AS bigint[]), cast(:new_fee AS bigint[])
    ) AS p (kind, point_type, share_percent, version, old, new, old_later, new_later, old_fee, new_fee)
), original AS (
    SELECT h.seq, h.line, h.kind, h.entity, h.issuer_id, h.point_type, h.points, h.share_percent, p.old, p.new, p.old_later,
        p.new_later, p.old_fee, p.new_fee
    FROM held AS h INNER JOIN prices AS p USING (kind, point_type, share_percent, version)
), differs AS (
    SELECT seq, line, kind, entity, point_type, points, old, new, new_later - old_later AS later
    FROM original WHERE old <> new OR old_later <> new_later
    UNION ALL
    SELECT o.seq, coalesce(f.line, 0), 'fee', o.entity, NULL, 0, o.old_fee, o.new_fee, 0
    FROM original AS o LEFT JOIN rated_entry AS f
        ON f.ledger_id = :ledger_id AND f.seq = o.seq AND f.kind = 'fee'
    WHERE o.line = 1 AND o.share_percent = 0 AND o.old_fee <> o.new_fee
    UNION ALL
    SELECT e.seq, e.line, e.kind, e.entity, e.point_type, e.points, o.old, o.new, 0
    FROM rated_entry AS e INNER JOIN original AS o
        ON o.seq = e.undoes_seq AND ((o.kind = 'issued' AND e.kind = 'reversed') OR (
            o.kind = 'burned' AND e.kind = 'returned' AND o.issuer_id = e.issuer_id AND o.point_type = e.point_type
        ))
    WHERE e.ledger_id = :ledger_id AND e.partner_id = :partner_id AND e.seq <= :upto
        AND e.kind IN ('reversed', 'returned') AND o.old <> o.new
    UNION ALL
    SELECT e.seq, e.line, e.kind, e.entity, e.point_type, e.points, o.old_later, o.new_later, 0
    FROM rated_entry AS e INNER JOIN original AS o ON o.seq = e.earned_seq AND o.kind = 'issued'
    WHERE e.ledger_id = :ledger_id AND e.partner_id = :partner_id AND e.seq <= :upto
        AND e.kind IN ('charged', 'credited') AND o.old_later <> o.new_later
    UNION ALL
    SELECT e.seq, e.line, e.kind, e.entity, e.point_type, e.points, 0, 0, o.new_later - o.old_later
    FROM rated_entry AS e INNER JOIN original AS o ON o.seq = e.earned_seq AND o.kind = 'issued'
    WHERE e.ledger_id = :ledger_id AND e.partner_id = :partner_id AND e.seq <= :upto
        AND e.kind = 'released' AND o.old_later <> o.new_later
), line AS (
    SELECT seq, line, kind, entity, point_type, points, old, new, later,
        CASE
            WHEN kind = 'fee' THEN new - old
            WHEN kind IN ('reversed', 'credited', 'burned') THEN -points::numeric * (new - old)
            ELSE points::numeric * (new - old)
        END AS amount, greatest(points, 1)::numeric * greatest(old, new, abs(later)) AS largest
    FROM differs
)
"""
# Windows tile the journal: how many of them begin at or before a seq is the number of the one that it lies in.
_FOLDED: Final = text(f"""
{_DIFFERENCES}, starts AS (
    SELECT array_agg(first_seq ORDER BY number)
        || (SELECT coalesce(max(last_seq), 0) + 1 FROM clearing_window WHERE ledger_id = :ledger_id) AS seqs
    FROM clearing_window WHERE ledger_id = :ledger_id
)
SELECT kind, coalesce(point_type, '') AS point_type, old, new, width_bucket(seq, coalesce(s.seqs, ARRAY[1::bigint])) AS number,
    count(*) AS entries, sum(points) AS points, sum(amount) AS amount, greatest(max(largest), sum(abs(amount)), sum(points)) AS largest
FROM line CROSS JOIN starts AS s
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
""")
_BOOK: Final = text(f"""
INSERT INTO booking (
    ledger_id, window_number, number, kind, partner_id, point_type, points, price_micros, amount_micros, redemption_micros,
    rerate_number, of_seq, of_line, entity
)
{_DIFFERENCES}
SELECT :ledger_id, :window, :booked + row_number() OVER (ORDER BY seq, line), kind || '_difference', :partner_id, point_type,
    points, new - old, amount, later, :number, seq, line, entity
FROM line
""")
# Bookings of a re-rate that are none of its differences, and differences that are not booked.
_UNLIKE: Final = text(f"""
{_DIFFERENCES}, made AS (
    SELECT kind || '_difference' AS kind, entity, point_type, points, new - old AS price, amount, later, seq, line FROM line
), kept AS (
    SELECT kind, entity, point_type, points, price_micros AS price, amount_micros AS amount, redemption_micros AS later, of_seq AS seq,
        of_line AS line
    FROM booking WHERE ledger_id = :ledger_id AND rerate_number = :number
)
SELECT seq, line, kind, side FROM (
    SELECT seq, line, kind, 'missing' AS side FROM (SELECT * FROM made EXCEPT SELECT * FROM kept) AS m
    UNION ALL
    SELECT seq, line, kind, 'not what its entry makes' AS side FROM (SELECT * FROM kept EXCEPT SELECT * FROM made) AS k
) AS unlike ORDER BY seq, line LIMIT :at_most
""")


async def of_programme(connection: Reads, ledger_id: int, partner_id: UUID | None = None) -> list[Rerate]:
    """All re-rates, or those of a partner, by number."""
    wanted = select(rerate).where(rerate.c.ledger_id == ledger_id)
    if partner_id is not None:
        wanted = wanted.where(rerate.c.partner_id == partner_id)
    return [_rerate(row) for row in await connection.execute(wanted.order_by(rerate.c.number))]


async def for_cards(connection: Reads, ledger_id: int) -> list[Again]:
    """All re-rates, as rating needs them."""
    return [
        Again(
            each.wanted.scope.partner_id.bytes,
            each.wanted.scope.version,
            each.wanted.scope.from_us,
            each.wanted.scope.to_us,
            each.known_from_seq,
        )
        for each in await of_programme(connection, ledger_id)
    ]


async def newest_number(connection: Reads, ledger_id: int, upto_seq: int | None = None) -> int:
    """The number of the last re-rate, or of the last that holds for whatever follows a seq; 0: there is none."""
    wanted = select(func.coalesce(func.max(rerate.c.number), 0)).where(rerate.c.ledger_id == ledger_id)
    if upto_seq is not None:
        wanted = wanted.where(rerate.c.known_from_seq <= upto_seq + 1)
    return int((await connection.execute(wanted)).scalar_one())


async def last_seq(connection: Reads, ledger_id: int, window_number: int) -> int:
    """The last seq whose entries may be re-rated in a window; 0: none is."""
    found = await connection.execute(
        select(func.coalesce(func.max(rerate.c.known_from_seq) - 1, 0)).where(
            rerate.c.ledger_id == ledger_id, rerate.c.window_number == window_number
        )
    )
    return int(found.scalar_one())


async def unbooked(connection: Reads, ledger_id: int, window_number: int) -> list[Rerate]:
    """The re-rates of a window of which nothing is booked, by number."""
    of = booking.c
    booked = select(of.rerate_number).where(
        of.ledger_id == ledger_id, of.window_number == window_number, of.rerate_number.is_not(None)
    )
    found = await connection.execute(
        select(rerate)
        .where(
            rerate.c.ledger_id == ledger_id,
            rerate.c.window_number == window_number,
            rerate.c.number.not_in(booked),
        )
        .order_by(rerate.c.number)
    )
    return [_rerate(row) for row in found]


async def unbooked_windows(connection: Reads, ledger_id: int, upto_seq: int) -> list[int]:
    """Windows with re-rates of which nothing is booked, though all that they re-rate lies up to a seq."""
    of = booking.c
    booked = select(of.rerate_number).where(of.ledger_id == ledger_id, of.rerate_number == rerate.c.number)
    found = await connection.execute(
        select(rerate.c.window_number)
        .where(rerate.c.ledger_id == ledger_id, rerate.c.known_from_seq <= upto_seq + 1, ~booked.exists())
        .distinct()
        .order_by(rerate.c.window_number)
    )
    return list(found.scalars())


async def add(connection: AsyncConnection, ledger_id: int, added: Rerate) -> None:
    """Writes a re-rate; its draft is approved already, and the caller holds windows and rating."""
    scope, effect = added.wanted.scope, added.wanted.effect
    await connection.execute(
        insert(rerate).values(
            ledger_id=ledger_id,
            number=added.number,
            partner_id=scope.partner_id,
            version=scope.version,
            valid_from=from_micros(scope.from_us),
            valid_to=from_micros(scope.to_us) if scope.to_us else None,
            as_of_seq=added.wanted.as_of_seq,
            entries=effect.entries,
            points=effect.points,
            micros=effect.micros,
            known_from_seq=added.known_from_seq,
            window_number=added.window_number,
            draft_id=added.draft_id,
        )
    )


async def groups(
    connection: Reads, ledger_id: int, scope: Scope, number: int, upto_seq: int
) -> list[tuple[Held, bool]]:
    """The prices that entries up to a seq have for which a version would win, in a re-rate of this number.

    With each stands whether nothing is to be due for some of its points once they are used.
    """
    found = await connection.execute(
        _GROUPS, {**_held(ledger_id, scope, number, upto_seq), "version": scope.version}
    )
    return [
        (Held(EntryKind(row.kind), row.point_type, row.share_percent, row.version), row.is_untracked)
        for row in found
    ]


async def folded(
    connection: Reads, ledger_id: int, scope: Scope, number: int, upto_seq: int, prices: Sequence[Repriced]
) -> list[Difference]:
    """What entries up to a seq would differ by, summed by kind, type of points, both prices and window.

    Raises InvalidRequest where one of them would be more than a book can hold.
    """
    found = await _at_length(connection, _FOLDED, _wanted(ledger_id, scope, number, upto_seq, prices))
    order = tuple(EntryKind)
    rows = found.all()
    largest = max((row.largest for row in rows), default=0)
    if largest > AMOUNT_MICROS_MAX:
        raise InvalidRequest(
            f"{largest:,} micros at the prices of this version are more than a book can hold",
            field="scope.version",
        )
    listed = [
        Difference(
            EntryKind(row.kind), row.point_type, row.old, row.new, row.number, row.entries, int(row.points),
            int(row.amount),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(listed, key=lambda each: (order.index(each.kind), *each[1:5]))


async def book(
    connection: AsyncConnection, ledger_id: int, made: Rerate, booked: int, prices: Sequence[Repriced]
) -> None:
    """Books the differences of a re-rate, an entry each, after as many bookings of its window as there are."""
    wanted = _wanted(ledger_id, made.wanted.scope, made.number, made.known_from_seq - 1, prices)
    await _at_length(connection, _BOOK, {**wanted, "window": made.window_number, "booked": booked})


async def unlike(
    connection: Reads, ledger_id: int, made: Rerate, prices: Sequence[Repriced], at_most: int
) -> list[tuple[int, int, str, str]]:
    """Where bookings and differences of a re-rate are not the same: seq, line, kind, and in what."""
    wanted = _wanted(ledger_id, made.wanted.scope, made.number, made.known_from_seq - 1, prices)
    found = await _at_length(connection, _UNLIKE, {**wanted, "at_most": at_most})
    return [(row.seq, row.line, row.kind, row.side) for row in found]


async def _at_length(connection: Reads, statement: TextClause, wanted: dict[str, Any]) -> Any:
    for each in _AT_LENGTH:
        await connection.execute(each)
    found = await connection.execute(statement, wanted)
    await connection.execute(_AS_EVER)
    return found


def _held(ledger_id: int, scope: Scope, number: int, upto_seq: int) -> dict[str, Any]:
    return {
        "ledger_id": ledger_id,
        "partner_id": scope.partner_id,
        "number": number,
        "upto": upto_seq,
        "valid_from": from_micros(scope.from_us),
        "valid_to": from_micros(scope.to_us) if scope.to_us else None,
    }


def _wanted(
    ledger_id: int, scope: Scope, number: int, upto_seq: int, prices: Sequence[Repriced]
) -> dict[str, Any]:
    return {
        **_held(ledger_id, scope, number, upto_seq),
        "kinds": [each.held.kind.value for each in prices],
        "types": [each.held.point_type for each in prices],
        "shares": [each.held.share_percent for each in prices],
        "versions": [each.held.version for each in prices],
        "old": [each.old for each in prices],
        "new": [each.new for each in prices],
        "old_later": [each.old_later for each in prices],
        "new_later": [each.new_later for each in prices],
        "old_fee": [each.old_fee for each in prices],
        "new_fee": [each.new_fee for each in prices],
    }


def _rerate(row: Any) -> Rerate:
    scope = Scope(
        row.partner_id, row.version, to_micros(row.valid_from), to_micros(row.valid_to) if row.valid_to else 0
    )
    wanted = WantedRerate(scope, row.as_of_seq, Effect(row.entries, row.points, row.micros))
    return Rerate(row.number, wanted, row.known_from_seq, row.window_number, row.draft_id)
