"""Adjustments that wait for a second person."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.points.domain.wallet_movements import Adjustment


class ProposalState(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    """By somebody else; the ledger has not posted it, or has refused it."""
    POSTED = "posted"
    REJECTED = "rejected"


class Proposal(NamedTuple):
    """An adjustment as it was proposed, and what was decided of it. Times in microseconds UTC, programme time; 0: not yet."""

    asked: Adjustment
    proposed_at_us: int
    state: ProposalState
    decided_by: str
    decided_at_us: int

    @property
    def proposal_id(self) -> UUID:
        """Names it from the first moment."""
        if self.asked.proposal_id is None:
            raise ValueError("an adjustment that was not proposed")
        return self.asked.proposal_id
