"""Lots: where points came from, used in the order (expires_at, earned_at, lot number)."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.movements import LotTaken

NEVER_US = 1 << 62


@dataclass(slots=True)
class Lot:
    """A lot of one wallet while its postings are decided. Times in microseconds UTC; expires_at_us 0: never."""

    lot_no: int
    issuer_id: UUID
    point_type: str
    remaining: int
    earned_at_us: int
    expires_at_us: int

    @property
    def order(self) -> tuple[int, int, int]:
        """Its place among the lots of its wallet."""
        return self.expires_at_us or NEVER_US, self.earned_at_us, self.lot_no


class OpenLots:
    """The open lots of one wallet, in order; `touched` are those that something was taken from."""

    def __init__(self, lots: list[Lot]) -> None:
        self._lots = sorted(lots, key=lambda lot: lot.order)
        self.touched: dict[int, Lot] = {}

    def add(self, lot: Lot) -> None:
        """Puts a lot in its place."""
        insort(self._lots, lot, key=lambda other: other.order)

    def take(self, points: int) -> list[LotTaken]:
        """Takes points from the first lots on. Raises ArithmeticError when there are not enough."""
        taken: list[LotTaken] = []
        for lot in self._lots:
            if points == 0:
                break
            part = min(points, lot.remaining)
            lot.remaining -= part
            points -= part
            self.touched[lot.lot_no] = lot
            taken.append(LotTaken(lot.lot_no, lot.issuer_id, lot.point_type, part))
        if points:
            raise ArithmeticError(f"the lots of the wallet are {points} points short of its balance")
        self._lots = [lot for lot in self._lots if lot.remaining]
        return taken

    def take_overdue(self, now_us: int) -> list[LotTaken]:
        """Takes all that is left in lots whose expiry has passed."""
        overdue = sum(lot.remaining for lot in self._lots if 0 < lot.expires_at_us <= now_us)
        return self.take(overdue) if overdue else []
