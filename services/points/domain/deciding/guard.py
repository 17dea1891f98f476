"""The partner's guard: whether what was shown will do for a burn, and whether there were too many today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.expiry import day_after_us
from services.points.domain.guarding import (
    NOTHING_SHOWN,
    POINTS_MAX,
    Act,
    DayLimit,
    Exceeded,
    Guards,
    Measure,
    Scope,
    Subject,
    exceeded,
)
from services.points.domain.movements import Earn, Hold, Redemption
from services.points.domain.rows import FlagRow
from services.runtime.clock import from_micros
from services.runtime.ids import new_id

_Guarded = Redemption | Hold | Earn
_WORDS: Final = {Scope.MEMBER: "the member", Scope.CARD: "the card", Scope.TILL: "the till"}


def subjects_of(guards: Guards, item: object) -> Iterator[tuple[Subject, DayLimit]]:
    """What of an item is counted, each with its limit; nothing of what is neither burn, hold nor earn."""
    if isinstance(item, Redemption | Hold):
        return guards.subjects(Act.BURN, item.partner_id, item.member_id, item.authority)
    if isinstance(item, Earn):
        return guards.subjects(Act.EARN, item.partner_id, item.member_id, NOTHING_SHOWN)
    return iter(())


def turn_away_unauthorised(books: Books, item: Redemption | Hold) -> TurnedAway | None:
    """Why what was shown will not do for so many points. Not remembered: the till asks for more, and sends it again."""
    guard, shown = books.terms.guards.of(item.partner_id), item.authority.shown
    most = guard.most(shown)
    if item.points <= most:
        return None
    enough = ", ".join(each.word for each in guard.enough(item.points))
    return TurnedAway(
        Reason.REASON_AUTHORISATION_REQUIRED,
        f"{shown.word} was shown, which will do for {most} points, {item.points} are required",
        {"shown": shown.word, "limit": str(most), "required": str(item.points), "enough": enough},
    )


def refuse_too_many(books: Books, number: int, item: Redemption | Hold) -> Refused | None:
    """Refuses a burn beyond a limit of the day, and flags it."""
    beyond = _beyond(books, item, item.points)
    if beyond is None:
        return None
    _flag(books, item, beyond, item.points)
    subject = beyond.subject
    unit = "burns" if beyond.measure is Measure.TIMES else "points"
    return books.refuse(
        number,
        item,
        Reason.REASON_VELOCITY_EXCEEDED,
        f"{_WORDS[subject.scope]} has come to {beyond.reached} of {beyond.limit} {unit} of today",
        {
            "guard": subject.scope.value,
            "measure": beyond.measure.value,
            "limit": str(beyond.limit),
            "reached": str(beyond.reached),
            "required": str(item.points),
            "resets_at": from_micros(day_after_us(books.at.now_us, books.rules.zone)).isoformat(),
        },
    )


def left_by_guard(books: Books, item: Redemption | Hold) -> int:
    """Most points that the limits of the day leave to a burn."""
    left = POINTS_MAX
    for subject, limit in subjects_of(books.terms.guards, item):
        count = books.counted(subject)
        if limit.times and count.times >= limit.times:
            return 0
        if limit.points:
            left = min(left, max(0, limit.points - count.points))
    return left


def count_burn(books: Books, item: Redemption | Hold) -> None:
    """Counts a burn that was posted, or set aside, to the day's."""
    _count(books, item, item.points)


def count_earn(books: Books, item: Earn, points: int) -> None:
    """Counts an earn that was posted to the day's, and flags it where that is too many."""
    if item.partner_id not in books.terms.guards.counting:
        return
    beyond = _beyond(books, item, points)
    if beyond is not None:
        _flag(books, item, beyond, points)
    _count(books, item, points)


def _beyond(books: Books, item: _Guarded, points: int) -> Exceeded | None:
    for subject, limit in subjects_of(books.terms.guards, item):
        beyond = exceeded(subject, limit, books.counted(subject), points)
        if beyond is not None:
            return beyond
    return None


def _count(books: Books, item: _Guarded, points: int) -> None:
    for subject, _ in subjects_of(books.terms.guards, item):
        books.count(subject, points)


def _flag(books: Books, item: _Guarded, beyond: Exceeded, points: int) -> None:
    books.rows.flags.append(
        FlagRow(
            new_id(), beyond.subject, beyond.allowed, item.member_id, item.reference, item.traceparent, beyond.measure,
            beyond.limit, beyond.reached, points, books.at.now_us,
        )
    )  # fmt: skip
