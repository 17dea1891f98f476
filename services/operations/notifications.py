"""What members are written: texts, switches, deliveries and figures, for people."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.notifications.v1 import notifications_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.ids import from_text, to_text
from services.runtime.principal import Programme

_STATES: Final = {
    pb.NOTICE_STATE_WAITING: "waiting",
    pb.NOTICE_STATE_SENDING: "sending",
    pb.NOTICE_STATE_SENT: "sent",
    pb.NOTICE_STATE_DROPPED: "dropped",
    pb.NOTICE_STATE_EXPIRED: "expired",
    pb.NOTICE_STATE_FAILED: "failed",
}
#: Forms of texts by the name that people give.
FORMS: Final = {"email": pb.TEXT_FORM_EMAIL, "short": pb.TEXT_FORM_SHORT}
_FORM_NAMES: Final = {wire: name for name, wire in FORMS.items()}


async def deliveries(
    session: Session, programme: Programme, member: str, before: str, limit: int
) -> list[Document]:
    """What a member (`mem_…`) was written about before a notice (`ntc_…`; empty: from the newest on), newest first.

    Raises MalformedId, INVALID_REQUEST, PERMISSION_DENIED.
    """
    request = pb.ListDeliveriesRequest(
        member_id=from_text("mem", member).bytes,
        before_notice_id=from_text("ntc", before).bytes if before else b"",
        limit=limit,
    )
    answer = await session.call(session.notifications.ListDeliveries, request, programme)
    return [_notice(each, programme.zone) for each in answer.notices]


async def stats(session: Session, programme: Programme, days: int) -> list[Document]:
    """How many notices of the last days came to what, by kind, channel, state and why."""
    request = pb.GetStatsRequest(days=days)
    answer: pb.GetStatsResponse = await session.call(session.notifications.GetStats, request, programme)
    return [
        {
            "kind": each.kind,
            "channel": each.channel or None,
            "state": _STATES[each.state],
            "why": each.why or None,
            "notices": each.notices,
        }
        for each in answer.counts
    ]


async def templates(session: Session, programme: Programme, language: str) -> list[Document]:
    """Every kind, whether it is on, and its texts in a language."""
    request = pb.ListTemplatesRequest(language=language)
    answer: pb.ListTemplatesResponse = await session.call(
        session.notifications.ListTemplates, request, programme
    )
    return [
        {
            "kind": kind.kind,
            "event": kind.event_type,
            "on": kind.on,
            "needs_consent": kind.needs_consent,
            "shelf_hours": kind.shelf_hours,
            "placeholders": list(kind.placeholders),
            "texts": [_template(each, programme.zone) for each in kind.templates],
        }
        for kind in answer.kinds
    ]


async def set_template(
    session: Session, programme: Programme, kind: str, form: str, language: str, subject: str, body: str
) -> Document:
    """Sets a text; without subject and body the platform's counts again. Raises INVALID_REQUEST, PERMISSION_DENIED."""
    request = pb.SetTemplateRequest(
        kind=kind, form=FORMS[form], language=language, subject=subject, body=body
    )
    answer = await session.call(session.notifications.SetTemplate, request, programme)
    return {"kind": kind, "language": language} | _template(answer.template, programme.zone)


async def switch(session: Session, programme: Programme, kind: str, *, on: bool) -> Document:
    """Turns a kind on or off. Raises INVALID_REQUEST, PERMISSION_DENIED."""
    request = pb.SwitchKindRequest(kind=kind, on=on)
    answer = await session.call(session.notifications.SwitchKind, request, programme)
    return {"kind": kind, "on": on, "changed": answer.changed}


def _notice(found: pb.Notice, zone: str) -> Document:
    return {
        "notice": to_text("ntc", UUID(bytes=found.notice_id)),
        "kind": found.kind,
        "event": f"{found.source} {found.pos}",
        "state": _STATES[found.state],
        "why": found.why or None,
        "channel": found.channel or None,
        "attempts": found.attempts,
        "recorded_at": write_time(found.recorded_at_us, zone),
        "due_at": write_time(found.due_at_us, zone) or None,
        "stale_at": write_time(found.stale_at_us, zone),
        "ended_at": write_time(found.ended_at_us, zone) or None,
        "steps": [
            {
                "at": write_time(step.at_us, zone),
                "outcome": step.outcome,
                "channel": step.channel or None,
                "reason": step.reason or None,
            }
            for step in found.steps
        ],
    }


def _template(found: pb.Template, zone: str) -> Document:
    return {
        "form": _FORM_NAMES[found.form],
        "subject": found.subject or None,
        "body": found.body,
        "own": found.own,
        "set_by": found.set_by or None,
        "set_at": write_time(found.set_at_us, zone) or None,
    }
