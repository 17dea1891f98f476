"""Positions: what a partner would owe were everything stated now."""

from __future__ import annotations

from dataclasses import dataclass

from services.partners.domain.netting import half_even


@dataclass(frozen=True, slots=True)
class Since:
    """What was rated and booked of a partner since the last window that is stated, summed; micros as in entries."""

    points_issued: int = 0
    points_burned: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """What a partner would owe (positive) or be owed, in minor units, and what that is made of.

    `opening_minor`: what its statements left due; `carried_micros`: what the last stated window carried on.
    """

    opening_minor: int
    carried_micros: int
    since: Since

    @property
    def position_minor(self) -> int:
        """All of it, rounded once, half-even, as a statement would be."""
        return self.opening_minor + half_even(self.carried_micros + self.since.micros)
