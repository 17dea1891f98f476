"""Reasons that the operator's people meet: drafts, approvals and settlement. No call of the public API should answer so."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.apidocs.explained import Explained

_R = Reason
OPERATORS_ERRORS: Final[dict[Reason.ValueType, Explained]] = {
    _R.REASON_DRAFT_DECIDED: Explained(
        "The draft was approved, rejected or withdrawn before. A draft is decided once.",
        "Look at it with `coalition approvals show`; make another one, if it is still wanted. No call of this API should answer so.",
        ("state",),
    ),
    _R.REASON_OWN_DRAFT: Explained(
        "Nobody approves or rejects a draft of his own, whichever of his tokens he uses.",
        "Ask another person, or withdraw it. No call of this API should answer so.",
    ),
    _R.REASON_DRAFT_CHANGED: Explained(
        "The hash that was named is not that of the draft as it is kept.",
        "Look at the draft again before you approve it; if the hash was copied right, somebody has changed the database. "
        "No call of this API should answer so.",
    ),
    _R.REASON_DRAFT_EXPIRED: Explained(
        "The draft was made so long ago that it cannot be approved any more.",
        "Make it anew. No call of this API should answer so.",
        ("limit_days",),
    ),
    _R.REASON_SUBSCRIBER_REFUSES: Explained(
        "A subscriber of events does not take what was ordered: it cannot be paused, handle events again, or be rebuilt.",
        "Look at what it takes with `coalition events lag`. No call of this API should answer so.",
        ("name",),
    ),
    _R.REASON_FLAG_REVIEWED: Explained(
        "Somebody ended the flag before, with another verdict.",
        "Look at what was said of it. No call of this API should answer so.",
        ("verdict",),
    ),
    _R.REASON_MAKER_ROLE_LOST: Explained(
        "Whoever made the draft has no more the role that it takes to make one.",
        "Have somebody make it anew who has the role. No call of this API should answer so.",
        ("needed",),
    ),
    _R.REASON_PERSON_NEEDED: Explained(
        "This takes a person of the operator's staff with a token of his own. The host's command line, services and partners "
        "are none.",
        "Set COALITION_STAFF_TOKEN. No call of this API should answer so.",
    ),
    _R.REASON_DRAFT_NEEDED: Explained(
        "The programme is a live one: there this takes two people, one who drafts it and another who approves it.",
        "Propose it with the command that is named, and have another person approve it. No call of this API should answer so.",
        ("command",),
    ),
    _R.REASON_RERATE_STALE: Explained(
        "What a re-rate would change is not any more what was proposed: something else was re-rated since.",
        "Look at `coalition settle rerate preview`, and propose it again. No call of this API should answer so.",
        ("entries", "micros"),
    ),
    _R.REASON_RUN_STALE: Explained(
        "What a settlement run would settle is not any more what was proposed: a statement, a document, an account or the terms "
        "of a partner is another by now.",
        "Draft the run anew with `coalition settle draft`. No call of this API should answer so.",
        ("collect_minor", "pay_minor"),
    ),
    _R.REASON_RUN_STATE: Explained(
        "The settlement run is not in the state that this takes.",
        "Look at it with `coalition settle run`. No call of this API should answer so.",
        ("state", "needed"),
    ),
    _R.REASON_OPERATOR_DATA_MISSING: Explained(
        "Settlement takes data of the operator itself that is not set.",
        "Set what `missing` names. No call of this API should answer so.",
        ("missing",),
    ),
    _R.REASON_BREAK_ENDED: Explained(
        "The break was ended before.",
        "Look at it with `coalition settle breaks list --all`. No call of this API should answer so.",
        ("ended",),
    ),
    _R.REASON_DECIDED_BEFORE: Explained(
        "The dispute was escalated, so that another person decides it than before.",
        "Have somebody else decide it who has the role `checker`. No call of this API should answer so.",
    ),
    _R.REASON_EVIDENCE_AWAITED: Explained(
        "The partner was asked for evidence, and its days to give it are not over.",
        "Wait until then, or accept what is left of the claim. No call of this API should answer so.",
        ("until",),
    ),
}
