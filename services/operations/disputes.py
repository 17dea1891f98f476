"""What the operator does with disputes of statement lines, and with the days that they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import disputes_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

_PAGE: Final = 100
#: A dispute as the services answer it.
Dispute = pb.Dispute


async def dispute(session: Session, programme: Programme, number: int) -> pb.Dispute:
    """A dispute by its number. Raises NOT_FOUND."""
    request = pb.GetDisputeRequest(number=number)
    return (await session.call(session.disputes.GetDispute, request, programme)).dispute


async def disputes(
    session: Session, programme: Programme, partner: str = "", before: int = 0, *, with_closed: bool = False
) -> Sequence[pb.Dispute]:
    """A page of disputes, newest first; of a partner by slug, or of all. Raises PARTNER_UNKNOWN."""
    partner_id = await session.partner_id(programme, partner) if partner else b""
    request = pb.ListDisputesRequest(
        partner_id=partner_id, before=before, limit=_PAGE, unfinished=not with_closed
    )
    return (await session.call(session.disputes.ListDisputes, request, programme)).disputes


async def ask(session: Session, programme: Programme, number: int, text: str) -> pb.Dispute:
    """Asks the partner for evidence. Raises what AskForEvidence does."""
    found = await dispute(session, programme, number)
    request = pb.AskForEvidenceRequest(dispute_id=found.dispute_id, text=text)
    return (await session.call(session.disputes.AskForEvidence, request, programme)).dispute


async def add_evidence(
    session: Session, programme: Programme, number: int, text: str, references: Sequence[str]
) -> pb.Dispute:
    """Adds evidence of the operator's own. Raises what AddEvidence does."""
    found = await dispute(session, programme, number)
    request = pb.AddEvidenceRequest(dispute_id=found.dispute_id, text=text, references=references)
    return (await session.call(session.disputes.AddEvidence, request, programme)).dispute


async def decide(
    session: Session, programme: Programme, number: int, accepted_minor: int | None, text: str
) -> pb.Dispute:
    """Decides a dispute: how much is accepted (0: nothing; None: all that is left of it). Raises what DecideDispute does."""
    found = await dispute(session, programme, number)
    left_minor = found.claimed_minor - found.accepted_minor
    request = pb.DecideDisputeRequest(
        dispute_id=found.dispute_id,
        accepted_minor=left_minor if accepted_minor is None else accepted_minor,
        text=text,
    )
    return (await session.call(session.disputes.DecideDispute, request, programme)).dispute


async def close(session: Session, programme: Programme) -> Sequence[pb.Dispute]:
    """Closes what nothing can follow, and tells what is overdue; answers what moved."""
    return (
        await session.call(session.disputes.FollowDisputes, pb.FollowDisputesRequest(), programme)
    ).disputes


def terms_of(
    valid_from_us: int, evidence_days: int, decision_days: int, escalation_days: int
) -> pb.DisputeTerms:
    """The days that disputes take which are opened from a programme time on, as a request has them."""
    return pb.DisputeTerms(
        valid_from_us=valid_from_us,
        evidence_days=evidence_days,
        decision_days=decision_days,
        escalation_days=escalation_days,
    )


async def set_terms(
    session: Session, programme: Programme, wanted: pb.DisputeTerms
) -> pb.DisputeTermsVersion:
    """Sets the days that disputes take, in a test programme. Raises what SetDisputeTerms does."""
    request = pb.SetDisputeTermsRequest(terms=wanted)
    return (await session.call(session.disputes.SetDisputeTerms, request, programme)).version


async def propose_terms(
    session: Session, programme: Programme, wanted: pb.DisputeTerms, why: str
) -> approvals_pb2.Draft:
    """Drafts the days that disputes take. Raises what ProposeDisputeTerms does."""
    request = pb.ProposeDisputeTermsRequest(terms=wanted, why=why)
    return (await session.call(session.disputes.ProposeDisputeTerms, request, programme)).draft


async def list_terms(session: Session, programme: Programme) -> Sequence[pb.DisputeTermsVersion]:
    """All versions, oldest first."""
    request = pb.ListDisputeTermsRequest()
    return (await session.call(session.disputes.ListDisputeTerms, request, programme)).versions


def dispute_document(found: pb.Dispute, zone: str) -> Document:
    """A dispute with all that happened to it."""
    return {
        "number": found.number,
        "id": identity("dsp", found.dispute_id),
        "partner_id": identity("ptr", found.partner_id),
        "statement": identity("stm", found.statement_id),
        "line": found.line,
        "line_kind": found.line_kind,
        "legal_entity": found.legal_entity,
        "claimed_minor": found.claimed_minor,
        "accepted_minor": found.accepted_minor,
        "withheld_minor": found.withheld_minor,
        "tax_basis_points": found.tax_basis_points,
        "mode": _name(pb.DisputeMode.Name(found.mode), "DISPUTE_MODE_"),
        "ground": _name(pb.DisputeGround.Name(found.ground), "DISPUTE_GROUND_"),
        "state": _name(pb.DisputeState.Name(found.state), "DISPUTE_STATE_"),
        "overdue": found.is_overdue,
        "evidence_until": write_time(found.evidence_until_us, zone) or None,
        "decide_until": write_time(found.decide_until_us, zone) or None,
        "escalate_until": write_time(found.escalate_until_us, zone) or None,
        "events": [
            {
                "number": each.number,
                "kind": each.kind,
                "at": write_time(each.at_us, zone),
                "by": each.by,
                "accepted_minor": each.accepted_minor,
                "window": each.window or None,
                "text": each.text,
                "references": list(each.references),
            }
            for each in found.events
        ],
    }


def terms_document(made: pb.DisputeTermsVersion, zone: str) -> Document:
    """A version of the days that disputes take."""
    terms = made.terms
    return {
        "version": made.version,
        "valid_from": write_time(terms.valid_from_us, zone),
        "evidence_days": terms.evidence_days,
        "decision_days": terms.decision_days,
        "escalation_days": terms.escalation_days,
        "draft": identity("drf", made.draft_id) if made.draft_id else None,
    }


def _name(value: str, prefix: str) -> str:
    return value.removeprefix(prefix).lower()
