"""Rows of a ledger on paper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.answers import Refused
from services.points.domain.lots import Lot
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


def copy_of(lot: Lot) -> Lot:
    """A lot as it is read: what is decided with it changes no row."""
    return Lot(
        lot.lot_no, lot.issuer_id, lot.point_type, lot.remaining, lot.reserved, lot.earned_at_us, lot.expires_at_us,
        lot.earned_seq,
    )  # fmt: skip


def earlier_of(row: DecisionRow) -> Earlier:
    """What a decision says."""
    refusal = None
    if row.refusal is not None:
        metadata: dict[str, str] = json.loads(row.metadata_json or "{}")
        refusal = Refused(reason_of(row.refusal), row.message or "", metadata)
    return Earlier(row.content_hash, row.seq, refusal)
