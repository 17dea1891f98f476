"""Disputes of the partners service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.partners.v1 import disputes_pb2 as pb
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceStub

from services.gateway.clients.calls import ask
from services.gateway.domain.disputes import Claim, Dispute, Event, Ground, Mode, State
from services.runtime.errors import Fault
from services.runtime.ids import from_bytes

_GROUNDS: Final = {each: pb.DisputeGround.Value(f"DISPUTE_GROUND_{each.name}") for each in Ground}
_MODES: Final = {each: pb.DisputeMode.Value(f"DISPUTE_MODE_{each.name}") for each in Mode}
_GROUND_IN: Final = {value: ground for ground, value in _GROUNDS.items()}
_MODE_IN: Final = {value: mode for mode, value in _MODES.items()}
_STATES: Final = {pb.DisputeState.Value(f"DISPUTE_STATE_{each.name}"): each for each in State}
_OF_A_PARTNER: Final = "key_"


class Disputes(Protocol):
    """What the gateway asks of disputes. Each call is as the caller whose token it is."""

    async def open(self, token: bytes, claim: Claim) -> Dispute:
        """Opens a dispute. Raises NotFound, InvalidRequest, Refused, Conflict."""
        ...

    async def add_evidence(
        self, token: bytes, dispute_id: UUID, text: str, references: Sequence[str]
    ) -> Dispute:
        """Adds evidence. Raises NotFound, InvalidRequest, Refused."""
        ...

    async def escalate(self, token: bytes, dispute_id: UUID, text: str) -> Dispute:
        """Wants another person to decide. Raises NotFound, InvalidRequest, Refused."""
        ...

    async def one(self, token: bytes, dispute_id: UUID) -> Dispute:
        """One dispute of the caller's. Raises NotFound."""
        ...

    async def listed(self, token: bytes, limit: int, before: int, after: int) -> tuple[list[Dispute], bool]:
        """The caller's disputes, newest first, of numbers between two (0: no bound), and whether there are more."""
        ...


class GrpcDisputes:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = DisputeServiceStub(channel)

    async def open(self, token: bytes, claim: Claim) -> Dispute:
        """As Disputes.open."""
        request = pb.OpenDisputeRequest(
            statement_id=claim.statement_id.bytes,
            line=claim.line,
            claimed_minor=claim.claimed_minor,
            ground=_GROUNDS[claim.ground],
            mode=_MODES[claim.mode],
            text=claim.text,
            references=claim.references,
        )
        response: pb.OpenDisputeResponse = await ask(self._stub.OpenDispute, request, token)
        return _dispute_of(response.dispute)

    async def add_evidence(
        self, token: bytes, dispute_id: UUID, text: str, references: Sequence[str]
    ) -> Dispute:
        """As Disputes.add_evidence."""
        request = pb.AddEvidenceRequest(dispute_id=dispute_id.bytes, text=text, references=references)
        response: pb.AddEvidenceResponse = await ask(self._stub.AddEvidence, request, token)
        return _dispute_of(response.dispute)

    async def escalate(self, token: bytes, dispute_id: UUID, text: str) -> Dispute:
        """As Disputes.escalate."""
        request = pb.EscalateDisputeRequest(dispute_id=dispute_id.bytes, text=text)
        response: pb.EscalateDisputeResponse = await ask(self._stub.EscalateDispute, request, token)
        return _dispute_of(response.dispute)

    async def one(self, token: bytes, dispute_id: UUID) -> Dispute:
        """As Disputes.one."""
        request = pb.GetDisputeRequest(dispute_id=dispute_id.bytes)
        response: pb.GetDisputeResponse = await ask(self._stub.GetDispute, request, token)
        return _dispute_of(response.dispute)

    async def listed(self, token: bytes, limit: int, before: int, after: int) -> tuple[list[Dispute], bool]:
        """As Disputes.listed."""
        request = pb.ListDisputesRequest(limit=limit, before=before, after=after)
        response: pb.ListDisputesResponse = await ask(self._stub.ListDisputes, request, token)
        return [_dispute_of(each) for each in response.disputes], response.has_more


def _dispute_of(message: pb.Dispute) -> Dispute:
    state, ground, mode = (
        _STATES.get(message.state), _GROUND_IN.get(message.ground), _MODE_IN.get(message.mode),
    )  # fmt: skip
    if state is None or ground is None or mode is None:
        raise Fault
    return Dispute(
        from_bytes(message.dispute_id),
        message.number,
        from_bytes(message.statement_id),
        message.line,
        message.line_kind,
        message.legal_entity,
        message.claimed_minor,
        message.accepted_minor,
        message.withheld_minor,
        mode,
        ground,
        state,
        message.evidence_until_us,
        message.decide_until_us,
        message.escalate_until_us,
        message.is_overdue,
        tuple(_event_of(each) for each in message.events),
    )


def _event_of(message: pb.DisputeEvent) -> Event:
    state = _STATES.get(message.state)
    if state is None:
        raise Fault
    return Event(
        message.kind,
        state,
        message.at_us,
        message.by.startswith(_OF_A_PARTNER),
        message.text,
        tuple(message.references),
        message.accepted_minor,
        message.window,
    )
