"""Rows of a ledger on paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.answers import Refused
from services.points.domain.lots import Lot
from services.points.domain.movements import Movement, Reversal
from services.points.domain.opened import Earlier
from services.points.domain.rows import DecisionRow
from services.runtime.errors import reason_of


@dataclass
class LotRow:
    """A lot as a row."""

    member: UUID
    lot: Lot


@dataclass
class PaperDebt:
    """A debt as a row."""

    seq: int
    member: UUID
    issuer: UUID
    original_seq: int
    left: int


def keys_of(movements: Sequence[Movement]) -> set[tuple[UUID, str]]:
    """The keys of items, and those that shall be reversed."""
    targets = {(item.partner_id, item.target_key) for item in movements if isinstance(item, Reversal)}
    return targets | {(item.partner_id, item.key) for item in movements}


def earlier_of(row: DecisionRow) -> Earlier:
    """What a decision's row says."""
    refusal = None
    if row.refusal is not None:
        metadata: dict[str, str] = json.loads(row.metadata_json or "{}")
        refusal = Refused(reason_of(row.refusal), row.message or "", metadata)
    return Earlier(row.content_hash, row.seq, refusal)
