"""What the checker reads: the live database itself, not what this service remembers of it."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select, text

from services.partners.domain.entries import EntryKind, Totals
from services.partners.domain.netting import Fold, KindTotal
from services.partners.domain.statement import Statement, StatementLine
from services.partners.storage import statements
from services.partners.storage.connection import Reads
from services.partners.storage.tables import inbox, statement, statement_line


class LogEnds(NamedTuple):
    """An event log: how many rows, its last position, and what its head says."""

    rows: int
    last_pos: int
    head_pos: int


class Rated(NamedTuple):
    """The rated entries of a programme, folded."""

    totals: Totals
    postings: int
    first_seq: int
    last_seq: int


_LOG_ENDS: Final = text("""
SELECT count(*) AS entries, coalesce(max(log.pos), 0) AS last_pos,
    coalesce((SELECT head.pos FROM event_head AS head WHERE head.ledger_id = :ledger_id), 0) AS head_pos
FROM event_log AS log WHERE log.ledger_id = :ledger_id
""")
_TOTALS: Final = text("""
SELECT kind, count(*) AS entries, sum(points) AS points, sum(abs(amount_micros)) AS micros
FROM rated_entry WHERE ledger_id = :ledger_id GROUP BY kind
""")
_POSTINGS: Final = text("""
SELECT count(*) AS postings, coalesce(min(seq), 0) AS first_seq, coalesce(max(seq), 0) AS last_seq
FROM rated_entry WHERE ledger_id = :ledger_id AND line = 1
""")
# Where the entry after this one is not of the next seq, the ones in between are missing.
_HOLES: Final = text("""
SELECT before + 1 AS first_seq, seq - 1 AS last_seq FROM (
    SELECT seq, lag(seq, 1, 0::bigint) OVER (ORDER BY seq) AS before
    FROM rated_entry WHERE ledger_id = :ledger_id AND line = 1
) AS pairs
WHERE seq <> before + 1 ORDER BY seq LIMIT :at_most
""")
_FOLDS: Final = text("""
SELECT closed.number AS number, rated.partner_id, rated.kind, rated.point_type, rated.entity, rated.price_micros, count(*) AS entries,
    sum(rated.points) AS points, sum(rated.amount_micros) AS amount_micros,
    sum(CASE rated.kind WHEN 'fee' THEN 1 ELSE rated.points::numeric END * rated.price_micros) AS micros
FROM clearing_window AS closed
INNER JOIN rated_entry AS rated
    ON rated.ledger_id = closed.ledger_id AND rated.seq BETWEEN closed.first_seq AND closed.last_seq
WHERE closed.ledger_id = :ledger_id AND closed.number BETWEEN :first AND :last AND rated.kind <> 'nothing'
GROUP BY closed.number, rated.partner_id, rated.kind, rated.point_type, rated.entity, rated.price_micros
""")
_MATRIX_DIFFERENCES: Final = text("""
WITH fold AS (
    SELECT closed.number AS number, rated.issuer_id, rated.partner_id AS redeemer_id,
        coalesce(sum(rated.points) FILTER (WHERE rated.kind = 'burned'), 0) AS points,
        coalesce(-sum(rated.amount_micros) FILTER (WHERE rated.kind = 'burned'), 0) AS micros,
        coalesce(sum(rated.points) FILTER (WHERE rated.kind = 'returned'), 0) AS points_returned,
        coalesce(sum(rated.amount_micros) FILTER (WHERE rated.kind = 'returned'), 0) AS micros_returned
    FROM clearing_window AS closed
    INNER JOIN rated_entry AS rated
        ON rated.ledger_id = closed.ledger_id AND rated.seq BETWEEN closed.first_seq AND closed.last_seq
    WHERE closed.ledger_id = :ledger_id AND closed.number BETWEEN :first AND :last
        AND closed.state <> 'closed' AND rated.kind IN ('burned', 'returned')
    GROUP BY closed.number, rated.issuer_id, rated.partner_id
), kept AS (
    SELECT window_number AS number, issuer_id, redeemer_id, points, micros, points_returned, micros_returned
    FROM matrix_cell WHERE ledger_id = :ledger_id AND window_number BETWEEN :first AND :last
)
SELECT number, issuer_id, redeemer_id
FROM fold FULL JOIN kept USING (number, issuer_id, redeemer_id)
WHERE (fold.points, fold.micros, fold.points_returned, fold.micros_returned)
    IS DISTINCT FROM (kept.points, kept.micros, kept.points_returned, kept.micros_returned)
ORDER BY number LIMIT :at_most
""")


async def log_ends(connection: Reads, ledger_id: int) -> LogEnds:
    """Where this service's own event log ends."""
    row = (await connection.execute(_LOG_ENDS, {"ledger_id": ledger_id})).one()
    return LogEnds(row.entries, row.last_pos, row.head_pos)


async def inbox_pos(connection: Reads, subscriber: str, source: str, programme: str) -> int:
    """The last event that a subscriber of this service has applied; 0 before the first."""
    found = await connection.execute(
        select(inbox.c.pos).where(
            inbox.c.subscriber == subscriber, inbox.c.source == source, inbox.c.programme == programme
        )
    )
    return found.scalar() or 0


async def rated(connection: Reads, ledger_id: int) -> Rated:
    """All rated entries, folded in one pass, and how many postings they are of."""
    sums: dict[EntryKind, tuple[int, int, int]] = dict.fromkeys(EntryKind, (0, 0, 0))
    for row in await connection.execute(_TOTALS, {"ledger_id": ledger_id}):
        sums[EntryKind(row.kind)] = (row.entries, int(row.points), int(row.micros))
    of = (await connection.execute(_POSTINGS, {"ledger_id": ledger_id})).one()
    return Rated(Totals.of(sums), of.postings, of.first_seq, of.last_seq)


async def holes(connection: Reads, ledger_id: int, at_most: int) -> list[tuple[int, int]]:
    """Ranges of seq before the last rated one that have no entry, both ends included."""
    found = await connection.execute(_HOLES, {"ledger_id": ledger_id, "at_most": at_most})
    return [(row.first_seq, row.last_seq) for row in found]


async def folds(
    connection: Reads, ledger_id: int, first: int, last: int
) -> tuple[dict[int, list[Fold]], dict[int, list[KindTotal]]]:
    """Entries of windows first to last, by window: summed by partner, kind, type of points, legal entity and price, and by kind alone."""
    by_window: dict[int, list[Fold]] = {}
    kinds: dict[tuple[int, EntryKind], int] = {}
    wanted = {"ledger_id": ledger_id, "first": first, "last": last}
    for row in await connection.execute(_FOLDS, wanted):
        kind = EntryKind(row.kind)
        fold = Fold(
            row.partner_id,
            kind,
            row.price_micros,
            row.entries,
            int(row.points),
            int(row.amount_micros),
            row.point_type or "",
            row.entity,
        )
        by_window.setdefault(row.number, []).append(fold)
        kinds[row.number, kind] = kinds.get((row.number, kind), 0) + int(row.micros)
    totals: dict[int, list[KindTotal]] = {}
    for (number, kind), micros in kinds.items():
        totals.setdefault(number, []).append(KindTotal(kind, micros))
    return by_window, totals


async def matrix_differences(
    connection: Reads, ledger_id: int, first: int, last: int, at_most: int
) -> list[tuple[int, UUID, UUID]]:
    """Cells of windows first to last that are not the fold of their entries: number, issuer, redeemer."""
    wanted = {"ledger_id": ledger_id, "first": first, "last": last, "at_most": at_most}
    found = await connection.execute(_MATRIX_DIFFERENCES, wanted)
    return [(row.number, row.issuer_id, row.redeemer_id) for row in found]


async def statements_between(connection: Reads, ledger_id: int, first: int, last: int) -> list[Statement]:
    """Every statement of windows first to last, without its lines."""
    return await statements.listed(
        connection, ledger_id, None, before_window=last + 1, after_window=first - 1, oldest_first=True
    )


async def lines_between(
    connection: Reads, ledger_id: int, first: int, last: int
) -> dict[UUID, tuple[StatementLine, ...]]:
    """The lines of every statement of windows first to last, in order."""
    by_statement: dict[UUID, list[StatementLine]] = {}
    wanted = (
        statements.lines(ledger_id)
        .join(
            statement,
            (statement.c.ledger_id == statement_line.c.ledger_id)
            & (statement.c.statement_id == statement_line.c.statement_id),
        )
        .where(statement.c.window_number.between(first, last))
        .order_by(statement_line.c.statement_id, statement_line.c.line)
    )
    for row in await connection.execute(wanted):
        by_statement.setdefault(row.statement_id, []).append(statements.line_from(row))
    return {statement_id: tuple(lines) for statement_id, lines in by_statement.items()}
