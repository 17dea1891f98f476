"""What must be shown for a burn, how much is too much in a day, and what went beyond that: set, listed, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.points.v1 import guards_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.ids import from_text, to_text
from services.runtime.principal import Programme

FLAG_PREFIX: Final = "flg"
_DAYS: Final = ("member_burns", "card_burns", "till_burns", "member_earns")


def guard_document(message: pb.Guard) -> Document:
    """A partner's guard; limits of a day as {times, points}, 0 for none."""
    shown: Document = {
        name: getattr(message, name) for name in ("offline_points", "card_points", "pin_points")
    }
    days = {name: getattr(message, name) for name in _DAYS}
    return shown | {name: {"times": day.times, "points": day.points} for name, day in days.items()}


def flag_document(message: pb.Flag, zone: str, slugs: Mapping[bytes, str]) -> Document:
    """Something that went beyond a guard; `slugs` names partners."""
    return {
        "id": to_text(FLAG_PREFIX, UUID(bytes=message.flag_id)),
        "partner": slugs.get(message.partner_id, to_text("ptr", UUID(bytes=message.partner_id))),
        "member": to_text("mem", UUID(bytes=message.member_id)),
        "act": message.act,
        "scope": message.scope,
        "subject": message.subject,
        "measure": message.measure,
        "limit": message.limit,
        "reached": message.reached,
        "points": message.points,
        "reference": message.reference,
        "flagged_at": write_time(message.flagged_at_us, zone),
        "verdict": pb.Verdict.Name(message.verdict).removeprefix("VERDICT_").lower()
        if message.verdict
        else "open",
        "note": message.note,
        "reviewed_by": message.reviewed_by,
        "reviewed_at": write_time(message.reviewed_at_us, zone) if message.reviewed_at_us else None,
    }


class Day(NamedTuple):
    """Most of a day: so often, and so many points in all; 0: no limit."""

    times: int = 0
    points: int = 0


class Guard(NamedTuple):
    """A partner's guard; see the proto."""

    offline_points: int
    card_points: int
    pin_points: int
    member_burns: Day
    card_burns: Day
    till_burns: Day
    member_earns: Day


async def set_guard(session: Session, programme: Programme, slug: str, guard: Guard) -> pb.Guard:
    """Sets a partner's guard, whole. Raises INVALID_REQUEST, PARTNER_UNKNOWN."""
    wanted = pb.Guard(
        partner_id=await session.partner_id(programme, slug),
        offline_points=guard.offline_points,
        card_points=guard.card_points,
        pin_points=guard.pin_points,
        **{name: pb.DayLimit(**getattr(guard, name)._asdict()) for name in _DAYS},
    )
    answer = await session.call(session.guards.SetGuard, pb.SetGuardRequest(guard=wanted), programme)
    return answer.guard


async def guard_of(session: Session, programme: Programme, slug: str) -> pb.Guard | None:
    """A partner's guard; None where it has the default."""
    request = pb.ListGuardsRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.guards.ListGuards, request, programme)
    return answer.guards[0] if answer.guards else None


async def flags(session: Session, programme: Programme, *, open_only: bool, limit: int) -> Sequence[pb.Flag]:
    """Flags, newest first; up to 100."""
    request = pb.ListFlagsRequest(open_only=open_only, limit=limit)
    answer = await session.call(session.guards.ListFlags, request, programme)
    return answer.flags


async def review(session: Session, programme: Programme, flag: str, verdict: str, note: str) -> pb.Flag:
    """Ends a flag (`flg_…`), `allowed` or `confirmed`. Raises MalformedId, NOT_FOUND, FLAG_REVIEWED."""
    request = pb.ReviewFlagRequest(
        flag_id=from_text(FLAG_PREFIX, flag).bytes,
        verdict=pb.Verdict.Value(f"VERDICT_{verdict.upper()}"),
        note=note,
    )
    answer = await session.call(session.guards.ReviewFlag, request, programme)
    return answer.flag
