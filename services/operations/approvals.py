"""What the operator does with drafts, and with the credit limits that take one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from coalition.partners.v1 import approvals_pb2 as pb
from coalition.partners.v1 import limits_pb2

from services.operations.amounts import Unreadable, write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.ids import from_text
from services.runtime.principal import Programme

_HASH_DIGITS: Final = 64
# What is approved is done at once: booking half a million differences takes a while.
_APPROVE_SECONDS: Final = 120.0
#: A draft, and the terms of a credit limit, as the services have them.
Draft = pb.Draft
Terms = limits_pb2.CreditLimitTerms


async def drafts(
    session: Session, programme: Programme, limit: int, *, only_open: bool
) -> Sequence[pb.Draft]:
    """The newest drafts, or the newest that nobody has decided; `limit` 1 to 100."""
    request = pb.ListDraftsRequest(open=only_open, limit=limit)
    return (await session.call(session.approvals.ListDrafts, request, programme)).drafts


async def draft(session: Session, programme: Programme, draft_id: str) -> pb.Draft:
    """A draft by its id (`drf_…`). Raises NOT_FOUND, MalformedId."""
    request = pb.GetDraftRequest(draft_id=_id(draft_id))
    return (await session.call(session.approvals.GetDraft, request, programme)).draft


async def approve(session: Session, programme: Programme, draft_id: str, seen: str, why: str) -> pb.Draft:
    """Approves a draft that still has the hash that was seen. Raises what ApproveDraft does, Unreadable."""
    request = pb.ApproveDraftRequest(draft_id=_id(draft_id), sha256=read_hash(seen), why=why)
    return (await session.call(session.approvals.ApproveDraft, request, programme, _APPROVE_SECONDS)).draft


async def reject(session: Session, programme: Programme, draft_id: str, why: str) -> pb.Draft:
    """Rejects a draft of somebody else."""
    request = pb.RejectDraftRequest(draft_id=_id(draft_id), why=why)
    return (await session.call(session.approvals.RejectDraft, request, programme)).draft


async def withdraw(session: Session, programme: Programme, draft_id: str, why: str) -> pb.Draft:
    """Takes back a draft of one's own."""
    request = pb.WithdrawDraftRequest(draft_id=_id(draft_id), why=why)
    return (await session.call(session.approvals.WithdrawDraft, request, programme)).draft


async def propose_limit(
    session: Session, programme: Programme, partner: str, terms: limits_pb2.CreditLimitTerms, why: str
) -> pb.Draft:
    """Drafts the credit limit of a partner by slug; `terms` without its id. Raises what ProposeCreditLimit does."""
    said = limits_pb2.CreditLimitTerms()
    said.CopyFrom(terms)
    said.partner_id = await session.partner_id(programme, partner)
    request = limits_pb2.ProposeCreditLimitRequest(terms=said, why=why)
    return (await session.call(session.limits.ProposeCreditLimit, request, programme)).draft


async def limits(session: Session, programme: Programme, partner: str) -> Sequence[limits_pb2.CreditLimit]:
    """All versions of a partner's credit limit, oldest first."""
    request = limits_pb2.ListCreditLimitsRequest(partner_id=await session.partner_id(programme, partner))
    return (await session.call(session.limits.ListCreditLimits, request, programme)).limits


async def standings(session: Session, programme: Programme) -> Sequence[limits_pb2.CreditStanding]:
    """Where partners with a credit limit stand, by slug."""
    request = limits_pb2.ListCreditStandingsRequest()
    return (await session.call(session.limits.ListCreditStandings, request, programme)).standings


def terms_of(
    limit_minor: int | None, prefunded_minor: int, on_limit: str, warning_percent: int
) -> limits_pb2.CreditLimitTerms:
    """Terms in minor units; `limit_minor` None: without limit; `on_limit`: refuse or park."""
    return limits_pb2.CreditLimitTerms(
        unlimited=limit_minor is None,
        limit_minor=limit_minor or 0,
        prefunded_minor=prefunded_minor,
        on_limit=limits_pb2.OnLimit.Value(f"ON_LIMIT_{on_limit.upper()}"),
        warning_percent=warning_percent,
    )


def read_hash(text: str) -> bytes:
    """A SHA-256 in 64 hexadecimal digits. Raises Unreadable."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(text) != _HASH_DIGITS or len(found) * 2 != _HASH_DIGITS:
        raise Unreadable(f"{text[:70]!r} is not a hash of {_HASH_DIGITS} hexadecimal digits")
    return found


def draft_document(found: pb.Draft) -> Document:
    """A draft as it stands. Times are wall-clock, in UTC."""
    decision = found.decision if found.HasField("decision") else None
    return {
        "id": identity("drf", found.draft_id),
        "kind": found.kind,
        "state": pb.DraftState.Name(found.state).removeprefix("DRAFT_STATE_").lower(),
        "hash": found.sha256.hex(),
        "body": json.loads(found.body),
        "why": found.why,
        "made_by": found.made_by.name,
        "made_at": write_time(found.made_at_us, "UTC"),
        "expires_at": write_time(found.expires_at_us, "UTC"),
        "decided_by": decision.decided_by.name if decision else None,
        "decided_at": write_time(decision.decided_at_us, "UTC") if decision else None,
        "decided_why": decision.why if decision else None,
    }


def limit_document(found: limits_pb2.CreditLimit, zone: str) -> Document:
    """A version of a credit limit. Money in minor units; `known_from`: programme time."""
    terms = found.terms
    return {
        "version": found.version,
        "partner_id": identity("ptr", terms.partner_id),
        "limit_minor": None if terms.unlimited else terms.limit_minor,
        "prefunded_minor": terms.prefunded_minor,
        "on_limit": limits_pb2.OnLimit.Name(terms.on_limit).removeprefix("ON_LIMIT_").lower(),
        "warning_percent": terms.warning_percent,
        "known_from": write_time(found.known_from_us, zone),
        "set_by": found.set_by.name,
        "approved_by": found.approved_by.name,
        "draft": identity("drf", found.draft_id),
    }


def standing_document(found: limits_pb2.CreditStanding) -> Document:
    """Where a partner stands. Money in micros; `headroom_micros` and `floor` None: without limit."""
    terms = found.terms
    return {
        "partner": found.slug,
        "partner_id": identity("ptr", found.partner_id),
        "limit_minor": None if terms.unlimited else terms.limit_minor,
        "prefunded_minor": terms.prefunded_minor,
        "owed_micros": found.owed_micros,
        "potential_micros": found.potential_micros,
        "reimbursed_micros": found.reimbursed_micros,
        "paid_micros": found.paid_micros,
        "prefunding_micros": found.prefunding_micros,
        "headroom_micros": None if terms.unlimited else found.headroom_micros,
        "warned": found.warned,
        "floor": found.floor if found.HasField("floor") else None,
        "as_of_seq": found.as_of_seq,
    }


def _id(text: str) -> bytes:
    return from_text("drf", text).bytes
