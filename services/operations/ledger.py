"""What the operator reads of a programme's ledger, and its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from coalition.points.v1 import movement_pb2
from coalition.points.v1 import points_pb2 as pb

from services.operations.session import Session
from services.runtime.expiry_policy import ExpiryPolicy, policy_message
from services.runtime.principal import Programme


async def head(session: Session, programme: Programme) -> pb.GetHeadResponse:
    """Programme time and how far the journal, the event log and the relay are."""
    return await session.call(session.ledger.GetHead, pb.GetHeadRequest(), programme)


async def move_clock(session: Session, programme: Programme, now_us: int) -> None:
    """Moves a test programme's clock forward. Raises CLOCK_BACKWARDS, CLOCK_FIXED."""
    await session.call(session.ledger.MoveClock, pb.MoveClockRequest(now_us=now_us), programme)


async def set_expiry_policy(
    session: Session, programme: Programme, policy: ExpiryPolicy
) -> pb.ExpiryPolicyVersion:
    """Sets when points expire that are earned from now on. Raises INVALID_REQUEST."""
    request = pb.SetExpiryPolicyRequest(policy=policy_message(policy))
    return (await session.call(session.ledger.SetExpiryPolicy, request, programme)).version


async def list_expiry_policies(session: Session, programme: Programme) -> Sequence[pb.ExpiryPolicyVersion]:
    """The versions of the expiry policy, oldest first; the last one counts."""
    request = pb.ListExpiryPoliciesRequest()
    return (await session.call(session.ledger.ListExpiryPolicies, request, programme)).versions


async def purchases(session: Session, programme: Programme) -> AsyncIterator[Sequence[movement_pb2.Purchase]]:
    """Blocks of all recorded purchases, in the order of their seq."""
    request = pb.ReadPurchasesRequest(from_seq=1)
    async for block in session.stream(session.ledger.ReadPurchases, request, programme):
        yield block.purchases


class Posted(NamedTuple):
    """How many postings of a kind the journal has, and what they added to wallets (negative: took)."""

    postings: int = 0
    points: int = 0


async def posted_by_kind(session: Session, programme: Programme) -> Mapping[str, Posted]:
    """All postings of the journal, counted one by one, by kind: `earn`, `redeem`, `grant`, `load` …; none that has none."""
    request = pb.ReadJournalRequest(from_seq=1)
    found: dict[str, Posted] = {}
    async for block in session.stream(session.ledger.ReadJournal, request, programme):
        for record in block.records:
            posted = record.transaction
            kind = movement_pb2.MovementKind.Name(posted.kind).removeprefix("MOVEMENT_KIND_").lower()
            before = found.get(kind, Posted())
            found[kind] = Posted(before.postings + 1, before.points + posted.points)
    return found
