"""Adjustments that wait for a second person, and what was decided of them."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from services.points.domain.proposals import Proposal, ProposalState
from services.points.domain.wallet_movements import Adjustment, AdjustmentReason
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

_COLUMNS: Final = """SELECT p.proposal_id, p.key, p.member_id, p.points, p.reason, coalesce(n.note, '') AS note, p.content_hash,
    p.proposed_by, p.proposed_at, d.decided_by, d.decided_at, d.approved, a.seq
FROM proposal p
LEFT JOIN proposal_decision d ON d.ledger_id = p.ledger_id AND d.proposal_id = p.proposal_id
LEFT JOIN adjustment a ON a.ledger_id = p.ledger_id AND a.proposal_id = p.proposal_id
LEFT JOIN adjustment_note n ON n.ledger_id = p.ledger_id AND n.note_id = p.proposal_id
"""


class Page(NamedTuple):
    """Proposals, newest first, and whether there are older ones."""

    proposals: list[Proposal]
    has_more: bool


async def add(
    connection: PgConnection, ledger_id: int, proposal_id: UUID, asked: Adjustment, now_us: int
) -> None:
    """Adds a proposal with its note; one with the same key stays as it is."""
    added = await connection.fetchval(
        """INSERT INTO proposal (ledger_id, proposal_id, key, member_id, points, reason, content_hash, proposed_by, proposed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (ledger_id, key) DO NOTHING RETURNING proposal_id""",
        ledger_id, proposal_id, asked.key, asked.member_id, asked.points, asked.reason.value, asked.content_hash,
        asked.made_by, from_micros(now_us),
    )  # fmt: skip
    if added is not None and asked.note:
        await connection.execute(
            "INSERT INTO adjustment_note (ledger_id, note_id, note) VALUES ($1, $2, $3)",
            ledger_id,
            proposal_id,
            asked.note,
        )


async def by_key(connection: PgConnection, ledger_id: int, key: str) -> Proposal | None:
    """The proposal that was made with a key."""
    row = await connection.fetchrow(f"{_COLUMNS} WHERE p.ledger_id = $1 AND p.key = $2", ledger_id, key)
    return _proposal(row) if row else None


async def by_id(connection: PgConnection, ledger_id: int, proposal_id: UUID) -> Proposal | None:
    """One proposal."""
    row = await connection.fetchrow(
        f"{_COLUMNS} WHERE p.ledger_id = $1 AND p.proposal_id = $2", ledger_id, proposal_id
    )
    return _proposal(row) if row else None


async def decide(
    connection: PgConnection, ledger_id: int, proposal: Proposal, decided_by: str, approved: bool, now_us: int
) -> None:
    """Decides a proposal; one that was decided before stays so.

    Raises asyncpg.CheckViolationError (proposal_decision_other_ck) where somebody approves his own.
    """
    # (Whichever of its unique constraints another decision of the same moment meets first.)
    await connection.execute(
        """INSERT INTO proposal_decision (ledger_id, proposal_id, content_hash, proposed_by, decided_by, approved, decided_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        ledger_id, proposal.proposal_id, proposal.asked.content_hash, proposal.asked.made_by, decided_by, approved,
        from_micros(now_us),
    )  # fmt: skip


async def page(
    connection: PgConnection, ledger_id: int, open_only: bool, before: UUID | None, limit: int
) -> Page:
    """Up to `limit` proposals, newest first (their ids rise with time), older than one of them where that is given."""
    rows = await connection.fetch(
        f"""{_COLUMNS} WHERE p.ledger_id = $1 AND (NOT $2 OR d.proposal_id IS NULL) AND ($3::uuid IS NULL OR p.proposal_id < $3)
        ORDER BY p.proposal_id DESC LIMIT $4""",
        ledger_id,
        open_only,
        before,
        limit + 1,
    )
    return Page([_proposal(row) for row in rows[:limit]], len(rows) > limit)


def _proposal(row: asyncpg.Record) -> Proposal:
    asked = Adjustment(
        row["key"], row["member_id"], row["content_hash"], row["points"], AdjustmentReason(row["reason"]), row["note"],
        row["proposed_by"], "", 0, row["proposal_id"],
    )  # fmt: skip
    state = ProposalState.OPEN
    if row["approved"] is not None:
        approved = ProposalState.POSTED if row["seq"] is not None else ProposalState.APPROVED
        state = approved if row["approved"] else ProposalState.REJECTED
    return Proposal(
        asked, to_micros(row["proposed_at"]), state, row["decided_by"] or "",
        to_micros(row["decided_at"]) if row["decided_at"] else 0,
    )  # fmt: skip
