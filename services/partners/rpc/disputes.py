"""coalition.partners.v1.DisputeService over the commands and queries of disputes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coalition.partners.v1 import disputes_pb2 as pb
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceServicer

from services.partners.app import Disputing
from services.partners.commands.disputes.open_dispute import Claim
from services.partners.domain.disputes.dispute import Dispute, Event, Ground, Mode, State
from services.partners.domain.disputes.terms import DisputeTerms, DisputeTermsVersion
from services.partners.domain.disputes.texts import read_said
from services.partners.queries.drafts import DraftQueries
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_MODES: Final[Mapping[pb.DisputeMode.ValueType, Mode]] = {
    pb.DisputeMode.Value(f"DISPUTE_MODE_{each.name}"): each for each in Mode
}
_GROUNDS: Final[Mapping[pb.DisputeGround.ValueType, Ground]] = {
    pb.DisputeGround.Value(f"DISPUTE_GROUND_{each.name}"): each for each in Ground
}
_MODE_OUT: Final = {mode: value for value, mode in _MODES.items()}
_GROUND_OUT: Final = {ground: value for value, ground in _GROUNDS.items()}
_STATE_OUT: Final = {each: pb.DisputeState.Value(f"DISPUTE_STATE_{each.name}") for each in State}


class DisputeServicer(DisputeServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, disputing: Disputing, drafts: DraftQueries) -> None:
        self._app, self._drafts = disputing, drafts

    async def OpenDispute(self, request: pb.OpenDisputeRequest, context: object) -> pb.OpenDisputeResponse:
        """See the contract."""
        ground, mode = _GROUNDS.get(request.ground), _MODES.get(request.mode)
        if ground is None:
            raise InvalidRequest(f"grounds are {', '.join(Ground)}", field="ground")
        if mode is None:
            raise InvalidRequest(f"modes are {', '.join(Mode)}", field="mode")
        statement_id = read_id(request.statement_id, "statement_id")
        said = read_said(request.text, request.references)
        claim = Claim(statement_id, request.line, request.claimed_minor, ground, mode, said)
        made = await self._app.open_dispute(acting(), claim)
        return pb.OpenDisputeResponse(dispute=await self._now(made))

    async def AddEvidence(self, request: pb.AddEvidenceRequest, context: object) -> pb.AddEvidenceResponse:
        """See the contract."""
        dispute_id, said = (
            read_id(request.dispute_id, "dispute_id"),
            read_said(request.text, request.references),
        )
        found = await self._app.add_evidence(acting(), dispute_id, said)
        return pb.AddEvidenceResponse(dispute=await self._now(found))

    async def AskForEvidence(
        self, request: pb.AskForEvidenceRequest, context: object
    ) -> pb.AskForEvidenceResponse:
        """See the contract."""
        dispute_id = read_id(request.dispute_id, "dispute_id")
        found = await self._app.ask_for_evidence(acting(), dispute_id, read_said(request.text))
        return pb.AskForEvidenceResponse(dispute=await self._now(found))

    async def DecideDispute(
        self, request: pb.DecideDisputeRequest, context: object
    ) -> pb.DecideDisputeResponse:
        """See the contract."""
        dispute_id, said = read_id(request.dispute_id, "dispute_id"), read_said(request.text)
        found = await self._app.decide_dispute(acting(), dispute_id, request.accepted_minor, said)
        return pb.DecideDisputeResponse(dispute=await self._now(found))

    async def EscalateDispute(
        self, request: pb.EscalateDisputeRequest, context: object
    ) -> pb.EscalateDisputeResponse:
        """See the contract."""
        dispute_id = read_id(request.dispute_id, "dispute_id")
        found = await self._app.escalate_dispute(acting(), dispute_id, read_said(request.text))
        return pb.EscalateDisputeResponse(dispute=await self._now(found))

    async def FollowDisputes(
        self, request: pb.FollowDisputesRequest, context: object
    ) -> pb.FollowDisputesResponse:
        """See the contract."""
        found = await self._app.follow_disputes.asked(acting())
        return pb.FollowDisputesResponse(disputes=[await self._now(each) for each in found])

    async def GetDispute(self, request: pb.GetDisputeRequest, context: object) -> pb.GetDisputeResponse:
        """See the contract."""
        dispute_id = read_optional_id(request.dispute_id, "dispute_id")
        found, now_us = await self._app.disputes.get(acting(), dispute_id, request.number)
        return pb.GetDisputeResponse(dispute=_message(found, now_us))

    async def ListDisputes(self, request: pb.ListDisputesRequest, context: object) -> pb.ListDisputesResponse:
        """See the contract."""
        page = await self._app.disputes.list_them(
            acting(),
            read_optional_id(request.partner_id, "partner_id"),
            before=request.before,
            after=request.after,
            limit=request.limit,
            unfinished=request.unfinished,
        )
        messages = (_message(each, page.now_us) for each in page.disputes)
        return pb.ListDisputesResponse(disputes=messages, has_more=page.has_more)

    async def SetDisputeTerms(
        self, request: pb.SetDisputeTermsRequest, context: object
    ) -> pb.SetDisputeTermsResponse:
        """See the contract."""
        made = await self._app.set_dispute_terms(acting(), _terms_from(request.terms))
        return pb.SetDisputeTermsResponse(version=_version(made))

    async def ProposeDisputeTerms(
        self, request: pb.ProposeDisputeTermsRequest, context: object
    ) -> pb.ProposeDisputeTermsResponse:
        """See the contract."""
        made = await self._app.propose_dispute_terms(acting(), _terms_from(request.terms), request.why)
        return pb.ProposeDisputeTermsResponse(draft=draft_message(made, self._drafts))

    async def ListDisputeTerms(
        self, request: pb.ListDisputeTermsRequest, context: object
    ) -> pb.ListDisputeTermsResponse:
        """See the contract."""
        found = await self._app.disputes.terms(acting())
        return pb.ListDisputeTermsResponse(versions=map(_version, found))

    async def _now(self, found: Dispute) -> pb.Dispute:
        return _message(found, await self._app.disputes.now_us(acting()))


def _message(found: Dispute, now_us: int) -> pb.Dispute:
    return pb.Dispute(
        dispute_id=found.dispute_id.bytes,
        number=found.number,
        statement_id=found.statement_id.bytes,
        line=found.line,
        line_kind=found.kind,
        partner_id=found.partner_id.bytes,
        legal_entity=found.entity,
        claimed_minor=found.claimed_minor,
        accepted_minor=found.accepted_minor,
        withheld_minor=found.withheld_minor,
        tax_basis_points=found.tax_basis_points,
        mode=_MODE_OUT[found.mode],
        ground=_GROUND_OUT[found.ground],
        state=_STATE_OUT[found.state],
        evidence_until_us=found.evidence_until_us,
        decide_until_us=found.decide_until_us,
        escalate_until_us=found.escalate_until_us,
        is_overdue=found.is_overdue(now_us),
        events=map(_event, found.events),
    )


def _event(event: Event) -> pb.DisputeEvent:
    return pb.DisputeEvent(
        number=event.number,
        kind=event.kind.value,
        state=_STATE_OUT[event.state],
        at_us=event.at_us,
        by=event.by,
        text=event.text,
        references=event.references,
        accepted_minor=event.accepted_minor,
        window=event.window,
    )


def _terms_from(message: pb.DisputeTerms) -> DisputeTerms:
    return DisputeTerms(
        message.valid_from_us, message.evidence_days, message.decision_days, message.escalation_days
    )


def _version(made: DisputeTermsVersion) -> pb.DisputeTermsVersion:
    terms = made.terms
    message = pb.DisputeTerms(
        valid_from_us=terms.valid_from_us,
        evidence_days=terms.evidence_days,
        decision_days=terms.decision_days,
        escalation_days=terms.escalation_days,
    )
    draft_id = made.draft_id.bytes if made.draft_id else b""
    return pb.DisputeTermsVersion(terms=message, version=made.version, draft_id=draft_id)
