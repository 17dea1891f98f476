"""From drafts to their protobuf form."""

from __future__ import annotations

from typing import Final

from coalition.partners.v1 import approvals_pb2 as pb

from services.partners.domain.drafts import Decision, Draft, DraftState, Person
from services.partners.queries.drafts import DraftQueries

_STATES: Final = {
    DraftState.OPEN: pb.DRAFT_STATE_OPEN,
    DraftState.APPROVED: pb.DRAFT_STATE_APPROVED,
    DraftState.REJECTED: pb.DRAFT_STATE_REJECTED,
    DraftState.WITHDRAWN: pb.DRAFT_STATE_WITHDRAWN,
    DraftState.EXPIRED: pb.DRAFT_STATE_EXPIRED,
}


def draft_message(draft: Draft, queries: DraftQueries) -> pb.Draft:
    """A draft as it stands now."""
    return pb.Draft(
        draft_id=draft.draft_id.bytes,
        kind=draft.kind,
        body=draft.body,
        sha256=draft.sha256,
        made_by=person_message(draft.made_by),
        made_at_us=draft.made_at_us,
        why=draft.why,
        expires_at_us=queries.expires_at_us(draft),
        state=_STATES[queries.state(draft)],
        decision=_decision(draft.decision) if draft.decision else None,
    )


def person_message(person: Person) -> pb.Person:
    """Somebody of the staff."""
    return pb.Person(staff_id=person.staff_id.bytes, name=person.name)


def _decision(decision: Decision) -> pb.DraftDecision:
    return pb.DraftDecision(
        decided_by=person_message(decision.by),
        decided_at_us=decision.at_us,
        why=decision.why,
        sha256=decision.sha256,
    )
