"""Notices, and the log of their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, literal_column, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain.channels import Channel
from services.notifications.domain.kinds import URGENT, Kind
from services.notifications.domain.notices import Move, Notice, Place, State, Step, Told
from services.notifications.storage.tables import delivery, notice
from services.runtime.clock import MICROS_PER_DAY, from_micros, to_micros
from services.runtime.ids import new_id

_OPEN: Final = (State.WAITING, State.SENDING)


async def add(
    connection: AsyncConnection, place: Place, told: Told, recorded_at_us: int, stale_at_us: int, now_us: int
) -> None:
    """Writes a notice that is due now; nothing where there is one of this event and kind."""
    row = {
        "notice_id": new_id(),
        "programme": place.programme,
        "source": place.source,
        "pos": place.pos,
        "kind": told.kind.value,
        "member_id": told.member_id,
        "facts": dict(told.facts),
        "recorded_at": from_micros(recorded_at_us),
        "stale_at": from_micros(stale_at_us),
        "state": State.WAITING.value,
        "why": "",
        "attempts": 0,
        "steps": 0,
        "due_at": from_micros(now_us),
        "made_at": from_micros(now_us),
    }
    await connection.execute(upsert(notice).values(row).on_conflict_do_nothing(constraint="notice_event_uq"))


async def take(
    connection: AsyncConnection, now_us: int, leased_until_us: int, limit: int, *, urgent: bool
) -> list[Notice]:
    """Leases notices that are due, urgent ones or others, those that are due for longest first.

    Nobody else takes them until the lease ends.
    """
    now, c = from_micros(now_us), notice.c
    # (Written out, as the index has it.)
    is_urgent = c.kind.in_([literal_column(f"'{kind.value}'") for kind in URGENT])
    due = (
        select(c.notice_id)
        .where(
            is_urgent if urgent else not_(is_urgent),
            c.state == State.WAITING,
            c.due_at <= now,
            or_(c.leased_until.is_(None), c.leased_until < now),
        )
        .order_by(c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await connection.execute(
        update(notice)
        .where(c.notice_id.in_(due))
        .values(leased_until=from_micros(leased_until_us))
        .returning(*c)
    )
    return sorted(map(_notice, taken), key=lambda each: each.notice_id)


async def interrupted(connection: AsyncConnection, now_us: int, limit: int) -> list[tuple[Notice, Channel]]:
    """Notices whose handing over nobody has ended in time, with the channel; locked."""
    c = notice.c
    found = await connection.execute(
        select(notice)
        .where(c.state == State.SENDING, c.leased_until < from_micros(now_us))
        .order_by(c.leased_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(_notice(row), Channel(row.channel)) for row in found]


async def reached_today(connection: AsyncConnection, given: Notice, channel: Channel, now_us: int) -> int:
    """How many messages of a channel a member got in the last 24 hours, or may have got, or is about to get; without urgent ones.

    Holds the member's lock until the transaction ends, so that two of one member do not count past each other.
    """
    programme, member_id = given.place.programme, given.told.member_id
    key = func.hashtextextended(f"{programme} {member_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(key)))
    of, since = delivery.c, from_micros(now_us - MICROS_PER_DAY)
    told, urgent = notice.alias(), [kind.value for kind in URGENT]
    was_urgent = select(told.c.kind).where(told.c.notice_id == of.notice_id, told.c.kind.in_(urgent)).exists()
    logged = select(func.count()).where(
        of.programme == programme,
        of.member_id == member_id,
        of.channel == channel,
        of.at > since,
        of.outcome.in_((Step.SENT, Step.INTERRUPTED)),
        # Its own interrupted try does not stand in the way of the next one.
        of.notice_id != given.notice_id,
        ~was_urgent,
    )
    c = notice.c
    under_way = select(func.count()).where(
        c.programme == programme,
        c.member_id == member_id,
        c.channel == channel,
        c.state == State.SENDING,
        c.notice_id != given.notice_id,
        c.kind.not_in(urgent),
    )
    # In one statement, which sees one moment: what ends between two would be in neither.
    both = select(logged.scalar_subquery() + under_way.scalar_subquery())
    return (await connection.execute(both)).scalar_one()


async def begin(connection: AsyncConnection, given: Notice, channel: Channel, leased_until_us: int) -> bool:
    """Says that a notice is handed over from now on, and counts the try; False where somebody else has it by now."""
    c = notice.c
    begun = await connection.execute(
        update(notice)
        .where(
            c.notice_id == given.notice_id,
            c.state == State.WAITING,
            c.attempts == given.attempts,
            c.leased_until == from_micros(given.leased_until_us),
        )
        .values(
            state=State.SENDING.value,
            channel=channel.value,
            attempts=c.attempts + 1,
            leased_until=from_micros(leased_until_us),
        )
    )
    return bool(begun.rowcount)


async def move(connection: AsyncConnection, given: Notice, to: Move, now_us: int, *, tries: int = 0) -> bool:
    """Writes a line of the log and what it makes of the notice; False where somebody else has moved it on.

    `tries`: how many tries this adds; one that was begun is counted already.
    """
    now, c = from_micros(now_us), notice.c
    values: dict[str, Any] = {
        "state": to.state.value,
        "why": to.reason if to.state.is_end and to.state is not State.SENT else "",
        "steps": c.steps + 1,
        "attempts": c.attempts + tries,
        "leased_until": None,
        "ended_at": now if to.state.is_end else None,
    }
    if to.channel is not None:
        values["channel"] = to.channel.value
    if not to.state.is_end:
        values["due_at"] = from_micros(to.due_at_us)
    moved = await connection.execute(
        update(notice)
        .where(c.notice_id == given.notice_id, c.attempts == given.attempts, c.state.in_(_OPEN))
        .values(values)
        .returning(c.steps)
    )
    number = moved.scalar()
    if number is None:
        return False
    await connection.execute(
        insert(delivery).values(
            notice_id=given.notice_id,
            number=number,
            programme=given.place.programme,
            member_id=given.told.member_id,
            at=now,
            outcome=to.step.value,
            channel=to.channel.value if to.channel is not None else None,
            reason=to.reason,
        )
    )
    return True


async def let_go(connection: AsyncConnection, given: Notice, due_at_us: int) -> None:
    """Gives a lease back without a line in the log; it is due again at a time."""
    c = notice.c
    await connection.execute(
        update(notice)
        .where(
            c.notice_id == given.notice_id,
            c.state == State.WAITING,
            c.leased_until == from_micros(given.leased_until_us),
        )
        .values(leased_until=None, due_at=from_micros(due_at_us))
    )


async def forget(connection: AsyncConnection, before_us: int, limit: int) -> int:
    """Deletes notices that ended before a time, with their log; answers how many."""
    c = notice.c
    old: Select[tuple[UUID]] = (
        select(c.notice_id).where(c.ended_at < from_micros(before_us)).order_by(c.ended_at).limit(limit)
    )
    ids = list((await connection.execute(old)).scalars())
    if ids:
        await connection.execute(delete(delivery).where(delivery.c.notice_id.in_(ids)))
        await connection.execute(delete(notice).where(c.notice_id.in_(ids)))
    return len(ids)


def _notice(row: Any) -> Notice:
    leased: datetime | None = row.leased_until
    return Notice(
        row.notice_id,
        Place(row.programme, row.source, row.pos),
        Told(Kind(row.kind), row.member_id, row.facts),
        to_micros(row.recorded_at),
        to_micros(row.stale_at),
        row.attempts,
        to_micros(leased) if leased is not None else 0,
    )
