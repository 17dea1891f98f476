"""What the operator does to members' wallets: puts points right, merges wallets, sets limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.members.v1 import members_pb2
from coalition.points.v1 import movement_pb2
from coalition.points.v1 import points_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.operations.registry import list_partners
from services.operations.session import Session
from services.runtime.errors import CoalitionError, InvalidRequest, NotFound
from services.runtime.grpc_client import error_of_item
from services.runtime.ids import MalformedId, from_text
from services.runtime.principal import Programme

MEMBER_PREFIX: Final = "mem"
PROPOSAL_PREFIX: Final = "prp"
_LOOKED_UP_AT_ONCE_MAX: Final = 1_000


async def find_members(
    session: Session, programme: Programme, names: Sequence[str]
) -> dict[str, bytes | CoalitionError]:
    """Members by their id (`mem_…`) or by a card number, or why there is none; an id is taken at its word."""
    found: dict[str, bytes | CoalitionError] = {}
    cards: list[str] = []
    for name in dict.fromkeys(names):
        if name.startswith(f"{MEMBER_PREFIX}_"):
            try:
                found[name] = from_text(MEMBER_PREFIX, name).bytes
            except MalformedId as error:
                found[name] = InvalidRequest(str(error), field="member")
        else:
            cards.append(name)
    for start in range(0, len(cards), _LOOKED_UP_AT_ONCE_MAX):
        some = cards[start : start + _LOOKED_UP_AT_ONCE_MAX]
        wanted = [members_pb2.Identifier(kind=members_pb2.IDENTIFIER_KIND_CARD, value=card) for card in some]
        request = members_pb2.LookupMembersRequest(identifiers=wanted)
        answer = await session.call(session.members.LookupMembers, request, programme)
        for card, result in zip(some, answer.results, strict=True):
            found[card] = (
                error_of_item(result.error) if result.HasField("error") else bytes(result.standing.member_id)
            )
    return found


async def find_member(session: Session, programme: Programme, name: str) -> bytes:
    """One member by id or card. Raises MEMBER_UNKNOWN, CARD_NUMBER_INVALID, INVALID_REQUEST."""
    found = (await find_members(session, programme, [name]))[name]
    if isinstance(found, CoalitionError):
        raise found
    return found


async def adjust(
    session: Session, programme: Programme, key: str, member: str, points: int, reason: str, note: str
) -> pb.ProposeAdjustmentResponse:
    """Gives points or takes some (negative), or proposes to; `reason` in the words of AdjustmentReason.

    Raises what the ledger refuses it with.
    """
    adjustment = movement_pb2.Adjustment(
        member_id=await find_member(session, programme, member),
        points=points,
        reason=movement_pb2.AdjustmentReason.Value(f"ADJUSTMENT_REASON_{reason.upper()}"),
        note=note,
    )
    request = pb.ProposeAdjustmentRequest(key=key, adjustment=adjustment)
    answer = await session.call(session.ledger.ProposeAdjustment, request, programme)
    if answer.HasField("result"):
        accepted(answer.result)
    return answer


async def approve(
    session: Session, programme: Programme, proposal: str, content_hash: bytes
) -> movement_pb2.Result:
    """Approves what another person has proposed, by its id (`prp_…`) and the hash of what it says.

    Raises OWN_PROPOSAL, PROPOSAL_DECIDED, NOT_FOUND, INVALID_REQUEST, and what the ledger refuses it with.
    """
    proposal_id: UUID = from_text(PROPOSAL_PREFIX, proposal)
    request = pb.ApproveAdjustmentRequest(proposal_id=proposal_id.bytes, content_hash=content_hash)
    answer = await session.call(session.ledger.ApproveAdjustment, request, programme)
    return accepted(answer.result)


async def reject(session: Session, programme: Programme, proposal: str) -> pb.Proposal:
    """Gives up what was proposed. Raises PROPOSAL_DECIDED, NOT_FOUND."""
    request = pb.RejectAdjustmentRequest(proposal_id=from_text(PROPOSAL_PREFIX, proposal).bytes)
    answer = await session.call(session.ledger.RejectAdjustment, request, programme)
    return answer.proposal


async def proposals(
    session: Session, programme: Programme, limit: int, open_only: bool
) -> Sequence[pb.Proposal]:
    """Proposed adjustments, newest first."""
    request = pb.ListProposalsRequest(limit=limit, open_only=open_only)
    answer = await session.call(session.ledger.ListProposals, request, programme)
    return answer.proposals


async def merge(
    session: Session, programme: Programme, key: str, member: str, into: str
) -> movement_pb2.Result:
    """Gives up a member's wallet for another's. Raises HOLDS_OPEN, MEMBER_MERGED, MEMBER_CLOSED."""
    ids = [await find_member(session, programme, name) for name in (member, into)]
    item = movement_pb2.Item(key=key, merge=movement_pb2.Merge(member_id=ids[0], into_member_id=ids[1]))
    answer = await session.call(session.ledger.Post, pb.PostRequest(items=[item]), programme)
    return accepted(answer.results[0])


async def limits(session: Session, programme: Programme) -> pb.Limits:
    """The limits of adjustments and transfers."""
    answer = await session.call(session.ledger.GetLimits, pb.GetLimitsRequest(), programme)
    return answer.limits


async def set_transfer_limits(
    session: Session, programme: Programme, points: int, points_a_day: int
) -> pb.Limits:
    """Sets how much members may give each other, at once and in a day. Raises INVALID_REQUEST."""
    request = pb.SetTransferLimitsRequest(points=points, points_a_day=points_a_day)
    answer = await session.call(session.ledger.SetTransferLimits, request, programme)
    return answer.limits


async def set_adjustment_limit(session: Session, programme: Programme, points: int) -> pb.Limits:
    """Sets the largest adjustment that one person may make alone. Raises INVALID_REQUEST."""
    request = pb.SetAdjustmentLimitRequest(points=points)
    answer = await session.call(session.ledger.SetAdjustmentLimit, request, programme)
    return answer.limits


def accepted(result: movement_pb2.Result) -> movement_pb2.Result:
    """The result of what was posted. Raises what it was not posted for."""
    if result.outcome != movement_pb2.OUTCOME_ACCEPTED:
        raise error_of_item(result.error)
    return result


async def parked(
    session: Session, programme: Programme, partner: str, limit: int
) -> tuple[pb.ListParkedEarnsResponse, dict[bytes, str]]:
    """Earns that are parked, oldest first, of one partner (its slug) or of all, with the slugs of partners by id.

    Raises PARTNER_UNKNOWN.
    """
    slugs = {each.partner_id: each.slug for each in await list_partners(session, programme)}
    wanted = [partner_id for partner_id, slug in slugs.items() if slug == partner]
    if partner and not wanted:
        raise NotFound("no partner has this slug", reason=Reason.REASON_PARTNER_UNKNOWN)
    request = pb.ListParkedEarnsRequest(partner_id=wanted[0] if partner else b"", limit=limit)
    return await session.call(session.ledger.ListParkedEarns, request, programme), slugs
