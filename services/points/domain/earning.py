"""How many points a purchase earns: floor(amount × points ÷ per_minor), once per purchase."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID


class EarnRate(NamedTuple):
    """`points` points for `per_minor` minor units, from valid_from_us (microseconds UTC) on.

    They can be spent once `pending_days` days have passed since the sale.
    """

    valid_from_us: int
    points: int
    per_minor: int
    pending_days: int = 0

    def points_for(self, amount_minor: int) -> int:
        """Points for an amount in minor units, 0 or more; rounded down."""
        return max(0, amount_minor) * self.points // self.per_minor


class EarnRates:
    """The rates of all partners of a ledger, at one version of its configuration."""

    def __init__(self, rates: Mapping[UUID, Iterable[EarnRate]]) -> None:
        self._rates = {partner: sorted(of_partner) for partner, of_partner in rates.items()}
        self._starts = {
            partner: [rate.valid_from_us for rate in of_partner]
            for partner, of_partner in self._rates.items()
        }
        # Partners whose points may be pending.
        self.pending_partners = frozenset(
            partner for partner, rates in self._rates.items() if any(rate.pending_days for rate in rates)
        )

    def at(self, partner_id: UUID, occurred_at_us: int) -> EarnRate | None:
        """The partner's rate in force at a time; None where there is none yet."""
        starts = self._starts.get(partner_id)
        if starts is None:
            return None
        place = bisect_right(starts, occurred_at_us)
        return self._rates[partner_id][place - 1] if place else None
