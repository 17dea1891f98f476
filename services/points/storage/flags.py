"""What is counted in a day for the guards of partners, what went beyond them, and what became of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

import asyncpg

from services.points.domain.deciding.guard import subjects_of
from services.points.domain.flags import Flag, Verdict
from services.points.domain.guarding import Act, Count, Measure, Scope, Subject
from services.points.domain.movements import Act as Asked
from services.points.domain.movements import of_sales
from services.points.domain.opened import Opened
from services.points.domain.rows import FlagRow, Rows
from services.points.domain.terms import Terms
from services.points.storage import ledgers
from services.runtime.clock import from_micros, in_zone, to_micros
from services.runtime.database import PgConnection
from services.runtime.event_log import NewEvent

_FLAG: Final = """SELECT f.*, r.verdict, r.note, r.reviewed_by, r.reviewed_at FROM flag f
LEFT JOIN flag_review r ON r.ledger_id = f.ledger_id AND r.flag_id = f.flag_id"""


async def read_counts(
    connection: PgConnection, ledger_id: int, opened: Opened, items: Sequence[Asked], terms: Terms, zone: str
) -> None:
    """Adds to what was opened what is counted today of those who burn or earn where a guard counts; nothing where none does."""
    if not terms.guards.counting:
        return
    subjects = {subject for item in of_sales(items) for subject, _ in subjects_of(terms.guards, item)}
    if not subjects:
        return
    opened.day = in_zone(opened.now_us, zone).date()
    rows = await connection.fetch(
        """SELECT c.partner_id, c.act, c.scope, c.subject, c.times - c.times_before, c.points - c.points_before, c.allowed
        FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) s (partner_id, act, scope, subject)
        CROSS JOIN LATERAL (
            SELECT * FROM day_count WHERE ledger_id = $1 AND day = $2 AND day_count.partner_id = s.partner_id AND day_count.act = s.act
                AND day_count.scope = s.scope AND day_count.subject = s.subject LIMIT 1
        ) c""",
        ledger_id,
        opened.day,
        *_columns(subjects),
    )
    for partner_id, act, scope, subject, *count in rows:
        found = next(each for each in subjects if each == (partner_id, act, scope, subject))
        opened.counts[found] = Count(*count)


def _columns(subjects: Collection[Subject]) -> tuple[list[UUID], list[str], list[str], list[str]]:
    return (
        [each.partner_id for each in subjects],
        [each.act.value for each in subjects],
        [each.scope.value for each in subjects],
        [each.name for each in subjects],
    )


async def write(
    connection: PgConnection, ledger_id: int, day: date, rows: Rows, tell: Callable[[FlagRow], bytes]
) -> None:
    """Writes what was counted in a batch, and flags what went beyond a limit, once each; in the batch's own transaction."""
    if rows.counted:
        subjects = list(rows.counted)
        await connection.execute(
            """INSERT INTO day_count (ledger_id, day, partner_id, act, scope, subject, times, points)
            SELECT $1, $2, s.* FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) s
            ON CONFLICT ON CONSTRAINT day_count_pk
            DO UPDATE SET times = day_count.times + excluded.times, points = day_count.points + excluded.points""",
            ledger_id,
            day,
            *_columns(subjects),
            [rows.counted[each].times for each in subjects],
            [rows.counted[each].points for each in subjects],
        )
    events: list[NewEvent] = []
    for flag in rows.flags:
        subject = flag.subject
        added = await connection.fetchval(
            """INSERT INTO flag (ledger_id, flag_id, day, partner_id, act, scope, subject, allowed, member_id, reference, measure,
            limit_value, reached, points, flagged_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT ON CONSTRAINT flag_once_uq DO NOTHING RETURNING flag_id""",
            ledger_id, flag.flag_id, day, subject.partner_id, subject.act.value, subject.scope.value, subject.name,
            flag.allowed, flag.member_id, flag.reference, flag.measure.value, flag.limit, flag.reached, flag.asked_points,
            from_micros(flag.flagged_at_us),
        )  # fmt: skip
        if added is not None:
            events.append(
                NewEvent(
                    "points.flagged", tell(flag), flag.flagged_at_us, flag.member_id, subject.partner_id,
                    traceparent=flag.traceparent,
                )
            )  # fmt: skip
    if events:
        await ledgers.append_events(connection, ledger_id, events)


async def flag_of(connection: PgConnection, ledger_id: int, flag_id: UUID) -> Flag | None:
    """A flag."""
    row = await connection.fetchrow(f"{_FLAG} WHERE f.ledger_id = $1 AND f.flag_id = $2", ledger_id, flag_id)
    return _flag(row) if row else None


async def listed(
    connection: PgConnection, ledger_id: int, open_only: bool, before: UUID | None, limit: int
) -> list[Flag]:
    """Up to `limit` flags, newest first (their ids rise with time), older than one of them where that is given."""
    rows = await connection.fetch(
        f"""{_FLAG} WHERE f.ledger_id = $1 AND (NOT $2 OR r.flag_id IS NULL) AND ($3::uuid IS NULL OR f.flag_id < $3)
        ORDER BY f.flag_id DESC LIMIT $4""",
        ledger_id,
        open_only,
        before,
        limit,
    )
    return [_flag(row) for row in rows]


async def review(
    connection: PgConnection,
    ledger_id: int,
    flag: Flag,
    verdict: Verdict,
    note: str,
    reviewed_by: str,
    now_us: int,
) -> None:
    """Ends a flag; one that is let go on is counted from 0. The caller holds the head's lock."""
    await connection.execute(
        """INSERT INTO flag_review (ledger_id, flag_id, verdict, note, reviewed_by, reviewed_at)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        ledger_id, flag.flag_id, verdict.value, note, reviewed_by, from_micros(now_us),
    )  # fmt: skip
    if verdict is Verdict.ALLOWED:
        subject = flag.subject
        await connection.execute(
            """INSERT INTO day_count (ledger_id, day, partner_id, act, scope, subject, times, points, allowed)
            VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 1) ON CONFLICT ON CONSTRAINT day_count_pk
            DO UPDATE SET times_before = day_count.times, points_before = day_count.points, allowed = day_count.allowed + 1""",
            ledger_id, flag.day, subject.partner_id, subject.act.value, subject.scope.value, subject.name,
        )  # fmt: skip


async def forget_before(connection: PgConnection, ledger_id: int, day: date) -> None:
    """Removes what was counted in days before one."""
    await connection.execute("DELETE FROM day_count WHERE ledger_id = $1 AND day < $2", ledger_id, day)


def _flag(row: asyncpg.Record) -> Flag:
    verdict = Verdict(row["verdict"]) if row["verdict"] else None
    return Flag(
        row["flag_id"], row["day"], Subject(row["partner_id"], Act(row["act"]), Scope(row["scope"]), row["subject"]),
        row["member_id"], row["reference"], Measure(row["measure"]), row["limit_value"], row["reached"], row["points"],
        to_micros(row["flagged_at"]), verdict, row["note"] or "", row["reviewed_by"] or "",
        to_micros(row["reviewed_at"]) if row["reviewed_at"] else 0,
    )  # fmt: skip
