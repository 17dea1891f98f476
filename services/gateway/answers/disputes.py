"""Disputes as the API answers them."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.answers.moments import instant, instant_or_none
from services.gateway.domain.disputes import Dispute, Event
from services.runtime.ids import to_text

DISPUTE_PREFIX: Final = "dsp"


def dispute_answer(dispute: Dispute) -> dict[str, Any]:
    """A dispute, of schemas.disputes.Dispute."""
    return {
        "object": "dispute",
        "id": to_text(DISPUTE_PREFIX, dispute.dispute_id),
        "number": dispute.number,
        "statement": to_text("stm", dispute.statement_id),
        "line": dispute.line,
        "line_type": dispute.line_type,
        "legal_entity": dispute.legal_entity,
        "claimed_amount": dispute.claimed_minor,
        "accepted_amount": dispute.accepted_minor,
        "withheld_amount": dispute.withheld_minor,
        "mode": dispute.mode.value,
        "ground": dispute.ground.value,
        "state": dispute.state.value,
        "evidence_until": instant_or_none(dispute.evidence_until_us),
        "decide_until": instant_or_none(dispute.decide_until_us),
        "escalate_until": instant_or_none(dispute.escalate_until_us),
        "overdue": dispute.is_overdue,
        "events": [_event(each) for each in dispute.events],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "type": event.kind,
        "state": event.state.value,
        "at": instant(event.at_us),
        "by": "you" if event.by_you else "operator",
        "text": event.text,
        "references": list(event.references),
        "accepted_amount": event.accepted_minor,
        "window": event.window or None,
    }
