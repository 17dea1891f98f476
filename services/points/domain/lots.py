"""Lots: where points came from, used in the order (expires_at, earned_at, lot number)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.movements import LotTaken

NEVER_US = 1 << 62


@dataclass(slots=True)
class Lot:
    """A lot of one wallet while its postings are decided. Times in microseconds UTC; expires_at_us 0: never.

    Open holds have set `reserved` of what remains aside. earned_seq: the earn that its points stem from. matures_us: until
    when they cannot be spent, 0 once they can; pending_no: the account that they are in until then, or 0.
    """

    lot_no: int
    issuer_id: UUID
    point_type: str
    remaining: int
    reserved: int
    earned_at_us: int
    expires_at_us: int
    earned_seq: int
    matures_us: int = 0
    pending_no: int = 0
    elsewhere: bool = False

    @property
    def order(self) -> tuple[int, int, int]:
        """Its place among the lots of its wallet."""
        return self.expires_at_us or NEVER_US, self.earned_at_us, self.lot_no

    @property
    def free(self) -> int:
        """What no hold has set aside."""
        return self.remaining - self.reserved

    def over(self, at_us: int, whole_us: int) -> bool:
        """Whether it has expired by a time: its own, or where it has none that of its wallet as a whole (0: never)."""
        return 0 < (self.expires_at_us or whole_us) <= at_us


class OpenLots:
    """Lots of one member: the wallet's open ones in order, pending ones, and used up ones that points may come back to.

    `touched` have changed.
    """

    def __init__(self, lots: list[Lot]) -> None:
        self._lots = sorted(
            (lot for lot in lots if lot.remaining and not lot.matures_us), key=lambda lot: lot.order
        )
        self.pending = [lot for lot in lots if lot.remaining and lot.matures_us]
        self._used_up = {lot.lot_no: lot for lot in lots if not lot.remaining}
        self.touched: dict[int, Lot] = {}

    def add(self, lot: Lot) -> None:
        """Puts a lot in its place."""
        if lot.matures_us:
            self.pending.append(lot)
        else:
            insort(self._lots, lot, key=lambda other: other.order)

    def take(self, points: int, alive_us: int = 0, whole_us: int = 0) -> list[LotTaken]:
        """Takes free points from the first lots on that are not over by a time (0: any), of a wallet that is over at another.

        Raises ArithmeticError when there are not enough.
        """
        alive = [lot for lot in self._lots if not lot.over(alive_us, whole_us)]
        return self._taken_of(self._parts(alive, points))

    def alive(self, at_us: int, whole_us: int) -> int:
        """What is free in lots that are not over by a time."""
        return sum(lot.free for lot in self._lots if not lot.over(at_us, whole_us))

    def mature(self, by_us: int) -> tuple[int, list[Lot]]:
        """Opens those of the pending lots that mature first, by a time; answers when they do, and them. 0: none does."""
        first_us = min((lot.matures_us for lot in self.pending), default=0)
        if not 0 < first_us <= by_us:
            return 0, []
        matured = sorted(
            (lot for lot in self.pending if lot.matures_us == first_us), key=lambda lot: lot.lot_no
        )
        self.pending = [lot for lot in self.pending if lot.matures_us != first_us]
        for lot in matured:
            lot.matures_us = 0
            self.add(lot)
            self.touched[lot.lot_no] = lot
        return first_us, matured

    def take_pending(self, points: int, earned_seq: int) -> list[LotTaken]:
        """Takes up to so many points from the lot of an earn that is pending still."""
        parts: list[tuple[Lot, int]] = []
        for lot in self.pending:
            if lot.earned_seq == earned_seq and points:
                part = min(points, lot.remaining)
                points -= part
                lot.remaining -= part
                self.touched[lot.lot_no] = lot
                parts.append((lot, part))
        self.pending = [lot for lot in self.pending if lot.remaining]
        return [_taken(lot, part) for lot, part in parts]

    def take_back(self, points: int, earned_seq: int) -> list[LotTaken]:
        """As take, but first from lots whose points stem from one earn."""
        own = [lot for lot in self._lots if lot.earned_seq == earned_seq]
        others = [lot for lot in self._lots if lot.earned_seq != earned_seq]
        return self._taken_of(self._parts([*own, *others], points))

    def give_back(self, lot_no: int, points: int, now_us: int, whole_us: int) -> Lot | None:
        """Puts points back into a lot that they were taken from; answers the lot where it takes none.

        It has expired then, or is of a wallet that was given up.
        """
        lot = self._used_up.get(lot_no) or next(lot for lot in self._lots if lot.lot_no == lot_no)
        if lot.elsewhere or lot.over(now_us, whole_us):
            return lot
        if self._used_up.pop(lot_no, None) is not None:
            self.add(lot)
        lot.remaining += points
        self.touched[lot_no] = lot
        return None

    def _taken_of(self, parts: Sequence[tuple[Lot, int]]) -> list[LotTaken]:
        for lot, part in parts:
            lot.remaining -= part
        self._drop_used_up()
        return [_taken(lot, part) for lot, part in parts]

    def _drop_used_up(self) -> None:
        for lot in self._lots:
            if not lot.remaining:
                self._used_up[lot.lot_no] = lot
        self._lots = [lot for lot in self._lots if lot.remaining]

    def reserve(self, points: int) -> list[LotTaken]:
        """Sets free points of the first lots on aside. Raises ArithmeticError when there are not enough."""
        parts = self._parts(self._lots, points)
        for lot, part in parts:
            lot.reserved += part
        return [_taken(lot, part) for lot, part in parts]

    def resolve(self, reserved: Sequence[tuple[int, int]], points: int) -> list[LotTaken]:
        """Ends a reservation, given as lots and points in order: takes `points` of it, the rest is free again."""
        by_no = {lot.lot_no: lot for lot in self._lots}
        parts = sorted(((by_no[lot_no], part) for lot_no, part in reserved), key=lambda pair: pair[0].order)
        taken: list[LotTaken] = []
        for lot, held in parts:
            part = min(points, held)
            points -= part
            lot.reserved -= held
            lot.remaining -= part
            self.touched[lot.lot_no] = lot
            if part:
                taken.append(_taken(lot, part))
        if points:
            raise ArithmeticError(f"a hold has reserved {points} points fewer than it holds")
        self._drop_used_up()
        return taken

    def _parts(self, lots: Sequence[Lot], points: int) -> list[tuple[Lot, int]]:
        parts: list[tuple[Lot, int]] = []
        for lot in lots:
            if points == 0:
                break
            part = min(points, lot.free)
            if part:
                points -= part
                self.touched[lot.lot_no] = lot
                parts.append((lot, part))
        if points:
            raise ArithmeticError(f"the lots of the wallet are {points} points short of its balance")
        return parts

    def take_overdue(self, now_us: int, whole_us: int) -> list[LotTaken]:
        """Takes all that is free in lots whose expiry has passed."""
        overdue = [lot for lot in self._lots if lot.over(now_us, whole_us)]
        points = sum(lot.free for lot in overdue)
        return self._taken_of(self._parts(overdue, points)) if points else []


def _taken(lot: Lot, points: int) -> LotTaken:
    return LotTaken(lot.lot_no, lot.issuer_id, lot.point_type, points, lot.earned_seq)
