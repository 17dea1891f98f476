"""coalition.notifications.v1.NotificationsService over the commands and queries."""

from __future__ import annotations

from typing import Final

from coalition.notifications.v1 import notifications_pb2 as pb
from coalition.notifications.v1.notifications_pb2_grpc import NotificationsServiceServicer

from services.notifications.app import Notifications
from services.notifications.domain.channels import Form
from services.notifications.domain.kinds import ABOUT, Purpose, read_kind
from services.notifications.domain.notices import State
from services.notifications.domain.texts import Text
from services.notifications.queries.deliveries import Count, NoticeRead
from services.notifications.queries.texts import KindRead, OwnText, Said
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_STATES: Final = {
    State.WAITING: pb.NOTICE_STATE_WAITING,
    State.SENDING: pb.NOTICE_STATE_SENDING,
    State.SENT: pb.NOTICE_STATE_SENT,
    State.DROPPED: pb.NOTICE_STATE_DROPPED,
    State.EXPIRED: pb.NOTICE_STATE_EXPIRED,
    State.FAILED: pb.NOTICE_STATE_FAILED,
}
_FORMS: Final = {pb.TEXT_FORM_EMAIL: Form.EMAIL, pb.TEXT_FORM_SHORT: Form.SHORT}
_FORMS_WIRE: Final = {form: wire for wire, form in _FORMS.items()}


class NotificationsServicer(NotificationsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, notifications: Notifications) -> None:
        self._app = notifications

    async def ListDeliveries(
        self, request: pb.ListDeliveriesRequest, context: object
    ) -> pb.ListDeliveriesResponse:
        """See the contract."""
        found, has_more = await self._app.deliveries.of_member(
            acting(),
            read_id(request.member_id, "member_id"),
            read_optional_id(request.before_notice_id, "before_notice_id"),
            request.limit,
        )
        return pb.ListDeliveriesResponse(notices=map(_notice, found), has_more=has_more)

    async def GetStats(self, request: pb.GetStatsRequest, context: object) -> pb.GetStatsResponse:
        """See the contract."""
        figures = await self._app.deliveries.figures(acting(), request.days)
        return pb.GetStatsResponse(
            counts=map(_count, figures.counts), oldest_due_at_us=figures.oldest_due_at_us
        )

    async def ListTemplates(
        self, request: pb.ListTemplatesRequest, context: object
    ) -> pb.ListTemplatesResponse:
        """See the contract."""
        found = await self._app.texts.all(acting(), request.language)
        return pb.ListTemplatesResponse(kinds=map(_kind, found))

    async def SetTemplate(self, request: pb.SetTemplateRequest, context: object) -> pb.SetTemplateResponse:
        """See the contract."""
        kind, form = read_kind(request.kind), _form(request.form)
        text = Text(request.subject, request.body) if request.body or request.subject else None
        own = await self._app.set_text(acting(), kind, form, request.language, text)
        said = text if text is not None else self._app.texts.standard(kind, form, request.language)
        shown = Said(form, said, own if text is not None else None)
        return pb.SetTemplateResponse(template=_template(shown))

    async def SwitchKind(self, request: pb.SwitchKindRequest, context: object) -> pb.SwitchKindResponse:
        """See the contract."""
        changed = await self._app.switch_kind(acting(), read_kind(request.kind), on=request.on)
        return pb.SwitchKindResponse(changed=changed)


def _form(wire: pb.TextForm.ValueType) -> Form:
    if wire not in _FORMS:
        raise InvalidRequest("form: an e-mail or a short text", field="form")
    return _FORMS[wire]


def _notice(found: NoticeRead) -> pb.Notice:
    return pb.Notice(
        notice_id=found.notice_id.bytes,
        kind=found.kind,
        source=found.source,
        pos=found.pos,
        state=_STATES[found.state],
        why=found.why,
        attempts=found.attempts,
        channel=found.channel,
        recorded_at_us=found.recorded_at_us,
        due_at_us=found.due_at_us,
        stale_at_us=found.stale_at_us,
        ended_at_us=found.ended_at_us,
        steps=[
            pb.DeliveryStep(
                number=step.number,
                at_us=step.at_us,
                outcome=step.outcome,
                channel=step.channel,
                reason=step.reason,
            )
            for step in found.steps
        ],
    )


def _count(found: Count) -> pb.NoticeCount:
    return pb.NoticeCount(
        kind=found.kind,
        channel=found.channel,
        state=_STATES[found.state],
        why=found.why,
        notices=found.notices,
    )


def _kind(found: KindRead) -> pb.NoticeKind:
    about = ABOUT[found.kind]
    return pb.NoticeKind(
        kind=found.kind.value,
        event_type=about.event_type,
        on=found.on,
        needs_consent=about.purpose is Purpose.MARKETING,
        shelf_hours=about.shelf_hours,
        placeholders=about.placeholders,
        templates=map(_template, found.said),
    )


def _template(said: Said) -> pb.Template:
    own: OwnText | None = said.own
    return pb.Template(
        form=_FORMS_WIRE[said.form],
        subject=said.text.subject,
        body=said.text.body,
        own=own is not None,
        set_by=own.set_by if own is not None else "",
        set_at_us=own.set_at_us if own is not None else 0,
    )
