"""GuardsService over gRPC."""

from __future__ import annotations

from typing import Final

from coalition.points.v1 import guards_pb2 as pb
from coalition.points.v1.guards_pb2_grpc import GuardsServiceServicer

from services.points.app import Points
from services.points.domain.flags import Flag, Verdict
from services.points.domain.guarding import DayLimit, Guard, GuardVersion
from services.runtime.boundary import CallContext
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_FLAGS_MAX: Final = 100
_VERDICTS: Final = {pb.VERDICT_ALLOWED: Verdict.ALLOWED, pb.VERDICT_CONFIRMED: Verdict.CONFIRMED}
_OF_VERDICT: Final = {verdict: wire for wire, verdict in _VERDICTS.items()}


class GuardsServicer(GuardsServiceServicer):
    """Maps each RPC to one command or query."""

    def __init__(self, application: Points) -> None:
        self._app = application

    async def SetGuard(self, request: pb.SetGuardRequest, context: CallContext) -> pb.SetGuardResponse:
        """Sets a guard."""
        principal = acting()
        principal.require_role("pricing")
        partner_id = read_id(request.guard.partner_id, "partner_id")
        guard = await self._app.set_guard(
            principal.in_programme(), partner_id, _guard_of(request.guard), principal.actor
        )
        return pb.SetGuardResponse(guard=_guard_message(GuardVersion(partner_id, guard, 0)))

    async def ListGuards(self, request: pb.ListGuardsRequest, context: CallContext) -> pb.ListGuardsResponse:
        """Lists guards; a partner gets its own."""
        principal = acting()
        asked = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.flags.guards(
            principal.in_programme().ledger_id, principal.partner_id or asked
        )
        return pb.ListGuardsResponse(guards=map(_guard_message, found))

    async def ListFlags(self, request: pb.ListFlagsRequest, context: CallContext) -> pb.ListFlagsResponse:
        """Lists flags."""
        principal = acting()
        principal.require_internal()
        if not 0 <= request.limit <= _FLAGS_MAX:
            raise InvalidRequest(f"limit: 1 to {_FLAGS_MAX}, or 0 for {_FLAGS_MAX}", field="limit")
        found, has_more = await self._app.flags.listed(
            principal.in_programme().ledger_id,
            request.open_only,
            read_optional_id(request.before, "before"),
            request.limit or _FLAGS_MAX,
        )
        return pb.ListFlagsResponse(flags=map(_flag_message, found), has_more=has_more)

    async def ReviewFlag(self, request: pb.ReviewFlagRequest, context: CallContext) -> pb.ReviewFlagResponse:
        """Ends a flag."""
        principal = acting()
        principal.require_role("service_desk")
        verdict = _VERDICTS.get(request.verdict)
        if verdict is None:
            raise InvalidRequest("verdict: allowed or confirmed", field="verdict")
        flag = await self._app.review_flag(
            principal.in_programme(),
            read_id(request.flag_id, "flag_id"),
            verdict,
            request.note,
            principal.actor,
        )
        return pb.ReviewFlagResponse(flag=_flag_message(flag))


def _guard_of(asked: pb.Guard) -> Guard:
    return Guard(
        asked.offline_points,
        asked.card_points,
        asked.pin_points,
        *(
            DayLimit(limit.times, limit.points)
            for limit in (asked.member_burns, asked.card_burns, asked.till_burns, asked.member_earns)
        ),
    )


def _guard_message(version: GuardVersion) -> pb.Guard:
    guard = version.guard
    return pb.Guard(
        partner_id=version.partner_id.bytes,
        offline_points=guard.offline_points,
        card_points=guard.card_points,
        pin_points=guard.pin_points,
        member_burns=pb.DayLimit(**guard.member_burns._asdict()),
        card_burns=pb.DayLimit(**guard.card_burns._asdict()),
        till_burns=pb.DayLimit(**guard.till_burns._asdict()),
        member_earns=pb.DayLimit(**guard.member_earns._asdict()),
    )


def _flag_message(flag: Flag) -> pb.Flag:
    subject = flag.subject
    return pb.Flag(
        flag_id=flag.flag_id.bytes,
        partner_id=subject.partner_id.bytes,
        member_id=flag.member_id.bytes,
        act=subject.act,
        scope=subject.scope,
        subject=subject.name,
        measure=flag.measure,
        limit=flag.limit,
        reached=flag.reached,
        points=flag.points,
        reference=flag.reference,
        flagged_at_us=flag.flagged_at_us,
        verdict=_OF_VERDICT[flag.verdict] if flag.verdict else pb.VERDICT_UNSPECIFIED,
        note=flag.note,
        reviewed_by=flag.reviewed_by,
        reviewed_at_us=flag.reviewed_at_us,
    )
