"""What staff sees of notices: those of a member with their log, and figures of a programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from services.notifications.domain.notices import State
from services.notifications.storage.connection import Reads
from services.notifications.storage.tables import delivery, notice
from services.runtime.clock import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """A line of the log. `at_us`: wall-clock."""

    number: int
    at_us: int
    outcome: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeRead:
    """A notice and its log. Times are wall-clock; `due_at_us` 0 where it waits for nothing, `ended_at_us` 0 where it is not over."""

    notice_id: UUID
    kind: str
    source: str
    pos: int
    state: State
    why: str
    attempts: int
    channel: str
    recorded_at_us: int
    due_at_us: int
    stale_at_us: int
    ended_at_us: int
    steps: Sequence[LoggedStep]


@dataclass(frozen=True, slots=True)
class Count:
    """How many notices came to the same."""

    kind: str
    channel: str
    state: State
    why: str
    notices: int


async def of_member(
    connection: Reads, programme: str, member_id: UUID, before: UUID | None, limit: int
) -> list[NoticeRead]:
    """A member's notices before one (None: from the newest on), newest first."""
    c = notice.c
    wanted = select(notice).where(c.programme == programme, c.member_id == member_id)
    if before is not None:
        wanted = wanted.where(c.notice_id < before)
    rows = (await connection.execute(wanted.order_by(c.notice_id.desc()).limit(limit))).all()
    of = delivery.c
    logged = await connection.execute(
        select(delivery)
        .where(of.notice_id.in_([row.notice_id for row in rows]))
        .order_by(of.notice_id, of.number)
    )
    steps: dict[UUID, list[LoggedStep]] = {}
    for line in logged:
        steps.setdefault(line.notice_id, []).append(
            LoggedStep(line.number, to_micros(line.at), line.outcome, line.channel or "", line.reason)
        )
    return [
        NoticeRead(
            row.notice_id, row.kind, row.source, row.pos, State(row.state), row.why, row.attempts,
            row.channel or "", to_micros(row.recorded_at),
            to_micros(row.due_at) if row.state == State.WAITING else 0,
            to_micros(row.stale_at), _micros(row.ended_at), steps.get(row.notice_id, ()),
        )
        for row in rows
    ]  # fmt: skip


async def counts(connection: Reads, programme: str, since_us: int) -> list[Count]:
    """Notices made since a time, by kind, channel, state and why."""
    c = notice.c
    by = (c.kind, c.channel, c.state, c.why)
    found = await connection.execute(
        select(*by, func.count().label("notices"))
        .where(c.programme == programme, c.made_at >= from_micros(since_us))
        .group_by(*by)
        .order_by(*by)
    )
    return [Count(row.kind, row.channel or "", State(row.state), row.why, row.notices) for row in found]


async def oldest_due_us(connection: Reads, programme: str, now_us: int) -> int:
    """When the notice that is due for longest was due; 0: none is."""
    c = notice.c
    found = await connection.execute(
        select(func.min(c.due_at)).where(
            c.programme == programme, c.state == State.WAITING, c.due_at <= from_micros(now_us)
        )
    )
    return _micros(found.scalar())


def _micros(time: datetime | None) -> int:
    return to_micros(time) if time is not None else 0
