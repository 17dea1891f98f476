"""Points that members owe, paid."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class DebtPaid(NamedTuple):
    """Points of a debt that were paid: of the earn original_seq, issued by a partner."""

    debt_seq: int
    original_seq: int
    issuer_id: UUID
    points: int
