"""Buying out what a partner that has left still would owe for points of its own, once members use them.

Points at redemption are owed for as they are used. As a partner leaves, all that are left are taken at a stated redemption
rate, for one amount: from then on they are the operator's, and nothing that is posted owes or credits the partner for
points that it issued, or for grants that it funded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.rounding import half_even

# The whole, in basis points.
WHOLE_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class BuyOut:
    """A buy-out in the books, by the standing's `version` and its approved rate, in basis points.

    `outstanding_micros`: what all points left would have cost, counted up to the seq before `known_from_seq`, from which on they
    are the operator's. `amount_micros`: that times the rate, booked in the window that was open then.
    """

    partner_id: UUID
    version: int
    redemption_bp: int
    outstanding_micros: int
    amount_micros: int
    known_from_seq: int
    window_number: int


def amount_of(outstanding_micros: int, redemption_bp: int) -> int:
    """What a buy-out costs in micros: rounded once, to the nearest; a tie goes to the even one."""
    return half_even(outstanding_micros * redemption_bp, WHOLE_BP)
