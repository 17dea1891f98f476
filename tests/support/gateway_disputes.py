"""Disputes as the gateway meets them: real gRPC, books in memory, answers as the contract says."""

from __future__ import annotations

import itertools
from typing import Any, Final

from coalition.partners.v1 import disputes_pb2 as pb
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceServicer
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import NotFound, Refused
from services.runtime.ids import new_id
from services.runtime.principal import acting

NOW_US: Final = 1_773_738_764_201_910


class DisputesBook(DisputeServiceServicer):
    """The disputes of every partner."""

    def __init__(self) -> None:
        self._of: dict[bytes, list[pb.Dispute]] = {}
        self._numbers = itertools.count(1)

    async def OpenDispute(self, request: pb.OpenDisputeRequest, context: Any) -> pb.OpenDisputeResponse:
        acting().require("statements:accept")
        made = pb.Dispute(
            dispute_id=new_id().bytes,
            number=next(self._numbers),
            statement_id=request.statement_id,
            line=request.line,
            line_kind="issued",
            partner_id=acting().as_partner().bytes,
            legal_entity=1,
            claimed_minor=request.claimed_minor,
            withheld_minor=request.claimed_minor if request.mode == pb.DISPUTE_MODE_WITHHELD else 0,
            mode=request.mode,
            ground=request.ground,
            state=pb.DISPUTE_STATE_OPENED,
            decide_until_us=NOW_US + 1,
        )
        self._tell(made, "opened", request.text, list(request.references))
        self._of.setdefault(made.partner_id, []).insert(0, made)
        return pb.OpenDisputeResponse(dispute=made)

    async def AddEvidence(self, request: pb.AddEvidenceRequest, context: Any) -> pb.AddEvidenceResponse:
        acting().require("statements:accept")
        found = self._named(request.dispute_id)
        self._tell(found, "evidence", request.text, list(request.references))
        return pb.AddEvidenceResponse(dispute=found)

    async def EscalateDispute(
        self, request: pb.EscalateDisputeRequest, context: Any
    ) -> pb.EscalateDisputeResponse:
        acting().require("statements:accept")
        self._named(request.dispute_id)
        raise Refused(Reason.REASON_DISPUTE_STATE, "the dispute is opened", state="opened")

    async def GetDispute(self, request: pb.GetDisputeRequest, context: Any) -> pb.GetDisputeResponse:
        acting().require("statements:read")
        return pb.GetDisputeResponse(dispute=self._named(request.dispute_id))

    async def ListDisputes(self, request: pb.ListDisputesRequest, context: Any) -> pb.ListDisputesResponse:
        acting().require("statements:read")
        found = [
            each
            for each in self._of.get(acting().as_partner().bytes, [])
            if (not request.before or each.number < request.before) and each.number > request.after
        ]
        return pb.ListDisputesResponse(disputes=found[: request.limit], has_more=len(found) > request.limit)

    def _named(self, dispute_id: bytes) -> pb.Dispute:
        for each in self._of.get(acting().as_partner().bytes, []):
            if each.dispute_id == dispute_id:
                return each
        raise NotFound("there is no such dispute")

    def _tell(self, found: pb.Dispute, kind: str, text: str, references: list[str]) -> None:
        found.events.add(
            number=len(found.events) + 1,
            kind=kind,
            state=found.state,
            at_us=NOW_US,
            by=acting().actor,
            text=text,
            references=references,
        )
