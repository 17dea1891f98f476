"""What becomes of points, earn by earn: issued, taken back, used, unused again, lapsed.

Rated entries say who owes whom. They do not say out of which earn the points of a redemption were unless somebody pays for
them at redemption, nor what has lapsed. The ledger's events do; this is what is kept of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID


class LotKind(StrEnum):
    """What became of points."""

    ISSUED = "issued"
    """Of imports, adjustments and grants that the operator alone pays for: of others, the rated entry says it."""
    REVERSED = "reversed"
    """Of an earn that was undone: they need not have been issued."""
    BURNED = "burned"
    RETURNED = "returned"
    LAPSED = "lapsed"
    """Expired, or taken by the operator: gone without use."""
    USE_HERE = "use_here"
    """Taken back for another earn, whose own points were gone: these count as used, and who pays for them then owes it."""
    USE_AWAY = "use_away"
    """Of that other earn, which is undone: its points that were used count as not used any more."""
    LAPSE_AWAY = "lapse_away"
    """The same of its points that had lapsed."""


# How a movement changes the points used, and those lapsed.
USED_BY: Final[Mapping[LotKind, int]] = {
    LotKind.BURNED: 1,
    LotKind.RETURNED: -1,
    LotKind.USE_HERE: 1,
    LotKind.USE_AWAY: -1,
}
LAPSED_BY: Final[Mapping[LotKind, int]] = {
    LotKind.LAPSED: 1,
    LotKind.LAPSE_AWAY: -1,
}


class OfLot(NamedTuple):
    """Points of a lot: which posting issued them, and for whom."""

    earned_seq: int
    issuer_id: UUID
    points: int


class Undoing(NamedTuple):
    """Points of an earn or a grant that are undone, and the lots that they were taken from."""

    original_seq: int
    issuer_id: UUID
    points: int
    taken: Sequence[OfLot]


class Told(NamedTuple):
    """What one posting did to lots. `at_us`: when it counts. `is_opening`: what it issued came out of other books."""

    seq: int
    at_us: int
    issued: Sequence[OfLot] = ()
    burned: Sequence[OfLot] = ()
    returned: Sequence[OfLot] = ()
    lapsed: Sequence[OfLot] = ()
    undone: Sequence[Undoing] = ()
    is_opening: bool = False


class Step(NamedTuple):
    """An event of the ledger: its place in the log, the seq of its posting (0: a notice), and what it did to points, if anything."""

    pos: int
    seq: int
    told: Told | None


class LotMovement(NamedTuple):
    """Points of one earn that moved, as the books keep it. `line`: from 1 in each posting."""

    seq: int
    line: int
    kind: LotKind
    earned_seq: int
    issuer_id: UUID
    points: int
    at_us: int
    is_opening: bool = False


def wanted_of(told: Iterable[Told]) -> set[int]:
    """The earns of which must be known how many points are used: those undone out of other lots."""
    return {
        undoing.original_seq
        for each in told
        for undoing in each.undone
        if any(lot.earned_seq != undoing.original_seq for lot in undoing.taken)
    }


def movements_of(told: Sequence[Told], used: Mapping[int, int]) -> list[LotMovement]:
    """The movements of postings, in order. `used`: by earn of `wanted_of`, the points that were used before them."""
    known = dict(used)
    made: list[LotMovement] = []
    for each in told:
        parts = list(_plain(each))
        for undoing in each.undone:
            parts += _undone(undoing, known.get(undoing.original_seq, 0))
        for line, (kind, lot) in enumerate(parts, 1):
            made.append(LotMovement(each.seq, line, kind, *lot, each.at_us, each.is_opening))
            if lot.earned_seq in known:
                known[lot.earned_seq] += USED_BY.get(kind, 0) * lot.points
    return made


def _plain(told: Told) -> Iterable[tuple[LotKind, OfLot]]:
    for kind, lots in (
        (LotKind.ISSUED, told.issued),
        (LotKind.BURNED, told.burned),
        (LotKind.RETURNED, told.returned),
        (LotKind.LAPSED, told.lapsed),
    ):
        for lot in lots:
            yield kind, lot


def _undone(undoing: Undoing, used: int) -> list[tuple[LotKind, OfLot]]:
    """An earn that is undone. Points of other lots that were taken for its own are used by that, as rating charges them.

    Its own points are gone then: the ledger takes them first. They were used as far as is known, and lapsed beyond.
    """
    seq, issuer_id, points, taken = undoing
    parts = [(LotKind.REVERSED, OfLot(seq, issuer_id, points))]
    for lot in taken:
        if lot.earned_seq == seq:
            continue
        unused = min(lot.points, max(used, 0))
        used -= unused
        parts.append((LotKind.USE_HERE, lot))
        for kind, part in ((LotKind.USE_AWAY, unused), (LotKind.LAPSE_AWAY, lot.points - unused)):
            if part:
                parts.append((kind, OfLot(seq, issuer_id, part)))
    return parts
