"""Adjustments: small ones are posted, large ones wait for a second person."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.open_ledger import Doors
from services.points.commands.post import PostMovements
from services.points.domain.answers import Answer, TurnedAway
from services.points.domain.proposals import Proposal, ProposalState
from services.points.domain.wallet_movements import Adjustment
from services.points.storage import ledgers, proposals
from services.runtime.coalescer import Lane
from services.runtime.database import WriteDatabase
from services.runtime.errors import Conflict, InvalidRequest, NotFound, Refused, error_of
from services.runtime.ids import new_id
from services.runtime.principal import Principal, Programme

_OWN: Final = "proposal_decision_other_ck"
CHECKER: Final = "checker"


class Proposed(NamedTuple):
    """What came of an adjustment that was asked for: the ledger's answer, or a proposal."""

    answer: Answer | None
    proposal: Proposal | None


class Adjustments:
    """The use cases behind ProposeAdjustment, ApproveAdjustment and RejectAdjustment."""

    def __init__(self, doors: Doors, database: WriteDatabase, post: PostMovements) -> None:
        self._doors, self._database, self._post = doors, database, post

    async def propose(
        self, programme: Programme, asked: Adjustment | TurnedAway, deadline_us: int
    ) -> Proposed:
        """Posts the adjustment where one person is enough, else keeps it. The same key gets the same answer.

        Raises what it is turned away with, and Conflict (IDEMPOTENCY_KEY_REUSED) for a key that stands for another one.
        """
        if isinstance(asked, TurnedAway):
            raise _error_of(asked)
        earlier = await self._by_key(programme, asked)
        if earlier is not None:
            return Proposed(None, earlier)
        (answer,) = await self._post(programme, [asked], Lane.INTERACTIVE, deadline_us)
        if not isinstance(answer, TurnedAway):
            return Proposed(answer, None)
        if answer.reason != Reason.REASON_APPROVAL_NEEDED:
            raise _error_of(answer)
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.head(connection, programme.ledger_id)
            now_us = head.now_us if head is not None else 0
            await proposals.add(connection, programme.ledger_id, new_id(), asked, now_us)
        return Proposed(None, await self._by_key(programme, asked))

    async def _by_key(self, programme: Programme, asked: Adjustment) -> Proposal | None:
        async with self._database.dedicated() as connection:
            found = await proposals.by_key(connection, programme.ledger_id, asked.key)
        if found is not None and found.asked.content_hash != asked.content_hash:
            raise Conflict(
                Reason.REASON_IDEMPOTENCY_KEY_REUSED,
                "this idempotency key was used with another request",
                key=asked.key,
            )
        return found

    async def approve(
        self, programme: Programme, who: Principal, proposal_id: UUID, content_hash: bytes, deadline_us: int
    ) -> Answer:
        """Approves what somebody else has proposed, if it is still what was looked at, and posts it.

        What is approved stays so, whatever the ledger then says to it; asked again, it is posted if it was not yet.
        Raises PermissionDenied, NotFound, InvalidRequest, Refused (OWN_PROPOSAL, PROPOSAL_DECIDED), and what it is
        turned away with.
        """
        who.require_role(CHECKER)
        found = await self._named(programme, proposal_id)
        if found.asked.content_hash != content_hash:
            raise InvalidRequest("content_hash is not that of what was proposed", field="content_hash")
        if found.state is ProposalState.OPEN:
            try:
                found = await self._decide(programme, found, who.actor, approved=True)
            except asyncpg.CheckViolationError as error:
                if error.constraint_name != _OWN:
                    raise
                message = "nobody approves what he has proposed himself"
                raise error_of(Reason.REASON_OWN_PROPOSAL, message, {}) from error
        if found.state is ProposalState.REJECTED:
            raise _decided(found)
        asked = found.asked._replace(deadline_us=deadline_us)
        (answer,) = await self._post(programme, [asked], Lane.INTERACTIVE, deadline_us)
        if isinstance(answer, TurnedAway):
            raise _error_of(answer)
        return answer

    async def reject(self, programme: Programme, who: Principal, proposal_id: UUID) -> Proposal:
        """Gives up what was proposed. Raises PermissionDenied, NotFound, Refused (PROPOSAL_DECIDED)."""
        found = await self._named(programme, proposal_id)
        if found.asked.made_by != who.actor:
            who.require_role(CHECKER)
        else:
            who.require_role(CHECKER, "maker")
        if found.state is ProposalState.OPEN:
            found = await self._decide(programme, found, who.actor, approved=False)
        if found.state is not ProposalState.REJECTED:
            raise _decided(found)
        return found

    async def _named(self, programme: Programme, proposal_id: UUID) -> Proposal:
        async with self._database.dedicated() as connection:
            found = await proposals.by_id(connection, programme.ledger_id, proposal_id)
        if found is None:
            raise NotFound("no proposal has this id")
        return found

    async def _decide(
        self, programme: Programme, proposal: Proposal, actor: str, *, approved: bool
    ) -> Proposal:
        """The proposal as it was decided: by this call, or by one that came first."""
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            head = await ledgers.head(connection, programme.ledger_id)
            now_us = head.now_us if head is not None else 0
            await proposals.decide(connection, programme.ledger_id, proposal, actor, approved, now_us)
        return await self._named(programme, proposal.proposal_id)


def _decided(proposal: Proposal) -> Refused:
    return Refused(
        Reason.REASON_PROPOSAL_DECIDED,
        f"the proposal was {'rejected' if proposal.state is ProposalState.REJECTED else 'approved'} before",
        state=proposal.state.value,
    )


def _error_of(away: TurnedAway) -> Exception:
    return error_of(away.reason, away.message, away.metadata)
