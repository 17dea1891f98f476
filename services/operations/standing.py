"""Where partners stand, as the operator sets and reads it."""

from __future__ import annotations

from typing import NamedTuple

from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import standing_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

#: A draft as the services answer it.
Draft = approvals_pb2.Draft


class Wanted(NamedTuple):
    """A standing wanted: `active`, `suspended`, `exiting`, `exited`; times in microseconds UTC; the ends of one that leaves, else 0.

    `buy_out_bp`: the rate of a buy-out in basis points, None for none.
    """

    standing: str
    valid_from_us: int
    run_off_until_us: int = 0
    returns_until_us: int = 0
    reason: str = ""
    buy_out_bp: int | None = None


async def set_standing(
    session: Session, programme: Programme, slug: str, wanted: Wanted
) -> pb.PartnerStanding:
    """Sets where a partner stands, in a test programme. Raises what SetStanding does."""
    request = pb.SetStandingRequest(standing=await _message(session, programme, slug, wanted))
    return (await session.call(session.standing.SetStanding, request, programme)).standing


async def propose_standing(
    session: Session, programme: Programme, slug: str, wanted: Wanted, why: str
) -> approvals_pb2.Draft:
    """Drafts where a partner stands. Raises what ProposeStanding does."""
    standing = await _message(session, programme, slug, wanted)
    request = pb.ProposeStandingRequest(standing=standing, why=why)
    return (await session.call(session.standing.ProposeStanding, request, programme)).draft


async def get_standing(session: Session, programme: Programme, slug: str) -> pb.GetStandingResponse:
    """Where a partner stands now, and all versions. Raises PARTNER_UNKNOWN."""
    request = pb.GetStandingRequest(partner_id=await session.partner_id(programme, slug))
    return await session.call(session.standing.GetStanding, request, programme)


def version_document(message: pb.PartnerStanding, zone: str) -> Document:
    """A version of where a partner stands."""
    return {
        "version": message.version,
        "standing": _kind(message.kind),
        "valid_from": write_time(message.valid_from_us, zone),
        "run_off_until": write_time(message.run_off_until_us, zone) or None,
        "returns_until": write_time(message.returns_until_us, zone) or None,
        "reason": message.reason,
        "buy_out_bp": message.buy_out_bp if message.HasField("buy_out_bp") else None,
        "draft": identity("drf", message.draft_id) if message.draft_id else None,
    }


def standing_document(found: pb.GetStandingResponse, zone: str) -> Document:
    """Where a partner stands now, what is refused because of that, and all versions, oldest first."""
    return {
        "standing": _kind(found.now.kind),
        "since": write_time(found.now.since_us, zone) or None,
        "refused": [
            pb.PartnerOperation.Name(each).removeprefix("PARTNER_OPERATION_").lower()
            for each in found.now.refused
        ],
        "bought_out": _bought_out(found.bought_out) if found.HasField("bought_out") else None,
        "versions": [version_document(each, zone) for each in found.versions],
    }


async def _message(session: Session, programme: Programme, slug: str, wanted: Wanted) -> pb.PartnerStanding:
    return pb.PartnerStanding(
        partner_id=await session.partner_id(programme, slug),
        kind=pb.StandingKind.Value(f"STANDING_KIND_{wanted.standing.upper()}"),
        valid_from_us=wanted.valid_from_us,
        run_off_until_us=wanted.run_off_until_us,
        returns_until_us=wanted.returns_until_us,
        reason=wanted.reason,
        buy_out_bp=wanted.buy_out_bp,
    )


def _bought_out(made: pb.BuyOut) -> Document:
    return {
        "redemption_bp": made.redemption_bp,
        "outstanding_micros": made.outstanding_micros,
        "amount_micros": made.amount_micros,
        "known_from_seq": made.known_from_seq,
        "window": made.window,
    }


def _kind(kind: pb.StandingKind.ValueType) -> str:
    return pb.StandingKind.Name(kind).removeprefix("STANDING_KIND_").lower()
